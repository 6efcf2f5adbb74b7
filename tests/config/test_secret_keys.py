from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.config.secret_keys import new_secret_key
from bot.config.settings import SettingsError, load_secrets

NEW, OLD = "n" * 43, "o" * 43


def keys_of(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("SECRETS_KEYS", text)
    return load_secrets(Path("none")).sealing_keys


def test_a_new_key_is_another_one_each_time() -> None:
    first, second = new_secret_key(), new_secret_key()
    assert first != second
    assert re.fullmatch(r"[\w-]{43}", first)


@pytest.mark.parametrize("text", [f"{NEW},{OLD}", f" {NEW} , {OLD},", f"{NEW}\n{OLD}\n"])
def test_keys_stand_in_their_order(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys_of(text, monkeypatch) == (NEW, OLD)


def test_keys_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys").write_text(f"{NEW}\n{OLD}\n")
    monkeypatch.setenv("SECRETS_KEYS_FILE", str(tmp_path / "keys"))
    monkeypatch.delenv("SECRETS_KEYS", raising=False)
    assert load_secrets(Path("none")).sealing_keys == (NEW, OLD)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{NEW},{OLD[:-1]}", "must be keys as `python -m bot keys new` prints them, the newest"),
        (f"{NEW},canary", "must be keys as"),
        (f"{NEW[:-1]}=", "must be keys as"),
        (f"{NEW},{OLD},{NEW}", "has one key twice"),
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(
    text: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as caught:
        keys_of(text, monkeypatch)
    (line,) = caught.value.faults
    assert line.startswith(f"SECRETS_KEYS: {fault}")
    assert not any(one in line for one in text.split(","))


def test_a_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_KEYS", NEW)
    assert NEW not in repr(load_secrets(Path("none")))
