"""Readers of single values in the CAD's JSON; a value of an unexpected type counts as missing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

# Objects whose keys are names given by game servers and communities.
_KEPT = frozenset({"metadata", "values"})


def lower_keys(value: object) -> Any:  # noqa: ANN401 - shapes are checked by the readers
    """Return JSON with every key in lower case, except the keys inside `metaData` and `values`.

    The CAD writes the same key in different letter case on different endpoints. The keys inside
    `metaData` come from game servers, which need the letter case that they wrote; those inside
    `values` are ids of a community's own fields.

    Raises:
        RecursionError: the JSON is nested too deeply.
    """
    match value:
        case Mapping():
            folded = ((str(key).lower(), entry) for key, entry in value.items())
            return {key: entry if key in _KEPT else lower_keys(entry) for key, entry in folded}
        case list():
            return [lower_keys(entry) for entry in value]
        case _:
            return value


def to_int(value: object) -> int | None:
    """Read an integer of at most 18 digits, also one written as text; None if it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,18}\s*", value, re.ASCII):
        return int(value)
    return None


def to_call_id(value: object) -> int | None:
    """Read the number of a call: positive, and exact in JavaScript; None for anything else."""
    number = to_int(value)
    return number if number is not None and 0 < number < 2**53 else None


def to_ints(value: object) -> tuple[int, ...]:
    """Read the integers of a list; skip the other entries."""
    found = map(to_int, value if isinstance(value, list) else ())
    return tuple(number for number in found if number is not None)


def str_or_empty(value: object) -> str:
    """Read a string without space at its ends; empty if the value is not a string."""
    # JSON can contain half a surrogate pair, which cannot be encoded as UTF-8.
    return value.encode(errors="replace").decode().strip() if isinstance(value, str) else ""


def to_bool(value: object) -> bool:
    """Read a boolean, also one written as a number or as text."""
    return str_or_empty(value).lower() == "true" or to_int(value) == 1 or value is True


def to_text(value: object) -> str:
    """Read a string, also one written as a number or a boolean."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else str_or_empty(value)


def to_text_map(value: object) -> Mapping[str, str]:
    """Read an object whose values are strings; keep its keys, drop empty keys and values."""
    if not isinstance(value, Mapping):
        return {}
    found = {str_or_empty(key): to_text(entry) for key, entry in value.items()}
    return {key: entry for key, entry in found.items() if key and entry}


def to_float(value: object) -> float | None:
    """Read a finite number, also one written as text; None if it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
