"""The v1 API's requests about dispatch calls that `test_v1.py` does not show."""

from __future__ import annotations

from bot.cad.codec import v1_calls
from bot.cad.http.wire import Credentials
from tests.cad.samples import CALL, json_answer

WHO = Credentials("community", "key")


def test_recent_calls_hold_as_many_closed_calls_as_one_answer_takes():
    request = v1_calls.get_recent_calls(WHO, 3)
    assert request.body is not None
    assert (request.path, request.body["type"]) == ("/emergency/get_calls", "GET_CALLS")
    assert request.body["data"] == [{"serverId": 3, "closedLimit": 100, "type": 0}]


def test_recent_calls_are_the_open_and_the_closed_ones():
    closed = CALL | {"callId": 90, "status": 2}
    found = v1_calls.read_recent_calls(
        json_answer({"ActiveCalls": [CALL], "ClosedCalls": [closed, None]})
    )
    assert [(one.call_id, one.status) for one in found] == [(100, 1), (90, 2)]
    assert len(v1_calls.read_recent_calls(json_answer({"activeCalls": [CALL]}))) == 1


def test_the_primary_unit():
    request = v1_calls.set_primary(WHO, 3, 100, 7, track=True)
    assert request.body is not None
    assert (request.path, request.body["type"]) == (
        "/emergency/set_call_primary",
        "SET_CALL_PRIMARY",
    )
    assert request.body["data"] == [
        {"serverId": 3, "callId": 100, "primary": 7, "trackPrimary": True}
    ]
