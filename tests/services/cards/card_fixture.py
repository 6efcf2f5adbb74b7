"""A card publisher between a board that tests fill and a channel that records."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from bot.cad.client import CadClient
from bot.cad.errors import CadUnreachable
from bot.cad.layouts import Layout
from bot.cad.models import Call, Calls, EmergencyCall, Unit, UnitListPart
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers
from bot.services.cards.card_content import CardContent
from bot.services.cards.card_publisher import CardPublisher
from bot.services.cards.card_schedule import CardSettings
from bot.services.cards.discord_budget import DiscordBudget
from bot.services.cards.overview import Overview
from bot.services.cards.overview_writer import OverviewWriter
from bot.storage.stores.card_store import CardKind, CardStore, ObsoleteCard, StoredCard
from bot.storage.stores.link_row import Link
from sandbox.fake_time import FakeTime

SERVER, CHANNEL, ROLE = 1, 500, 900


async def settle() -> None:
    """Let every ready task run."""
    for _ in range(40):
        await asyncio.sleep(0)


class FakeCad:
    """Returns the calls and units that tests set."""

    def __init__(self) -> None:
        self.dispatch: dict[int, Call] = {}
        self.emergency: dict[int, EmergencyCall] = {}
        self.on_duty: list[Unit] = []
        self.is_down = False
        self.polls = 0  # of the calls

    async def calls(self, server_id: int) -> Calls:
        self.polls += 1
        if self.is_down:
            raise CadUnreachable("down")
        return Calls(tuple(self.dispatch.values()), tuple(self.emergency.values()))

    async def layouts(self) -> tuple[Layout, ...]:
        return ()

    async def units(self, server_id: int) -> UnitListPart:
        return UnitListPart.whole(self.on_duty)


class FakeCardStore(CardStore):
    """Keeps the rows in memory: no thread, so that pretend time can stand still."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, CardKind, int], StoredCard] = {}
        self.obsolete_rows: list[ObsoleteCard] = []
        self.overviews: dict[int, int] = {}  # message by channel
        self.error: Exception | None = None

    async def take_over(
        self, server_ids: Collection[int], channel_id: int, now: datetime
    ) -> list[StoredCard]:
        if self.error:
            raise self.error
        return [
            row if row.channel_id == channel_id else replace(row, channel_id=channel_id)
            for row in self.rows.values()
            if row.server_id in server_ids
        ]

    async def save(self, card: StoredCard, obsolete: ObsoleteCard | None = None) -> None:
        if self.error:
            raise self.error
        self.rows[card.server_id, card.kind, card.call_id] = card
        if obsolete:
            self.obsolete_rows.append(obsolete)

    async def overview(self, channel_id: int) -> int | None:
        return self.overviews.get(channel_id)

    async def save_overview(self, channel_id: int, message_id: int, now: datetime) -> None:
        if self.error:
            raise self.error
        if before := self.overviews.get(channel_id):
            self.obsolete_rows.append(ObsoleteCard(before, channel_id, now))
        self.overviews[channel_id] = message_id

    async def forget_obsolete(self, message_id: int) -> None:
        self.obsolete_rows = [one for one in self.obsolete_rows if one.message_id != message_id]

    async def save_obsolete(self, message: ObsoleteCard) -> None:
        self.obsolete_rows.append(message)

    async def remove(self, server_id: int, kind: CardKind, call_id: int) -> None:
        self.rows.pop((server_id, kind, call_id), None)


@dataclass(frozen=True, slots=True)
class RecordedWrite:
    kind: str
    message_id: int
    at: float
    content: CardContent | None = None


