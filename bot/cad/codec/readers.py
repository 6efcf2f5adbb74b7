"""Converts the CAD's JSON to frozen values. Raw JSON stops here.

`wire.read_json` has changed all keys to lower case. A malformed entry is left out of its list, so
that one bad unit does not hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.cad.codec.layout_reader import read_layout
from bot.cad.errors import CadUnreadable
from bot.cad.models import (
    ACTIVE,
    LOWEST_PRIORITY,
    Call,
    Calls,
    Coordinates,
    CurrentCall,
    EmergencyCall,
    Note,
    Receipt,
    Unit,
    UnitsPage,
)
from bot.cad.values import (
    str_or_empty,
    to_bool,
    to_call_id,
    to_float,
    to_int,
    to_ints,
    to_text,
    to_text_map,
)

T = TypeVar("T")


def read_calls(data: object) -> Calls:
    """Read the open calls from a GET_CALLS answer."""
    if not isinstance(data, Mapping) or not isinstance(data.get("activecalls"), list):
        raise CadUnreadable("the answer to GET_CALLS holds no activeCalls")
    return Calls(
        dispatch=_read_each(data["activecalls"], read_call),
        emergency=_read_each(data.get("emergencycalls"), read_emergency_call),
    )


def read_recent_calls(data: object) -> tuple[Call, ...]:
    """Read the open and the closed dispatch calls from a GET_CALLS answer."""
    closed = data.get("closedcalls") if isinstance(data, Mapping) else None
    return (*read_calls(data).dispatch, *_read_each(closed, read_call))


def read_units(data: object) -> tuple[Unit, ...]:
    """Read the units from a GET_ACTIVE_UNITS answer."""
    if not isinstance(data, list):
        raise CadUnreadable("the answer to GET_ACTIVE_UNITS is not a list")
    return _read_each(data, read_unit)


def read_units_page(data: object, page_size: int) -> UnitsPage:
    """Read one page of the units; a page that is not full is the last one."""
    units = read_units(data)
    size = len(data) if isinstance(data, list) else 0
    return UnitsPage(units, size, is_last=size < page_size)


def read_receipt(data: object) -> Receipt | None:
    """Read the answer to an attach or detach request; None if it names no units."""
    idents = data.get("identids") if isinstance(data, Mapping) else None
    return Receipt(frozenset(to_ints(idents))) if isinstance(idents, list) else None


def read_community_id(data: object) -> str:
    """Read the id of the community; empty if it is missing."""
    community = data.get("community") if isinstance(data, Mapping) else None
    return to_text(community.get("comid")) if isinstance(community, Mapping) else ""


def read_servers(data: object) -> dict[int, str]:
    """Read the names of the game servers by number; a single server may come without a list."""
    listed = data.get("servers") if isinstance(data, Mapping) else None
    found: dict[int, str] = {}
    for entry in listed if isinstance(listed, list) else [listed]:
        number = to_int(entry.get("id")) if isinstance(entry, Mapping) else None
        if isinstance(entry, Mapping) and number is not None:
            found[number] = str_or_empty(entry.get("name"))
    return found


def read_current_call(data: object) -> CurrentCall | None:
    """Read the call that a unit is on; None if it is on no call (the CAD sends -1)."""
    if not isinstance(data, Mapping) or "callid" not in data:
        raise CadUnreadable("the answer holds no current call")
    ident, call_id = to_int(data.get("identid")), to_call_id(data["callid"])
    if ident is None or call_id is None:
        return None
    return CurrentCall(ident, call_id)


def read_call(raw: object) -> Call | None:
    """Read a dispatch call; None if it is malformed."""
    call_id = to_call_id(raw.get("callid")) if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or call_id is None:
        return None
    status, priority = to_int(raw.get("status")), to_int(raw.get("priority"))
    # No page shows its form: the whole layout, an object that holds its id, or the id.
    template = raw.get("template")
    layout = read_layout(template) if isinstance(template, Mapping) else None
    return Call(
        call_id=call_id,
        title=str_or_empty(raw.get("title")),
        code=str_or_empty(raw.get("code")),
        idents=to_ints(raw.get("idents")),
        status=ACTIVE if status is None else status,
        priority=LOWEST_PRIORITY if priority is None else priority,
        block=to_text(raw.get("block")),
        address=to_text(raw.get("address")),
        postal=to_text(raw.get("postal")),
        description=str_or_empty(raw.get("description")),
        # 0 and -1 mean that there is no primary unit.
        primary=max(to_int(raw.get("primary")) or 0, 0) or None,
        track_primary=to_bool(raw.get("trackprimary")),
        notes=_notes(raw.get("notes")),
        meta=to_text_map(raw.get("metadata")),
        priority_text=to_text(raw.get("priority")) if priority is None else "",
        status_id=to_text(raw.get("statusid")),
        template=layout.template_id if layout else to_text(template),
        values=to_text_map(raw.get("values")),
        layout=layout if layout and layout.fields else None,
    )


def read_note(raw: object) -> Note | None:
    """Read a note, from an object or a plain text; None if its text is empty."""
    if isinstance(raw, Mapping):
        text = str_or_empty(raw.get("content"))
        note = Note(str_or_empty(raw.get("time")), str_or_empty(raw.get("label")), text)
    else:
        text = str_or_empty(raw)
        note = Note("", "", text)
    return note if text else None


def read_emergency_call(raw: object) -> EmergencyCall | None:
    """Read a 911 call; None if it is malformed."""
    call_id = to_call_id(raw.get("callid")) if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or call_id is None:
        return None
    return EmergencyCall(
        call_id=call_id,
        is_emergency=to_bool(raw.get("isemergency", True)),
        caller=str_or_empty(raw.get("caller")),
        location=to_text(raw.get("location")),
        description=str_or_empty(raw.get("description")),
        meta=to_text_map(raw.get("metadata")),
    )


def read_unit(raw: object) -> Unit | None:
    """Read a unit; None if it is malformed."""
    ident = to_int(raw.get("id")) if isinstance(raw, Mapping) else None
    data = raw.get("data") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or ident is None or not isinstance(data, Mapping):
        return None
    status = to_int(raw.get("status"))
    return Unit(
        ident=ident,
        account=str_or_empty(raw.get("accid")),
        number=str_or_empty(data.get("unitnum")),
        name=str_or_empty(data.get("name")),
        department=str_or_empty(data.get("department")),
        status=-1 if status is None else status,
        api_ids=_api_ids(data),
        location=str_or_empty(raw.get("location")),
        subdivision=str_or_empty(data.get("subdivision")),
        group=str_or_empty(data.get("group")),
        is_dispatch=to_bool(raw.get("isdispatch")),
        is_panic=to_bool(raw.get("ispanic")),
        community_user_id=str_or_empty(data.get("communityuserid")),
        coordinates=_coordinates(raw.get("coordinates")),
    )


def _read_each(items: object, read: Callable[[object], T | None]) -> tuple[T, ...]:
    found = map(read, items if isinstance(items, list) else ())
    return tuple(item for item in found if item is not None)


def _coordinates(raw: object) -> Coordinates | None:
    if not isinstance(raw, Mapping):
        return None
    x, y, z, w = (to_float(raw.get(axis)) for axis in "xyzw")
    # All 0 is what the CAD shows as long as the game has sent no place.
    if x is None or y is None or not (x or y or z):
        return None
    return Coordinates(x, y, z or 0.0, w or 0.0)


def _notes(raw: object) -> tuple[Note, ...]:
    # The CAD sends "" if there are no notes, and may send a single note without a list.
    return _read_each(raw if isinstance(raw, list) else [raw], read_note)


def _api_ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    listed = data.get("apiids")
    candidates = [data.get("apiid1"), data.get("apiid2")]
    candidates += listed if isinstance(listed, list) else []
    candidates.append(data.get("communityuserid"))
    return tuple(dict.fromkeys(found for found in map(str_or_empty, candidates) if found))
