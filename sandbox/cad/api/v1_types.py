"""Handles one object of `data` for each v1 request type.

Checking an object and carrying it out are two steps, so that a request with several objects can
be refused before any of them is carried out. Each function checks its object and returns an
action: a function without arguments that carries it out and returns the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.cad.api import request_fields
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.models import (
    CadRefusal,
    CallForm,
    Community,
    EmergencyForm,
    Json,
    Note,
    Server,
)
from sandbox.cad.state.world import CadWorld

Answer = str | Json | list[Json]
Action = Callable[[], Answer]
Prepare = Callable[[CadWorld, Community, Json], Action]


def attach(world: CadWorld, community: Community, data: Json) -> Action:
    """ATTACH_UNIT at today's address: ignore ids that no unit on duty has."""
    return _attach(world, community, data, _target(data))


def attach_of_2020(world: CadWorld, community: Community, data: Json) -> Action:
    """ATTACH_UNITS and ATTACH_UNIT at `/emergency`: they know API ids only.

    Reference: docs/sonoran-cad.md, "Attach": accounts and idents belong to today's form.
    """
    return _attach(world, community, data, Target(request_fields.texts(data, "units")))


def _attach(world: CadWorld, community: Community, data: Json, target: Target) -> Action:
    server, call_id = _server(world, community, data), _call_id(data)
    if world.behaviour.refuse_unknown_call:
        world.find_call(server, call_id)

    def action() -> Answer:
        world.attach(server, call_id, target)
        return "UNITS ATTACHED"

    return action


def detach(world: CadWorld, community: Community, data: Json) -> Action:
    """DETACH_UNIT: names no call, so it detaches the units from all their calls.

    It takes no idents; reference: docs/sonoran-cad.md, "Other requests".
    """
    server, target = _server(world, community, data), replace(_target(data), ident_ids=())

    def action() -> Answer:
        world.detach(server, target)
        return "UNITS DETACHED"

    return action


def get_calls(world: CadWorld, community: Community, data: Json) -> Action:
    """GET_CALLS: return active dispatch calls, 911 calls and the last closed calls."""
    server, kind = _server(world, community, data), request_fields.number(data, "type", 100)
    limit = min(request_fields.number(data, "closedLimit", 10), 100)
    offset = request_fields.number(data, "closedOffset", 0)
    dispatch, emergency = kind in {0, 100}, kind in {1, 100}

    def action() -> Answer:
        closed = server.closed[offset : offset + limit]
        return {
            "activeCalls": [call.as_json() for call in server.calls.values() if dispatch],
            "emergencyCalls": [call.as_json() for call in server.emergencies.values() if emergency],
            "closedCalls": [call.as_json() for call in closed if dispatch],
        }

    return action


def get_active_units(world: CadWorld, community: Community, data: Json) -> Action:
    """GET_ACTIVE_UNITS: return the units on duty; dispatchers only if requested."""
    server = _server(world, community, data)
    only_units = request_fields.flag(data, "onlyUnits", default=True)
    offline = request_fields.flag(data, "includeOffline", default=False)
    limit = min(request_fields.number(data, "limit", 100), 100)
    offset = request_fields.number(data, "offset", 0)

    def action() -> Answer:
        units = [
            unit.as_json()
            for unit in server.units.values()
            if (unit.on_duty or offline) and not (only_units and unit.is_dispatch)
        ]
        return units[offset : offset + limit]

    return action


def new_dispatch(world: CadWorld, community: Community, data: Json) -> Action:
    """NEW_DISPATCH: create a call, with the units that the object names."""
    server, target, form = _server(world, community, data), _target(data), call_form(data)

    def action() -> Answer:
        return f"NEW DISPATCH CREATED - ID: {world.new_dispatch(server, form, target).call_id}"

    return action


def close_call(world: CadWorld, community: Community, data: Json) -> Action:
    """CLOSE_CALL: close a call; the documented answer is that of attach."""
    server, call_id = _server(world, community, data), _call_id(data)
    world.find_call(server, call_id)

    def action() -> Answer:
        world.close(server, call_id)
        return "UNITS ATTACHED"

    return action


