"""The page of the pretend CAD: its data, its safety and its buttons."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from sandbox.cad.server import CadServer
from sandbox.cad.state.faults import Hang
from sandbox.cad.state.models import CallForm
from sandbox.cad.state.second_server import add_second_server
from sandbox.cad.state.seed import API_KEY, ARMED_ROBBERY, COMMUNITY_ID, PAT
from tests.deadlines import HANG_TIMEOUT
from tests.e2e.bot_fixture import until
from tests.sandbox.conftest import Caller, Reply


async def board(cad: CadServer, caller: Caller, query: str = "") -> Any:
    async with caller.session.get(f"{cad.url}/board.json{query}") as response:
        assert response.status == 200
        return await response.json()


async def press(cad: CadServer, caller: Caller, path: str) -> int:
    async with caller.session.post(f"{cad.url}/board/{path}") as response:
        return response.status


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/", "text/html"), ("/board/page.css", "text/css"), ("/board/page.js", "javascript")],
)
async def test_the_page_is_served_and_needs_nothing_from_elsewhere(
    cad: CadServer, caller: Caller, path: str, content_type: str
) -> None:
    async with caller.session.get(cad.url + path) as response:
        assert content_type in response.headers["Content-Type"]
        assert response.headers["Content-Security-Policy"] == "default-src 'self'"
        text = await response.text()
    assert not re.search(r"https?://|innerHTML", text)
    assert cad.request_counts == {}


async def test_the_board_shows_who_is_attached(cad: CadServer, caller: Caller) -> None:
    await caller.attach(ARMED_ROBBERY, PAT.hex)
    shown = await board(cad, caller)
    robbery = shown["calls"][0]
    assert robbery["callId"] == ARMED_ROBBERY
    assert robbery["shownNumber"] == "2026-0100", "what no API tells"
    assert [(unit["unitNum"], unit["status"]) for unit in robbery["units"]] == [
        ("A-12", "AVAILABLE")
    ]
    assert shown["units"][0]["callId"] == ARMED_ROBBERY
    assert shown["requests"][0]["text"] == "UNITS ATTACHED"
    assert shown["changes"][0]["units"] == ["A-12"]
    assert shown["switched"] == ["normal"]


async def test_the_page_shows_each_server_and_acts_on_the_chosen_one(
    cad: CadServer, caller: Caller
) -> None:
    second = add_second_server(cad.world)
    before = await board(cad, caller)
    assert before["servers"] == [{"id": 1, "name": "Los Santos"}, {"id": 2, "name": second.name}]
    shown = {(one["server"], one["callId"]) for one in before["calls"]}
    assert shown >= {("Los Santos", 100), (second.name, 100)}
    assert await press(cad, caller, "calls?server=2") == 201
    assert await press(cad, caller, "emergencies?server=2") == 201
    assert await press(cad, caller, "calls?server=9") == 404
    assert await press(cad, caller, "calls?server=one") == 404
    assert (len(second.calls), len(second.emergencies)) == (3, 2)


async def test_a_group_is_formed_renamed_and_ended(cad: CadServer, caller: Caller) -> None:
    seen = []
    for _ in range(3):
        assert await press(cad, caller, "groups") == 201
        shown = await board(cad, caller)
        seen.append((shown["units"][0]["group"], shown["changes"][0]["kind"]))
    assert seen == [("Alpha", "group add"), ("Bravo", "group rename"), ("", "group remove")]


async def test_a_large_shift_comes_on_duty(cad: CadServer, caller: Caller) -> None:
    before = len((await board(cad, caller))["units"])
    for _ in range(2):
        assert await press(cad, caller, "units") == 201
    units = cad.world.communities[COMMUNITY_ID].servers[1].units.values()
    more = [unit for unit in units if unit.badge.unit_num.startswith("N-")]
    assert len((await board(cad, caller))["units"]) == before + 200
    assert len({unit.badge.unit_num for unit in more}) == 200
    assert sum(not unit.account.api_ids for unit in more) == 66


@dataclass
class Holder(asyncio.Protocol):
    """Takes connections and keeps them open, as a receiver without limits does."""

    held: list[asyncio.BaseTransport] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.held.append(transport)


async def test_silent_connections_are_counted_until_they_are_closed(
    cad: CadServer, caller: Caller
) -> None:
    assert await press(cad, caller, "silent-connections") == 409, "no address for push events"
    holder, loop = Holder(), asyncio.get_running_loop()
    async with await loop.create_server(lambda: holder, "127.0.0.1", 0, backlog=500) as receiver:
        port = receiver.sockets[0].getsockname()[1]
        cad.world.server(COMMUNITY_ID).push_url = f"http://127.0.0.1:{port}/sonorancad/event"
        assert await press(cad, caller, "silent-connections") == 201
        assert (await board(cad, caller))["silentConnections"] == 375
        async with asyncio.timeout(HANG_TIMEOUT):
            await until(lambda: len(holder.held) == 375)
            for transport in holder.held:
                transport.close()
            while (await board(cad, caller))["silentConnections"]:
                pass
            holder.held.clear()
            assert await press(cad, caller, "silent-connections") == 201
            await cad.pause()
            await cad.resume()
            await until(lambda: all(one.is_closing() for one in holder.held))
        assert (await board(cad, caller))["silentConnections"] == 0


async def test_polls_are_shown_on_request(cad: CadServer, caller: Caller) -> None:
    await caller.post("/emergency/get_calls", "GET_CALLS", {})
    assert (await board(cad, caller))["requests"] == []
    assert [one["type"] for one in (await board(cad, caller, "?polls=1"))["requests"]] == [
        "GET_CALLS"
    ]


@pytest.mark.parametrize(
    ("name", "status"), [("rate_limited", 429), ("bad_gateway", 502), ("plan", 400)]
)
async def test_switches_work_one_at_a_time(
    cad: CadServer, caller: Caller, name: str, status: int
) -> None:
    assert await press(cad, caller, "faults/slow") == 200
    assert await press(cad, caller, f"faults/{name}") == 200
    assert (await board(cad, caller))["switched"] == [name]
    assert (await caller.attach(ARMED_ROBBERY, PAT.hex)).status == status
    assert await press(cad, caller, "faults/normal") == 200
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == Reply(200, "UNITS ATTACHED")


@pytest.mark.parametrize(
    ("api", "v1", "v2"), [("1", 200, 404), ("2", 404, 200), ("both", 200, 200)]
)
async def test_the_page_switches_the_api(
    cad: CadServer, caller: Caller, api: str, v1: int, v2: int
) -> None:
    assert await press(cad, caller, f"api/{api}") == 200
    assert (await board(cad, caller))["api"] == api
    assert (await caller.attach(ARMED_ROBBERY, PAT.hex)).status == v1
    headers = {"Authorization": f"Bearer {API_KEY}"}
    for path, status in (("general/version", v2), ("nothing", 404)):
        async with caller.session.get(f"{cad.url}/v2/{path}", headers=headers) as response:
            assert response.status == status


async def test_an_unknown_api_changes_nothing(cad: CadServer, caller: Caller) -> None:
    assert await press(cad, caller, "api/3") == 404
    assert (await board(cad, caller))["api"] == "both"


async def test_the_down_button_closes_the_port(cad: CadServer, caller: Caller) -> None:
    assert await press(cad, caller, "faults/down") == 200
    async with asyncio.timeout(HANG_TIMEOUT):
        while await answers(caller):
            pass


async def test_a_short_outage_ends_by_itself(cad: CadServer, caller: Caller) -> None:
    await cad.go_down(0.0)
    assert await answers(caller)


async def test_new_calls_and_911_calls(cad: CadServer, caller: Caller) -> None:
    assert await press(cad, caller, "calls") == 201
    assert await press(cad, caller, "emergencies") == 201
    shown = await board(cad, caller)
    assert shown["calls"][-1]["title"] == "Reckless Driver"
    assert shown["emergencies"][-1]["callId"] == 3


async def test_an_unknown_switch_is_no_switch(cad: CadServer, caller: Caller) -> None:
    assert await press(cad, caller, "faults/nonsense") == 404


async def test_the_page_does_not_suffer_from_faults(cad: CadServer, caller: Caller) -> None:
    cad.faults.set(Hang())
    assert (await board(cad, caller))["faults"] == ["Hang()"]


async def answers(caller: Caller) -> bool:
    try:
        return (await caller.attach(ARMED_ROBBERY, PAT.hex)).status == 200
    except aiohttp.ClientConnectionError:
        return False


@pytest.mark.browser
async def test_in_a_browser(cad: CadServer, caller: Caller, chromium: Any) -> None:
    page = await chromium.new_page(viewport={"width": 1400, "height": 1000})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    evil = '<img src=x onerror="document.title=1">'
    cad.world.new_dispatch(cad.world.server(COMMUNITY_ID), CallForm(title=evil))
    await page.goto(cad.url)
    assert await page.title() == "Pretend Sonoran CAD"
    await page.wait_for_selector('[data-call="100"]')
    assert await page.locator('[data-call="103"] .title').text_content() == evil
    await caller.attach(ARMED_ROBBERY, PAT.hex)
    await page.wait_for_selector('[data-call="100"] .unit[data-ident="1"]')
    await page.click("#fault-rate_limited")
    await page.wait_for_selector("#fault-rate_limited.on")
    assert (await caller.attach(ARMED_ROBBERY, PAT.hex)).status == 429
    await page.wait_for_selector('.request[data-status="429"]')
    await page.click("#api-2")
    await page.wait_for_selector("#api-2.on")
    assert await page.locator("[data-api].on").count() == 1
    await page.click("#new-911")
    await page.wait_for_selector('[data-emergency="3"]')
    await cad.pause()
    await page.wait_for_selector('[data-state="down"]')
    await cad.resume()
    await page.wait_for_selector('[data-state="disturbed"]')
    assert problems == []
