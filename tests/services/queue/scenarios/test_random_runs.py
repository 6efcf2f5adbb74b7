"""Random runs: whatever happens, in any order, each order gets a true answer."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    InvalidApiKey,
)
from bot.cad.models import AttachRequest, DetachRequest, EmergencyCall
from bot.services.access.policy import Access, Actor
from bot.services.errors import ServiceError
from bot.services.orders import outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.confirmation import ConfirmationService
from bot.services.orders.outcomes import (
    DETAIL_JSON,
    BoardConfirmation,
    OrderDetail,
    OrderView,
)
from bot.services.queue.completion import EDIT_GAP
from bot.services.queue.queued_order import LIFETIME
from bot.services.reply import ReplyAddress
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore
from tests.fake_time import FakeTime
from tests.services.queue_fixture import DANA, Lifetime, QueueFixture, ScriptedCad
from tests.services.samples import GUILD, ONE_SERVER

CALLS = (100, 101, 102)
EMERGENCIES = (7, 8)
GONE = 666  # a call that never was
FAULTS: tuple[CadError | None, ...] = (
    None,
    CadUnreachable("Connection refused"),
    CadTimeout(),
    CadBrokenOff("reset"),
    CadUnavailable(status=502),
    CadRateLimited(),
    CadRateLimited(retry_after=30.0),
    InvalidApiKey("INVALID API KEY", status=400),
)
FINAL = {
    OrderState.DONE,
    OrderState.REFUSED,
    OrderState.EXPIRED,
    OrderState.CANCELLED,
    OrderState.CONFIRMED,
}
PUTS_ON_A_CALL = {OrderAction.ATTACH, OrderAction.RESPOND}
CROWD = list(range(1, 12))  # so many that the actor is asked first
MAY_FOLLOW = {
    OrderState.QUEUED: set(OrderState),
    OrderState.SENDING: set(OrderState),
    **{one: {one} for one in FINAL},
    OrderState.AWAITING_CONFIRMATION: {OrderState.AWAITING_CONFIRMATION, OrderState.CONFIRMED},
}

Step: TypeAlias = Callable[["RandomRun"], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Effect:
    """What a request did to a unit: put it on a call, or took it off (None) the one it was on.

    Attributes:
        turn: how many things had happened before in the whole run; began: when it was sent.
    """

    turn: int
    began: float
    ident: int
    call_id: int | None
    before: int | None


class RememberingCad(ScriptedCad):
    """Keeps what was done, when."""

    def __init__(self, time: FakeTime, version: int, lifetime: Lifetime) -> None:
        super().__init__(time, version, lifetime)
        self.effects: list[Effect] = []
        self.turn = 0

    def _carry_out(self, orders: Sequence[AttachRequest | DetachRequest]) -> None:
        for one in orders:
            call_id = one.call_id if isinstance(one, AttachRequest) else None
            for who in one.units:
                assert who.ident is not None
                before = self.call_of(who.ident)
                self.turn += 1
                now = self.time.monotonic()
                self.effects.append(Effect(self.turn, now, who.ident, call_id, before))
        super()._carry_out(orders)


class RememberingStore(OrderStore):
    """Keeps every state that was written."""

    states: dict[int, list[OrderState]]

    async def save(self, changed: Sequence[Order]) -> None:
        await super().save(changed)
        for order in changed:
            self.states.setdefault(order.id, [OrderState.QUEUED]).append(order.state)


class RandomRun(QueueFixture):
    """A QueueFixture that records what has happened."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.memory = RememberingCad(self.time, self.version, self.lifetime)
        self.cad = self.memory
        self.cad.idents_by_call = {one: [] for one in CALLS}
        self.cad.emergencies = {one: EmergencyCall(one, True, "", "", "") for one in EMERGENCIES}
        self.states_seen: dict[int, list[OrderState]] = {}
        self.given: list[Order] = []
        self.cancelled: dict[int, int] = {}  # order id → turn
        self.confirmed: set[int] = set()  # the orders that came of questions
        self.touched: set[int] = set()  # units that another dispatcher has moved
        self.began = [0.0]  # when the bot was started

    def new_store(self) -> OrderStore:
        store = RememberingStore(self.database)
        store.states = self.states_seen
        return store

    async def open(self) -> None:
        await super().open()
        self.began.append(self.time.monotonic())

    async def orders_given(
        self,
        units: str,
        call_id: int | None,
        action: OrderAction | None = None,
        *,
        dies: bool,
        detail: OrderDetail | None = None,
    ) -> None:
        left, self.lifetime.steps_left = (
            self.lifetime.steps_left,
            None,
        )  # before the acknowledgement there is no order
        is_detach = call_id is None or call_id < 0
        action = action or (OrderAction.DETACH if is_detach else OrderAction.ATTACH)
        stored = DETAIL_JSON.dump_json(detail).decode() if detail else None
        order = await self.accept(units, abs(call_id) if call_id else None, action, detail=stored)
        self.lifetime.steps_left = left
        self.given.append(order)
        if dies:
            await self.restart()
        else:
            self.running[order.id] = asyncio.create_task(self.queue.run(AcceptedOrder(order)))

    async def question_answered(self, number: int) -> None:
        """Confirm an order, as its actor would."""
        left, self.lifetime.steps_left = self.lifetime.steps_left, None
        asking = ConfirmationService(
            Access(frozenset()), self.store, server_labels=ONE_SERVER.labels, clock=self.time
        )
        boss = Actor(DANA, GUILD, frozenset(), manages_server=True)
        asked = self.given[number % len(self.given)]
        try:
            accepted = await asking.confirm(boss, ReplyAddress(8, "other"), asked.id)
        except ServiceError:
            return
        finally:
            self.lifetime.steps_left = left
        self.given.append(accepted.order)
        self.confirmed.add(accepted.order.id)
        self.running[accepted.order.id] = asyncio.create_task(self.queue.run(accepted))

    async def carry_on(self) -> None:
        """Let happen what happens now; if the bot has died of it, start it again."""
        await self.settle()
        if self.lifetime.steps_left == 0:
            await self.restart()

    async def advance(self, seconds: float) -> None:
        await super().advance(seconds)
        await self.carry_on()


