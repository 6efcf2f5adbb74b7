"""What each v2 endpoint under `/v2/emergency` does: calls and units."""

from __future__ import annotations

from sandbox.cad.api import request_fields
from sandbox.cad.api.v1_types import call_form, emergency_form
from sandbox.cad.api.v2_request import Asked, require_call
from sandbox.cad.state.models import CadRefusal, Json, Unit, UnitStatus

NO_ACCOUNT = "Account not found."
NOT_ON_A_CALL = -1


def attach(asked: Asked) -> Json:
    """Attach units; the receipt names those that are on the call now."""
    server, call_id = asked.server, asked.call_id
    if asked.world.behaviour.refuse_unknown_call:
        require_call(server.calls, call_id)
    units = asked.world.attach(server, call_id, asked.units())
    return {"callId": call_id, "identIds": [unit.id for unit in units]}


def detach(asked: Asked) -> Json:
    """Detach units from whatever call they are on; the receipt names those meant."""
    units = asked.world.detach(asked.server, asked.units())
    return {"identIds": [unit.id for unit in units]}


def calls(asked: Asked) -> Json:
    """List active dispatch calls, 911 calls and the last closed ones."""
    server, kind = asked.server, asked.number("type")
    limit, offset = asked.number("closedLimit"), asked.number("closedOffset")
    dispatch, emergency = kind in {0, 100}, kind in {1, 100}
    closed = server.closed[offset : offset + limit]
    return {
        "ActiveCalls": [call.as_json() for call in server.calls.values() if dispatch],
        "EmergencyCalls": [call.as_json() for call in server.emergencies.values() if emergency],
        "ClosedCalls": [call.as_json() for call in closed if dispatch],
        "ClosedCallCount": len(server.closed),
    }


def units(asked: Asked) -> list[Json]:
    """List the units on duty; dispatchers and those off duty if wished."""
    offline, only_units = asked.flag("includeOffline"), asked.flag("onlyUnits")
    limit, offset = asked.number("limit"), asked.number("offset")
    found = [
        _unit(unit)
        for unit in asked.server.units.values()
        if (unit.on_duty or offline) and not (only_units and unit.is_dispatch)
    ]
    return found[offset : offset + limit]


def current_call(asked: Asked) -> Json:
    """Tell the call of the account's unit; the pretend CAD takes its first one for selected."""
    uuid = asked.path["accountUuid"]
    if uuid not in asked.community.accounts:
        raise CadRefusal(404, NO_ACCOUNT)
    for server in asked.community.servers.values():
        for unit in server.units.values():
            if unit.on_duty and unit.account.uuid == uuid:
                on = [call.call_id for call in server.calls.values() if unit.id in call.idents]
                return {"IdentId": unit.id, "CallId": (*on, NOT_ON_A_CALL)[0]}
    return {"IdentId": -1, "CallId": NOT_ON_A_CALL}


def new_dispatch(asked: Asked) -> Json:
    """Create a call with the units meant on it, which may be none but must be said."""
    return asked.world.new_dispatch(asked.server, call_form(asked.body), asked.units()).as_json()


def close(asked: Asked) -> Json:
    """Close calls, all or none."""
    server, call_ids = asked.server, request_fields.numbers(asked.body, "callIds")
    for call_id in call_ids:
        require_call(server.calls, call_id)
    for call_id in dict.fromkeys(call_ids):
        asked.world.close(server, call_id)
    return {"callIds": list(call_ids)}


def add_note(asked: Asked) -> Json:
    """Write a line into the log of a call."""
    server, call_id, body = asked.server, asked.call_id, asked.body
    note, label = request_fields.text(body, "note"), request_fields.text(body, "label", "")
    require_call(server.calls, call_id)
    asked.world.add_note(server, call_id, note, label)
    return {"callId": call_id, "note": note}


def call_911(asked: Asked) -> Json:
    """Let somebody call for help."""
    call = asked.world.call_911(asked.server, emergency_form(asked.body))
    return {**call.as_json(), "updated": asked.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")}


def remove_911(asked: Asked) -> Json:
    """Remove a 911 call from the list."""
    server, call_id = asked.server, asked.call_id
    require_call(server.emergencies, call_id)
    asked.world.remove_911(server, call_id)
    return {"callId": call_id, "serverId": server.id}


def set_status(asked: Asked) -> Json:
    """Set the status of units."""
    status = request_fields.number(asked.body, "status")
    changed = asked.world.set_status(asked.server, asked.units(), status)
    known = {one.value: one.name for one in UnitStatus}
    return {"updated": len(changed), "status": known.get(status, str(status))}


def _unit(unit: Unit) -> Json:
    """Build the unit as v2 shows it: with a community user id where v1 has API ids."""
    shown = unit.as_json()
    data = {name: value for name, value in shown["data"].items() if not name.startswith("apiId")}
    data["communityUserId"] = (*unit.account.api_ids, "")[0]
    return {**shown, "coordinates": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 0.0}, "data": data}
