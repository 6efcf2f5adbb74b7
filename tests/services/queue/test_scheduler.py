"""What the queue does next, without a loop and without a clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.errors import CadError, CadRateLimited, CadTimeout, CadUnreachable
from bot.services.queue.batching import MAX_HOLD, Usage, conflict
from bot.services.queue.order_kinds import KINDS, LimitState
from bot.services.queue.queued_order import CONFIRM_ABOVE, LIFETIME, LookupState, QueuedOrder
from bot.services.queue.scheduler import (
    NOTIFY_AFTER,
    Close,
    Decision,
    Notice,
    Resolve,
    Send,
    Situation,
    Wait,
    decide,
    duplicates_of,
)
from bot.services.queue.steps import batch_item
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.queue.samples import NOW, assignee, queued_order

DOWN = CadUnreachable("Connection refused")
FREE = LimitState(wait=0.0, capacity=math.inf)
ONE_CALL = LimitState(wait=0.0, capacity=1)
BUSY = LimitState(wait=0.0, capacity=1, usage=Usage(used=5, allowed=8, window=60, since_last=1))
HELD = {OrderAction.ATTACH: BUSY}
RUNNING = LookupState(is_running=True)
DETACH = OrderAction.DETACH
LIFE = LIFETIME.total_seconds()


def situation(
    now: float = 0.0, *, limits: dict[OrderAction, LimitState] | None = None, **changes: Any
) -> Situation:
    """Describe a moment, in seconds after the orders came, at which nothing stands in the way."""
    values: dict[str, Any] = {
        "now": now,
        "wall_time": NOW + timedelta(seconds=now),
        "sending_since": None,
        "backoff_until": -math.inf,
        "backoff_error": None,
        "failures": 0,
        "limit": lambda step: next(
            (limit for action, limit in (limits or {}).items() if step in KINDS[action].steps), FREE
        ),
    }
    return Situation(**{**values, **changes})


def outage(now: float = 0.0, until: float = 0.0, **changes: Any) -> Situation:
    values = {"backoff_error": DOWN, "backoff_until": until, "failures": 1}
    return situation(now, **{**values, **changes})


def limited(
    seconds: float, action: OrderAction = OrderAction.ATTACH
) -> dict[OrderAction, LimitState]:
    return {action: LimitState(seconds, capacity=math.inf)}


def order(number: int, *units: int, **changes: Any) -> QueuedOrder:
    return queued_order(*map(assignee, units), order_id=number, **changes)


def crowd() -> list[Assignee]:
    return [assignee(ident) for ident in range(CONFIRM_ABOVE + 1)]


def waits(decision: Decision) -> Wait:
    assert isinstance(decision, Wait)
    return decision


def notice(orders: Sequence[QueuedOrder], now: Situation) -> tuple[timedelta, CadError | None]:
    """Return what the reply of the last order says: until how long after it came, and why."""
    (found,) = [one for one in waits(decide(orders, now)).notices if one.queued is orders[-1]]
    return found.until - NOW, found.error


def says_nothing(orders: Sequence[QueuedOrder], now: Situation) -> bool:
    return orders[-1] not in [one.queued for one in waits(decide(orders, now)).notices]


def test_an_order_whose_units_are_known_is_sent() -> None:
    first = order(1, 1)
    assert decide([first], situation()) == Send([first])


def test_orders_share_a_request() -> None:
    orders = [order(1, 1), order(2, 2), order(3, 3, call_id=101)]
    assert decide(orders, situation()) == Send(orders)
    one_call = {OrderAction.ATTACH: ONE_CALL}
    assert decide(orders, situation(limits=one_call)) == Send(orders[:2])


def test_nothing_is_sent_while_a_request_is_under_way() -> None:
    assert waits(decide([order(1, 1)], situation(1.0, sending_since=0.5))).notices == []


def test_what_is_being_sent_is_left_alone() -> None:
    sending = order(1, 1, state=OrderState.SENDING)
    late = situation(2 * LIFE, sending_since=0.0)
    assert decide([sending], late) == Wait(math.inf, [], [])


def test_without_orders_there_is_nothing_to_wait_for() -> None:
    assert decide([], situation()) == Wait(math.inf, [], [])


class TestClosing:
    @pytest.mark.parametrize("lookup", [LookupState(), LookupState(is_resolved=True), RUNNING])
    def test_an_order_expires_in_whatever_state(self, lookup: LookupState) -> None:
        old, new = order(1, 1, lookup=lookup), order(2, 2)
        new.expires_at = NOW + 2 * LIFETIME
        for late in (situation(LIFE), situation(LIFE, sending_since=LIFE - 1)):
            assert decide([old, new], late) == Close([old], OrderState.EXPIRED)

    def test_the_moment_of_expiry_is_a_deadline(self) -> None:
        wait = waits(decide([order(1, 1)], outage(LIFE - 2, until=math.inf)))
        assert wait.until == pytest.approx(LIFE)

    def test_many_units_are_confirmed_first(self) -> None:
        many = order(1)
        many.resolution = queued_order(*crowd()).resolution
        assert decide([many], situation()) == Close([many], OrderState.AWAITING_CONFIRMATION)
        many.may_ask = False
        assert decide([many], situation()) == Send([many])

    def test_ten_units_are_not(self) -> None:
        ten = queued_order(*crowd()[1:])
        assert decide([ten], situation()) == Send([ten])

    def test_an_order_about_no_unit_is_refused(self) -> None:
        empty, other = order(1), order(2, 2)
        assert decide([empty, other], situation()) == Close([empty], OrderState.REFUSED)

    def test_an_order_about_no_unit_that_is_known_yet_is_not(self) -> None:
        assert waits(decide([order(1, lookup=RUNNING)], situation()))


class TestLookups:
    def test_every_new_order_is_looked_up_at_once(self) -> None:
        new = [order(1, is_resolved=False), order(2, is_resolved=False)]
        running = order(3, lookup=RUNNING)
        for now in (situation(), situation(sending_since=0.0), outage(until=60.0)):
            assert decide([*new, running], now) == Resolve(new)

    def test_a_first_lookup_holds_up_the_later_orders(self) -> None:
        """They may be about the same units."""
        later = order(2, 2, call_id=101)
        assert waits(decide([order(1, lookup=RUNNING), later], situation()))
        assert decide([later, order(1, lookup=RUNNING)], situation()) == Send([later])

    def test_but_not_those_for_the_same(self) -> None:
        later = order(2, 2)
        assert decide([order(1, lookup=RUNNING), later], situation()) == Send([later])

    def test_a_failed_lookup_holds_up_no_order_while_the_cad_takes_orders(self) -> None:
        failed, later = order(1, lookup=LookupState(error=DOWN), retry_at=5.0), order(2, 2)
        assert decide([failed, later], situation()) == Send([later])
        assert waits(decide([failed], situation())).until == 5.0
        assert decide([failed], situation(5.0)) == Resolve([failed])

    def test_in_an_outage_it_is_repeated_before_each_attempt(self) -> None:
        failed = order(1, lookup=LookupState(error=DOWN, failures=0), retry_at=9.0)
        later = order(2, 2, call_id=101)
        assert waits(decide([failed, later], outage(1.0, until=3.0))).until == 3.0
        assert decide([failed, later], outage(3.0, until=3.0)) == Resolve([failed])
        failed.lookup = LookupState(error=DOWN, failures=1)  # it was, and failed again
        assert decide([failed, later], outage(3.0, until=3.0)) == Send([later])

    def test_a_limited_lookup_waits_for_its_time(self) -> None:
        error = CadRateLimited(retry_after=20.0)
        failed = order(1, lookup=LookupState(error=error), retry_at=20.0)
        assert waits(decide([failed], outage(3.0, until=3.0))).until == 20.0

    def test_a_slow_one_is_told_once_the_cad_was_asked(self) -> None:
        asking = order(1, lookup=LookupState(is_running=True, asked_at=10.0))
        assert waits(decide([asking], situation(11.0))).until == 10.0 + NOTIFY_AFTER
        until, error = notice([asking], situation(12.0))
        assert (until, type(error)) == (LIFETIME, CadTimeout)
        assert says_nothing([order(1, lookup=RUNNING)], situation(60.0))

    def test_why_it_is_repeated_is_told(self) -> None:
        failed = order(1, lookup=LookupState(error=DOWN), retry_at=5.0)
        assert notice([failed], situation(0.5)) == (LIFETIME, DOWN)


class TestWaiting:
    def test_the_rate_limit_is_waited_for(self) -> None:
        first = order(1, 1)
        wait = waits(decide([first], situation(1.0, limits=limited(20.0))))
        assert wait.until == 21.0
        assert wait.notices == [Notice(first, NOW + timedelta(seconds=21.5), None)]
        assert decide([first], situation(21.0)) == Send([first])

    def test_a_short_wait_is_not_told(self) -> None:
        for seconds, is_silent in ((1.9, True), (2.0, False)):
            now = situation(limits=limited(seconds))
            assert says_nothing([order(1, 1)], now) is is_silent

    def test_no_wait_is_too_long_to_be_told(self) -> None:
        until, _ = notice([order(1, 1)], situation(limits=limited(1e15)))
        assert until == timedelta(days=1)

    def test_an_outage_is_waited_for_and_told(self) -> None:
        first = order(1, 1)
        now = outage(1.0, until=4.0)
        assert waits(decide([first], now)).until == 4.0
        assert notice([first], now) == (LIFETIME, DOWN)
        assert decide([first], outage(4.0, until=4.0)) == Send([first])

    def test_an_order_that_has_to_wait_is_stored_with_its_units(self) -> None:
        first = order(1, 1)
        now = situation(limits=limited(1.0))
        assert waits(decide([first], now)).unsaved == [first]
        first.lookup = LookupState(is_resolved=True, is_stored=True)
        assert waits(decide([first], now)).unsaved == []
        first.lookup = LookupState(is_resolved=True, error=DOWN)  # that is not all of them
        assert waits(decide([first], now)).unsaved == []
        assert waits(decide([order(1, 1)], situation(sending_since=0.0))).unsaved == []

    def test_a_slow_request_is_told_to_those_behind_it(self) -> None:
        behind = [order(1, 1, entered_at=1.0)]
        assert waits(decide(behind, situation(1.5, sending_since=0.0))).until == 3.0
        until, error = notice(behind, situation(3.0, sending_since=0.0))
        assert (until, type(error)) == (LIFETIME, CadTimeout)
        assert says_nothing(behind, situation(5.9, sending_since=4.0))
        assert notice(behind, outage(6.0, sending_since=4.0))[1] is DOWN

    def test_an_order_waits_for_those_that_it_must_not_overtake(self) -> None:
        orders = [order(1, 1), order(2, 1, action=DETACH, call_id=None)]
        now = situation(1.0, limits=limited(40.0))
        assert notice(orders, now) == (timedelta(seconds=41.5), None)
        other = order(3, 2, action=DETACH, call_id=None)
        assert decide([*orders, other], now) == Send([other])

    def test_a_slow_lookup_is_told_to_those_behind_it(self) -> None:
        orders = [order(1, lookup=RUNNING), order(2, 2, call_id=101)]
        assert waits(decide(orders, situation(1.0))).until == NOTIFY_AFTER
        assert type(notice(orders, situation(2.0))[1]) is CadTimeout

    def test_a_check_that_is_limited_holds_up_its_order_alone(self) -> None:
        guarded = order(1, 1, action=DETACH, retry_at=30.0)
        free = order(2, 2, action=DETACH, call_id=None, server_id=2)
        assert decide([guarded, free], situation()) == Send([free])
        assert waits(decide([guarded], situation())).until == 30.0


class TestHolding:
    def test_an_order_is_held_so_that_others_can_join(self) -> None:
        held = order(1, 1)
        assert waits(decide([held], situation(3.0, limits=HELD))).until == MAX_HOLD
        late = order(2, 2, entered_at=9.0)
        assert decide([held, late], situation(MAX_HOLD, limits=HELD)) == Send([held, late])

    def test_a_lone_order_is_not_at_a_pace_that_can_last(self) -> None:
        usage = Usage(used=5, allowed=8, window=60, since_last=7.5)
        limits = {OrderAction.ATTACH: LimitState(0.0, 1, usage)}
        alone = order(1, 1)
        assert decide([alone], situation(limits=limits)) == Send([alone])
        alone.is_alone = False
        assert waits(decide([alone], situation(limits=limits)))

    def test_part_of_a_refused_batch_is_not(self) -> None:
        part = order(1, 1, partition=1)
        assert decide([part], situation(limits=HELD)) == Send([part])


class TestDuplicates:
    def test_the_same_for_the_same_units_shares_the_answer(self) -> None:
        sent, same = order(1, 1, 2), order(2, 2, 1)
        others = [order(3, 1), order(4, 1, 2, call_id=101), order(5, lookup=RUNNING)]
        assert duplicates_of([sent], [same, *others], situation()) == [same]

    def test_not_past_an_order_that_it_must_not_overtake(self) -> None:
        sent, between, same = order(1, 1), order(2, 1, call_id=101), order(3, 1)
        assert duplicates_of([sent], [between, same], situation()) == []

    def test_not_one_that_is_being_sent(self) -> None:
        sent = order(1, 1, state=OrderState.SENDING)
        assert duplicates_of([sent], [sent], situation()) == []


def test_how_batching_sees_an_order() -> None:
    absent = Assignee("Steam:X", None, None, None)
    queued = queued_order(assignee(1), absent, partition=3)
    item = batch_item(queued)
    assert item.subjects == frozenset({"unit 1", absent.key})
    assert (item.key, item.partition) == ((OrderAction.ATTACH, 1, 100), 3)
    queued.lookup = RUNNING
    assert batch_item(queued).subjects is None


ERRORS = st.sampled_from([None, DOWN, CadRateLimited(retry_after=9.0)])
TIMES = st.sampled_from([-math.inf, 0.0, 1.0, 3.0, 10.0])
LOOKUPS = st.builds(
    LookupState,
    is_resolved=st.booleans(),
    is_running=st.booleans(),
    asked_at=st.sampled_from([None, 0.0, 2.0]),
    error=ERRORS,
    failures=st.integers(0, 1),
).filter(lambda lookup: not (lookup.is_resolved and lookup.is_running))


@st.composite
def queues(draw: st.DrawFn) -> list[QueuedOrder]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        units = draw(st.lists(st.integers(1, 3), max_size=2, unique=True))
        found.append(
            order(
                number,
                *units,
                action=draw(st.sampled_from(list(KINDS))),
                call_id=draw(st.sampled_from([100, 101])),
                state=draw(st.sampled_from([OrderState.QUEUED] * 4 + [OrderState.SENDING])),
                lookup=draw(LOOKUPS),
                retry_at=draw(TIMES),
                entered_at=draw(st.sampled_from([0.0, 2.0])),
            )
        )
    return found


SITUATIONS = st.builds(
    lambda now, since, until, error, wait: situation(
        now,
        sending_since=since,
        backoff_until=until,
        backoff_error=error,
        failures=1,
        limits=limited(wait),
    ),
    st.sampled_from([0.0, 3.0, 10.0, LIFE]),
    st.sampled_from([None, 0.0, 3.0]),
    TIMES,
    ERRORS,
    st.sampled_from([0.0, 0.5, 30.0]),
)


@given(queues(), SITUATIONS)
def test_whatever_the_state_there_is_a_step_or_a_deadline(
    orders: list[QueuedOrder], now: Situation
) -> None:
    decision = decide(orders, now)
    if isinstance(decision, Wait):
        assert decision.until > now.now  # the worker does not spin
        is_waiting = any(one.order.state is OrderState.QUEUED for one in orders)
        assert math.isfinite(decision.until) or not is_waiting
        return
    assert decision.orders
    assert all(one.order.state is OrderState.QUEUED for one in decision.orders)
    if isinstance(decision, Send):
        assert now.sending_since is None
        assert len({one.order.action for one in decision.orders}) == 1
        assert all(one.lookup.is_resolved for one in decision.orders)
        items = {one.order.id: batch_item(one) for one in decision.orders}
        assert not any(conflict(*pair) for pair in combinations(items.values(), 2))
        head = decision.orders[0]
        assert max(now.backoff_until, head.retry_at) <= now.now
