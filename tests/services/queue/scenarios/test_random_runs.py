"""Random runs: whatever happens, in any order, each order gets a true answer."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from bot.cad.models import AttachRequest, DetachRequest, EmergencyCall, NewCall
from bot.common.discord_limits import EDIT_GAP
from bot.services.access.policy import Access, Actor
from bot.services.errors import ServiceError
from bot.services.orders import outcomes
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.confirmation import ConfirmationService
from bot.services.orders.intake import OrderIntake
from bot.services.orders.outcomes import (
    DETAIL_JSON,
    BoardConfirmation,
    OrderDetail,
    OrderView,
)
from bot.services.queue.order_kinds import KINDS
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
# What an order may do at the CAD beside moving units, as in `ScriptedCad.acts`.
MAY_DO: Mapping[OrderAction, Callable[[Order, OrderDetail], Iterable[Sequence[object]]]] = {
    OrderAction.ATTACH: lambda _order, _detail: (),
    OrderAction.DETACH: lambda _order, _detail: (),
    OrderAction.UNDO: lambda _order, _detail: (),
    OrderAction.CREATE: lambda order, _detail: (("create", order.server_id),),
    OrderAction.RESPOND: lambda order, detail: (
        ("create", order.server_id),
        ("remove", detail.emergency),
    ),
    OrderAction.NOTE: lambda order, detail: (("note", order.call_id, detail.text),),
    OrderAction.STATUS: lambda order, detail: (
        ("status", int(ident), detail.status) for ident in order.units.split()
    ),
    OrderAction.PRIMARY: lambda order, _detail: (
        ("primary", order.call_id, int(ident)) for ident in order.units.split()
    ),
    OrderAction.CLOSE: lambda order, _detail: (("close", order.call_id),),
    OrderAction.DISMISS: lambda _order, detail: (("remove", detail.emergency),),
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
        turn: how many things had happened before in the whole run; at: the wall clock then.
    """

    turn: int
    at: datetime
    ident: int
    call_id: int | None
    before: int | None


@dataclass(frozen=True)
class Deed:
    """What a request did beside moving units, as in `ScriptedCad.acts`; the rest as in Effect."""

    turn: int
    at: datetime
    what: tuple[object, ...]


class JumpingTime(FakeTime):
    """A time whose wall clock is set forward and back."""

    offset = timedelta()
    has_jumped = False

    def now(self) -> datetime:
        return super().now() + self.offset


class RememberingCad(ScriptedCad):
    """Keeps what was done, when.

    Attributes:
        touched: units that another dispatcher has moved, or whose call was closed.
    """

    def __init__(self, time: FakeTime, version: int, lifetime: Lifetime) -> None:
        super().__init__(time, version, lifetime)
        self.effects: list[Effect] = []
        self.deeds: list[Deed] = []
        self.touched: set[int] = set()
        self.turn = 0

    async def _act(self, carry_out: Callable[[], object], *what: object) -> None:
        def remembered() -> None:
            self.turn += 1
            self.deeds.append(Deed(self.turn, self.time.now(), what))
            if what[0] == "close":
                self.touched.update(self.idents_by_call[what[1]])  # type: ignore[index]
            carry_out()

        await super()._act(remembered, *what)

    def _carry_out(self, orders: Sequence[AttachRequest | DetachRequest]) -> None:
        for one in orders:
            call_id = one.call_id if isinstance(one, AttachRequest) else None
            for who in one.units:
                assert who.ident is not None
                before = self.call_of(who.ident)
                self.turn += 1
                now = self.time.now()
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
        self.given_at: dict[int, int] = {}  # order id → turn
        self.cancelled: dict[int, int] = {}  # order id → turn
        self.confirmed: set[int] = set()  # the orders that came of questions
        self.began = [0.0]  # when the bot was started

    def new_store(self) -> OrderStore:
        store = RememberingStore(self.database)
        store.states = self.states_seen
        return store

    @property
    def has_jumped(self) -> bool:
        """Tell whether the wall clock has been set."""
        return isinstance(self.time, JumpingTime) and self.time.has_jumped

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
        self.add(order)
        if dies:
            await self.restart()
        else:
            self.running[order.id] = asyncio.create_task(self.queue.run(AcceptedOrder(order)))

    def add(self, order: Order) -> None:
        """Keep an order as it was given."""
        self.given.append(order)
        self.given_at[order.id] = self.memory.turn

    async def order_undone(self, number: int) -> None:
        """Undo an order, as its actor would."""
        left, self.lifetime.steps_left = self.lifetime.steps_left, None
        intake = OrderIntake(Access(frozenset()), self.store, self.board, 1, clock=self.time)
        boss = Actor(DANA, GUILD, frozenset(), manages_server=True)
        undone = self.given[number % len(self.given)]
        try:
            accepted = await intake.undo(boss, ReplyAddress(8, "other"), undone.id)
        except ServiceError:
            return
        finally:
            self.lifetime.steps_left = left
        self.add(accepted.order)
        self.running[accepted.order.id] = asyncio.create_task(self.queue.run(accepted))

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
        self.add(accepted.order)
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
            run.memory.touched.add(ident)

    return step