class FakeCardChannel:
    """A channel that records its messages and every write in order."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.shown: dict[int, CardContent] = {}
        self.overviews: dict[int, Overview] = {}
        self.writes: list[RecordedWrite] = []
        self.error: Exception | None = None
        self.faults: dict[int, Callable[[], Awaitable[None]]] = {}  # by message
        self.is_answer_lost = False  # Discord posts, but the bot does not hear of it
        self.by_nonce: dict[str, int] = {}
        self.summaries: list[tuple[float, int]] = []  # seconds and number of calls
        self._last_id = 1000

    async def post(self, content: CardContent, nonce: str) -> int:
        """Post a message; Discord posts a nonce once."""
        message_id = self.by_nonce.get(nonce, self._last_id + 1)
        await self._write("post", message_id, content)
        if nonce not in self.by_nonce:
            self._last_id = self.by_nonce[nonce] = message_id
            self.shown[message_id] = content
        if self.is_answer_lost:
            raise OSError("no answer")
        return message_id

    async def edit(self, message_id: int, content: CardContent) -> bool:
        await self._write("edit", message_id, content)
        if message_id not in self.shown:
            return False
        self.shown[message_id] = content
        return True

    async def post_overview(self, overview: Overview, nonce: str) -> int:
        message_id = self.by_nonce.get(nonce, self._last_id + 1)
        await self._write("post overview", message_id)
        self._last_id = max(self._last_id, message_id)
        self.by_nonce[nonce] = message_id
        self.overviews[message_id] = overview
        if self.is_answer_lost:
            raise OSError("no answer")
        return message_id

    async def edit_overview(self, message_id: int, overview: Overview) -> bool:
        await self._write("edit overview", message_id)
        if message_id not in self.overviews:
            return False
        self.overviews[message_id] = overview
        return True

    async def discard(self, message_id: int) -> bool:
        await self._write("discard", message_id)
        self.overviews.pop(message_id, None)
        return True

    async def ping(self, role_id: int, count: int) -> int:
        self.summaries.append((self.time.monotonic(), count))
        if self.error:
            raise self.error
        return 1

    async def delete(self, message_id: int) -> None:
        await self._write("delete", message_id)
        self.shown.pop(message_id, None)

    async def _write(self, kind: str, message_id: int, content: CardContent | None = None) -> None:
        self.writes.append(RecordedWrite(kind, message_id, self.time.monotonic(), content))
        if fault := self.faults.get(message_id):
            await fault()
        if self.error:
            raise self.error


@dataclass
class CardFixture:
    """All parts together. `start` again starts a new publisher over the same rows and messages."""

    time: FakeTime = field(default_factory=FakeTime)
    cad: FakeCad = field(default_factory=FakeCad)
    store: FakeCardStore = field(default_factory=FakeCardStore)
    links: tuple[Link, ...] = ()
    ping_role_id: int | None = None
    channel_id: int = CHANNEL
    has_overview: bool = False
    servers: dict[int, str] = field(default_factory=lambda: {SERVER: ""})
    channel: FakeCardChannel = field(init=False)
    discord: DiscordBudget = field(init=False)
    board: Board = field(init=False)
    publisher: CardPublisher = field(init=False)

    def __post_init__(self) -> None:
        self.channel = FakeCardChannel(self.time)
        self.discord = DiscordBudget(self.time)

    async def start(self) -> None:
        cad = cast(CadClient, self.cad)
        self.board = Board(cad, clock=self.time)
        self.publisher = CardPublisher(
            self.store,
            self.board,
            self.channel,
            lambda: self.links,
            CardSettings(
                channel_id=self.channel_id,
                server_ids=list(self.servers),
                keep_closed_for=timedelta(minutes=60),
                ping_role_id=self.ping_role_id,
                urgent_priorities={"1"},
            ),
            servers=CadServers(SERVER, self.servers),
            layouts=CallLayouts(self.cad.layouts, clock=self.time),
            overview=OverviewWriter(
                self.store, self.channel, self.channel_id, discord=self.discord, clock=self.time
            )
            if self.has_overview
            else None,
            discord=self.discord,
            clock=self.time,
        )
        self.publisher.start()
        await settle()

    async def stop(self) -> None:
        await self.publisher.close(1)
        await self.board.close()

    async def advance(self, seconds: float) -> None:
        await self.time.advance(seconds, settle)

    @property
    def contents(self) -> dict[int, CardContent]:
        """The shown content by call id; two cards of one call are an error."""
        found = {content.call_id: content for content in self.channel.shown.values()}
        assert len(found) == len(self.channel.shown)
        return found

    def edits(self, message_id: int) -> list[RecordedWrite]:
        return [one for one in self.channel.writes if one.message_id == message_id]

    def minutes_ago(self, minutes: float) -> datetime:
        return self.time.now() - timedelta(minutes=minutes)
