"""Bringing a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from bot.storage.database import upgrade
from bot.storage.schema import HEAD
from tests.storage.test_migrations import MIGRATIONS, config


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


async def test_migrations_run_from_a_folder_with_a_percent_sign(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "100%s"
    link.symlink_to(MIGRATIONS)
    monkeypatch.setattr("bot.storage.schema._MIGRATIONS", link)
    assert await upgrade(url) == (None, HEAD)
