"""Links as JSON: a list of objects, or one object of Discord ids and API ids. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bot.services.link_files.columns import MAX_COLUMNS, Columns, ColumnsNotFound, detect_columns
from bot.services.link_files.rows import LineError, LineErrorKind, Table, header_error

_RECORD_KIND = "entry"
# It contains a space, which no id does.
_NOT_A_STRING = "(not a text)"


class _Pairs(list[tuple[str, Any]]):
    """The pairs of a JSON object, with duplicate keys."""


def read_table(text: str) -> Table | LineError:
    """Return the columns and records of a JSON; the line of an entry is its position, from 1."""
    try:
        # Numbers are kept as written, so that 7.65612E+16 is recognised as rounded.
        whole = json.loads(
            text, object_pairs_hook=_Pairs, parse_float=str, parse_int=str, parse_constant=str
        )
    except json.JSONDecodeError as error:
        return LineError(error.lineno, error.msg, LineErrorKind.NOT_JSON)
    except RecursionError:
        return LineError(1, "", LineErrorKind.JSON_TOO_DEEP)
    if isinstance(whole, _Pairs):
        pairs = ((number, (key, _cell_text(value))) for number, (key, value) in enumerate(whole, 1))
        return Table(Columns(0, 1), pairs, _RECORD_KIND)
    headers = _headers(whole)
    try:
        columns = detect_columns(headers)
    except ColumnsNotFound as missing:
        return header_error(1, headers, missing, _RECORD_KIND)
    keys = headers[columns.person], headers[columns.api_id]
    return Table(replace(columns, person=0, api_id=1), _records(whole, keys), _RECORD_KIND)


def _headers(entries: Sequence[Any]) -> list[str]:
    """Return the keys of all objects, each once, in order."""
    found: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, _Pairs):
            found.update(dict.fromkeys(key for key, _ in entry))
        if len(found) > MAX_COLUMNS:
            break
    return list(found)


def _records(
    entries: Sequence[Any], keys: tuple[str, str]
) -> Iterator[LineError | tuple[int, Sequence[str]]]:
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, _Pairs):
            values = dict(entry)
            yield number, [_cell_text(values.get(key)) for key in keys]
        else:
            yield LineError(number, "", LineErrorKind.NOT_AN_OBJECT, record_kind=_RECORD_KIND)


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _NOT_A_STRING
