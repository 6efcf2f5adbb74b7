"""The push events of the pretend CAD, over HTTP and through its hub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.cad.push import envelope
from bot.cad.push.event_reader import read_event
from sandbox.cad.api.matching_units import Target
from sandbox.cad.events.event_delivery import HTTP, HUB, Delivery
from sandbox.cad.events.signalr_hub import HUB_PATH, SEPARATOR
from sandbox.cad.server import CadServer
from sandbox.cad.state import groups
from sandbox.cad.state.models import Account, CallForm, EmergencyForm, Json, Server
from sandbox.cad.state.seed import API_KEY, ARMED_ROBBERY, COMMUNITY_ID, PAT, TRAFFIC_STOP
from sandbox.cad.state.world import CadWorld
from tests.deadlines import HANG_TIMEOUT
from tests.sandbox.conftest import Caller

PAT_UNIT, SAM_UNIT = 1, 6
Act = Callable[[CadWorld, Server], object]


@dataclass
class Receiver:
    """A game server that receives events."""

    url: str = ""
    status: int = 200
    envelopes: list[Json] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.envelopes.append(await request.json())
        return web.Response(status=self.status)

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.envelopes]


@pytest.fixture
async def receiver(cad: CadServer) -> AsyncIterator[Receiver]:
    taking = Receiver()
    app = web.Application()
    app.add_routes([web.post("/sonorancad/event", taking.take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taking.url = f"http://127.0.0.1:{runner.addresses[0][1]}/sonorancad/event"
    cad.world.server(COMMUNITY_ID).push_url = taking.url
    yield taking
    await runner.cleanup()


def edited(world: CadWorld, server: Server) -> None:
    form = server.calls[ARMED_ROBBERY].form
    world.edit_call(server, ARMED_ROBBERY, replace(form, title="Shooting", notes=()))


ACTS: dict[str, Act] = {
    "EVENT_DISPATCH_NEW": lambda world, server: world.new_dispatch(server, CallForm("Pursuit")),
    "EVENT_DISPATCH_EDIT": edited,
    "EVENT_DISPATCH_CLOSED": lambda world, server: world.close(server, ARMED_ROBBERY),
    "EVENT_DISPATCH_NOTE": lambda world, server: world.add_note(server, ARMED_ROBBERY, "Hm"),
    "EVENT_DISPATCH_UNIT_ATTACH": lambda world, server: world.attach(
        server, ARMED_ROBBERY, Target(ident_ids=(PAT_UNIT,))
    ),
    "EVENT_DISPATCH_UNIT_DETACH": lambda world, server: world.detach(
        server, Target(ident_ids=(SAM_UNIT,))
    ),
    "EVENT_911": lambda world, server: world.call_911(server, EmergencyForm("Jo", "Here", "Help")),
    "EVENT_REMOVE_911": lambda world, server: world.remove_911(server, 1),
    "EVENT_UNIT_LOGIN": lambda world, server: world.login(
        server, server.units[PAT_UNIT].account, server.units[PAT_UNIT].badge
    ),
    "EVENT_UNIT_LOGOUT": lambda world, server: world.logout(server, PAT_UNIT),
    "EVENT_UNIT_STATUS": lambda world, server: world.set_status(
        server, Target(ident_ids=(PAT_UNIT,)), 3
    ),
    "EVENT_UNIT_UPDATE": lambda world, server: world.move(server, PAT_UNIT, "Vinewood"),
    "EVENT_UNIT_PANIC": lambda world, server: world.set_panic(server, PAT_UNIT, is_panic=True),
    "EVENT_UNIT_GROUP_ADD": lambda world, server: groups.join_group(
        world, server, PAT_UNIT, "Alpha"
    ),
    "EVENT_UNIT_GROUP_REMOVE": lambda world, server: groups.leave_group(world, server, PAT_UNIT),
    "EVENT_UNIT_GROUP_CHANGE_NAME": lambda world, server: groups.rename_group(
        world, server, "Alpha", "Bravo"
    ),
    "EVENT_COMMUNITY_LINK_VERIFIED": lambda world, _: world.register(
        world.communities[COMMUNITY_ID], Account("u-1", "zoe", api_ids=("steam:1",))
    ),
}


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize(("type_", "act"), ACTS.items())
async def test_what_people_do_is_told(
    cad: CadServer, receiver: Receiver, type_: str, act: Act, listed: bool
) -> None:
    cad.world.behaviour.listed_event_data = listed
    act(cad.world, cad.world.server(COMMUNITY_ID))
    await cad.push.settle()
    (told,) = receiver.envelopes
    assert (told["key"], told["type"]) == (API_KEY, type_)
    assert isinstance(told["data"], list) is listed
    # The bot, which follows the same documents, can read it.
    assert envelope.api_key(told) == API_KEY
    assert len(read_event(told)) == 1
    assert cad.push.deliveries == [Delivery(type_, HTTP, 200)]


async def test_an_edited_call_keeps_its_notes(cad: CadServer, receiver: Receiver) -> None:
    edited(cad.world, cad.world.server(COMMUNITY_ID))
    await cad.push.settle()
    call = receiver.envelopes[0]["data"]["dispatch"]
    # The event of an edit shows neither the notes nor the primary unit.
    assert (call["title"], call["notes"], call.get("primary")) == ("Shooting", "", None)
    assert len(cad.world.server(COMMUNITY_ID).calls[ARMED_ROBBERY].notes) == 1


@pytest.mark.parametrize("is_inside", [False, True])
async def test_a_911_call_has_its_meta_data_beside_it_or_inside(
    cad: CadServer, receiver: Receiver, is_inside: bool
) -> None:
    cad.world.behaviour.meta_data_in_911 = is_inside
    form = EmergencyForm("Jo", "Here", "Help", meta_data={"postal": "7"})
    cad.world.call_911(cad.world.server(COMMUNITY_ID), form)
    await cad.push.settle()
    data = receiver.envelopes[0]["data"]
    assert (data["call"] if is_inside else data)["metaData"] == {"postal": "7"}
    assert ("metaData" in data["call"]) is is_inside


async def test_a_group_is_renamed_for_all_its_units(cad: CadServer, receiver: Receiver) -> None:
    world, server = cad.world, cad.world.server(COMMUNITY_ID)
    groups.join_group(world, server, PAT_UNIT, "Alpha")
    groups.rename_group(world, server, "Alpha", "Bravo")
    groups.leave_group(world, server, PAT_UNIT)
    await cad.push.settle()
    assert [one["data"] for one in receiver.envelopes] == [
        {"identIds": [PAT_UNIT], "groupName": "Alpha"},
        {"identIds": [PAT_UNIT], "oldName": "Alpha", "newName": "Bravo"},
        {"identId": PAT_UNIT, "groupName": "Bravo"},
    ]


async def test_things_are_told_as_they_were_and_in_order(
    cad: CadServer, receiver: Receiver
) -> None:
    world, server = cad.world, cad.world.server(COMMUNITY_ID)
    call = world.new_dispatch(server, CallForm("Pursuit"), Target(ident_ids=(SAM_UNIT,)))
    world.close(server, call.call_id)
    await cad.push.settle()
    assert receiver.types == [
        "EVENT_DISPATCH_NEW",
        "EVENT_DISPATCH_UNIT_DETACH",
        "EVENT_DISPATCH_UNIT_ATTACH",
        "EVENT_DISPATCH_CLOSED",
    ]
    new, left, came, _ = (one["data"] for one in receiver.envelopes)
    assert (new["dispatch"]["status"], new["dispatch"]["primary"]) == (1, SAM_UNIT)
    assert (left["callId"], left["idents"]) == (TRAFFIC_STOP, [SAM_UNIT])
    assert (came["callId"], came["idents"]) == (call.call_id, [SAM_UNIT])


async def test_what_programs_do_is_not_told_but_911_is(
    cad: CadServer, caller: Caller, receiver: Receiver
) -> None:
    await caller.attach(ARMED_ROBBERY, PAT.hex)
    form = {"isEmergency": True, "caller": "Jo", "location": "Here", "description": "Help"}
    await caller.post("/emergency/call_911", "CALL_911", {"serverId": 1, **form})
    await caller.post("/emergency/remove_911", "REMOVE_911", {"serverId": 1, "callId": 3})
    v2 = f"{cad.url}/v2/emergency/servers/1/dispatch-calls/close"
    bearer = {"Authorization": f"Bearer {API_KEY}"}
    async with caller.session.post(v2, json={"callIds": [100]}, headers=bearer) as response:
        assert response.status == 200
    await cad.push.settle()
    assert receiver.types == ["EVENT_911"]


async def test_a_receiver_that_fails_gets_the_next_event(
    cad: CadServer, receiver: Receiver
) -> None:
    server = cad.world.server(COMMUNITY_ID)
    receiver.status = 503
    cad.world.move(server, PAT_UNIT, "Vinewood")
    await cad.push.settle()
    server.push_url = "http://127.0.0.1:1/"
    cad.world.move(server, PAT_UNIT, "Davis")
    await cad.push.settle()
    server.push_url, receiver.status = receiver.url, 200
    cad.world.move(server, PAT_UNIT, "Paleto Bay")
    await cad.push.settle()
    assert [one.status for one in cad.push.deliveries] == [503, None, 200]


async def test_nothing_is_told_while_the_cad_is_down(cad: CadServer, receiver: Receiver) -> None:
    server = cad.world.server(COMMUNITY_ID)
    await cad.pause()
    cad.world.move(server, PAT_UNIT, "Vinewood")
    await cad.resume()
    cad.world.move(server, PAT_UNIT, "Davis")
    await cad.push.settle()
    assert len(receiver.envelopes) == 1


async def test_who_has_no_address_is_told_nothing(cad: CadServer, receiver: Receiver) -> None:
    community = cad.world.communities[COMMUNITY_ID]
    community.servers[2] = Server(2)
    cad.world.call_911(community.servers[2], EmergencyForm("Jo", "Elsewhere", "Help"))
    await cad.push.settle()
    assert receiver.envelopes == []


@dataclass
class Client:
    """A client of the hub protocol, without a library."""

    socket: aiohttp.ClientWebSocketResponse

    async def say(self, message: Json) -> None:
        await self.socket.send_str(json.dumps(message) + SEPARATOR)

    async def hear(self) -> Any:
        async with asyncio.timeout(HANG_TIMEOUT):
            return json.loads((await self.socket.receive_str()).removesuffix(SEPARATOR))

    async def authenticate(self, *arguments: object, method: str = "authenticatev2") -> Any:
        call = {"type": 1, "invocationId": "a", "target": method, "arguments": list(arguments)}
        await self.say(call)
        return await self.hear()


@pytest.fixture
async def client(cad: CadServer, caller: Caller) -> AsyncIterator[Client]:
    async with caller.session.ws_connect(cad.url + HUB_PATH) as socket:
        client = Client(socket)
        await client.say({"protocol": "json", "version": 1})
        assert await client.hear() == {}
        yield client


async def test_the_hub_takes_the_place_of_http_while_a_client_listens(
    cad: CadServer, client: Client, receiver: Receiver
) -> None:
    server = cad.world.server(COMMUNITY_ID)
    assert (await client.authenticate(COMMUNITY_ID, API_KEY, 1))["result"] == {
        "success": True,
        "error": "",
        "count": 1,
    }
    cad.world.move(server, PAT_UNIT, "Vinewood")
    pushed = await client.hear()
    assert (pushed["type"], pushed["target"]) == (1, "pushEvent")
    assert pushed["arguments"][0]["type"] == "EVENT_UNIT_UPDATE"
    cad.hub.abort_all()
    cad.world.move(server, PAT_UNIT, "Davis")
    await cad.push.settle()
    assert [one.transport for one in cad.push.deliveries] == [HUB, HTTP]
    assert receiver.types == ["EVENT_UNIT_UPDATE"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("unknown", API_KEY, 1), "INVALID COMMUNITY ID"),
        ((COMMUNITY_ID, "wrong", 1), "INVALID API KEY"),
        ((COMMUNITY_ID, API_KEY, 7), "INVALID SERVER ID"),
    ],
)
async def test_the_hub_refuses(
    cad: CadServer, client: Client, arguments: tuple[object, ...], error: str
) -> None:
    answer = await client.authenticate(*arguments, method="authenticate")
    assert answer["result"] == {"success": False, "error": error, "count": 0}
    assert cad.hub.sessions == ()


async def test_methods_have_no_letter_case_and_unknown_ones_fail(client: Client) -> None:
    answer = await client.authenticate(COMMUNITY_ID, API_KEY, 1, method="AuthenticateV2")
    assert answer["result"]["success"] is True
    assert "error" in await client.authenticate(method="unitLocation")
    assert "error" in await client.authenticate(COMMUNITY_ID)


async def test_the_hub_speaks_json_only(cad: CadServer, caller: Caller) -> None:
    async with caller.session.ws_connect(cad.url + HUB_PATH) as socket:
        client = Client(socket)
        await client.say({"protocol": "messagepack", "version": 1})
        assert "not supported" in (await client.hear())["error"]
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_the_hub_lives_with_nonsense_and_lets_go(cad: CadServer, client: Client) -> None:
    await client.authenticate(COMMUNITY_ID, API_KEY, 1)
    await client.socket.send_bytes(b"\xff")
    await client.socket.send_str(f"nonsense{SEPARATOR}[]{SEPARATOR}" + '{"type":6}' + SEPARATOR)
    await client.socket.send_str('{"type":1,"target":"authentic')  # the rest of it comes later
    await client.socket.send_str('atev2","arguments":[],"invocationId":"b"}' + SEPARATOR)
    assert (await client.hear())["invocationId"] == "b"
    await client.say({"type": 7})
    assert (await client.socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert cad.hub.sessions == ()


async def test_the_newer_session_takes_over(cad: CadServer, caller: Caller, client: Client) -> None:
    await client.authenticate(COMMUNITY_ID, API_KEY, 1)
    async with caller.session.ws_connect(cad.url + HUB_PATH) as socket:
        newer = Client(socket)
        await newer.say({"protocol": "json", "version": 1})
        await newer.hear()
        await newer.authenticate(COMMUNITY_ID, API_KEY, 1)
        cad.world.move(cad.world.server(COMMUNITY_ID), PAT_UNIT, "Vinewood")
        assert (await newer.hear())["target"] == "pushEvent"
    await client.authenticate(COMMUNITY_ID, API_KEY, 1)
    assert cad.hub.sessions == ((COMMUNITY_ID, 1),)
