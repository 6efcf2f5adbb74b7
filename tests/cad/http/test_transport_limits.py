"""Rate limits and retries of commands and queries, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.cad.codec import v1
from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
)
from bot.cad.http import retry
from bot.cad.http.rate_limits import BurstLimit, RateLimit, background_queries, queries_sent_once
from bot.cad.http.transport import LONGEST_RESERVE, SHORT_WAIT, RequestSender, Transport
from bot.cad.http.wire import Request, Response
from tests.cad.samples import answer
from tests.fake_time import FakeTime
from tests.manual_clock import ManualClock

REQUEST = Request("calls", "POST", "/emergency/get_calls")
OTHER = Request("units", "POST", "/emergency/get_active_units")
LIMITS = {"calls": RateLimit(5, 60.0, reserved_for_orders=1), "units": RateLimit(100, 1.0)}

done = answer("done")
busy = answer("busy", 503)


@dataclass
class Network(Transport):
    """A transport without a network: it gives its answers in turn and repeats the last one."""

    time: ManualClock
    takes: float = 0.0
    answers: list[Response | CadError] = field(default_factory=lambda: [done])
    sent: list[tuple[float, float | None]] = field(default_factory=list)
    is_open: bool = True

    async def send(self, request: Request, *, within: float | None = None) -> Response:
        self.sent.append((self.time.seconds, within))
        self.time.seconds += self.takes
        await asyncio.sleep(0)
        reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(reply, CadError):
            raise reply
        return reply

    async def close(self) -> None:
        self.is_open = False


@pytest.fixture
def time() -> ManualClock:
    return ManualClock(seconds=0.0)


@pytest.fixture
def network(time: ManualClock) -> Network:
    return Network(time)


@pytest.fixture
async def sender(network: Network, time: ManualClock) -> AsyncIterator[RequestSender]:
    sender = RequestSender(network, LIMITS, clock=time, jitter=lambda: 1.0)
    yield sender
    await sender.close()
    assert not network.is_open


@pytest.mark.parametrize(
    "fault",
    [
        CadBrokenOff(),
        CadTimeout(),
        CadRefused(),
        CadUnreadable(),
        busy,
        answer(status=429),
    ],
)
async def test_once_is_once(sender, network, time, fault):
    network.answers = [fault, done]
    with pytest.raises(CadError):
        await sender.send_now(REQUEST, v1.read_done)
    assert (len(network.sent), time.slept, sender.limiter("calls").used) == (1, [], 1)


async def test_what_never_arrived_does_not_count(sender, network):
    network.answers = [CadUnreachable()]
    with pytest.raises(CadUnreachable):
        await sender.send_now(REQUEST, v1.read_done)
    assert sender.limiter("calls").used == 0


async def test_once_does_not_wait_for_the_budget(sender, network, time):
    for _ in range(9):
        await sender.send_now(REQUEST, v1.read_done)
    assert (len(network.sent), time.slept, sender.limiter("calls").used) == (9, [], 9)


async def test_once_may_be_given_less_time(sender, network):
    await sender.send_now(REQUEST, v1.read_done, within=2.0)
    assert network.sent == [(0.0, 2.0)]


async def test_a_429_slows_down_its_own_endpoint_only(sender, network):
    network.answers = [answer(status=429, retry_after="7")]
    with pytest.raises(CadRateLimited):
        await sender.send_now(REQUEST, v1.read_done)
    assert (sender.limiter("calls").wait(), sender.limiter("units").wait()) == (7.0, 0.0)
    assert (sender.limiter("calls").allowed, sender.limiter("units").allowed) == (2, 100)


@pytest.mark.parametrize(
    "fault",
    [
        *(CadUnreachable(), CadBrokenOff(), CadTimeout(), CadRefused(), CadUnreadable()),
        *(answer(status=429), busy, answer("no", 400)),
    ],
)
async def test_an_act_is_sent_once(sender, network, time, fault):
    network.answers = [fault, done]
    with pytest.raises(CadError):
        await sender.command(OTHER, v1.read_done)
    assert (len(network.sent), time.slept) == (1, [])


async def test_an_act_waits_for_its_budget_and_takes_what_questions_leave(sender, network, time):
    for _ in range(5):
        await sender.command(REQUEST, v1.read_done)
    assert time.slept == []
    time.seconds = 55.0
    await sender.command(REQUEST, v1.read_done)
    # The wait does not shorten the time limit of its answer.
    assert (sum(time.slept), network.sent[-1]) == (5.0, (60.0, None))


async def test_an_act_that_would_wait_too_long_is_not_sent(sender, network, time):
    for _ in range(5):
        await sender.command(REQUEST, v1.read_done)
    with pytest.raises(CadRateLimited) as caught:
        await sender.command(REQUEST, v1.read_done)
    assert (caught.value.retry_after, len(network.sent), time.slept) == (60.0, 5, [])


@pytest.mark.parametrize("fault", [CadUnreachable(), CadBrokenOff(), busy])
async def test_a_question_is_asked_again_later_and_later(sender, network, time, fault):
    network.answers = [fault, fault, fault, done]
    await sender.query(OTHER, v1.read_done)
    assert time.slept == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("fault", [CadTimeout(), CadRefused(), CadUnreadable(), answer("no", 400)])
async def test_what_will_not_pass_is_not_asked_again(sender, network, time, fault):
    network.answers = [fault, done]
    with pytest.raises(CadError):
        await sender.query(OTHER, v1.read_done)
    assert (len(network.sent), time.slept) == (1, [])


async def test_giving_up_shows_the_last_fault_within_the_window(sender, network, time):
    network.answers = [CadUnreachable(), busy]
    with pytest.raises(CadUnavailable, match="busy"):
        await sender.query(OTHER, v1.read_done)
    assert time.slept == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert time.seconds < retry.TOTAL_TIMEOUT


async def test_each_attempt_may_take_what_is_left_of_the_window(sender, network):
    network.takes = 4.0
    network.answers = [busy]
    with pytest.raises(CadUnavailable):
        await sender.query(OTHER, v1.read_done)
    assert [within for _, within in network.sent] == [10.0, 5.75, 1.25]


async def test_the_cad_is_given_the_time_that_it_asks_for(sender, network, time):
    network.answers = [answer(status=429, retry_after="3"), done]
    await sender.query(OTHER, v1.read_done)
    assert time.slept == [3.0]


async def test_a_longer_wait_is_told_instead(sender, network, time):
    network.answers = [answer(status=429, retry_after="60"), done]
    with pytest.raises(CadRateLimited) as caught:
        await sender.query(OTHER, v1.read_done)
    assert caught.value.retry_after == 60.0
    assert (len(network.sent), time.slept) == (1, [])


async def test_questions_leave_the_last_request_to_an_order(sender, network, time):
    for _ in range(4):
        await sender.query(REQUEST, v1.read_done)
    with pytest.raises(CadRateLimited) as caught:
        await sender.query(REQUEST, v1.read_done)
    assert caught.value.retry_after == 60.0
    assert (len(network.sent), time.slept) == (4, [])
    assert sender.limiter("calls").wait() == 0.0


async def test_a_question_waits_for_its_budget(sender, network, time):
    for _ in range(4):
        await sender.query(REQUEST, v1.read_done)
    time.seconds = 58.0
    await sender.query(REQUEST, v1.read_done)
    assert time.slept == [2.0]
    assert network.sent[-1] == (60.0, 8.0)


class ImmediateNetwork(Transport):
    """A transport that answers at once and records the time and the path of each request."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.sent: list[tuple[float, str]] = []

    async def send(self, request: Request, *, within: float | None = None) -> Response:
        self.sent.append((self.time.monotonic(), request.path))
        return done


