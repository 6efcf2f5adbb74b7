"""Whatever the CAD does: each order is answered, and each answer is true."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from sandbox.cad.state.faults import BAD_GATEWAY, Fault, RateLimited, Reset
from tests.faults.fault_fixture import CALLS, FaultFixture, GivenOrder, HeldAnswer

BAD_CALL = CALLS[-1]
ONE = (BAD_CALL,)
FIFTY = CALLS * 10

LOOK = 5.0  # seconds after which each reply that waits says why
LONG = 120.0  # seconds, enough for the CAD's budgets and for a look at its calls
FOR_GOOD = 16 * 60.0  # seconds, more than an order can wait
RETRY_AFTER = 20
TOO_LATE = "did not take the order in time"

# Orders that are sent where nothing goes wrong: a crowd goes together. One POST of v1 names all
# the calls; one of v2 names one call.
NEEDED = {(1, ONE): 1, (1, FIFTY): 1, (2, ONE): 1, (2, FIFTY): 5}
QUESTIONS = 5  # at most, of fifty orders: what the calls show, whether a call is gone

WHY = re.compile(
    r"⏳ .*( I keep trying until <t:\d+:t>\.|Busy: it goes out <t:\d+:R>.*)\n"
    r"To be attached to \*\*#\d+\*\*: <@\d+> \(P\\-\d+\)"
)
NOT_DONE = "❌ Not attached to"
NOT_CERTAIN = "❌ It is not certain whether the units were attached to"


@dataclass(frozen=True, slots=True)
class Case:
    """Something that goes wrong.

    Attributes:
        strike: makes it go wrong, just before the orders are given.
        lasts: seconds until it is put right; 0 where it rights itself or never ends.
        refused: the calls whose orders are not carried out.
        told: what those who gave them are told.
        again: how many more orders have to be sent, at most.
        halves: how many more where a request of v1 is halved until the bad call stands alone.
        silence: seconds that the CAD asks to be left alone for.
        over_by: seconds after which nothing needs to be sent any more.
    """

    strike: Callable[[FaultFixture], Awaitable[None]]
    lasts: float = 0
    refused: Sequence[int] = ()
    told: str = ""
    again: int = 0
    halves: int = 0
    silence: float = 0
    over_by: float = FOR_GOOD


def fault(
    make: Callable[[FaultFixture], Fault], times: int | None = None
) -> Callable[[FaultFixture], Awaitable[None]]:
    """Let the next requests meet a fault, all where no number is given."""

    async def strike(fault_fixture: FaultFixture) -> None:
        fault_fixture.cad.faults.set(make(fault_fixture), times=times)

    return strike


async def change_key(fault_fixture: FaultFixture) -> None:
    fault_fixture.community.key = "another"


async def turn_api_off(fault_fixture: FaultFixture) -> None:
    fault_fixture.community.api_enabled = False


async def close_call(fault_fixture: FaultFixture) -> None:
    fault_fixture.world.close(fault_fixture.server, BAD_CALL)


CASES = {
    "down 10 s": Case(FaultFixture.disconnect_cad, lasts=10, over_by=30),
    "hangs": Case(
        fault(lambda fault_fixture: HeldAnswer(fault_fixture.network, FOR_GOOD)), lasts=25, again=3
    ),
    "resets": Case(fault(lambda _: Reset(), times=2), again=2),
    "502 page": Case(fault(lambda _: BAD_GATEWAY, times=3), again=3),
    "429": Case(fault(lambda _: RateLimited(), times=2), again=2),
    "429 seconds": Case(
        fault(lambda _: RateLimited(RETRY_AFTER), times=1), again=1, silence=RETRY_AFTER
    ),
    "429 date": Case(
        fault(
            lambda fault_fixture: RateLimited(
                fault_fixture.time.now() + timedelta(seconds=RETRY_AFTER)
            ),
            times=1,
        ),
        again=1,
        silence=RETRY_AFTER,
    ),
    "wrong key": Case(change_key, refused=CALLS, told="SONORAN_API_KEY is wrong"),
    "API off": Case(turn_api_off, refused=CALLS, told="API IS NOT ENABLED FOR THIS COMMUNITY"),
    "unknown call": Case(
        close_call,
        refused=[BAD_CALL],
        told="The CAD refused: `CALL NOT FOUND`.",
        halves=6,
    ),
    "slow 5 s": Case(fault(lambda fault_fixture: HeldAnswer(fault_fixture.network, 5))),
}
FOR_GOOD_CASES = {
    "down": Case(FaultFixture.disconnect_cad, refused=CALLS, told=TOO_LATE),
    "resets": Case(fault(lambda _: Reset()), refused=CALLS, told=TOO_LATE, again=100),
    "429": Case(fault(lambda _: RateLimited(3600)), refused=CALLS, told=TOO_LATE),
}


@pytest.mark.parametrize("places", [ONE, FIFTY], ids=["one", "fifty"])
@pytest.mark.parametrize("version", [1, 2], ids=["v1", "v2"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_every_answer_is_true(
    fault_fixture: FaultFixture, case: Case, places: tuple[int, ...]
):
    given = await struck(fault_fixture, case, places)
    if case.lasts:
        await fault_fixture.advance(case.lasts - LOOK)
        await fault_fixture.repair_cad()
    await fault_fixture.advance(LONG)
    everyone_knows(fault_fixture, case, given)
    halves = case.halves if (fault_fixture.version, places) == (1, FIFTY) else 0
    requests_are_few(
        fault_fixture, case, NEEDED[fault_fixture.version, places] + case.again + halves
    )


@pytest.mark.parametrize("version", [1, 2], ids=["v1", "v2"])
@pytest.mark.parametrize("case", FOR_GOOD_CASES.values(), ids=FOR_GOOD_CASES)
async def test_no_order_waits_for_ever(fault_fixture: FaultFixture, case: Case):
    given = await struck(fault_fixture, case, ONE)
    await fault_fixture.advance(FOR_GOOD)
    everyone_knows(fault_fixture, case, given)
    requests_are_few(fault_fixture, case, NEEDED[fault_fixture.version, ONE] + case.again)


async def struck(
    fault_fixture: FaultFixture, case: Case, places: Sequence[int]
) -> list[GivenOrder]:
    """Let orders be given while something goes wrong, and a little time pass."""
    # Only v2's limits are published; for v1, see the pace below.
    fault_fixture.world.behaviour.rate_limits = fault_fixture.version == 2
    await case.strike(fault_fixture)
    given = await fault_fixture.attach(places)
    await fault_fixture.advance(LOOK)
    unfinished = fault_fixture.unfinished()
    texts = [one.text for one in given if unfinished.get(one.token)]
    assert all(WHY.fullmatch(text) for text in texts if text)
    # Nothing can be said yet about the orders of the request that is under way.
    assert {one.token for one in given if one.token in unfinished and not one.text} <= (
        fault_fixture.being_sent()
    )
    return given


def everyone_knows(fault_fixture: FaultFixture, case: Case, given: Sequence[GivenOrder]) -> None:
    """Check that every reply is final, is the right one, and is true."""
    assert fault_fixture.unfinished() == {}
    for one in given:
        shown = fault_fixture.calls_of(one.person)
        if one.call_id not in case.refused:
            assert one.text.startswith(f"✅ **#{one.call_id}** ")
            assert one.text.endswith("\nConfirmed by the CAD.")
            assert shown == [one.call_id]
        elif one.text.startswith(NOT_DONE):
            assert case.told in one.text
            assert shown == []
        else:
            assert one.text.startswith(NOT_CERTAIN)
            assert case.told in one.text
            assert shown in ([], [one.call_id])


def requests_are_few(fault_fixture: FaultFixture, case: Case, most: int) -> None:
    sent = fault_fixture.orders()
    assert len(sent) <= most
    # An order that may have been carried out looks at the calls instead of being sent again.
    assert len(fault_fixture.world.history) <= most + QUESTIONS
    assert all(case.silence <= fault_fixture.seconds_at(one) <= case.over_by for one in sent[1:])
    # The bot never brings a 429 about.
    assert all(one.fault for one in fault_fixture.world.history if one.status == 429)
    if fault_fixture.version == 1:
        moments = [fault_fixture.seconds_at(one) for one in fault_fixture.world.history]
        for first, begin in enumerate(moments):
            for last, end in enumerate(moments[first:], 1):
                assert last <= 5 + end - begin
