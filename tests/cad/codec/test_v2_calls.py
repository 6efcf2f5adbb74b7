"""The v2 API's requests about dispatch calls that `test_v2.py` does not show."""

from __future__ import annotations

from bot.cad.codec import v2_calls
from bot.cad.http.wire import Credentials
from tests.cad.samples import CALL, json_answer

WHO = Credentials("community", "key")


def test_recent_calls_hold_as_many_closed_calls_as_one_answer_takes():
    request = v2_calls.get_recent_calls(WHO, 3)
    assert request.path == ("/v2/emergency/servers/3/calls?closedLimit=100&closedOffset=0&type=0")


def test_recent_calls_are_the_open_and_the_closed_ones():
    closed = CALL | {"callId": 90, "status": 2}
    found = v2_calls.read_recent_calls(
        json_answer({"ActiveCalls": [CALL], "ClosedCalls": [closed, None]})
    )
    assert [(one.call_id, one.status) for one in found] == [(100, 1), (90, 2)]
    assert len(v2_calls.read_recent_calls(json_answer({"activeCalls": [CALL]}))) == 1


def test_the_primary_unit():
    request = v2_calls.set_primary(WHO, 3, 100, 7, track=True)
    assert (request.method, request.path) == (
        "PATCH",
        "/v2/emergency/servers/3/dispatch-calls/100/primary",
    )
    assert request.body == {"identId": 7, "trackPrimary": True}