def attach_or_detach(units: list[int], call_id: int | None, dies: bool) -> Step:
    async def step(run: RandomRun) -> None:
        await run.orders_given(" ".join(map(str, units)), call_id, dies=dies)

    return step


def time(seconds: float) -> Step:
    return lambda run: run.advance(seconds)


def moved(ident: int, call_id: int | None) -> Step:
    async def step(run: RandomRun) -> None:
        if call_id is None or call_id in run.cad.idents_by_call:
            run.cad.put(ident, call_id)
            run.touched.add(ident)

    return step


def other_order(number: int, units: Sequence[int], dies: bool) -> Step:
    """Write a note on a call, or respond to a 911 call."""

    async def step(run: RandomRun) -> None:
        if number in EMERGENCIES:
            action, detail = OrderAction.RESPOND, OrderDetail(emergency=number)
            names = " ".join(map(str, units))
            await run.orders_given(names, None, action, dies=dies, detail=detail)
        else:
            detail = OrderDetail(text=f"Note {len(run.given)}", label="dana")
            await run.orders_given("", number, OrderAction.NOTE, dies=dies, detail=detail)

    return step


def closed(call_id: int) -> Step:
    async def step(run: RandomRun) -> None:
        if call_id in run.cad.idents_by_call:
            run.touched.update(run.cad.idents_by_call.pop(call_id))
        else:
            run.cad.idents_by_call[call_id] = []

    return step


def cancelled(number: int) -> Step:
    async def step(run: RandomRun) -> None:
        if run.given:
            order = run.given[number % len(run.given)]
            turn = run.memory.turn
            left, run.lifetime.steps_left = run.lifetime.steps_left, None
            if await run.queue.cancel(order.id, DANA):
                run.cancelled[order.id] = turn
            run.lifetime.steps_left = left

    return step


def confirmed(number: int) -> Step:
    async def step(run: RandomRun) -> None:
        if run.given:
            await run.question_answered(number)

    return step


def dies(steps: int) -> Step:
    async def step(run: RandomRun) -> None:
        run.lifetime.steps_left = steps

    return step


def with_cad(**changes: Any) -> Step:
    async def step(run: RandomRun) -> None:
        for name, value in changes.items():
            setattr(run.cad, name, value)

    return step