def act(action: OrderAction, call_id: int | None, detail: OrderDetail, dies: bool) -> Step:
    """Give an order that names its call or its 911 call, and no unit."""

    async def step(run: RandomRun) -> None:
        await run.orders_given("", call_id, action, dies=dies, detail=detail)

    return step


def note(call_id: int, dies: bool) -> Step:
    async def step(run: RandomRun) -> None:
        detail = OrderDetail(text=f"Note {len(run.given)}", label="dana")
        await run.orders_given("", call_id, OrderAction.NOTE, dies=dies, detail=detail)

    return step


def response(number: int, units: list[int], dies: bool) -> Step:
    async def step(run: RandomRun) -> None:
        names, detail = " ".join(map(str, units)), OrderDetail(emergency=number)
        await run.orders_given(names, None, OrderAction.RESPOND, dies=dies, detail=detail)

    return step


def status(ident: int, value: int, dies: bool) -> Step:
    async def step(run: RandomRun) -> None:
        detail = OrderDetail(status=value)
        await run.orders_given(str(ident), None, OrderAction.STATUS, dies=dies, detail=detail)

    return step


def primary(ident: int, call_id: int, dies: bool) -> Step:
    async def step(run: RandomRun) -> None:
        detail = OrderDetail(primary=run.cad.primaries.get(call_id))
        await run.orders_given(str(ident), call_id, OrderAction.PRIMARY, dies=dies, detail=detail)

    return step


def undone(number: int) -> Step:
    async def step(run: RandomRun) -> None:
        if run.given:
            await run.order_undone(number)

    return step


def closed(call_id: int) -> Step:
    async def step(run: RandomRun) -> None:
        if call_id in run.cad.idents_by_call:
            run.memory.touched.update(run.cad.idents_by_call.pop(call_id))
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


