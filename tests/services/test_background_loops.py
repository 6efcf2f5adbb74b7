"""Every loop of the bot survives a day of failures, tries rarely and says so once."""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import pytest

import bot
from bot.cad.errors import CadUnavailable
from bot.cad.models import Calls
from bot.services.access.policy import Access
from bot.services.background import BackgroundTasks
from bot.services.cards.card_cleanup import CardCleanup
from bot.services.cards.discord_budget import DiscordBudget
from bot.services.links.approvals import LinkApprovals
from bot.services.links.bulk_verification import BulkVerifier, CheckReport
from bot.services.orders.outcomes import OrderView
from bot.services.records.audit_log import AuditLog
from bot.services.records.maintenance import Maintenance, MemberDirectory
from bot.services.reply import Delivery
from bot.services.verification.background_verifier import BackgroundVerifier
from bot.services.verification.verifier import LinkVerifier
from bot.storage.errors import StorageError
from bot.storage.stores.card_store import CardStore, ObsoleteCard, StoredCard
from bot.storage.stores.link_check_store import LinkCheck, LinkCheckStore
from bot.storage.stores.link_row import Link
from bot.storage.stores.order_store import OrderState
from bot.storage.stores.verification_store import VerificationCounts, VerificationStore
from sandbox.fake_time import FakeTime
from tests.services.cards.card_fixture import (
    CardFixture,
    FakeCad,
    FakeCardChannel,
    FakeCardStore,
    settle,
)
from tests.services.queue.samples import notifier, queued_order
from tests.services.samples import call

HOUR, DAY = 3600.0, 86400.0
PACKAGE = Path(bot.__file__).parent
T = TypeVar("T")


class Part:
    """What a loop does again and again; it raises `error`, if there is one."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.attempts = 0
        self.successes = 0

    async def do(self, result: T) -> T:
        self.attempts += 1
        if self.error is not None:
            raise self.error
        self.successes += 1
        return result


class Loop(Protocol):
    """A running loop."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


class MaintenanceLoop:
    def __init__(self, part: Part, time: FakeTime) -> None:
        class Purging(AuditLog):
            def __init__(self) -> None: ...

            async def purge(self) -> None:
                await part.do(None)

        class Expiring(LinkApprovals):
            def __init__(self) -> None: ...

            async def expire(self, guild_id: int) -> None: ...

        members = cast(MemberDirectory, None)
        self.maintenance = Maintenance(Purging(), Expiring(), None, members, guild_id=1, clock=time)

    async def start(self) -> None:
        self.maintenance.start()

    async def close(self) -> None:
        await self.maintenance.close()


class Verifications(VerificationStore):
    """Has no link to verify."""

    def __init__(self, part: Part) -> None:
        self.part = part

    async def due(self, guild_id: int, now: datetime) -> Link | None:
        return await self.part.do(None)

    async def next_unchecked(self, guild_id: int, since: datetime, after: int) -> Link | None:
        return await self.part.do(None)

    async def counts(self, guild_id: int, since: datetime) -> VerificationCounts:
        return VerificationCounts(0, 0, 0, 0, 0)

    async def with_status(self, *_: object) -> list[Link]:
        return []

    async def api_id_chunk(self, *_: object, **__: object) -> list[tuple[int, str]]:
        return []


class VerifierLoop:
    def __init__(self, part: Part, time: FakeTime) -> None:
        verifier = cast(LinkVerifier, None)
        self.verifier = BackgroundVerifier(verifier, Verifications(part), guild_id=1, clock=time)

    async def start(self) -> None:
        self.verifier.start()

    async def close(self) -> None:
        await self.verifier.close()


class CheckLoop:
    """A check of all links, that a restart has interrupted."""

    def __init__(self, part: Part, time: FakeTime) -> None:
        class Checks(LinkCheckStore):
            def __init__(self) -> None: ...

            async def get(self, guild_id: int) -> LinkCheck | None:
                return LinkCheck(guild_id, 2, datetime(2026, 1, 1, tzinfo=UTC))

            async def save(self, check: LinkCheck) -> None: ...

        class Announcer:
            async def post(self, report: CheckReport) -> bool:
                return not report.is_running

        verifier, access = cast(LinkVerifier, None), Access(frozenset())
        self.checks = BulkVerifier(
            access, verifier, Verifications(part), Checks(), Announcer(), clock=time
        )

    async def start(self) -> None:
        await self.checks.resume(1)

    async def close(self) -> None:
        await self.checks.close(1)


class CleanupLoop:
    def __init__(self, part: Part, time: FakeTime) -> None:
        class Obsolete(CardStore):
            def __init__(self) -> None: ...

            async def retire_other_servers(self, *_: object) -> None: ...

            async def retire_other_overviews(self, *_: object) -> None: ...

            async def obsolete(self) -> list[ObsoleteCard]:
                return [ObsoleteCard(7, 500, time.now())]

            async def forget_obsolete(self, message_id: int) -> None: ...

        class Channel:
            async def discard(self, message_id: int) -> bool:
                return bool(await part.do(message_id))

        self.cleanup = CardCleanup(
            Obsolete(), [1], lambda _: Channel(), discord=DiscordBudget(time), clock=time
        )

    async def start(self) -> None:
        self.cleanup.start()

    async def close(self) -> None:
        await self.cleanup.close(1)


class CardLoop:
    """Cards of one call, of which one part fails."""

    def __init__(self, time: FakeTime) -> None:
        self.fixture = CardFixture(time)
        self.fixture.cad.dispatch[100] = call(100, "Fire")

    async def start(self) -> None:
        await self.fixture.start()

    async def close(self) -> None:
        await self.fixture.stop()