def with_people(*, is_reachable: bool) -> Step:
    async def step(run: RandomRun) -> None:
        run.announcer.is_reachable = is_reachable

    return step


def looks(seconds: float) -> Step:
    async def step(run: RandomRun) -> None:
        run.lookup_seconds = lambda order: seconds if order.id % 2 else 0.0

    return step


units = st.one_of(
    *[st.lists(st.integers(1, 3), min_size=1, max_size=2, unique=True)] * 5, st.just(CROWD)
)
attached = st.sampled_from([*CALLS, *CALLS, GONE])
detached = st.sampled_from([None, None, *(-one for one in CALLS)])
orders = st.builds(
    attach_or_detach, units, attached | detached, st.sampled_from([False] * 9 + [True])
)
others = st.builds(
    other_order,
    st.sampled_from([*CALLS, GONE]) | st.sampled_from(EMERGENCIES),
    units,
    st.sampled_from([False] * 9 + [True]),
)
steps = st.one_of(
    orders,
    orders,
    others,
    orders,
    st.builds(time, st.sampled_from([0.3, 1.0, 1.0, 4.0, 4.0, 11.0, 70.0, 500.0])),
    st.builds(with_cad, fault=st.sampled_from(FAULTS), arrives=st.booleans()),
    st.builds(with_cad, query_fault=st.sampled_from(FAULTS[:-1])),
    st.builds(with_cad, seconds=st.sampled_from([0.0, 0.5, 6.0])),
    st.builds(with_cad, bad=st.sampled_from([set(), {1}, {2, 3}])),
    st.builds(moved, st.integers(1, 3), st.sampled_from([None, *CALLS])),
    st.builds(closed, st.sampled_from(CALLS)),
    st.builds(cancelled, st.integers(0, 9)),
    st.builds(confirmed, st.integers(0, 9)),
    st.builds(dies, st.integers(0, 15)),
    st.builds(with_people, is_reachable=st.booleans()),
    st.builds(looks, st.sampled_from([0.0, 3.0])),
)