@pytest.mark.parametrize("queries", [1, 3])
async def test_queries_come_through_a_stream_of_commands(queries: int) -> None:
    time = FakeTime()
    network = ImmediateNetwork(time)
    limits = {"v1": BurstLimit(5, 1.0, reserved_for_orders=1, reserved_for_members=2)}
    sender = RequestSender(network, limits, clock=time, jitter=lambda: 1.0)
    limiter = sender.limiter("v1")

    async def give_orders() -> None:
        while True:  # as the queue does: each request as soon as the limit allows it
            if not limiter.wait():
                await sender.send_now(Request("v1", "POST", "/order"), v1.read_done)
            await time.sleep(max(0.01, limiter.wait()))

    async def settle() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    orders = asyncio.create_task(give_orders())
    await time.advance(10, settle)
    look = Request("v1", "POST", "/look")
    looks = [asyncio.create_task(sender.query(look, v1.read_done)) for _ in range(queries)]
    await time.advance(10, settle)
    orders.cancel()
    await asyncio.gather(*looks)
    moments = [moment - 10.0 for moment, path in network.sent if path == "/look"]
    assert max(moments) <= LONGEST_RESERVE + queries
    # The limit holds for all together: five at once, then one a second.
    assert len(network.sent) <= 5 + 20
    assert sum(path == "/order" for _, path in network.sent) >= 5 + 20 - queries - 1