class CardRowsLoop(CardLoop):
    """The database fails before the first card is known."""

    def __init__(self, part: Part, time: FakeTime) -> None:
        class Rows(FakeCardStore):
            async def take_over(
                self, server_ids: Collection[int], channel_id: int, now: datetime
            ) -> list[StoredCard]:
                return await part.do(await super().take_over(server_ids, channel_id, now))

        super().__init__(time)
        self.fixture.store = Rows()


class CardWriteLoop(CardLoop):
    """Discord takes no write of the card."""

    def __init__(self, part: Part, time: FakeTime) -> None:
        class Channel(FakeCardChannel):
            async def _write(self, *_: object) -> None:
                await part.do(None)

        super().__init__(time)
        self.fixture.channel = Channel(time)


class BoardLoop(CardLoop):
    """The CAD does not list its calls."""

    def __init__(self, part: Part, time: FakeTime) -> None:
        class Cad(FakeCad):
            async def calls(self, server_id: int) -> Calls:
                return await part.do(await super().calls(server_id))

        super().__init__(time)
        self.fixture.cad = Cad()


class ReplyLoop:
    """The outcome of an order cannot be shown."""

    def __init__(self, part: Part, time: FakeTime) -> None:
        class Announcer:
            async def show(self, view: OrderView) -> Delivery:
                return await self.send(view)

            async def send(self, _view: OrderView) -> Delivery:
                try:
                    return await part.do(Delivery.DONE)
                except Exception:  # noqa: BLE001 - as DiscordOrderAnnouncer, which logs it once
                    return Delivery.FAILED

            async def report(self, view: OrderView) -> None: ...

        self.tasks = BackgroundTasks(time.sleep)
        self.notifier = notifier(Announcer(), self.tasks, time)

    async def start(self) -> None:
        async def show() -> None:
            await self.notifier.show_result(queued_order(state=OrderState.CANCELLED))

        self.tasks.spawn(show())

    async def close(self) -> None:
        self.tasks.cancel_waiting()
        await self.tasks.join()


DISK, BUG = StorageError("disk full"), KeyError("bug")
CAD, NETWORK = CadUnavailable("", status=502), OSError("down")
LOOPS: list[tuple[type[Any], Exception]] = [
    *((MaintenanceLoop, error) for error in (DISK, NETWORK, BUG)),
    *((VerifierLoop, error) for error in (DISK, CAD, BUG)),
    *((CheckLoop, error) for error in (DISK, CAD, BUG)),
    *((CleanupLoop, error) for error in (DISK, NETWORK, BUG)),
    *((ReplyLoop, error) for error in (NETWORK, BUG)),
    # A day of them takes seconds.
    (CardRowsLoop, DISK),
    (CardWriteLoop, NETWORK),
    (BoardLoop, BUG),
]
MOST_A_DAY = DAY / 30 + 20  # attempts: the longest pause is between 30 seconds and 15 minutes


@pytest.mark.parametrize(
    ("loop", "error"),
    LOOPS,
    ids=[f"{loop.__name__}-{type(error).__name__}" for loop, error in LOOPS],
)
async def test_a_loop_survives_a_day_of_failures(
    loop: Callable[[Part, FakeTime], Loop], error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    part, time = Part(), FakeTime()
    part.error = error
    running = loop(part, time)
    await running.start()
    await time.advance(DAY, settle)
    assert DAY / 1000 < part.attempts < MOST_A_DAY
    lines = 0 if loop is ReplyLoop else 1  # where Discord refuses a reply, the announcer logs it
    assert len([one for one in caplog.records if one.levelno >= logging.WARNING]) == lines
    part.error = None
    await time.advance(HOUR, settle)
    assert part.successes > 0
    assert len([one for one in caplog.records if "again" in one.getMessage()]) == lines
    await running.close()


# The modules that wait in a loop of their own; what only repeats uses `BackgroundTasks.repeat`.
WAITING = {
    "cad/http/transport.py",  # so many attempts
    "cad/push/event_queue.py",  # until there is an event
    "cad/push/signalr_connection.py",  # as long as a session
    "cad/push/signalr_feed.py",  # tested in test_signalr_feed.py
    "cad/unit_list_loader.py",  # so many pages
    "process.py",  # as long as the process; tested in test_serving.py
    "services/background.py",  # tested here
    "services/cached_list.py",  # while other loads take its place; tested in test_cached_list.py
    "services/board/push_listener.py",  # tested in test_push_listener.py
    "services/cards/discord_budget.py",  # until it is its turn
    "services/links/bulk_verification.py",  # so many links
    "services/queue/completion.py",  # tested here; while an order waits, 15 minutes at most
    "services/queue/worker.py",  # while there are orders
    "storage/database.py",  # while there are items
    "storage/leases/shard_leases.py",  # tested in test_shard_leases.py
    "storage/stores/community_store.py",  # so many keys
    "storage/sqlite.py",  # five seconds
    "wiring/guild_registry.py",  # so many guilds whose key does not open
}


def waits_in_a_loop(function: ast.AST) -> bool:
    """Tell whether an asynchronous function has a loop that no sequence ends."""
    return isinstance(function, ast.AsyncFunctionDef) and any(
        isinstance(one, ast.While)
        or (isinstance(one, ast.AsyncFor) and isinstance(one.iter, ast.Name))
        for one in ast.walk(function)
    )


def test_there_is_no_other_loop() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(map(waits_in_a_loop, ast.walk(ast.parse(path.read_text()))))
    }
    assert found == WAITING
