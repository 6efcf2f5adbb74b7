"""The items that work after a restart: each custom id leads to exactly one of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.app import PERSISTENT_ITEMS
from bot.ui.interactions.handlers import GuardedItem
from bot.ui.link_files.import_preview import ImportButton


def pattern(kind: type[GuardedItem]) -> re.Pattern[str]:
    compiled: re.Pattern[str] = kind.__discord_ui_compiled_template__
    return compiled


def samples(kind: type[Any]) -> list[Any]:
    """Build items as messages carry them, with the smallest and the largest values."""
    if issubclass(kind, ImportButton):
        return [kind("0" * 16), kind("f" * 16)]
    digits = [int(most) for most in re.findall(r"\\d\{1,(\d+)\}", pattern(kind).pattern)]
    return [kind(*(1 for _ in digits)), kind(*(10**most - 1 for most in digits))]


def test_all_items_are_registered_once() -> None:
    assert len(set(PERSISTENT_ITEMS)) == len(PERSISTENT_ITEMS) > 20


@pytest.mark.parametrize("kind", PERSISTENT_ITEMS, ids=lambda kind: kind.__name__)
async def test_a_custom_id_leads_to_one_item_which_it_rebuilds(kind: type[GuardedItem]) -> None:
    for item in samples(kind):
        custom_id = item.item.custom_id
        assert custom_id == item.custom_id
        assert len(custom_id) <= 100
        assert [one for one in PERSISTENT_ITEMS if pattern(one).fullmatch(custom_id)] == [kind]
        match = pattern(kind).fullmatch(custom_id)
        assert match is not None
        rebuilt = kind.from_match(match, item.item)
        assert (type(rebuilt), rebuilt.custom_id) == (kind, custom_id)


async def test_no_item_matches_an_id_with_something_around_it() -> None:
    for kind in PERSISTENT_ITEMS:
        custom_id = samples(kind)[0].custom_id
        for other in (f"{custom_id}0:1", f"x{custom_id}", custom_id.removesuffix("1") + "x"):
            assert not pattern(kind).fullmatch(other)