def jumps(seconds: float) -> Step:
    """Set the wall clock."""

    async def step(run: RandomRun) -> None:
        assert isinstance(run.time, JumpingTime)
        run.time.offset += timedelta(seconds=seconds)
        run.time.has_jumped = True

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
emergencies = st.sampled_from(EMERGENCIES)
deadly = st.sampled_from([False] * 9 + [True])
no_detail = st.just(OrderDetail())
created = st.builds(
    OrderDetail, new=st.builds(NewCall, st.just(1), st.sampled_from(["Fire", "Flood"]))
)
dismissed = st.builds(OrderDetail, emergency=emergencies)
# What a member may ask for: a further kind is one more row, here and in MAY_DO.
ORDERS: Mapping[OrderAction, st.SearchStrategy[Step]] = {
    OrderAction.ATTACH: st.builds(attach_or_detach, units, attached, deadly),
    OrderAction.DETACH: st.builds(attach_or_detach, units, detached, deadly),
    OrderAction.CREATE: st.builds(act, st.just(OrderAction.CREATE), st.none(), created, deadly),
    OrderAction.RESPOND: st.builds(response, emergencies, units, deadly),
    OrderAction.NOTE: st.builds(note, attached, deadly),
    OrderAction.STATUS: st.builds(status, st.integers(1, 3), st.integers(1, 4), deadly),
    OrderAction.PRIMARY: st.builds(primary, st.integers(1, 3), attached, deadly),
    OrderAction.CLOSE: st.builds(
        act, st.just(OrderAction.CLOSE), st.sampled_from([*CALLS, GONE]), no_detail, deadly
    ),
    OrderAction.DISMISS: st.builds(act, st.just(OrderAction.DISMISS), st.none(), dismissed, deadly),
    OrderAction.UNDO: st.builds(undone, st.integers(0, 9)),
}
steps = st.one_of(
    *[ORDERS[OrderAction.ATTACH], ORDERS[OrderAction.DETACH]] * 2,
    *ORDERS.values(),
    st.builds(jumps, st.sampled_from([-3600.0, -90.0, 90.0, 3600.0])),
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
    run = RandomRun(file, version, JumpingTime())
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
    for ident in {1, 2, 3} - run.memory.touched:
        check_last_word(run, list(views.values()), ident)
    for deed in run.memory.deeds:
        check_deed(run, views, deed)
    for view in views.values():
        check_done(run, view)
    check_created(run, list(views.values()))
    for call_id in CALLS:
        check_close(run, list(views.values()), call_id)
    for number in EMERGENCIES:
        check_response(run, list(views.values()), number)


def check_answer(run: RandomRun, order_id: int, view: OrderView) -> None:
    order = view.order
    is_crowd = order.units.split() == list(map(str, CROWD))
    is_new = order_id not in run.confirmed and order.action is not OrderAction.UNDO
    is_question = is_crowd and is_new
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
    if order.undone_by is None:  # else the reply of the undo has taken the place
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


def could_do(run: RandomRun, view: OrderView, done: Effect | Deed) -> bool:
    """Tell whether an order was in the queue when something was done."""
    order = view.order
    if not order.created_at <= done.at < order.created_at + LIFETIME and not run.has_jumped:
        return False
    is_cancelled = order.id in run.cancelled and done.turn > run.cancelled[order.id]
    return done.turn > run.given_at[order.id] and not is_cancelled


def wants(run: RandomRun, view: OrderView, effect: Effect) -> bool:
    order = view.order
    if str(effect.ident) not in order.units.split() or not could_do(run, view, effect):
        return False
    if order.action is OrderAction.UNDO:
        return effect.call_id in {None, *former_calls(run, view, effect.ident)}
    if order.action in PUTS_ON_A_CALL:
        return effect.call_id == order.call_id
    is_detach = order.action is OrderAction.DETACH
    return is_detach and effect.call_id is None and order.call_id in {None, effect.before}


def former_calls(run: RandomRun, view: OrderView, ident: int) -> list[int | None]:
    """Return the call to which an order that undoes another one was to bring a unit back."""
    (given,) = [one for one in run.given if one.id == view.order.id]
    asked = outcomes.decode_view(given).resolution.assignees
    return [one.call_id for one in asked if one.unit and one.unit.ident == ident]


def check_last_word(run: RandomRun, views: list[OrderView], ident: int) -> None:
    """The last order about a unit wins, if it is certain what became of all of them."""
    about = [
        view
        for view in views
        if KINDS[view.order.action].is_shown and str(ident) in view.order.units.split()
    ]
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
    elif done and done[-1].order.action is OrderAction.UNDO:
        back = [one for one in done[-1].resolution.assignees if one.unit]
        (expected,) = [one.call_id for one in back if one.unit and one.unit.ident == ident]
    assert run.cad.call_of(ident) == expected, [
        (view.order.id, view.order.action, view.order.call_id) for view in done
    ]
    for view in done[-1:]:
        assert view.outcome
        assert view.outcome.confirmation is not BoardConfirmation.PENDING
        assert f"steam:{ident}" not in view.outcome.missing


def to_do(view: OrderView) -> set[tuple[object, ...]]:
    """Return what an order may do beside moving units."""
    order, detail = view.order, view.detail
    return {tuple(deed) for deed in MAY_DO[order.action](order, detail)}


def check_deed(run: RandomRun, views: dict[int, OrderView], deed: Deed) -> None:
    """Find the order that wanted it, and that does not deny it; each order does it once."""
    wanted = [view for view in views.values() if deed.what in to_do(view)]
    assert sum(one.what == deed.what for one in run.memory.deeds) <= len(wanted)
    assert any(
        view.order.state is OrderState.DONE
        or len(KINDS[view.order.action].steps) > 1
        or (view.outcome and view.outcome.is_unsure)
        for view in wanted
        if could_do(run, view, deed)
    ), (deed, wanted)


def check_done(run: RandomRun, view: OrderView) -> None:
    """Nothing is done for nothing, and what is surely not done was not done."""
    order, outcome = view.order, view.outcome
    is_one_step = len(KINDS[order.action].steps) == 1
    if not outcome or outcome.is_unsure or not is_one_step:
        return
    done = {one.what for one in run.memory.deeds}
    if order.state is OrderState.DONE:
        assert to_do(view) <= done
    elif order.action is OrderAction.NOTE:  # no other order has the same text
        assert not to_do(view) & done


def check_created(run: RandomRun, views: list[OrderView]) -> None:
    """Each order that creates a call has one of its own."""
    orders = [view for view in views if view.order.action is OrderAction.CREATE]
    done = [view.order.call_id for view in orders if view.order.state is OrderState.DONE]
    assert len(set(done)) == len(done)
    assert set(done) <= set(run.cad.metas)


def check_close(run: RandomRun, views: list[OrderView], call_id: int) -> None:
    """A call is closed after what was asked for it before."""
    orders = [view for view in views if view.order.call_id == call_id]
    actions = [view.order.action for view in orders]
    closed_at = [one.turn for one in run.memory.deeds if one.what == ("close", call_id)]
    if not closed_at:
        return
    for view in orders[: actions.index(OrderAction.CLOSE)]:
        if view.order.state is not OrderState.DONE or not view.outcome or view.outcome.is_unsure:
            continue
        done = [one.turn for one in run.memory.deeds if one.what in to_do(view)]
        if view.order.action is OrderAction.ATTACH:
            done = [
                one.turn
                for one in run.memory.effects
                if one.call_id == call_id and str(one.ident) in view.order.units.split()
            ]
        assert not done or done[0] < closed_at[0]


def check_response(run: RandomRun, views: list[OrderView], number: int) -> None:
    """A 911 call gets one call at most, and leaves the list only when a unit has gone there."""
    calls = [one for one, meta in run.cad.metas.items() if meta.get("createdFromId") == str(number)]
    assert len(calls) <= 1
    about = [view for view in views if view.detail.emergency == number]
    is_dismissed = any(view.order.action is OrderAction.DISMISS for view in about)
    if number not in run.cad.emergencies and not is_dismissed:
        assert [one for one in run.memory.effects if one.call_id == calls[0]]
    for view in about:
        is_response = view.order.action is OrderAction.RESPOND
        if is_response and view.order.state is OrderState.DONE and view.outcome:
            assert view.order.call_id == calls[0]
            assert (number in run.cad.emergencies) <= view.outcome.is_incomplete


def test_every_kind_is_here() -> None:
    assert set(ORDERS) == set(MAY_DO) == set(KINDS)


@settings(max_examples=120)
@given(st.sampled_from([1, 2]), st.lists(steps, max_size=16))
def test_any_sequence_of_orders_faults_crashes_and_time(
    empty_file: Path, version: int, script: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(shutil.copy(empty_file, Path(folder) / "dispatch.db"))
        asyncio.run(run(file, version, script))
