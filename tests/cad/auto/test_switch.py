"""The choice between the two APIs: when it is made, when again, and what a change costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.cad.api_choice import ApiStatus
from bot.cad.api_switch import ASK_AGAIN, AnyClient, ApiSwitch
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.codec import v1, v2
from bot.cad.errors import CadError, CadRefused, CadUnavailable, CadWebPage, InvalidApiKey
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials
from bot.cad.models import NewCall
from sandbox.cad.server import CadServer
from sandbox.cad.state.behaviour import Behaviour, SpokenApi, WrongAddress
from sandbox.cad.state.faults import BAD_GATEWAY, Text
from sandbox.cad.state.seed import API_KEY, COMMUNITY_ID, SERVER_ID, build_world
from tests.manual_clock import ManualClock

WHO = Credentials(COMMUNITY_ID, API_KEY)
VERSION = "/v2/general/version"


@dataclass
class SwitchFixture:
    """The pretend CAD, and a switch between its APIs."""

    cad: CadServer
    clock: ManualClock
    v1: V1Client
    v2: V2Client
    chosen: list[ApiStatus] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.switch = ApiSwitch(self.v1, self.v2, self.clock, self.chosen.append)

    @property
    def behaviour(self) -> Behaviour:
        return self.cad.world.behaviour

    @property
    def questions(self) -> int:
        """The number of times that v2 was asked whether it takes the key."""
        return self.cad.request_counts[VERSION]

    async def calls(self) -> object:
        return await self.switch.ask(lambda cad: cad.calls(SERVER_ID))


@pytest.fixture
async def switch_fixture() -> AsyncIterator[SwitchFixture]:
    async with CadServer(build_world()) as cad:
        clock, transport = ManualClock(), Transport(cad.url)
        ample = {name: limit.scaled(1.0) for name, limit in v2.LIMITS.items()}
        yield SwitchFixture(
            cad,
            clock,
            V1Client(RequestSender(transport, v1.LIMITS, clock=clock), WHO),
            V2Client(RequestSender(transport, ample, clock=clock), WHO),
        )
        await transport.close()


async def test_one_question_serves_all_requests(switch_fixture: SwitchFixture) -> None:
    await asyncio.gather(*(switch_fixture.calls() for _ in range(4)))
    assert switch_fixture.questions == 1
    assert switch_fixture.chosen == [ApiStatus(2, is_automatic=True)]


async def test_a_cad_that_is_away_decides_nothing(switch_fixture: SwitchFixture) -> None:
    switch_fixture.cad.faults.set(BAD_GATEWAY)
    for _ in range(3):
        with pytest.raises(CadUnavailable):
            await switch_fixture.calls()
    assert switch_fixture.switch.status == ApiStatus(None, is_automatic=True)
    assert switch_fixture.switch.planned is switch_fixture.v2
    switch_fixture.cad.faults.clear()
    await switch_fixture.calls()
    assert switch_fixture.switch.status.version == 2


async def test_a_cad_that_is_away_does_not_change_the_choice(switch_fixture: SwitchFixture) -> None:
    await switch_fixture.calls()
    switch_fixture.cad.faults.set(
        Text(401, "who?"), path=f"/v2/emergency/servers/{SERVER_ID}/calls"
    )
    switch_fixture.cad.faults.set(BAD_GATEWAY, path=VERSION)
    with pytest.raises(CadUnavailable):
        await switch_fixture.calls()
    assert switch_fixture.switch.status.version == 2


async def test_a_refusal_that_v2_means_is_asked_about_once_a_minute(
    switch_fixture: SwitchFixture,
) -> None:
    await switch_fixture.calls()
    for _ in range(3):
        with pytest.raises(CadRefused):
            await switch_fixture.switch.ask(lambda cad: cad.calls(77))
    assert switch_fixture.questions == 2
    # Another refusal is another question.
    switch_fixture.behaviour.v2_takes_key = False
    await switch_fixture.calls()
    assert switch_fixture.switch.status.version == 1
    assert [one.version for one in switch_fixture.chosen] == [2, 1]


async def test_both_refuse_until_one_takes_the_key(switch_fixture: SwitchFixture) -> None:
    community = switch_fixture.cad.world.communities[COMMUNITY_ID]
    community.key = "another"
    for _ in range(3):
        with pytest.raises(InvalidApiKey, match="INVALID API KEY"):
            await switch_fixture.calls()
    status = switch_fixture.switch.status
    assert (status.version, set(status.refusals)) == (None, {1, 2})
    assert switch_fixture.questions == 2  # at the start, and once more
    community.key = API_KEY
    await switch_fixture.calls()  # by v1, which is asked first meanwhile
    switch_fixture.clock.seconds += ASK_AGAIN
    await switch_fixture.calls()
    assert switch_fixture.switch.status.version == 2
    assert [one.version for one in switch_fixture.chosen] == [1, 2]


async def test_the_refusal_of_the_api_that_is_there_is_raised(
    switch_fixture: SwitchFixture,
) -> None:
    switch_fixture.behaviour.spoken_api = SpokenApi.V2
    switch_fixture.behaviour.v2_takes_key = False
    for _ in range(2):
        with pytest.raises(InvalidApiKey, match="bearer"):
            await switch_fixture.calls()


async def test_a_change_while_requests_are_under_way_is_made_once(
    switch_fixture: SwitchFixture,
) -> None:
    await switch_fixture.calls()
    switch_fixture.behaviour.v2_takes_key = False
    await asyncio.gather(*(switch_fixture.calls() for _ in range(3)))
    assert switch_fixture.questions == 2
    assert [one.version for one in switch_fixture.chosen] == [2, 1]


async def test_a_cad_that_changes_its_mind_at_every_question(
    switch_fixture: SwitchFixture,
) -> None:
    async def refuse(cad: AnyClient) -> None:
        switch_fixture.behaviour.v2_takes_key = cad is switch_fixture.v1
        raise InvalidApiKey(status=401)

    with pytest.raises(InvalidApiKey):
        await switch_fixture.switch.ask(refuse)
    assert switch_fixture.questions == 3


async def test_what_may_not_be_done_twice_is_not_sent_again_after_a_web_page(
    switch_fixture: SwitchFixture,
) -> None:
    switch_fixture.behaviour.spoken_api = SpokenApi.V1
    await switch_fixture.calls()
    switch_fixture.behaviour.spoken_api = SpokenApi.V2
    switch_fixture.behaviour.wrong_address = WrongAddress.WEB_PAGE
    new = NewCall(SERVER_ID, title="Fire")

    async def create(cad: AnyClient) -> int:
        return await cad.create_call(new)

    with pytest.raises(CadWebPage):
        await switch_fixture.switch.ask(create, once=True)
    assert await switch_fixture.switch.ask(create, once=True)


@pytest.mark.parametrize("answer", WrongAddress)
async def test_another_server_at_the_address_is_not_v2(
    switch_fixture: SwitchFixture, answer: WrongAddress
) -> None:
    switch_fixture.behaviour.spoken_api = SpokenApi.V1
    switch_fixture.behaviour.wrong_address = answer
    await switch_fixture.calls()
    status = switch_fixture.switch.status
    assert status.version == 1
    assert isinstance(status.refusals[2], CadError)
