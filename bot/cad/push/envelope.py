"""The envelope `{key, type, data}` around push events. Pure, and total like `events`.

Reference: docs/sonoran-cad.md, "Push events". Keys may be in any letter case.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from bot.cad import values
from bot.cad.values import str_or_empty, to_int

Data = Mapping[str, Any]  # an object of JSON, its keys in lower case


def parse(body: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON it is
    """Parse JSON; None for what is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def has_key(payload: object, key: str) -> bool:
    """Tell, in constant time, whether a payload carries this key."""
    given = _top_level(payload).get("key")
    if not isinstance(given, str):
        return False
    # Bytes, because texts may only be compared so if they are ASCII.
    return hmac.compare_digest(given.encode(errors="replace"), key.encode())


def event_type(payload: object) -> str:
    """Return the type that the envelope names, in upper case; empty if it names none."""
    return str_or_empty(_top_level(payload).get("type")).upper()


def server_id(payload: object) -> int | None:
    """Return the server that a payload names, in the envelope or in its data.

    No page of the documents shows it there; None is the rule.
    """
    named = (to_int(part.get("serverid")) for part in (_top_level(payload), *data_objects(payload)))
    return next((server_id for server_id in named if server_id is not None), None)


def data_objects(payload: object) -> list[Data]:
    """Return the objects in `data`, which may be one or a list of them."""
    data = lower_keys_or_none(_top_level(payload).get("data"))
    return [one for one in (data if isinstance(data, list) else [data]) if isinstance(one, dict)]


def lower_keys_or_none(value: object) -> object:
    """Return JSON as `values.lowered` does; None if it is nested too deeply."""
    try:
        return values.lower_keys(value)
    except RecursionError:
        return None


def _top_level(payload: object) -> Data:
    if not isinstance(payload, Mapping):
        return {}
    return {str(key).lower(): value for key, value in payload.items()}
