"""Converts the JSON of push events to typed events. Pure; it accepts any JSON value.

Reference: docs/sonoran-cad.md, "Push events". It reads every form shown there, with keys in any
letter case. A malformed event or an event of an unknown type is ignored.
"""

from __future__ import annotations

import dataclasses
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping

from bot.cad.codec.readers import read_call, read_emergency_call, read_note, read_unit
from bot.cad.models import CLOSED, Call
from bot.cad.push import envelope
from bot.cad.push.envelope import Data
from bot.cad.push.events import (
    CallNoteAdded,
    CallsClosed,
    CallUpserted,
    EmergenciesRemoved,
    EmergencyUpserted,
    Event,
    GroupRenamed,
    LinkVerified,
    UnitLoggedIn,
    UnitLoggedOut,
    UnitPanic,
    UnitsAttached,
    UnitsDetached,
    UnitsGrouped,
    UnitStatusChanged,
    UnitsUngrouped,
    UnitsUpdated,
)
from bot.cad.values import str_or_empty, to_bool, to_int, to_ints

_NO_FIELDS: frozenset[str] = frozenset()
_OTHER_KEYS = {
    "layout": "template",
    "meta": "metadata",
    "priority_text": "priority",
    "status_id": "statusid",
    "track_primary": "trackprimary",
}
# The fields of `Call` that an edit may leave out, and their keys in lower case.
_CALL_FIELDS = {
    field.name: _OTHER_KEYS.get(field.name, field.name)
    for field in dataclasses.fields(Call)
    if field.name != "call_id"
}


def read_event(payload: object) -> tuple[Event, ...]:
    """Read the events of an envelope `{key, type, data}`; they do not contain the key."""
    read = _READERS.get(envelope.event_type(payload))
    found = map(read, envelope.data_objects(payload)) if read else ()
    return tuple(event for events in found for event in events)


def _numbers(data: Data, *names: str) -> tuple[int, ...]:
    """Read the first of these fields that holds a number or a list of numbers; drop duplicates."""
    for name in names:
        value = data.get(name)
        if found := to_ints(value if isinstance(value, list) else [value]):
            return tuple(dict.fromkeys(found))
    return ()


def _call_created(data: Data) -> Iterable[Event]:
    return _call_upserted(data.get("dispatch", data), _NO_FIELDS)


def _call_edited(data: Data) -> Iterable[Event]:
    raw = data.get("dispatch", data)
    fields = raw if isinstance(raw, dict) else {}
    absent = {name for name, key in _CALL_FIELDS.items() if fields.get(key) is None}
    if not fields.get("notes"):  # an edit shows `""` instead of the notes
        absent.add("notes")
    return _call_upserted(raw, frozenset(absent))


def _call_upserted(raw: object, missing: frozenset[str]) -> Iterable[Event]:
    call = read_call(raw)
    if call is not None:
        closed = call.status == CLOSED
        yield CallsClosed((call.call_id,)) if closed else CallUpserted(call, missing)


def _calls_closed(data: Data) -> Iterable[Event]:
    if call_ids := _numbers(data, "callids", "callid"):
        yield CallsClosed(call_ids)


def _note_added(data: Data) -> Iterable[Event]:
    call_id, note = to_int(data.get("callid")), read_note(data.get("note"))
    if call_id is not None and note is not None:
        yield CallNoteAdded(call_id, note)


def _attachment_reader(
    kind: type[UnitsAttached | UnitsDetached],
) -> Callable[[Data], Iterable[Event]]:
    def read(data: Data) -> Iterable[Event]:
        call_id, idents = to_int(data.get("callid")), _numbers(data, "idents", "ident")
        if call_id is not None and idents:
            yield kind(call_id, idents)

    return read


