"""The set-up of a CAD, read with both versions of its API over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.cad.client import InspectableCad
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.codec import account_readers, readers, v1, v2
from bot.cad.errors import CadRefused, CadUnavailable
from bot.cad.http import wire
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials, Response
from bot.cad.models import Account, AttachRequest, UnitRef
from bot.cad.push.http_push import HttpPushServer
from sandbox.cad.server import CadServer
from sandbox.cad.state.behaviour import AttachVariant
from sandbox.cad.state.faults import Text
from sandbox.cad.state.models import Server
from sandbox.cad.state.seed import (
    ALICE,
    API_KEY,
    ARMED_ROBBERY,
    COMMUNITY_ID,
    DANA,
    SERVER_ID,
    build_world,
)
from tests.cad.lifetimes import running
from tests.manual_clock import ManualClock

WHO = Credentials(COMMUNITY_ID, API_KEY)


@dataclass
class ClientFixture:
    """The pretend CAD, and a client of each version."""

    cad: CadServer
    clients: list[InspectableCad] = field(default_factory=list)

    def v1(self) -> V1Client:
        sender = RequestSender(Transport(self.cad.url), v1.LIMITS, clock=ManualClock())
        client = V1Client(sender, WHO)
        self.clients.append(client)
        return client

    def v2(self) -> V2Client:
        sender = RequestSender(Transport(self.cad.url), v2.LIMITS, clock=ManualClock())
        client = V2Client(sender, WHO)
        self.clients.append(client)
        return client


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def client_fixture() -> AsyncIterator[ClientFixture]:
    async with CadServer(build_world()) as cad:
        client_fixture = ClientFixture(cad)
        yield client_fixture
        for client in client_fixture.clients:
            await client.close()


async def test_v2_says_whose_key_it_is_and_which_servers_there_are(
    client_fixture: ClientFixture,
) -> None:
    client = client_fixture.v2()
    client_fixture.cad.world.communities[COMMUNITY_ID].servers[4] = Server(id=4)
    assert await client.community_id() == COMMUNITY_ID
    assert await client.servers() == {1: "Server 1", 4: "Server 4"}
    assert await client.find_attach_variant() == ""


async def test_v1_says_none_of_it(client_fixture: ClientFixture) -> None:
    client = client_fixture.v1()
    assert await client.community_id() is None  # type: ignore[func-returns-value]
    assert await client.servers() is None  # type: ignore[func-returns-value]
    assert client_fixture.cad.world.history == []


@pytest.mark.parametrize("version", [1, 2])
async def test_both_tell_what_an_account_may_do(
    client_fixture: ClientFixture, version: int
) -> None:
    client = client_fixture.v1() if version == 1 else client_fixture.v2()
    account = await client.get_account_by_api_id(SERVER_ID, DANA.hex)
    assert account is not None
    assert (account.username, account.api_id) == ("dana", DANA.hex)
    assert account.permissions == frozenset({"dispatch", "police"})
    assert await client.get_account_by_api_id(SERVER_ID, "unknown") is None
    by_uuid = await client.get_full_account(SERVER_ID, Account(account.uuid, "", ""))
    assert by_uuid == account
    assert await client.get_full_account(SERVER_ID, Account("u-0", "", "")) is None


async def test_v1_knows_no_granular_permissions(client_fixture: ClientFixture) -> None:
    client = client_fixture.v1()
    assert await client.get_granular_permissions("u-1") is None  # type: ignore[func-returns-value]
    assert await client.get_permission_catalog() is None  # type: ignore[func-returns-value]
    assert client_fixture.cad.world.history == []


@pytest.mark.parametrize("spoken", AttachVariant)
async def test_the_variant_is_found_and_no_unit_is_moved(
    client_fixture: ClientFixture, spoken: AttachVariant
) -> None:
    client_fixture.cad.world.behaviour.attach_variants = {spoken}
    path, kind = spoken.value
    assert await client_fixture.v1().find_attach_variant() == f"{kind} at {path}"
    assert all(one.objects == () for one in client_fixture.cad.world.history)
    assert client_fixture.cad.world.server(COMMUNITY_ID).calls[ARMED_ROBBERY].idents == []


async def test_the_variant_that_has_worked_is_not_asked_for(client_fixture: ClientFixture) -> None:
    client = client_fixture.v1()
    await client.attach([AttachRequest(SERVER_ID, ARMED_ROBBERY, (UnitRef(ALICE.hex),))])
    asked = len(client_fixture.cad.world.history)
    assert await client.find_attach_variant() == "ATTACH_UNITS at /emergency"
    assert len(client_fixture.cad.world.history) == asked


async def test_what_only_seemed_to_work_is_not_remembered(client_fixture: ClientFixture) -> None:
    client = client_fixture.v1()
    client_fixture.cad.faults.set(Text(200, "fine, whatever"))
    assert await client.find_attach_variant() == "ATTACH_UNITS at /emergency"
    client_fixture.cad.faults.clear()
    client_fixture.cad.world.behaviour.attach_variants = {AttachVariant.SEPTEMBER_2020}
    assert await client.find_attach_variant() == "ATTACH_UNIT at /emergency/attach_unit"


async def test_a_cad_that_knows_none(client_fixture: ClientFixture) -> None:
    client_fixture.cad.world.behaviour.attach_variants = set()
    with pytest.raises(CadRefused):
        await client_fixture.v1().find_attach_variant()


async def test_an_answer_about_something_else_says_nothing(client_fixture: ClientFixture) -> None:
    client_fixture.cad.faults.set(Text(400, "NO DATA"))
    assert await client_fixture.v1().find_attach_variant() is None
    client_fixture.cad.faults.set(Text(500, "oops"))
    with pytest.raises(CadUnavailable):
        await client_fixture.v1().find_attach_variant()


@pytest.mark.parametrize("version", [1, 2])
async def test_the_clocks_are_compared(client_fixture: ClientFixture, version: int) -> None:
    client: InspectableCad = client_fixture.v1() if version == 1 else client_fixture.v2()
    skews = [client.clock_skew]
    await client.calls(SERVER_ID)
    skews.append(client.clock_skew)
    before, after = skews
    assert before is None
    assert after is not None
    assert abs(after) < 30


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Mon, 01 Jun 2026 10:00:00 GMT", 0.0),
        ("Mon, 01 Jun 2026 09:59:00 GMT", 60.0),
        ("Mon, 01 Jun 2026 12:01:00 +0200", -60.0),
        ("Mon, 01 Jun 2026 10:00:00", 0.0),
        ("yesterday", None),
        ("", None),
    ],
)
def test_how_far_ahead_our_clock_is(date: str, skew: float | None) -> None:
    assert wire.clock_skew(Response(200, {"date": date}, b"", 1780308000.0)) == skew
    assert wire.clock_skew(Response(200, {}, b"", 1780308000.0)) is None


@pytest.mark.parametrize(
    ("data", "servers"),
    [
        ({"servers": [{"id": 1, "name": "Main"}, {"id": "2"}]}, {1: "Main", 2: ""}),
        ({"servers": {"id": 1, "name": "Main"}}, {1: "Main"}),  # as in the document
        ({"servers": [None, {"name": "x"}, 7]}, {}),
        ({"servers": None}, {}),
        ([], {}),
        (None, {}),
    ],
)
def test_servers_in_every_shape(data: object, servers: dict[int, str]) -> None:
    assert readers.read_servers(data) == servers


@pytest.mark.parametrize("data", [None, [], {}, {"community": 7, "name": 7}])
def test_a_community_that_says_nothing(data: object) -> None:
    assert readers.read_community_id(data) == ""


@pytest.mark.parametrize("raw", [None, "dispatch", ["dispatch"], {"dispatch": False, "x": "no"}])
def test_an_account_without_permissions(raw: object) -> None:
    account = account_readers.read_account({"uuid": "u", "permissions": raw})
    assert account.permissions == frozenset()


async def test_whether_a_feed_is_there_already() -> None:
    async with running(HttpPushServer("127.0.0.1", 0)) as feed:
        assert await HttpPushServer("127.0.0.1", feed.port).is_address_served()
        port = feed.port
    assert not await HttpPushServer("127.0.0.1", port).is_address_served()
    assert not await HttpPushServer("::1", port).is_address_served()


async def test_something_else_there_is_no_feed(client_fixture: ClientFixture) -> None:
    port = int(client_fixture.cad.url.rpartition(":")[2])
    assert not await HttpPushServer("127.0.0.1", port).is_address_served()