def add_call_note(world: CadWorld, community: Community, data: Json) -> Action:
    """ADD_CALL_NOTE: add a note to a call."""
    server, call_id = _server(world, community, data), _call_id(data)
    note, label = request_fields.text(data, "note"), request_fields.text(data, "label", "")
    world.find_call(server, call_id)

    def action() -> Answer:
        world.add_note(server, call_id, note, label)
        return f"NOTE '{note}' added to call #{call_id}"

    return action


def set_call_primary(world: CadWorld, community: Community, data: Json) -> Action:
    """SET_CALL_PRIMARY: set the primary unit of a call; -1 clears it.

    Reference: docs/sonoran-cad.md, "Other requests": the documented answer is that of the postal
    code. Whether a unit that is not on the call is refused is not stated: it is taken.
    """
    server, call_id = _server(world, community, data), _call_id(data)
    ident = request_fields.number(data, "primary")
    track = request_fields.flag(data, "trackPrimary", default=False)
    keeps_track = "trackPrimary" not in data
    world.find_call(server, call_id)

    def action() -> Answer:
        world.set_primary(server, call_id, ident, track=None if keeps_track else track)
        return f"CALL {call_id} POSTAL SET TO {ident}"

    return action


def call_911(world: CadWorld, community: Community, data: Json) -> Action:
    """CALL_911: create a 911 call."""
    server, form = _server(world, community, data), emergency_form(data)

    def action() -> Answer:
        return f"EMERGENCY CALL ADDED ID: {world.call_911(server, form).call_id}"

    return action


def remove_911(world: CadWorld, community: Community, data: Json) -> Action:
    """REMOVE_911: remove a 911 call; the documented answer is that of another endpoint."""
    server, call_id = _server(world, community, data), _call_id(data)
    world.find_emergency(server, call_id)

    def action() -> Answer:
        world.remove_911(server, call_id)
        return "API ID(s) set!"

    return action


def unit_status(world: CadWorld, community: Community, data: Json) -> Action:
    """UNIT_STATUS: set the status of units, by one API id, one account or several idents."""
    server, status = _server(world, community, data), request_fields.number(data, "status")
    api_id = request_fields.text(data, "apiId", "")
    target = Target(api_ids=(api_id,)) if api_id else _target(data)

    def action() -> Answer:
        world.set_status(server, target, status)
        return "UNIT STATUS UPDATED"

    return action


def call_form(data: Json) -> CallForm:
    """Read the fields of a new dispatch call."""
    return CallForm(
        title=request_fields.text(data, "title", ""),
        code=request_fields.text(data, "code", ""),
        priority=request_fields.number(data, "priority", 3),
        block=request_fields.text(data, "block", ""),
        address=request_fields.text(data, "address", ""),
        postal=request_fields.text(data, "postal", ""),
        description=request_fields.text(data, "description", ""),
        origin=request_fields.number(data, "origin", 0),
        status=request_fields.number(data, "status", 0),
        primary=request_fields.number(data, "primary", 0),
        track_primary=request_fields.flag(data, "trackPrimary", default=False),
        notes=_notes(data),
        meta_data=request_fields.mapping(data, "metaData"),
    )


def emergency_form(data: Json) -> EmergencyForm:
    """Read the fields of a new 911 call."""
    return EmergencyForm(
        caller=request_fields.text(data, "caller", ""),
        location=request_fields.text(data, "location", ""),
        description=request_fields.text(data, "description", ""),
        is_emergency=request_fields.flag(data, "isEmergency", default=True),
        meta_data=request_fields.mapping(data, "metaData"),
    )


def _server(world: CadWorld, community: Community, data: Json) -> Server:
    return world.server(community.id, request_fields.number(data, "serverId", 1))


def _call_id(data: Json) -> int:
    return request_fields.number(data, "callId")


def _target(data: Json) -> Target:
    account = request_fields.text(data, "account", "")
    return Target(
        request_fields.texts(data, "units"),
        account or None,
        request_fields.numbers(data, "identIds"),
    )


def _notes(data: Json) -> tuple[Note, ...]:
    notes = data.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(note, dict) for note in notes):
        raise CadRefusal(400, f"{request_fields.INVALID_DATA}: notes")
    return tuple(
        Note(
            request_fields.text(note, "time", ""), request_fields.text(note, "label", ""), note_text
        )
        for note in notes
        if (note_text := request_fields.text(note, "content", ""))
    )
