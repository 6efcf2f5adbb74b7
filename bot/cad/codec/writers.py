"""From frozen values to the CAD's JSON, where both versions of the API take the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.cad.models import NewCall

# The pages of the reference contradict each other about its meaning; game servers send this one.
_ORIGIN = 0


def new_call_json(new: NewCall) -> Mapping[str, Any]:
    """Write what a new dispatch call is made of, without the people on it."""
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
