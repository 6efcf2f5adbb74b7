"""The commands of a dispatcher in both API versions, against the pretend CAD over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from bot.cad.client import CadClient
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.codec import v1, v2
from bot.cad.codec.emergencies import answered_emergency_id, build_dispatch_call
from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnnumbered,
    CadUnreachable,
    CadWebPage,
)
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials
from bot.cad.models import EmergencyCall, NewCall, Note, UnitRef
from sandbox.cad.server import CadServer
from sandbox.cad.state import models as cad_models
from sandbox.cad.state.faults import BAD_GATEWAY, CHALLENGE, Fault, Hang, RateLimited, Reset, Text
from sandbox.cad.state.models import CallStatus
from sandbox.cad.state.seed import (
    ALICE,
    API_KEY,
    ARMED_ROBBERY,
    BOB,
    COMMUNITY_ID,
    PAT,
    Person,
    build_world,
)
from tests.manual_clock import ManualClock

WHO = Credentials(COMMUNITY_ID, API_KEY)
NEW = NewCall(
    1,
    "Riot",
    code="10-15",
    priority=1,
    block="100",
    address="Mission Row",
    postal="9001",
    description="Many.",
    meta={"callerPlayerId": "7"},
)


@dataclass
class ClientFixture:
    """The pretend CAD, and a client of one API version."""

    cad: CadServer
    time: ManualClock
    client: CadClient

    @property
    def server(self) -> cad_models.Server:
        return self.cad.world.server(COMMUNITY_ID)

    @property
    def requests(self) -> int:
        return len(self.cad.world.history)

    def ident(self, person: Person) -> int:
        units = self.server.units.values()
        return next(unit.id for unit in units if person.hex in unit.account.api_ids)

    def subject(self, person: Person) -> UnitRef:
        return UnitRef(person.hex, self.ident(person))

    async def emergency(self) -> EmergencyCall:
        return (await self.client.calls(1)).emergency[0]


def build_client(
    version: int, url: str, time: ManualClock, total_timeout: float = 5.0
) -> CadClient:
    transport = Transport(url, total_timeout=total_timeout)
    limits = v1.LIMITS if version == 1 else v2.LIMITS
    sender = RequestSender(transport, limits, clock=time, jitter=lambda: 1.0)
    return V1Client(sender, WHO) if version == 1 else V2Client(sender, WHO)


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
async def client_fixture(version: int) -> AsyncIterator[ClientFixture]:
    time = ManualClock()
    async with CadServer(build_world(), clock=time.monotonic) as cad:
        client = build_client(version, cad.url, time)
        yield ClientFixture(cad, time, client)
        await client.close()


@pytest.fixture
async def hasty(version: int, client_fixture: ClientFixture) -> AsyncIterator[CadClient]:
    client = build_client(version, client_fixture.cad.url, client_fixture.time, total_timeout=0.2)
    yield client
    await client.close()


async def test_a_new_call_is_all_that_was_asked_for(client_fixture: ClientFixture) -> None:
    pat = client_fixture.ident(PAT)
    number = await client_fixture.client.create_call(
        replace(NEW, units=(client_fixture.subject(PAT),))
    )
    call = next(
        one for one in (await client_fixture.client.calls(1)).dispatch if one.call_id == number
    )
    assert call == replace(
        call,
        call_id=number,
        title="Riot",
        code="10-15",
        idents=(pat,),
        status=1,
        priority=1,
        block="100",
        address="Mission Row",
        postal="9001",
        description="Many.",
        primary=pat,
        notes=(),
        meta={"callerPlayerId": "7"},
    )


async def test_recent_calls_are_the_open_ones_and_the_closed_ones(
    client_fixture: ClientFixture,
) -> None:
    number = await client_fixture.client.create_call(NEW)
    await client_fixture.client.close_call(1, number)
    found = {one.call_id: one for one in await client_fixture.client.recent_calls(1)}
    assert set(found) == {*client_fixture.server.calls, number}
    assert found[number].status == CallStatus.CLOSED
    assert found[number].meta == NEW.meta


async def test_the_primary_unit(client_fixture: ClientFixture) -> None:
    pat = client_fixture.ident(PAT)
    await client_fixture.client.set_primary(1, ARMED_ROBBERY, pat, track=True)
    calls = (await client_fixture.client.calls(1)).dispatch
    call = next(one for one in calls if one.call_id == ARMED_ROBBERY)
    assert (call.primary, call.track_primary) == (pat, True)


async def test_a_new_call_without_units(client_fixture: ClientFixture) -> None:
    number = await client_fixture.client.create_call(replace(NEW, status=0))
    call = client_fixture.server.calls[number]
    assert (call.idents, call.primary, call.status) == ([], 0, CallStatus.PENDING)


async def test_a_new_call_for_a_unit_known_by_api_id_only(client_fixture: ClientFixture) -> None:
    number = await client_fixture.client.create_call(replace(NEW, units=(UnitRef(PAT.hex),)))
    assert client_fixture.server.calls[number].idents == [client_fixture.ident(PAT)]


async def test_a_new_call_for_several_who_are_on_duty(client_fixture: ClientFixture) -> None:
    crew = tuple(map(client_fixture.subject, (ALICE, PAT, BOB)))
    number = await client_fixture.client.create_call(replace(NEW, units=crew))
    call = client_fixture.server.calls[number]
    assert call.idents == [one.ident for one in crew]
    assert call.primary == crew[0].ident


async def test_closing_a_call(client_fixture: ClientFixture) -> None:
    await client_fixture.client.close_call(1, ARMED_ROBBERY)
    assert ARMED_ROBBERY not in client_fixture.server.calls
    with pytest.raises(CadRefused, match="CALL NOT FOUND"):
        await client_fixture.client.close_call(1, ARMED_ROBBERY)


async def test_adding_a_note(client_fixture: ClientFixture) -> None:
    await client_fixture.client.add_note(
        1, ARMED_ROBBERY, "Two men, ünmasked.\nArmed.", label="Pat"
    )
    await client_fixture.client.add_note(1, ARMED_ROBBERY, "Gone.")
    calls = {call.call_id: call for call in (await client_fixture.client.calls(1)).dispatch}
    first, second = calls[ARMED_ROBBERY].notes[-2:]
    assert first == Note(first.time, "Pat", "Two men, ünmasked.\nArmed.")
    assert (second.label, second.text) == ("Discord", "Gone.")
    with pytest.raises(CadRefused, match="CALL NOT FOUND"):
        await client_fixture.client.add_note(1, 7, "Hello?")


@pytest.mark.parametrize("by_ident", [True, False])
async def test_setting_the_status_of_a_unit(client_fixture: ClientFixture, by_ident: bool) -> None:
    pat = client_fixture.subject(PAT)
    await client_fixture.client.set_status(1, pat if by_ident else UnitRef(PAT.hex), 1)
    units = {unit.ident: unit.status for unit in (await client_fixture.client.units(1)).units}
    assert [ident for ident, status in units.items() if status == 1] == [pat.ident]


async def test_removing_a_911_call(client_fixture: ClientFixture) -> None:
    emergency = await client_fixture.emergency()
    await client_fixture.client.remove_emergency_call(1, emergency.call_id)
    assert emergency.call_id not in client_fixture.server.emergencies
    assert len(client_fixture.server.calls) == 3  # dispatch calls are numbered independently
    with pytest.raises(CadRefused, match="CALL NOT FOUND"):
        await client_fixture.client.remove_emergency_call(1, emergency.call_id)


async def test_responding_to_a_911_call(client_fixture: ClientFixture) -> None:
    emergency = await client_fixture.emergency()
    new = replace(build_dispatch_call(1, emergency), units=(client_fixture.subject(PAT),))
    number = await client_fixture.client.create_call(new)
    call = next(
        one for one in (await client_fixture.client.calls(1)).dispatch if one.call_id == number
    )
    assert answered_emergency_id(call) == emergency.call_id
    assert call.meta == {**emergency.meta, "createdFromId": str(emergency.call_id)}
    assert (call.priority, call.address, call.postal) == (2, emergency.location, "9112")
    assert call.idents == (client_fixture.ident(PAT),)


Act = Callable[[CadClient], Awaitable[object]]
ACTS: dict[str, Act] = {
    "create": lambda client: client.create_call(NEW),
    "close": lambda client: client.close_call(1, ARMED_ROBBERY),
    "note": lambda client: client.add_note(1, ARMED_ROBBERY, "Hi"),
    "status": lambda client: client.set_status(1, UnitRef(PAT.hex), 3),
    "remove": lambda client: client.remove_emergency_call(1, 1),
}
every_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


@every_act
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (BAD_GATEWAY, CadUnavailable),
        (CHALLENGE, CadWebPage),
        (Reset(), CadBrokenOff),
        (Text(400, "NO"), CadRefused),
    ],
)
async def test_an_act_is_not_repeated_where_it_may_have_been_done(
    client_fixture: ClientFixture, act: Act, fault: Fault, kind: type[CadError]
) -> None:
    client_fixture.cad.faults.set(fault)
    with pytest.raises(CadError) as caught:
        await act(client_fixture.client)
    assert type(caught.value) is kind
    assert (client_fixture.requests, client_fixture.time.slept) == (1, [])


@every_act
async def test_a_429_is_left_to_the_caller(client_fixture: ClientFixture, act: Act) -> None:
    client_fixture.cad.faults.set(RateLimited(2), times=1)
    with pytest.raises(CadRateLimited) as caught:
        await act(client_fixture.client)
    assert caught.value.retry_after == 2
    # The next act waits as long as the CAD asks.
    await act(client_fixture.client)
    assert (client_fixture.requests, client_fixture.time.slept) == (2, [2.0])


@every_act
async def test_no_answer_in_time_leaves_doubt(
    client_fixture: ClientFixture, hasty: CadClient, act: Act
) -> None:
    client_fixture.cad.faults.set(Hang())
    with pytest.raises(CadTimeout):
        await act(hasty)
    assert client_fixture.time.slept == []


@every_act
async def test_a_command_that_is_not_accepted_is_left_to_the_caller(
    client_fixture: ClientFixture, act: Act
) -> None:
    await client_fixture.cad.pause()
    with pytest.raises(CadUnreachable):
        await act(client_fixture.client)
    assert client_fixture.time.slept == []


async def test_a_broken_connection_repeats_no_command(client_fixture: ClientFixture) -> None:
    before = len(client_fixture.server.calls)
    client_fixture.cad.faults.set(Reset(), times=1)
    with pytest.raises(CadBrokenOff):
        await client_fixture.client.create_call(NEW)
    assert len(client_fixture.server.calls) == before + 1


@pytest.mark.parametrize("text", ["OK", "{}", "UNITS ATTACHED"])
async def test_a_call_that_was_created_without_a_number(
    client_fixture: ClientFixture, text: str
) -> None:
    client_fixture.cad.faults.set(Text(200, text))
    with pytest.raises(CadUnnumbered) as caught:
        await client_fixture.client.create_call(NEW)
    assert caught.value.may_have_arrived
    assert client_fixture.requests == 1


async def test_a_strict_cad_gets_everything_once(client_fixture: ClientFixture) -> None:
    client_fixture.cad.world.behaviour.rate_limits = True
    before = len(client_fixture.server.calls[ARMED_ROBBERY].notes)
    written = [f"Note {number}" for number in range(12)]
    for text in written:
        try:
            await client_fixture.client.add_note(1, ARMED_ROBBERY, text)
        except CadRateLimited:
            await client_fixture.client.add_note(1, ARMED_ROBBERY, text)
    notes = client_fixture.server.calls[ARMED_ROBBERY].notes[before:]
    assert [note.content for note in notes] == written


async def test_an_unknown_server(client_fixture: ClientFixture) -> None:
    for act in (
        client_fixture.client.create_call(replace(NEW, server_id=9)),
        client_fixture.client.close_call(9, ARMED_ROBBERY),
        client_fixture.client.add_note(9, ARMED_ROBBERY, "Hi"),
        client_fixture.client.set_status(9, UnitRef(PAT.hex), 3),
        client_fixture.client.remove_emergency_call(9, 1),
    ):
        with pytest.raises(CadRefused):
            await act
