"""Builds the JSON of push events from changes in the pretend CAD."""

from __future__ import annotations

from sandbox.cad.state.behaviour import Behaviour
from sandbox.cad.state.change_log import Actor, Change, ChangeKind
from sandbox.cad.state.models import DispatchCall, EmergencyCall, Json, Unit

# As documented: changes through the API cause no event, except 911 calls.
_PUSHED_FOR_API = frozenset({ChangeKind.EMERGENCY_NEW})

_TYPES = {
    ChangeKind.CALL_NEW: "EVENT_DISPATCH_NEW",
    ChangeKind.CALL_EDIT: "EVENT_DISPATCH_EDIT",
    ChangeKind.CALL_CLOSED: "EVENT_DISPATCH_CLOSED",
    ChangeKind.NOTE: "EVENT_DISPATCH_NOTE",
    ChangeKind.ATTACH: "EVENT_DISPATCH_UNIT_ATTACH",
    ChangeKind.DETACH: "EVENT_DISPATCH_UNIT_DETACH",
    ChangeKind.EMERGENCY_NEW: "EVENT_911",
    ChangeKind.EMERGENCY_REMOVED: "EVENT_REMOVE_911",
    ChangeKind.UNIT_LOGIN: "EVENT_UNIT_LOGIN",
    ChangeKind.UNIT_LOGOUT: "EVENT_UNIT_LOGOUT",
    ChangeKind.UNIT_STATUS: "EVENT_UNIT_STATUS",
    ChangeKind.UNIT_UPDATE: "EVENT_UNIT_UPDATE",
    ChangeKind.UNIT_PANIC: "EVENT_UNIT_PANIC",
    ChangeKind.GROUP_ADD: "EVENT_UNIT_GROUP_ADD",
    ChangeKind.GROUP_REMOVE: "EVENT_UNIT_GROUP_REMOVE",
    ChangeKind.GROUP_RENAME: "EVENT_UNIT_GROUP_CHANGE_NAME",
    ChangeKind.LINK_VERIFIED: "EVENT_COMMUNITY_LINK_VERIFIED",
}
_GROUP_KINDS = frozenset({ChangeKind.GROUP_ADD, ChangeKind.GROUP_REMOVE, ChangeKind.GROUP_RENAME})


def is_pushed(change: Change) -> bool:
    """Return True if the CAD sends an event for a change."""
    return change.actor is Actor.PERSON or change.kind in _PUSHED_FOR_API


def envelope(change: Change, key: str, behaviour: Behaviour) -> Json:
    """Build the event of a change that has just happened."""
    data, listed = _data(change), behaviour.listed_event_data
    if change.kind is ChangeKind.EMERGENCY_NEW and behaviour.meta_data_in_911:
        data["call"]["metaData"] = data.pop("metaData")
    return {"key": key, "type": _TYPES[change.kind], "data": [data] if listed else data}


def _data(change: Change) -> Json:
    if change.account is not None:
        api_id = (*change.account.api_ids, "")[0]
        return {"communityUserId": api_id, "accountUuid": change.account.uuid}
    if change.kind in _GROUP_KINDS:
        return _group_data(change)
    if change.call_id is None:
        return _unit_data(change)
    return _call_data(change, change.call_id)


def _call_data(change: Change, call_id: int) -> Json:
    server = change.server
    match change.kind:
        case ChangeKind.CALL_NEW:
            return {"eventOriginIdent": 0, "dispatch": server.calls[call_id].as_json()}
        case ChangeKind.CALL_EDIT:
            return {"eventOriginIdent": 0, "dispatch": _edited(server.calls[call_id])}
        case ChangeKind.NOTE:
            return {"callId": call_id, "note": server.calls[call_id].notes[-1].as_json()}
        case ChangeKind.ATTACH | ChangeKind.DETACH:
            return {"callId": call_id, "idents": list(change.idents)}
        case ChangeKind.EMERGENCY_NEW:
            return _emergency(server.emergencies[call_id])
        case _:  # closed, removed
            return {"callIds": [call_id]}


def _unit_data(change: Change) -> Json:
    idents = list(change.idents)
    units = [change.server.units[ident] for ident in idents]
    match change.kind:
        case ChangeKind.UNIT_LOGIN:
            return {
                "unit": _unit(units[0]),
                "isDispatch": units[0].is_dispatch,
                "selfDispatch": "selfDispatch" in units[0].account.permissions,
            }
        case ChangeKind.UNIT_LOGOUT:
            return {"identId": idents[0]}
        case ChangeKind.UNIT_STATUS:
            return {"identIds": idents, "status": int(units[0].status)}
        case ChangeKind.UNIT_PANIC:
            return {"identIds": idents, "isPanic": units[0].is_panic}
        case _:
            return {"units": [unit.as_json() for unit in units]}


def _group_data(change: Change) -> Json:
    idents = list(change.idents)
    match change.kind:
        case ChangeKind.GROUP_ADD:
            return {"identIds": idents, "groupName": change.group}
        case ChangeKind.GROUP_REMOVE:
            return {"identId": idents[0], "groupName": change.group}
        case _:  # renamed
            return {"identIds": idents, "oldName": change.group, "newName": change.new_group}


def _edited(call: DispatchCall) -> Json:
    """Build a call as an edit shows it: without its notes and its primary unit.

    Reference: docs/sonoran-cad.md, "Push events".
    """
    shown = {**call.as_json(), "notes": ""}
    del shown["primary"]
    return shown


def _emergency(call: EmergencyCall) -> Json:
    shown = call.as_json()
    meta_data = shown.pop("metaData")
    return {"call": shown, "apiIds": [], "communityUserId": "", "metaData": meta_data}


def _unit(unit: Unit) -> Json:
    """Build a unit as in the login event: with all API ids of its account."""
    shown = unit.as_json()
    return {**shown, "data": {**shown["data"], "apiIds": list(unit.account.api_ids)}}
