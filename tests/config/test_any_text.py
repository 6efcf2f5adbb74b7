"""Whatever the settings say: they are read, or each fault is named without its value."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.config import settings as config
from bot.config.settings import Settings, SettingsError
from tests.config.test_settings import NO_FILE, REQUIRED

NAMES = [name.upper() for name in Settings.model_fields]
# The environment takes any bytes but NUL: those that are not UTF-8 come as surrogates.
values = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60),
    st.text("1,; =:/@.-\"'#${}%\\\n\udc80", max_size=30),
    st.integers().map(str),
)
in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextlib.contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """Set the environment for a while, with nothing of the bot's own in it."""
    before = dict(os.environ)
    for name in (*NAMES, *(f"{name}_FILE" for name in NAMES)):
        os.environ.pop(name, None)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def load(file: Path) -> list[str]:
    """Load the settings; return the faults."""
    try:
        config.load(file)
    except SettingsError as error:
        return error.faults
    config.find_misspelled(file)
    return []


@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=4))
def test_any_text_in_the_environment(changes: dict[str, str]) -> None:
    with environment(REQUIRED | changes):
        faults = load(NO_FILE)
    for fault in faults:
        assert fault.split(":")[0] in NAMES
        assert not any(len(value) > 30 and value in fault for value in changes.values())


@in_a_folder
@given(st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=4), st.binary(max_size=20))
def test_any_file(tmp_path: Path, lines: list[tuple[str, str]], rest: bytes) -> None:
    file = tmp_path / ".env"
    text = "".join(f"{name}={value}\n" for name, value in lines)
    file.write_bytes(text.encode("utf-8", "surrogateescape") + rest)
    with environment(REQUIRED):
        load(file)
