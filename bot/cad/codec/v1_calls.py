"""The v1 API's requests about dispatch calls. Pure.

Reference: docs/sonoran-cad.md, "Other requests".
"""

from __future__ import annotations

import re

from bot.cad.codec import readers, v1, writers
from bot.cad.errors import CadUnnumbered
from bot.cad.http import wire
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import Call, Calls, NewCall

MOST_CLOSED_CALLS = 100

_DISPATCH_CALLS, _ALL_CALL_TYPES = 0, 100
_NEW_ID = re.compile(r"(?:\b|call)ID\W{0,5}(\d{1,18})\b", re.IGNORECASE | re.ASCII)


def new_dispatch(credentials: Credentials, new: NewCall) -> Request:
    """Build a request that creates a dispatch call; the first unit becomes the primary unit."""
    units = [unit.api_id for unit in new.units if unit.api_id]
    data = {"serverId": new.server_id, **writers.new_call_json(new), "units": units}
    return v1.post(credentials, "/emergency/new_dispatch", "NEW_DISPATCH", data)


def close_call(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that closes a dispatch call."""
    data = {"serverId": server_id, "callId": call_id}
    return v1.post(credentials, "/emergency/close_call", "CLOSE_CALL", data)


def add_note(
    credentials: Credentials, server_id: int, call_id: int, text: str, label: str
) -> Request:
    """Build a request that adds a note to a dispatch call."""
    data = {"serverId": server_id, "callId": call_id, "note": text, "label": label}
    return v1.post(credentials, "/emergency/add_call_note", "ADD_CALL_NOTE", data)


def set_primary(
    credentials: Credentials, server_id: int, call_id: int, ident: int, *, track: bool
) -> Request:
    """Build a request that makes a unit the primary unit of a dispatch call."""
    data = {"serverId": server_id, "callId": call_id, "primary": ident, "trackPrimary": track}
    return v1.post(credentials, "/emergency/set_call_primary", "SET_CALL_PRIMARY", data)


def get_calls(credentials: Credentials, server_id: int) -> Request:
    """Build a request for the open calls of one server, with as few closed calls as possible."""
    data = {"serverId": server_id, "closedLimit": 1, "type": _ALL_CALL_TYPES}
    return v1.post(credentials, "/emergency/get_calls", "GET_CALLS", data)


def get_recent_calls(credentials: Credentials, server_id: int) -> Request:
    """Build a request for the open dispatch calls and as many closed ones as one answer holds."""
    data = {"serverId": server_id, "closedLimit": MOST_CLOSED_CALLS, "type": _DISPATCH_CALLS}
    return v1.post(credentials, "/emergency/get_calls", "GET_CALLS", data)


def read_new_call(response: Response) -> int:
    """Read the number of a new call from `NEW DISPATCH CREATED - ID: 100`."""
    response = v1.check(response)
    found = _NEW_ID.search(response.text)
    if found is None:
        raise CadUnnumbered(wire.error_text(response), status=response.status)
    return int(found[1])


def read_calls(response: Response) -> Calls:
    """Read the answer to `get_calls`."""
    return readers.read_calls(wire.read_json(v1.check(response)))


def read_recent_calls(response: Response) -> tuple[Call, ...]:
    """Read the answer to `get_recent_calls`."""
    return readers.read_recent_calls(wire.read_json(v1.check(response)))
