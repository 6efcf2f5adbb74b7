"""The dispatch call that answers a 911 call. Pure.

Reference: docs/sonoran-cad.md, "911 → dispatch, and its races".
"""

from __future__ import annotations

from bot.cad.models import ACTIVE, Call, EmergencyCall, NewCall
from bot.cad.values import to_int

CREATED_FROM_KEY = "createdFromId"  # written by game servers and by this bot
ORIGIN_KEY = "origin911"  # written by the CAD's own user interface

_PRIORITY = 2


def build_dispatch_call(server_id: int, emergency: EmergencyCall) -> NewCall:
    """Build the dispatch call for a 911 call, in the same form as game servers do.

    It takes over the meta data unchanged: game servers read the caller and the place from them.
    A 911 call has no field for the postal code; it stands in the meta data too.
    """
    meta = {
        key: value for key, value in emergency.meta.items() if not _is_key(key, CREATED_FROM_KEY)
    }
    postal = meta_value(emergency, "callPostal") or meta_value(emergency, "postal")
    return NewCall(
        server_id=server_id,
        title=f"OFFICER RESPONSE - {emergency.call_id}",
        priority=_PRIORITY,
        status=ACTIVE,
        address=emergency.location or "Unknown",
        postal=postal,
        description=emergency.description,
        meta={**meta, CREATED_FROM_KEY: str(emergency.call_id)},
    )


def answered_emergency_id(call: Call) -> int | None:
    """Return the number of the 911 call that a dispatch call answers; None if there is none."""
    found = (to_int(meta_value(call, key)) for key in (CREATED_FROM_KEY, ORIGIN_KEY))
    return next((number for number in found if number is not None), None)


def meta_value(call: Call | EmergencyCall, wanted: str) -> str:
    """Return the meta data value of a key in any letter case; empty if there is none."""
    return next((value for key, value in call.meta.items() if _is_key(key, wanted)), "")


def _is_key(key: str, wanted: str) -> bool:
    return key.lower() == wanted.lower()
