"""The envelope `{key, type, data}` around push events. Pure; it accepts any JSON value.

Reference: docs/sonoran-cad.md, "Push events". Keys may be in any letter case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.cad import values
from bot.cad.values import str_or_empty, to_int

Data = Mapping[str, Any]  # a JSON object with its keys in lower case


def parse(body: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON it is
    """Parse JSON; return None if the text is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def api_key(payload: object) -> str:
    """Return the API key that a payload carries, in any letter case; empty if there is none."""
    given = _top_level(payload).get("key")
    return given if isinstance(given, str) else ""


def event_type(payload: object) -> str:
    """Return the type in the envelope, in upper case; empty if there is none."""
    return str_or_empty(_top_level(payload).get("type")).upper()


def server_id(payload: object) -> int | None:
    """Return the server id in the envelope or in its data; usually None.

    The vendor's documents show no server id in push events.
    """
    named = (to_int(part.get("serverid")) for part in (_top_level(payload), *data_objects(payload)))
    return next((server_id for server_id in named if server_id is not None), None)


def data_objects(payload: object) -> list[Data]:
    """Return the objects in `data`, which may be one object or a list."""
    data = lower_keys_or_none(_top_level(payload).get("data"))
    return [one for one in (data if isinstance(data, list) else [data]) if isinstance(one, dict)]


def lower_keys_or_none(value: object) -> object:
    """Return JSON as `values.lower_keys` does; None if it is nested too deeply."""
    try:
        return values.lower_keys(value)
    except RecursionError:
        return None


def _top_level(payload: object) -> Data:
    if not isinstance(payload, Mapping):
        return {}
    return {str(key).lower(): value for key, value in payload.items()}
