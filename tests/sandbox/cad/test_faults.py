"""The effect of each fault on a real client."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from sandbox.cad.server import CadServer
from sandbox.cad.state.faults import (
    BAD_GATEWAY,
    CHALLENGE,
    MEBIBYTE,
    BadUtf8,
    Case,
    Hang,
    HtmlPage,
    HugeBody,
    KeyCase,
    RateLimited,
    Redirect,
    Reset,
    Slow,
    Text,
)
from sandbox.cad.state.seed import ARMED_ROBBERY, COMMUNITY_ID, PAT
from tests.deadlines import HANG_TIMEOUT
from tests.sandbox.conftest import Caller, Reply

ATTACHED = Reply(200, "UNITS ATTACHED")


def attached(cad: CadServer) -> int:
    return len(cad.world.server(COMMUNITY_ID).calls[ARMED_ROBBERY].idents)


async def test_slow_is_late_but_right(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(Slow(0.05))
    begin = asyncio.get_running_loop().time()
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == ATTACHED
    assert asyncio.get_running_loop().time() - begin >= 0.05


async def test_a_hanging_request_goes_on_when_released(cad: CadServer, caller: Caller) -> None:
    hang = Hang()
    cad.faults.set(hang)
    order = asyncio.create_task(caller.attach(ARMED_ROBBERY, PAT.hex))
    await hang.arrived.wait()
    assert cad.world.history[0].status is None
    assert attached(cad) == 0
    cad.faults.clear()
    assert await order == ATTACHED


async def test_a_client_that_gave_up_is_not_served_later(cad: CadServer, caller: Caller) -> None:
    hang = Hang()
    cad.faults.set(hang, times=1)
    order = asyncio.create_task(caller.attach(ARMED_ROBBERY, PAT.hex))
    await hang.arrived.wait()
    order.cancel()
    await asyncio.gather(order, return_exceptions=True)
    # One round trip each: the server notices the disconnect, then ends the request.
    await caller.post("/emergency/get_calls", "GET_CALLS", {})
    cad.faults.clear()
    await caller.post("/emergency/get_calls", "GET_CALLS", {})
    assert cad.world.history[0].status == 499
    assert attached(cad) == 0


async def test_stopping_does_not_wait_for_a_hanging_request(cad: CadServer, caller: Caller) -> None:
    hang = Hang()
    cad.faults.set(hang)
    order = asyncio.create_task(caller.attach(ARMED_ROBBERY, PAT.hex))
    await hang.arrived.wait()
    async with asyncio.timeout(HANG_TIMEOUT):
        await cad.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await order


async def test_reset_breaks_off_after_the_order_was_carried_out(
    cad: CadServer, caller: Caller
) -> None:
    cad.faults.set(Reset())
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.attach(ARMED_ROBBERY, PAT.hex)
    assert attached(cad) == 1
    assert cad.world.history[0].fault == "Reset"


@pytest.mark.parametrize("page", [BAD_GATEWAY, CHALLENGE])
async def test_html_instead_of_text(cad: CadServer, caller: Caller, page: HtmlPage) -> None:
    cad.faults.set(page)
    async with caller.session.post(f"{cad.url}/emergency", json={}) as response:
        assert response.status == page.status
        assert response.content_type == "text/html"
        assert f"<title>{page.title}</title>" in await response.text()


async def test_rate_limit_with_seconds_with_a_date_and_without(
    cad: CadServer, caller: Caller
) -> None:
    moment = datetime(2026, 5, 1, 12, 0, 7, tzinfo=UTC)
    seen: list[str | None] = []
    for retry_after in (5, moment, None):
        cad.faults.set(RateLimited(retry_after))
        async with caller.session.post(f"{cad.url}/emergency", json={}) as response:
            assert response.status == 429
            assert set(await response.json()) == {"message", "request_id"}
            seen.append(response.headers.get("Retry-After"))
    assert seen == ["5", "Fri, 01 May 2026 12:00:07 GMT", None]
    assert parsedate_to_datetime(str(seen[1])) == moment


async def test_huge_body(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(HugeBody(), times=1)
    async with caller.session.post(f"{cad.url}/emergency", json={}) as response:
        assert response.content_length is None
        assert len(await response.read()) == 50 * MEBIBYTE


async def test_huge_body_not_read_to_its_end(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(HugeBody(), times=1)
    async with caller.session.post(f"{cad.url}/emergency", json={}) as response:
        await response.content.readexactly(1000)
        response.close()
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == ATTACHED


async def test_invalid_utf8(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(BadUtf8())
    with pytest.raises(UnicodeDecodeError):
        await caller.attach(ARMED_ROBBERY, PAT.hex)
    assert attached(cad) == 1


async def test_invalid_utf8_in_json_stays_inside_a_string(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(BadUtf8())
    envelope = {"id": "sandbox", "key": "sandbox-key", "type": "GET_CALLS", "data": [{}]}
    async with caller.session.post(f"{cad.url}/emergency/get_calls", json=envelope) as response:
        calls = json.loads((await response.read()).decode(errors="replace"))
    assert "\N{REPLACEMENT CHARACTER}" in json.dumps(calls, ensure_ascii=False)


@pytest.mark.parametrize(
    ("case", "keys"),
    [
        (Case.UPPER, {"ACTIVECALLS", "EMERGENCYCALLS", "CLOSEDCALLS"}),
        (Case.LOWER, {"activecalls", "emergencycalls", "closedcalls"}),
        (Case.TITLE, {"ActiveCalls", "EmergencyCalls", "ClosedCalls"}),
    ],
)
async def test_other_letter_case(
    cad: CadServer, caller: Caller, case: Case, keys: set[str]
) -> None:
    cad.faults.set(KeyCase(case))
    calls = json.loads((await caller.post("/emergency/get_calls", "GET_CALLS", {})).text)
    assert set(calls) == keys
    assert case.write("callId") in calls[case.write("activeCalls")][0]
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == ATTACHED


async def test_redirect_to_another_host(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(Redirect("http://elsewhere.invalid"))
    async with caller.session.post(
        f"{cad.url}/emergency", json={}, allow_redirects=False
    ) as response:
        assert response.status == 307
        assert response.headers["Location"] == "http://elsewhere.invalid/emergency"


async def test_any_status_and_text(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(Text(400, "API ENDPOINT IS NOT ENABLED FOR THIS COMMUNITY"))
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == Reply(
        400, "API ENDPOINT IS NOT ENABLED FOR THIS COMMUNITY"
    )


async def test_for_some_requests_on_some_paths(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(Text(503, "busy"), path="/emergency/get_calls", times=2)
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == ATTACHED
    statuses = [
        (await caller.post("/emergency/get_calls", "GET_CALLS", {})).status for _ in range(3)
    ]
    assert statuses == [503, 503, 200]
    assert cad.faults.active == ()


async def test_faults_add_up_and_the_same_kind_is_replaced(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(Text(500, "old"))
    cad.faults.set(Text(503, "new"))
    cad.faults.set(Slow(0.01))
    assert cad.faults.active == (Text(503, "new"), Slow(0.01))
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == Reply(503, "new")
    assert cad.world.history[0].fault == "Text, Slow"


async def test_down_refuses_and_comes_back_on_the_same_port(cad: CadServer, caller: Caller) -> None:
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == ATTACHED
    address = cad.url
    await cad.pause()
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.attach(ARMED_ROBBERY, PAT.hex)
    await cad.resume()
    assert cad.url == address
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == ATTACHED
    assert attached(cad) == 1
