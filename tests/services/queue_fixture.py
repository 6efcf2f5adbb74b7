"""The order queue on a real SQLite file, with a scripted CAD and recorded replies."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

import bot.services.queue.board_check
from bot.cad.client import CadClient, Limiters
from bot.cad.errors import CadError, CadRateLimited, CadRefused, CadUnnumbered
from bot.cad.http.rate_limits import BurstLimit, RateLimit, RateLimiter
from bot.cad.models import (
    CLOSED,
    Account,
    AttachRequest,
    Call,
    Calls,
    DetachRequest,
    EmergencyCall,
    NewCall,
    Note,
    Receipt,
    Unit,
    UnitListPart,
    UnitRef,
    idents_on_call,
)
from bot.cad.permissions import GranularPermissions
from bot.common.discord_limits import REPLY_LIFETIME
from bot.services.board.live_board import Board
from bot.services.cad_lookup import CadLookup
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import OrderView, decode_view
from bot.services.queue.order_queue import OrderQueue
from bot.services.reply import Delivery
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.services.verification.verifier import LinkVerifier
from bot.storage.database import Database
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import Order, OrderAction, OrderState, OrderStore
from bot.storage.stores.verification_store import VerificationStore
from bot.ui.orders import order_text
from tests.fake_time import FakeTime
from tests.services.samples import GUILD, ONE_SERVER, call, unit

DANA = 42
LIFETIME = REPLY_LIFETIME
CALL_GONE = CadRefused("CALL NOT FOUND", status=400)
_QUIET = 50  # turns of the loop in which nothing happened


class Lifetime:
    """The steps that the bot has left before it is killed; a step is a use of the CAD, the database
    or Discord. None for no end.
    """

    steps_left: int | None = None

    async def step(self) -> None:
        """Use up a step; without one left, never return."""
        if self.steps_left == 0:
            await asyncio.get_running_loop().create_future()
        elif self.steps_left is not None:
            self.steps_left -= 1


class WatchedDatabase(Database):
    """A database that counts its users and can be made to fail."""

    busy = 0
    broken = False
    lifetime = Lifetime()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        async with self._watched(), super().begin() as connection:
            yield connection

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        async with self._watched(), super().connect() as connection:
            yield connection

    @asynccontextmanager
    async def lookup(self) -> AsyncIterator[AsyncConnection]:
        async with self._watched(), super().lookup() as connection:
            yield connection

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        await self.lifetime.step()
        if self.broken:
            raise DatabaseUnavailable(self.location, "disk I/O error")
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1
        await self.lifetime.step()


@dataclass(frozen=True)
class SentRequest:
    """A request with orders that reached the CAD."""

    at: float
    orders: tuple[AttachRequest | DetachRequest, ...]

    @property
    def calls(self) -> list[int]:
        return [one.call_id for one in self.orders if isinstance(one, AttachRequest)]

    @property
    def idents(self) -> list[int]:
        return sorted(who.ident or 0 for one in self.orders for who in one.units)


NOT_ASKED = AssertionError("the queue has no business with this")


class ScriptedCad:
    """A CadClient whose next answers the test sets.

    Attributes:
        faults: the errors of the next orders, one each, None for success; after them, `fault`.
        arrives: whether an order whose error leaves that open is carried out nevertheless.
        gate: orders wait while it is not set.
        seconds: the time that an order takes.
        first_only: of a request about several calls, it carries out the first.
        keeps_calls: an attach leaves a unit on the call that it was on.
    """

    def __init__(self, time: FakeTime, version: int, lifetime: Lifetime) -> None:
        self.time = time
        self.lifetime = lifetime
        self.calls_per_attach = 1000 if version == 1 else 1
        self.has_discord_links = version == 2
        paced = BurstLimit(5, 1.0, reserved_for_orders=1).new_limiter(time)
        self.limiters = Limiters(
            attach=paced if version == 1 else RateLimit(8, 60.0).new_limiter(time),
            detach=paced if version == 1 else RateLimit(8, 60.0).new_limiter(time),
            **{
                name: RateLimit(60, 60.0).new_limiter(time)
                for name in ("create", "close", "note", "primary", "status", "remove_911", "calls")
            },
        )
        self.idents_by_call: dict[int, list[int]] = {100: [], 101: [], 102: [], 103: [], 104: []}
        self.sent: list[SentRequest] = []
        self.asked: Counter[str] = Counter()
        self.faults: deque[CadError | None] = deque()
        self.fault: CadError | None = None
        self.query_fault: CadError | None = None
        self.closed: list[int] = []
        self._numbers = count(105)  # of new calls
        self.emergencies: dict[int, EmergencyCall] = {}
        self.metas: dict[int, dict[str, str]] = {}  # of the calls that were created
        self.notes: dict[int, list[Note]] = defaultdict(list)
        self.statuses: dict[int, int] = {}
        self.primaries: dict[int, int] = {}  # by call
        self.acts: list[tuple[object, ...]] = []  # what was carried out beside attaches
        self.is_unnumbered = False  # a new call is created without telling its number
        self.bad: set[int] = set()  # a request that names one of these units is refused
        self.arrives = False
        self.first_only = False
        self.keeps_calls = False
        self.silent = False  # accepts orders and does nothing
        self.bugs = 0  # the next orders end with an error that no CAD knows
        self.receipts = version == 2
        self.gate = asyncio.Event()
        self.gate.set()
        self.seconds = 0.0

    async def attach(self, attachments: Sequence[AttachRequest]) -> Receipt | None:
        assert len({one.call_id for one in attachments}) <= self.calls_per_attach
        return await self._take(self.limiters.attach, attachments)

    async def detach(self, detachments: Sequence[DetachRequest]) -> Receipt | None:
        return await self._take(self.limiters.detach, detachments)

    async def calls(self, server_id: int) -> Calls:
        await self._ask("calls")
        return Calls(tuple(map(self._call, self.idents_by_call)), tuple(self.emergencies.values()))

    async def recent_calls(self, server_id: int) -> tuple[Call, ...]:
        await self._ask("calls")
        closed = (replace(self._call(one), status=CLOSED) for one in self.closed)
        return (*map(self._call, self.idents_by_call), *closed)

    def _call(self, call_id: int) -> Call:
        return replace(
            call(call_id, f"Call {call_id}", *self.idents_by_call.get(call_id, ())),
            primary=self.primaries.get(call_id),
            meta=self.metas.get(call_id, {}),
            notes=tuple(self.notes[call_id]),
        )

    async def units(self, server_id: int) -> UnitListPart:
        await self._ask("units")
        found = (unit(one, f"A-{one}", f"steam:{one}") for one in range(1, 12))
        return UnitListPart.whole(
            replace(one, status=self.statuses.get(one.ident, one.status)) for one in found
        )

    async def create_call(self, new: NewCall) -> int:
        created: list[int] = []

        def create() -> None:
            created.append(next(self._numbers))
            self.idents_by_call[created[0]] = []
            self.metas[created[0]] = dict(new.meta)

        await self._act(create, "create", new.server_id)
        if self.is_unnumbered:
            raise CadUnnumbered("OK")
        return created[0]

    async def close_call(self, server_id: int, call_id: int) -> None:
        if call_id not in self.idents_by_call:
            raise CALL_GONE
        await self._act(lambda: self.close_elsewhere(call_id), "close", call_id)

    def close_elsewhere(self, call_id: int) -> None:
        """Close a call, as another dispatcher would."""
        self.idents_by_call.pop(call_id)
        self.closed.append(call_id)

    async def add_note(
        self, server_id: int, call_id: int, text: str, *, label: str = "Discord"
    ) -> None:
        if call_id not in self.idents_by_call:
            raise CALL_GONE
        note = Note("12:00:00", label, text)
        await self._act(lambda: self.notes[call_id].append(note), "note", call_id, text)

    async def set_primary(self, server_id: int, call_id: int, ident: int, *, track: bool) -> None:
        if call_id not in self.idents_by_call:
            raise CALL_GONE
        await self._act(lambda: self.primaries.update({call_id: ident}), "primary", call_id, ident)

    async def set_status(self, server_id: int, unit: UnitRef, status: int) -> None:
        ident = unit.ident or 0
        await self._act(lambda: self.statuses.update({ident: status}), "status", ident, status)

    async def remove_emergency_call(self, server_id: int, call_id: int) -> None:
        if call_id not in self.emergencies:
            raise CALL_GONE
        await self._act(lambda: self.emergencies.pop(call_id), "remove", call_id)

    async def check_api_id(self, server_id: int, api_id: str) -> Account | None:
        raise NOT_ASKED

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:
        raise NOT_ASKED

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        raise NOT_ASKED

    async def get_account_by_api_id(self, server_id: int, api_id: str) -> Account | None:
        raise NOT_ASKED

    async def get_granular_permissions(self, account: str) -> GranularPermissions | None:
        raise NOT_ASKED

    async def get_idents_on_call(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        await self._ask("idents_on")
        return idents_on_call((await self.calls(server_id)).dispatch, call_id, units)

    async def close(self) -> None:
        raise NOT_ASKED

    def call_of(self, ident: int) -> int | None:
        """Return the call that a unit is on."""
        return next((one for one, on in self.idents_by_call.items() if ident in on), None)

    def put(self, ident: int, call_id: int | None) -> None:
        """Move a unit, as another dispatcher would."""
        for on in self.idents_by_call.values():
            if ident in on:
                on.remove(ident)
        if call_id is not None:
            self.idents_by_call[call_id].append(ident)

    async def _act(self, carry_out: Callable[[], object], *what: object) -> None:
        """Carry something out, unless it fails before; then answer."""
        await self.lifetime.step()
        fault = self.faults.popleft() if self.faults else self.fault
        if fault is None or (fault.may_have_arrived and self.arrives):
            carry_out()
            self.acts.append(what)
        await self.lifetime.step()
        await self.gate.wait()
        if self.seconds:
            await self.time.sleep(self.seconds)
        if fault is not None:
            raise fault

    async def _ask(self, question: str) -> None:
        await self.lifetime.step()
        self.asked[question] += 1
        if self.query_fault is not None:
            raise self.query_fault

    async def _take(
        self, budget: RateLimiter, orders: Sequence[AttachRequest | DetachRequest]
    ) -> Receipt | None:
        await self.lifetime.step()
        if self.bugs:
            self.bugs -= 1
            await self.gate.wait()
            raise ZeroDivisionError
        budget.record()
        self.sent.append(SentRequest(self.time.monotonic(), tuple(orders)))
        fault = self.faults.popleft() if self.faults else self.fault
        if fault is None or (fault.may_have_arrived and self.arrives):
            refusal = self._refusal(orders)
            if refusal is None:
                self._carry_out(orders[:1] if self.first_only else orders)
            fault = refusal or fault
        await self.lifetime.step()
        await self.gate.wait()
        if self.seconds:
            await self.time.sleep(self.seconds)
        if isinstance(fault, CadRateLimited):
            budget.on_rate_limited(fault.retry_after)
        if fault is not None:
            raise fault
        idents = frozenset(self.sent[-1].idents) if not self.silent else frozenset()
        return Receipt(idents) if self.receipts else None

    def _refusal(self, orders: Sequence[AttachRequest | DetachRequest]) -> CadError | None:
        """Refuse the whole request for one bad part of it."""
        for one in orders:
            if isinstance(one, AttachRequest) and one.call_id not in self.idents_by_call:
                return CALL_GONE
            if self.bad.intersection(who.ident or 0 for who in one.units):
                return CadRefused("BAD UNIT", status=400)
        return None

    def _carry_out(self, orders: Sequence[AttachRequest | DetachRequest]) -> None:
        for one in orders:
            for who in one.units:
                if who.ident is None or self.silent:
                    continue
                call_id = one.call_id if isinstance(one, AttachRequest) else None
                if self.keeps_calls and call_id is not None:
                    on_call = self.idents_by_call[call_id]
                    on_call += [] if who.ident in on_call else [who.ident]
                else:
                    self.put(who.ident, call_id)


@dataclass(frozen=True)
class ShownReply:
    """A state of a reply, and when it was shown."""

    at: float
    view: OrderView

    @property
    def text(self) -> str:
        return order_text.order_reply(self.view)


class RecordingAnnouncer:
    """An OrderAnnouncer that records every reply.

    Attributes:
        is_reachable: whether Discord answers.
        seconds: the time that Discord takes to show a reply.
    """

    def __init__(self, time: FakeTime, lifetime: Lifetime) -> None:
        self.time = time
        self.lifetime = lifetime
        self.shown: dict[int, list[ShownReply]] = {}
        self.reported: list[OrderView] = []
        self.is_reachable = True
        self.seconds = 0.0

    async def show(self, view: OrderView) -> Delivery:
        if self.seconds:
            await self.time.sleep(self.seconds)
        await self.lifetime.step()
        if self.is_reachable:
            self.shown.setdefault(view.order.id, []).append(ShownReply(self.time.monotonic(), view))
        await self.lifetime.step()
        return Delivery.DONE if self.is_reachable else Delivery.FAILED

    async def send(self, view: OrderView) -> Delivery:
        return await self.show(view)

    async def report(self, view: OrderView) -> None:
        self.reported.append(view)


@dataclass
class QueueFixture:
    """The queue and what it stands on. It resolves orders itself.

    The `units` of an order are numbers of units: "1 2". "x" is no unit. "5?" is a unit that has to
    be looked up in the CAD, which fails with `lookup_error` if that is set.
    """

    file: Path
    version: int = 1
    time: FakeTime = field(default_factory=FakeTime)

    def __post_init__(self) -> None:
        self.lifetime = Lifetime()
        self.cad = ScriptedCad(self.time, self.version, self.lifetime)
        self.announcer = RecordingAnnouncer(self.time, self.lifetime)
        self.running: dict[int, asyncio.Task[None]] = {}
        self.lookup_seconds: Callable[[Order], float] = lambda order: 0.0
        self.lookup_fault: Exception | None = None
        self.lookup_error: CadError | None = None
        self.lookup_count = 0  # times
        self.denial: SkipReason | None = None  # of the CAD, for every order
        self.followed_up: list[OrderView] = []

    async def open(self) -> None:
        """Start on the file, as after a crash."""
        opened = await WatchedDatabase.open(f"sqlite+aiosqlite:///{self.file}")
        assert isinstance(opened, WatchedDatabase)
        self.lifetime.steps_left = None
        opened.lifetime = self.lifetime
        self.database = opened
        self.store = self.new_store()
        self.board = Board(self.cad, clock=self.time)
        self.queue = OrderQueue(
            self.store,
            self.cad,
            self.board,
            self.resolve_order,
            self.announcer,
            on_done=self.on_done,
            server_labels=ONE_SERVER.labels,
            clock=self.time,
            jitter=lambda: 1.0,
        )

    def new_store(self) -> OrderStore:
        """Build what stores the orders."""
        return OrderStore(self.database)

    async def on_done(self, view: OrderView) -> None:
        """Record an order that the CAD has accepted, and show it on the board."""
        self.followed_up.append(view)
        await bot.services.queue.board_check.DoneHandler(self.cad, self.board)(view)

    async def close(self) -> None:
        """Cancel all tasks and close the file."""
        while self.database.busy:  # noqa: ASYNC110 # the file has no event for that
            await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.board.close()
        await self.database.close()

    async def restart(self) -> None:
        """Kill the bot between two steps, and start it again."""
        self.lifetime.steps_left = 0
        await self.close()
        await self.open()
        await self.queue.resume(GUILD)
        await self.settle()

    async def resolve_order(self, accepted: AcceptedOrder, lookup: CadLookup) -> Resolution:
        """Find the units of an order."""
        order = accepted.order
        if self.denial is not None:
            return Resolution(left_out=(SkippedTarget(Target(order.units), self.denial),))
        if order.resolution is not None:  # only the CAD's permission is asked again
            return decode_view(order).resolution
        names = order.units.split()
        unknown = [name for name in names if name.endswith("?")]
        self.lookup_count += 1
        if unknown:
            lookup.started()
        await self.time.sleep(self.lookup_seconds(order))
        if self.lookup_fault:
            raise self.lookup_fault
        left_out = [
            SkippedTarget(Target(name), SkipReason.NO_SUCH_UNIT) for name in names if name == "x"
        ]
        if unknown and self.lookup_error:
            lookup.failed(self.lookup_error)
            left_out += [SkippedTarget(Target(name), SkipReason.NOT_LOOKED_UP) for name in unknown]
            names = [name for name in names if name not in unknown]
        people = [int(name.rstrip("?")) for name in names if name != "x"]
        return Resolution(tuple(map(self.assignee, people)), tuple(left_out))

    def assignee(self, ident: int) -> Assignee:
        """Build the assignee of a unit on duty; unit 5 has the number A-5."""
        found = unit(ident, f"A-{ident}", f"steam:{ident}")
        return Assignee(f"steam:{ident}", 1000 + ident, found, True, self.cad.call_of(ident))

    async def accept(
        self,
        units: str,
        call_id: int | None = 100,
        action: OrderAction = OrderAction.ATTACH,
        **more: Any,
    ) -> Order:
        """Store an order."""
        order = Order(
            id=0,
            guild_id=GUILD,
            server_id=1,
            action=action,
            call_id=call_id,
            units=units,
            actor_id=DANA,
            created_at=self.time.now(),
            application_id=7,
            token="secret",
        )
        order = replace(order, **more)
        return replace(order, id=await self.store.add(order))

    async def submit(
        self,
        units: str,
        call_id: int | None = 100,
        action: OrderAction = OrderAction.ATTACH,
        **more: Any,
    ) -> int:
        """Store an order and put it into the queue; return its id."""
        order = await self.accept(units, call_id, action, **more)
        self.running[order.id] = asyncio.create_task(self.queue.run(AcceptedOrder(order)))
        return order.id

    async def order(
        self,
        units: str,
        call_id: int | None = 100,
        action: OrderAction = OrderAction.ATTACH,
        **more: Any,
    ) -> int:
        """Submit an order and wait until all tasks wait for time to pass; return its id."""
        order_id = await self.submit(units, call_id, action, **more)
        await self.settle()
        return order_id

    async def detach(self, units: str, call_id: int | None = None, **more: Any) -> int:
        """Submit a detach."""
        return await self.order(units, call_id, OrderAction.DETACH, **more)

    async def settle(self) -> None:
        """Wait until all tasks wait for time to pass."""
        quiet = 0
        while quiet < _QUIET:
            await asyncio.sleep(0)
            quiet = 0 if self.database.busy else quiet + 1

    async def advance(self, seconds: float) -> None:
        """Advance the time; each task that wakes does its work."""
        await self.time.advance(seconds, self.settle)

    async def advance_while_down(self, seconds: float) -> None:
        """Advance the time while the bot does not run."""

        async def nothing() -> None: ...

        await self.time.advance(seconds, nothing)

    async def stored(self, order_id: int) -> Order:
        order = await self.store.get(order_id)
        assert order is not None
        return order

    async def state(self, order_id: int) -> OrderState:
        return (await self.stored(order_id)).state

    async def states(self, *order_ids: int) -> list[OrderState]:
        return [await self.state(one) for one in order_ids]

    def text(self, order_id: int) -> str:
        """Return the text of an order's reply; empty if there is none yet."""
        shown = self.announcer.shown.get(order_id)
        return shown[-1].text if shown else ""

    def texts(self, order_id: int) -> list[str]:
        return [one.text for one in self.announcer.shown.get(order_id, [])]

    def first_lines(self, order_id: int) -> list[str]:
        return [text.partition("\n")[0] for text in self.texts(order_id)]

    @property
    def sent(self) -> list[list[int]]:
        """The units of each request so far."""
        return [one.idents for one in self.cad.sent]


class _NoWaitClock(FakeTime):
    """The time of a fixture, in which no sleep waits."""

    def __init__(self, time: FakeTime) -> None:
        super().__init__()
        self._time = time

    def monotonic(self) -> float:
        return self._time.monotonic()

    def now(self) -> datetime:
        return self._time.now()

    async def sleep(self, seconds: float) -> None: ...


def new_verifier(queue_fixture: QueueFixture, cad: CadClient, server_id: int = 1) -> LinkVerifier:
    """Build a verifier on the fixture's file; it waits for nothing."""

    return LinkVerifier(
        cad,
        VerificationStore(queue_fixture.database),
        id_format="{hex}",
        server_id=server_id,
        clock=_NoWaitClock(queue_fixture.time),
    )
