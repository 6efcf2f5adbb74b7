"""The CAD's JSON for frozen values, where both API versions accept the same JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.cad.models import NewCall

# The vendor's pages contradict each other about its meaning; game servers send this value.
_ORIGIN = 0


def new_call_json(new: NewCall) -> Mapping[str, Any]:
    """Return the JSON of a new dispatch call, without the units on it."""
    return {
        "origin": _ORIGIN,
        "status": new.status,
        "priority": new.priority,
        "block": new.block,
        "address": new.address,
        "postal": new.postal,
        "title": new.title,
        "code": new.code,
        "description": new.description,
        "notes": [],
        "metaData": dict(new.meta),
    }
