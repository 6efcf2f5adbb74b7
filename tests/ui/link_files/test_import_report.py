"""The plain-text lines about an import."""

from __future__ import annotations

import pytest

from bot.services.link_files.rows import LineError, LineErrorKind
from bot.ui.link_files.import_report import error_line


@pytest.mark.parametrize("kind", LineErrorKind)
def test_every_error_has_a_text(kind: LineErrorKind) -> None:
    line = error_line(LineError(2, "{text}", kind, "7", record_kind="entry"))
    assert line.startswith("entry 2: ")
    assert line.isprintable()
    assert line != error_line(LineError(3, "{text}", kind, "7", record_kind="entry"))


def test_a_duplicate_names_the_first_entry() -> None:
    error = LineError(4, "42", LineErrorKind.DUPLICATE, "2", record_kind="entry")
    assert error_line(error) == "entry 4: the Discord id 42 is already in entry 2"


def test_a_value_of_the_file_is_not_taken_for_a_format() -> None:
    assert "'{line}'" in error_line(LineError(2, "{line}", LineErrorKind.BAD_DISCORD_ID))
