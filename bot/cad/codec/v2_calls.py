"""The v2 API's requests about dispatch calls. Pure.

Reference: docs/sonoran-cad.md, "Requests and limits".
"""

from __future__ import annotations

from bot.cad.codec import readers, v1_calls, v2, writers
from bot.cad.errors import CadUnnumbered, CadUnreadable
from bot.cad.http import wire
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import Call, Calls, NewCall, UnitRef

MOST_CLOSED_CALLS = v1_calls.MOST_CLOSED_CALLS  # documented for v1 only

_DISPATCH_CALLS, _ALL_CALL_TYPES = 0, 100


def new_dispatch(credentials: Credentials, new: NewCall) -> Request:
    """Build a request that creates a dispatch call.

    It takes no idents, and one kind of target: API ids, or accounts if a unit has no API id. A
    unit that has neither must be attached afterwards.
    """
    path = f"/v2/emergency/servers/{new.server_id}/dispatch-calls"
    body = {**writers.new_call_json(new), **_new_call_target(new.units)}
    return v2.build_request(credentials, v2.NEW_CALL, "POST", path, body)


def close_call(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that closes a dispatch call."""
    path = f"/v2/emergency/servers/{server_id}/dispatch-calls/close"
    return v2.build_request(credentials, v2.CLOSE, "POST", path, {"callIds": [call_id]})


def add_note(
    credentials: Credentials, server_id: int, call_id: int, text: str, label: str
) -> Request:
    """Build a request that adds a note to a dispatch call."""
    path = f"/v2/emergency/servers/{server_id}/dispatch-calls/{call_id}/notes"
    body = {"note": text, "noteType": "text", "label": label}
    return v2.build_request(credentials, v2.NOTE, "POST", path, body)


def set_primary(
    credentials: Credentials, server_id: int, call_id: int, ident: int, *, track: bool
) -> Request:
    """Build a request that makes a unit the primary unit of a dispatch call."""
    path = f"/v2/emergency/servers/{server_id}/dispatch-calls/{call_id}/primary"
    body = {"identId": ident, "trackPrimary": track}
    return v2.build_request(credentials, v2.PRIMARY, "PATCH", path, body)


def get_calls(credentials: Credentials, server_id: int) -> Request:
    """Build a request for the open calls of one server, with as few closed calls as possible."""
    return _get_calls(credentials, server_id, 1, _ALL_CALL_TYPES)


def get_recent_calls(credentials: Credentials, server_id: int) -> Request:
    """Build a request for the open dispatch calls and as many closed ones as one answer holds."""
    return _get_calls(credentials, server_id, MOST_CLOSED_CALLS, _DISPATCH_CALLS)


def read_new_call(response: Response) -> int:
    """Read the number of a new call."""
    response = v2.check(response)
    # The status says that the call exists; another error would cause a duplicate.
    try:
        call = readers.read_call(wire.read_json(response))
    except CadUnreadable as error:
        raise CadUnnumbered(error.text, status=response.status) from error
    if call is None:
        raise CadUnnumbered("the answer does not name the new call", status=response.status)
    return call.call_id


def read_calls(response: Response) -> Calls:
    """Read the answer to `get_calls`."""
    return readers.read_calls(wire.read_json(v2.check(response)))


def read_recent_calls(response: Response) -> tuple[Call, ...]:
    """Read the answer to `get_recent_calls`."""
    return readers.read_recent_calls(wire.read_json(v2.check(response)))


def _get_calls(credentials: Credentials, server_id: int, closed: int, kind: int) -> Request:
    query = {"closedLimit": closed, "closedOffset": 0, "type": kind}
    return v2.build_get(credentials, v2.CALLS, f"/v2/emergency/servers/{server_id}/calls", query)


def _new_call_target(units: tuple[UnitRef, ...]) -> dict[str, list[str]]:
    if units and not all(unit.api_id for unit in units) and all(unit.account for unit in units):
        return {"accounts": list(dict.fromkeys(unit.account for unit in units))}
    # The CAD requires a target, also for a call without units.
    return {"communityUserIds": [unit.api_id for unit in units if unit.api_id]}
