"""Links as CSV, in and out: header `discord_id,api_id`. Text streams only; no database."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from enum import Enum
from io import StringIO
from itertools import chain
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEADER = ("discord_id", "api_id")
_MAX_API_ID = 200
_MAX_DISCORD_ID = 2**63 - 1
_SHOWN = 60
_SNOWFLAKE = re.compile(r"[1-9][0-9]{14,19}")
# What a spreadsheet makes of a long number: 1.23E+17, with a comma in half of Europe.
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")


class FaultReason(Enum):
    """Why a line cannot be imported. The values are format strings over a Fault's fields."""

    NO_HEADER = 'the first line must be "discord_id,api_id", not {text!r}'
    NOT_CSV = "not readable as CSV ({text})"
    BAD_DISCORD_ID = "{text!r} is not a Discord user id (15 to 20 digits)"
    SPREADSHEET_NUMBER = (
        "{text!r} is a Discord id that a spreadsheet has rounded; "
        "format the column as text and paste the ids again"
    )
    EMPTY_API_ID = "the API id is empty"
    LONG_API_ID = "the API id {text!r} is longer than 200 characters"
    BAD_API_ID = "the API id {text!r} has spaces or invisible characters in it"
    DUPLICATE = "the Discord id {text} is already in line {first_line}"


@dataclass(frozen=True, slots=True)
class Row:
    """A good line: `line` counts from 1, the header included."""

    line: int
    discord_id: int
    api_id: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A bad line. `text` is the offending value, shortened; `first_line` is for duplicates."""

    line: int
    text: str
    reason: FaultReason
    first_line: int | None = None

    def __str__(self) -> str:
        """Say it in one line, without control characters."""
        words = self.reason.value.format(text=self.text, first_line=self.first_line)
        return f"line {self.line}: {words}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds, in its order. A line with a fault is not among the rows."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


class Exportable(Protocol):
    """What can be written: a stored link, or a row."""

    @property
    def discord_id(self) -> int: ...

    @property
    def api_id(self) -> str: ...


def read_links(text: TextIO | str) -> Parsed:
    """Read a CSV of links, naming every bad line. Never raises for what the text contains.

    A byte order mark, blank lines, CRLF, spaces around values, further columns and any order of
    the columns are fine. Without the header there is one fault and no rows.
    """
    faults: list[Fault] = []
    records = _records(StringIO(text, newline="") if isinstance(text, str) else text, faults)
    line, header = next(records, (1, []))
    columns = [cell.lower() for cell in header]
    if not set(_HEADER) <= set(columns):
        shown = _shorten(",".join(header))
        return Parsed((), (*faults, Fault(line, shown, FaultReason.NO_HEADER)))
    positions = [columns.index(name) for name in _HEADER]
    rows: list[Row] = []
    first_lines: dict[int, int] = {}
    for line, cells in records:
        id_text, api_id = (cells[at] if at < len(cells) else "" for at in positions)
        found = [*_id_faults(line, id_text, first_lines), *_api_id_faults(line, api_id)]
        faults += found
        if not found:
            rows.append(Row(line, int(id_text), api_id))
    return Parsed(tuple(rows), tuple(faults))


def write_links(links: Iterable[Exportable], stream: TextIO) -> None:
    """Write links so that `read_links` gives them back. Open the stream with `newline=""`."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows((link.discord_id, link.api_id) for link in links)


def _records(stream: TextIO, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, trimmed, with the line on which it starts."""
    lines = iter(stream)
    first = next(lines, "").removeprefix("\ufeff")
    # Strict: a quote that is never closed would otherwise swallow the rest of the file.
    reader = csv.reader(chain([first], lines), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(Fault(line, str(error), FaultReason.NOT_CSV))
            continue
        if any(cells):
            yield line, cells


def _id_faults(line: int, text: str, first_lines: dict[int, int]) -> Iterator[Fault]:
    """Check a Discord id and that no line before has it; note this line as its first."""
    if _SCIENTIFIC.fullmatch(text):
        yield Fault(line, _shorten(text), FaultReason.SPREADSHEET_NUMBER)
    elif not _SNOWFLAKE.fullmatch(text) or int(text) > _MAX_DISCORD_ID:
        yield Fault(line, _shorten(text), FaultReason.BAD_DISCORD_ID)
    elif (first := first_lines.setdefault(int(text), line)) != line:
        yield Fault(line, text, FaultReason.DUPLICATE, first)


def _api_id_faults(line: int, api_id: str) -> Iterator[Fault]:
    if not api_id:
        yield Fault(line, "", FaultReason.EMPTY_API_ID)
    elif len(api_id) > _MAX_API_ID:
        yield Fault(line, _shorten(api_id), FaultReason.LONG_API_ID)
    # isprintable() allows one kind of space, the plain one; no id has it.
    elif " " in api_id or not api_id.isprintable():
        yield Fault(line, _shorten(api_id), FaultReason.BAD_API_ID)


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
