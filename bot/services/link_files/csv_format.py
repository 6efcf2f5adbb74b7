"""Links as CSV: reading and writing. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import TextIO

from bot.services.link_files.cells import write_cell
from bot.services.link_files.columns import ColumnsNotFound, detect_columns
from bot.services.link_files.rows import LineError, LineErrorKind, Table, header_error

HEADER = ("discord_id", "api_id")

# The separator of a spreadsheet depends on the country.
_SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)


def read_table(text: str) -> Table | LineError:
    """Return the columns and records of a CSV, trying one separator after the other.

    Blank lines, any line ends, further columns and any order of the columns are accepted.
    """
    separators: Sequence[str] = _SEPARATORS
    # Only once for all separators: a file may consist of two million line breaks.
    body = text.lstrip("\r\n")
    skipped = len(text[: len(text) - len(body)].splitlines())
    first, _, rest = body.partition("\n")
    if line := _SEPARATOR_LINE.fullmatch(first):
        separators, body, skipped = [line[1]], rest, skipped + 1
    failures: list[LineError] = []
    for separator in separators:
        found = _read_with(separator, body, skipped)
        if isinstance(found, Table):
            return found
        failures.append(found)
    # An ambiguous header is closer to a table than one without any known column.
    return next(
        (one for one in failures if one.kind is LineErrorKind.AMBIGUOUS_COLUMNS), failures[0]
    )


def write_links(api_ids: Mapping[int, str], stream: TextIO) -> None:
    """Write API ids by Discord id as CSV to a stream that was opened with `newline=""`."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((discord_id, write_cell(api_id)) for discord_id, api_id in api_ids.items())


def _read_with(separator: str, text: str, skipped: int) -> Table | LineError:
    records = _records(text, separator, skipped)
    header = next(records, (1, []))
    if isinstance(header, LineError):
        return header
    line, cells = header
    try:
        return Table(detect_columns([cell.strip() for cell in cells]), records)
    except ColumnsNotFound as missing:
        return header_error(line, cells, missing)


def _records(
    text: str, separator: str, skipped: int
) -> Iterator[LineError | tuple[int, Sequence[str]]]:
    """Yield each record that is not blank, with the line on which it starts, from 1."""
    # Strict: otherwise an unclosed quote would include the rest of the file.
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield LineError(line, str(error).replace("\t", "tab"), LineErrorKind.NOT_CSV)
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells
