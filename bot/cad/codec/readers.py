"""From the CAD's JSON to frozen values. Raw JSON stops here.

Keys arrive in lower case from `wire.read_json`. A malformed entry is left out of its list: one
bad unit must not hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.cad.errors import CadUnreadable
from bot.cad.models import (
    ACTIVE,
    LOWEST_PRIORITY,
    Account,
    Call,
    Calls,
    CurrentCall,
    EmergencyCall,
    Note,
    Receipt,
    Unit,
    UnitsPage,
)
from bot.cad.values import as_text, flag, integer, integers, text, texts_by_key

T = TypeVar("T")


def read_calls(data: object) -> Calls:
    """Read the open calls from a GET_CALLS answer."""
    if not isinstance(data, Mapping) or not isinstance(data.get("activecalls"), list):
        raise CadUnreadable("the answer to GET_CALLS holds no activeCalls")
    return Calls(
        dispatch=_read_each(data["activecalls"], read_call),
        emergency=_read_each(data.get("emergencycalls"), read_emergency_call),
    )


def read_units(data: object) -> tuple[Unit, ...]:
    """Read the units from a GET_ACTIVE_UNITS answer."""
    if not isinstance(data, list):
        raise CadUnreadable("the answer to GET_ACTIVE_UNITS is not a list")
    return _read_each(data, read_unit)


def read_units_page(data: object, page_size: int) -> UnitsPage:
    """Read one page of the units, which is the last one unless it is full."""
    units = read_units(data)
    size = len(data) if isinstance(data, list) else 0
    return UnitsPage(units, size, is_last=size < page_size)


def read_receipt(data: object) -> Receipt | None:
    """Read the answer to an order, None where it names no units."""
    idents = data.get("identids") if isinstance(data, Mapping) else None
    return Receipt(frozenset(integers(idents))) if isinstance(idents, list) else None


def read_new_call(data: object) -> int:
    """Read the number of the call that was created from the call itself."""
    call = read_call(data)
    if call is None:
        raise CadUnreadable("the answer does not name the new call")
    return call.call_id


def read_account(data: object) -> Account:
    """Read an account."""
    uuid = text(data.get("uuid")) if isinstance(data, Mapping) else ""
    if not isinstance(data, Mapping) or not uuid:
        raise CadUnreadable("the answer holds no account")
    return Account(
        uuid,
        text(data.get("username")),
        text(data.get("communityuserid")),
        _permissions(data.get("permissions")),
    )


def read_community_id(data: object) -> str:
    """Read the id of the community that asks; empty where it is missing."""
    community = data.get("community") if isinstance(data, Mapping) else None
    return as_text(community.get("comid")) if isinstance(community, Mapping) else ""


def read_plan(data: object) -> str:
    """Read the name of what the community pays for, in upper case; empty where it is missing."""
    return text(data.get("name")).upper() if isinstance(data, Mapping) else ""


def read_servers(data: object) -> dict[int, str]:
    """Read the names of the game servers by their numbers; one alone may come without its list."""
    listed = data.get("servers") if isinstance(data, Mapping) else None
    found: dict[int, str] = {}
    for one in listed if isinstance(listed, list) else [listed]:
        number = integer(one.get("id")) if isinstance(one, Mapping) else None
        if isinstance(one, Mapping) and number is not None:
            found[number] = text(one.get("name"))
    return found


def read_linked_account(data: object) -> str | None:
    """Read whose API id it is: the UUID of the account, None if it is nobody's."""
    if not isinstance(data, Mapping) or not isinstance(data.get("linked"), bool):
        raise CadUnreadable("the answer does not say whether the API id is linked")
    return text(data.get("accountuuid")) if data["linked"] else None


def read_current_call(data: object) -> CurrentCall | None:
    """Read the call that a unit is on, None (the CAD says -1) if it is on none."""
    if not isinstance(data, Mapping) or "callid" not in data:
        raise CadUnreadable("the answer holds no current call")
    ident, call_id = integer(data.get("identid")), integer(data["callid"])
    if ident is None or call_id is None or call_id <= 0:
        return None
    return CurrentCall(ident, call_id)


def read_call(raw: object) -> Call | None:
    """Read a dispatch call; None if it is malformed."""
    call_id = integer(raw.get("callid")) if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or call_id is None:
        return None
    status, priority = integer(raw.get("status")), integer(raw.get("priority"))
    return Call(
        call_id=call_id,
        title=text(raw.get("title")),
        code=text(raw.get("code")),
        idents=integers(raw.get("idents")),
        status=ACTIVE if status is None else status,
        priority=LOWEST_PRIORITY if priority is None else priority,
        block=as_text(raw.get("block")),
        address=as_text(raw.get("address")),
        postal=as_text(raw.get("postal")),
        description=text(raw.get("description")),
        # 0 and -1 are no units.
        primary=max(integer(raw.get("primary")) or 0, 0) or None,
        notes=_notes(raw.get("notes")),
        meta=texts_by_key(raw.get("metadata")),
    )


def read_note(raw: object) -> Note | None:
    """Read a note, an object or plain text; None if it says nothing."""
    if isinstance(raw, Mapping):
        words = text(raw.get("content"))
        note = Note(text(raw.get("time")), text(raw.get("label")), words)
    else:
        words = text(raw)
        note = Note("", "", words)
    return note if words else None


def read_emergency_call(raw: object) -> EmergencyCall | None:
    """Read a 911 call; None if it is malformed."""
    call_id = integer(raw.get("callid")) if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or call_id is None:
        return None
    return EmergencyCall(
        call_id=call_id,
        is_emergency=flag(raw.get("isemergency", True)),
        caller=text(raw.get("caller")),
        location=as_text(raw.get("location")),
        description=text(raw.get("description")),
        meta=texts_by_key(raw.get("metadata")),
    )


def read_unit(raw: object) -> Unit | None:
    """Read a unit; None if it is malformed."""
    ident = integer(raw.get("id")) if isinstance(raw, Mapping) else None
    data = raw.get("data") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or ident is None or not isinstance(data, Mapping):
        return None
    status, page = integer(raw.get("status")), integer(data.get("page"))
    return Unit(
        ident=ident,
        account=text(raw.get("accid")),
        number=text(data.get("unitnum")),
        name=text(data.get("name")),
        department=text(data.get("department")),
        status=-1 if status is None else status,
        api_ids=_api_ids(data),
        location=text(raw.get("location")),
        subdivision=text(data.get("subdivision")),
        rank=text(data.get("rank")),
        group=text(data.get("group")),
        page=-1 if page is None else page,
        is_dispatch=flag(raw.get("isdispatch")),
        is_panic=flag(raw.get("ispanic")),
    )


def _read_each(items: object, read: Callable[[object], T | None]) -> tuple[T, ...]:
    found = map(read, items if isinstance(items, list) else ())
    return tuple(item for item in found if item is not None)


def _permissions(raw: object) -> frozenset[str]:
    granted = raw.items() if isinstance(raw, Mapping) else ()
    return frozenset(name for name, value in granted if flag(value))


def _notes(raw: object) -> tuple[Note, ...]:
    # "" where there are none; a single one may come without its list.
    return _read_each(raw if isinstance(raw, list) else [raw], read_note)


def _api_ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    listed = data.get("apiids")
    candidates = [data.get("apiid1"), data.get("apiid2")]
    candidates += listed if isinstance(listed, list) else []
    candidates.append(data.get("communityuserid"))
    return tuple(dict.fromkeys(found for found in map(text, candidates) if found))
