"""The v2 endpoints under `/v2/emergency`: calls and units."""

from __future__ import annotations

from sandbox.cad.api import request_fields
from sandbox.cad.api.v1_types import call_form, emergency_form
from sandbox.cad.api.v2_request import NEW_CALL_TARGETS, V2Request, require_call
from sandbox.cad.state.models import CadRefusal, DispatchCall, Json, Unit, UnitStatus

NO_ACCOUNT = "Account not found."
NOT_ON_A_CALL = -1


def attach(request: V2Request) -> Json:
    """Attach units; the receipt names the units that are on the call now."""
    server, call_id = request.server, request.call_id
    if request.world.behaviour.refuse_unknown_call:
        require_call(server.calls, call_id)
    units = request.world.attach(server, call_id, request.target())
    return {"callId": call_id, "identIds": [unit.id for unit in units]}


def detach(request: V2Request) -> Json:
    """Detach units from all their calls; the receipt names the units of the request."""
    units = request.world.detach(request.server, request.target())
    return {"identIds": [unit.id for unit in units]}


def calls(request: V2Request) -> Json:
    """Return active dispatch calls, 911 calls and the last closed calls."""
    server, kind = request.server, request.number("type")
    limit, offset = request.number("closedLimit"), request.number("closedOffset")
    dispatch, emergency = kind in {0, 100}, kind in {1, 100}
    closed = server.closed[offset : offset + limit]
    return {
        "ActiveCalls": [_call(call) for call in server.calls.values() if dispatch],
        "EmergencyCalls": [call.as_json() for call in server.emergencies.values() if emergency],
        "ClosedCalls": [_call(call) for call in closed if dispatch],
        "ClosedCallCount": len(server.closed),
    }


def layouts(request: V2Request) -> list[Json]:
    """Return the layouts of dispatch calls; reference: docs/sonoran-cad.md, "Call layouts"."""
    return request.community.layouts


def units(request: V2Request) -> list[Json]:
    """Return the units on duty; dispatchers and units off duty only if requested."""
    offline, only_units = request.flag("includeOffline"), request.flag("onlyUnits")
    limit, offset = request.number("limit"), request.number("offset")
    found = [
        _unit(unit)
        for unit in request.server.units.values()
        if (unit.on_duty or offline) and not (only_units and unit.is_dispatch)
    ]
    return found[offset : offset + limit]


def current_call(request: V2Request) -> Json:
    """Return the call of the account's unit; the first unit on duty counts as selected."""
    uuid = request.path["accountUuid"]
    if uuid not in request.community.accounts:
        raise CadRefusal(404, NO_ACCOUNT)
    for server in request.community.servers.values():
        for unit in server.units.values():
            if unit.on_duty and unit.account.uuid == uuid:
                on = [call.call_id for call in server.calls.values() if unit.id in call.idents]
                return {"IdentId": unit.id, "CallId": (*on, NOT_ON_A_CALL)[0]}
    return {"IdentId": -1, "CallId": NOT_ON_A_CALL}


def new_dispatch(request: V2Request) -> Json:
    """Create a call with the units of the request; the target may be empty but not missing."""
    target = request.target(NEW_CALL_TARGETS)
    return request.world.new_dispatch(request.server, call_form(request.body), target).as_json()


def close(request: V2Request) -> Json:
    """Close calls: all of them, or none if one is unknown."""
    server, call_ids = request.server, request_fields.numbers(request.body, "callIds")
    for call_id in call_ids:
        require_call(server.calls, call_id)
    for call_id in dict.fromkeys(call_ids):
        request.world.close(server, call_id)
    return {"callIds": list(call_ids)}


def set_primary(request: V2Request) -> Json:
    """Set the primary unit of a call."""
    server, call_id, body = request.server, request.call_id, request.body
    ident = request_fields.number(body, "identId")
    track = request_fields.flag(body, "trackPrimary", default=False)
    require_call(server.calls, call_id)
    request.world.set_primary(server, call_id, ident, track=track)
    return {"callId": call_id, "identId": ident, "trackPrimary": track}


def add_note(request: V2Request) -> Json:
    """Add a note to a call."""
    server, call_id, body = request.server, request.call_id, request.body
    note, label = request_fields.text(body, "note"), request_fields.text(body, "label", "")
    require_call(server.calls, call_id)
    request.world.add_note(server, call_id, note, label)
    return {"callId": call_id, "note": note}


def call_911(request: V2Request) -> Json:
    """Create a 911 call."""
    call = request.world.call_911(request.server, emergency_form(request.body))
    return {**call.as_json(), "updated": request.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")}


def remove_911(request: V2Request) -> Json:
    """Remove a 911 call from the list."""
    server, call_id = request.server, request.call_id
    require_call(server.emergencies, call_id)
    request.world.remove_911(server, call_id)
    return {"callId": call_id, "serverId": server.id}


def set_status(request: V2Request) -> Json:
    """Set the status of units."""
    status = request_fields.number(request.body, "status")
    changed = request.world.set_status(request.server, request.target(), status)
    known = {one.value: one.name for one in UnitStatus}
    return {"updated": len(changed), "status": known.get(status, str(status))}


def _call(call: DispatchCall) -> Json:
    """Build the call as v2 shows it; reference: docs/sonoran-cad.md, "Call": times of notes."""
    day = call.updated[:10]
    notes = [{**note.as_json(), "time": f"{day}T{note.time}Z"} for note in call.notes]
    return {**call.as_json(), "notes": notes}


def _unit(unit: Unit) -> Json:
    """Build the unit as v2 shows it: with a community user id instead of v1's API ids."""
    shown = unit.as_json()
    data = {name: value for name, value in shown["data"].items() if not name.startswith("apiId")}
    data["communityUserId"] = (*unit.account.api_ids, "")[0]
    place = dict(zip("xyzw", unit.coordinates, strict=True))
    return {**shown, "coordinates": place, "data": data}