async def test_questions_at_once_take_turns(sender, network, time):
    await asyncio.gather(*(sender.query(OTHER, v1.read_done) for _ in range(250)))
    moments = [moment for moment, _ in network.sent]
    assert len(moments) == 250
    assert all(
        later - earlier >= 1.0 for earlier, later in zip(moments, moments[100:], strict=False)
    )


async def test_a_question_returns_what_was_read(sender):
    assert await sender.query(OTHER, lambda response: response.text) == "done"


async def test_background_queries_leave_a_request_to_a_member_who_waits(
    network: Network, time: ManualClock
) -> None:
    limits = {"calls": RateLimit(3, 60.0, reserved_for_members=1)}
    sender = RequestSender(network, limits, clock=time, jitter=lambda: 1.0)
    with background_queries():
        for _ in range(2):
            await sender.query(REQUEST, v1.read_done)
        with pytest.raises(CadRateLimited) as limited:
            await sender.query(REQUEST, v1.read_done)
    assert limited.value.retry_after == 60.0
    assert time.slept == []
    await sender.query(REQUEST, v1.read_done)
    assert len(network.sent) == 3


async def test_a_background_query_waits_only_a_moment(network: Network, time: ManualClock) -> None:
    limits = {"calls": RateLimit(1, 60.0)}
    sender = RequestSender(network, limits, clock=time, jitter=lambda: 1.0)
    with background_queries():
        await sender.query(REQUEST, v1.read_done)
        time.seconds += 60.0 - SHORT_WAIT
        await sender.query(REQUEST, v1.read_done)
    assert time.slept == [SHORT_WAIT]


async def test_a_query_that_does_not_wait_long_uses_the_reserve_and_gives_up_soon(
    network: Network, time: ManualClock
) -> None:
    limits = {"calls": RateLimit(2, 60.0, reserved_for_members=1)}
    sender = RequestSender(network, limits, clock=time, jitter=lambda: 1.0)
    for _ in range(2):
        await sender.query(REQUEST, v1.read_done, waits_long=False)
    time.seconds += 55.0
    with pytest.raises(CadRateLimited) as limited:
        await sender.query(REQUEST, v1.read_done, waits_long=False)
    assert limited.value.retry_after == 5.0
    assert time.slept == []
    await sender.query(REQUEST, v1.read_done)
    assert time.slept


async def test_a_background_query_is_not_sent_again_after_a_429(
    network: Network, time: ManualClock
) -> None:
    sender = RequestSender(network, {"calls": RateLimit(8, 60.0)}, clock=time, jitter=lambda: 1.0)
    network.answers = [answer(status=429, retry_after="5")]
    with background_queries(), pytest.raises(CadRateLimited) as limited:
        await sender.query(REQUEST, v1.read_done)
    assert limited.value.retry_after == 5.0
    assert (time.slept, len(network.sent)) == ([], 1)


async def test_a_query_whose_caller_tries_again_is_sent_once(
    network: Network, time: ManualClock
) -> None:
    sender = RequestSender(network, {"calls": RateLimit(8, 60.0)}, clock=time, jitter=lambda: 1.0)
    network.answers = [busy]
    with queries_sent_once(), pytest.raises(CadUnavailable):
        await sender.query(REQUEST, v1.read_done)
    assert (time.slept, len(network.sent)) == ([], 1)
    with pytest.raises(CadUnavailable):
        await sender.query(REQUEST, v1.read_done)
    assert len(network.sent) > 2