class NoFailure(logging.Handler):
    """Remembers what the log calls a fault of the bot's own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.failures: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.failures.append(record.exc_info[1])


async def run(file: Path, version: int, script: list[Step]) -> None:
    run = RandomRun(file, version)
    watch = NoFailure()
    logging.getLogger("bot").addHandler(watch)
    await run.open()
    try:
        for step in script:
            await step(run)
            await run.carry_on()
        await end(run)
        await check(run)
    finally:
        await run.close()
        logging.getLogger("bot").removeHandler(watch)
    assert watch.failures == []
    for task in run.running.values():
        assert task.cancelled() or task.exception() is None


async def end(run: RandomRun) -> None:
    """Let the CAD and Discord be well again, and everything come to its end."""
    run.lifetime.steps_left = None
    run.cad.fault = run.cad.query_fault = None
    run.cad.bad, run.cad.seconds = set(), 0.0
    run.announcer.is_reachable = True
    await run.advance(LIFETIME.total_seconds() + 130)
    await run.restart()  # the actors who could not be told are told now
    await run.advance(100)


async def check(run: RandomRun) -> None:
    views = {one.id: outcomes.decode_view(await run.stored(one.id)) for one in run.given}
    for order_id, view in views.items():
        check_answer(run, order_id, view)
    for effect in run.memory.effects:
        check_effect(run, views, effect)
    for ident in {1, 2, 3} - run.touched:
        check_last_word(run, list(views.values()), ident)
    for view in views.values():
        if view.order.action is OrderAction.NOTE:
            check_note(run, view)
    for number in EMERGENCIES:
        check_response(run, list(views.values()), number)


def check_answer(run: RandomRun, order_id: int, view: OrderView) -> None:
    order = view.order
    is_question = order.units.split() == list(map(str, CROWD)) and order_id not in run.confirmed
    assert order.state in (
        FINAL | {OrderState.AWAITING_CONFIRMATION}
        if is_question
        else FINAL - {OrderState.CONFIRMED}
    )
    assert order.state is not OrderState.DONE or not is_question
    assert order.answered
    if order.state is OrderState.CONFIRMED:
        return  # what came of it has an answer of its own
    assert view.outcome
    told = run.announcer.shown[order_id]
    assert told[-1].view.waiting is None
    assert told[-1].view.order.state is order.state
    assert told[-1].view.outcome == view.outcome
    marks = ["⏳" if one.view.waiting else "end" for one in told]
    assert marks == sorted(marks, reverse=True)  # nothing old after something new
    for before, after in pairwise(run.states_seen[order_id]):
        assert after in MAY_FOLLOW[before]
    starts = run.began
    for one, other in pairwise(told):
        if not any(one.at <= start <= other.at for start in starts):
            assert other.at - one.at >= EDIT_GAP - 1e-6
    if order.state is OrderState.DONE and order.action in PUTS_ON_A_CALL:
        did = {one.ident for one in run.memory.effects if one.call_id == order.call_id}
        assert {one.unit.ident for one in view.resolution.assignees if one.unit} <= did
    if order.state is OrderState.CANCELLED:
        assert order_id in run.cancelled


def check_effect(run: RandomRun, views: dict[int, OrderView], effect: Effect) -> None:
    """Find the order that wanted it, and that does not deny it."""
    wanted = [view for view in views.values() if wants(run, view, effect)]
    assert wanted, effect
    assert any(
        view.order.state is OrderState.DONE or (view.outcome and view.outcome.is_unsure)
        for view in wanted
    ), (effect, wanted)


def wants(run: RandomRun, view: OrderView, effect: Effect) -> bool:
    order = view.order
    given_at = (order.created_at - FakeTime().now()).total_seconds()
    if str(effect.ident) not in order.units.split():
        return False
    if not given_at <= effect.began < given_at + LIFETIME.total_seconds():
        return False
    if order.id in run.cancelled and effect.turn > run.cancelled[order.id]:
        return False
    if order.action in PUTS_ON_A_CALL:
        return effect.call_id == order.call_id
    return effect.call_id is None and order.call_id in {None, effect.before}


def check_last_word(run: RandomRun, views: list[OrderView], ident: int) -> None:
    """The last order about a unit wins, if it is certain what became of all of them."""
    about = [view for view in views if str(ident) in view.order.units.split()]
    if any(view.outcome and view.outcome.is_unsure for view in about):
        return
    done = [
        view
        for view in about
        if view.order.state is OrderState.DONE
        and any(one.unit and one.unit.ident == ident for one in view.resolution.assignees)
    ]
    expected = None
    if done and done[-1].order.action in PUTS_ON_A_CALL:
        expected = done[-1].order.call_id
    assert run.cad.call_of(ident) == expected, [
        (view.order.id, view.order.action, view.order.call_id) for view in done
    ]
    for view in done[-1:]:
        assert view.outcome
        assert view.outcome.confirmation is not BoardConfirmation.PENDING
        assert f"steam:{ident}" not in view.outcome.missing


def check_note(run: RandomRun, view: OrderView) -> None:
    """A note stands on its call once if it is done, and never twice."""
    assert view.outcome
    notes = [note for call in run.cad.notes.values() for note in call]
    written = sum(note.text == view.detail.text for note in notes)
    assert written <= 1
    if not view.outcome.is_unsure:
        assert written == (view.order.state is OrderState.DONE)


def check_response(run: RandomRun, views: list[OrderView], number: int) -> None:
    """A 911 call gets one call at most, and leaves the list only when a unit has gone there."""
    calls = [one for one, meta in run.cad.metas.items() if meta.get("createdFromId") == str(number)]
    assert len(calls) <= 1
    about = [view for view in views if view.detail.emergency == number]
    if number not in run.cad.emergencies:
        assert [one for one in run.memory.effects if one.call_id == calls[0]]
    for view in about:
        if view.order.state is OrderState.DONE and view.outcome:
            assert view.order.call_id == calls[0]
            assert (number in run.cad.emergencies) <= view.outcome.is_incomplete


@settings(max_examples=120)
@given(st.sampled_from([1, 2]), st.lists(steps, max_size=16))
def test_any_sequence_of_orders_faults_crashes_and_time(
    empty_file: Path, version: int, script: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(shutil.copy(empty_file, Path(folder) / "dispatch.db"))
        asyncio.run(run(file, version, script))
