"""Links as JSON: a list of objects, or one object of Discord ids and API ids. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bot.services.link_files.columns import COLUMNS, Columns, NoColumns, guess
from bot.services.link_files.rows import Fault, FaultReason, Table, header_fault

_UNIT = "entry"
# A space in it keeps it from being taken for an id.
_NO_TEXT = "(not a text)"


class _Pairs(list[tuple[str, Any]]):
    """An object as it stands: with what it names twice."""


def read_table(text: str) -> Table | Fault:
    """Find the columns and the records of a JSON; an entry's line is its place, from 1."""
    try:
        # Numbers stay as they are written: 7.65612E+16 shall be recognised.
        whole = json.loads(
            text, object_pairs_hook=_Pairs, parse_float=str, parse_int=str, parse_constant=str
        )
    except json.JSONDecodeError as error:
        return Fault(error.lineno, error.msg, FaultReason.NOT_JSON)
    except RecursionError:
        return Fault(1, "too deep", FaultReason.NOT_JSON)
    if isinstance(whole, _Pairs):
        pairs = ((number, (key, _text(value))) for number, (key, value) in enumerate(whole, 1))
        return Table(Columns(0, 1), pairs, _UNIT)
    headers = _headers(whole)
    try:
        columns = guess(headers)
    except NoColumns as missing:
        return header_fault(1, headers, missing, _UNIT)
    keys = headers[columns.person], headers[columns.api_id]
    return Table(replace(columns, person=0, api_id=1), _records(whole, keys), _UNIT)


def _headers(entries: Sequence[Any]) -> list[str]:
    """List the keys of all objects, each once, in order."""
    found: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, _Pairs):
            found.update(dict.fromkeys(key for key, _ in entry))
        if len(found) > COLUMNS:
            break
    return list(found)


def _records(
    entries: Sequence[Any], keys: tuple[str, str]
) -> Iterator[Fault | tuple[int, Sequence[str]]]:
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, _Pairs):
            values = dict(entry)
            yield number, [_text(values.get(key)) for key in keys]
        else:
            yield Fault(number, "", FaultReason.NO_OBJECT, unit=_UNIT)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _NO_TEXT