def _emergency_upserted(data: Data) -> Iterable[Event]:
    raw = data.get("call", data)
    if isinstance(raw, dict):
        # This event has `metaData` beside the call; all others have it inside the call.
        parts = (raw.get("metadata"), data.get("metadata"))
        known = (part for part in parts if isinstance(part, dict))
        raw = {**raw, "metadata": dict(ChainMap(*known))}
    emergency = read_emergency_call(raw)
    if emergency is not None:
        yield EmergencyUpserted(emergency)


def _emergencies_removed(data: Data) -> Iterable[Event]:
    if call_ids := _numbers(data, "callids", "callid"):
        yield EmergenciesRemoved(call_ids)


def _logged_in(data: Data) -> Iterable[Event]:
    raw = data.get("unit", data)
    if isinstance(raw, dict):
        raw = {"isdispatch": data.get("isdispatch"), **raw}
    unit = read_unit(raw)
    if unit is not None:
        yield UnitLoggedIn(unit)


def _logged_out(data: Data) -> Iterable[Event]:
    return map(UnitLoggedOut, _numbers(data, "identid", "identids"))


def _status_changed(data: Data) -> Iterable[Event]:
    idents, status = _numbers(data, "identids", "identid"), to_int(data.get("status"))
    if idents and status is not None:
        yield UnitStatusChanged(idents, status)
    else:
        yield from _units_updated(data)


def _units_updated(data: Data) -> Iterable[Event]:
    listed = data.get("units", [data])
    found = map(read_unit, listed if isinstance(listed, list) else [listed])
    if units := tuple(unit for unit in found if unit is not None):
        yield UnitsUpdated(units)


def _panic(data: Data) -> Iterable[Event]:
    if (idents := _numbers(data, "identids", "identid")) and "ispanic" in data:
        yield UnitPanic(idents, to_bool(data["ispanic"]))


def _grouped(data: Data) -> Iterable[Event]:
    idents, group = _numbers(data, "identids", "identid"), str_or_empty(data.get("groupname"))
    if idents and group:
        yield UnitsGrouped(idents, group)


def _ungrouped(data: Data) -> Iterable[Event]:
    if idents := _numbers(data, "identids", "identid"):
        yield UnitsUngrouped(idents, str_or_empty(data.get("groupname")))


def _group_renamed(data: Data) -> Iterable[Event]:
    old, new = str_or_empty(data.get("oldname")), str_or_empty(data.get("newname"))
    if old and new:
        yield GroupRenamed(_numbers(data, "identids", "identid"), old, new)


def _link_verified(data: Data) -> Iterable[Event]:
    api_id, account = (
        str_or_empty(data.get("communityuserid")),
        str_or_empty(data.get("accountuuid")),
    )
    if api_id and account:
        yield LinkVerified(api_id, account)


_READERS: Mapping[str, Callable[[Data], Iterable[Event]]] = {
    "EVENT_DISPATCH_NEW": _call_created,
    "EVENT_DISPATCH_EDIT": _call_edited,
    "EVENT_DISPATCH_CLOSED": _calls_closed,
    "EVENT_DISPATCH_NOTE": _note_added,
    "EVENT_DISPATCH_UNIT_ATTACH": _attachment_reader(UnitsAttached),
    "EVENT_DISPATCH_UNIT_DETACH": _attachment_reader(UnitsDetached),
    "EVENT_911": _emergency_upserted,
    "EVENT_REMOVE_911": _emergencies_removed,
    "EVENT_UNIT_LOGIN": _logged_in,
    "EVENT_UNIT_LOGOUT": _logged_out,
    "EVENT_UNIT_STATUS": _status_changed,
    "EVENT_UNIT_UPDATE": _units_updated,
    "EVENT_UNIT_PANIC": _panic,
    "EVENT_UNIT_GROUP_ADD": _grouped,
    "EVENT_UNIT_GROUP_REMOVE": _ungrouped,
    "EVENT_UNIT_GROUP_CHANGE_NAME": _group_renamed,
    "EVENT_COMMUNITY_LINK_VERIFIED": _link_verified,
}
