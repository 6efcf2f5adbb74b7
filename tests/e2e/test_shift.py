"""Ten minutes of a living CAD: at the end its own page and the cards say the same."""

from __future__ import annotations

import asyncio
import contextvars
import random
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Any

import aiohttp
import discord
import pytest
from simcord.types import HttpLogEntry

from bot.cad.push.http_push import EVENT_PATH
from sandbox.cad.state.change_log import Change, ChangeKind
from sandbox.cad.state.models import CallForm
from sandbox.cad.state.simulation import Simulation
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import LINKED

Json = dict[str, Any]

MINUTES = 10
STREET = "Route 68"
EVENTS, OPEN = 520, 40
QUIET = 90  # seconds after the shift in which the cards come to rest: a poll, then the writes
OVER: Json = {"closed": True, "buttons": []}
TIMES = {"First seen", "Confirmed", "Closed"}
# What explains a call of the CAD's layout; only version 2 of its API tells the words of the layout.
LAYOUT_CALL: dict[int, tuple[str, Json]] = {
    1: (
        "(untitled)",
        {
            "Status": "Deployed",
            "Details": "**Caller name**: Alex Smith\n**Patients**: 1\n"
            "**Conscious**: Breathing only",
        },
    ),
    2: (
        "Medical",
        {
            "Status": "Crew deployed",
            "Medical": "**Name of the caller**: Alex Smith\n**Patients**: 1\n"
            "**Conscious and breathing**: Breathing only",
        },
    ),
}
OPENED = {ChangeKind.CALL_NEW: "Call", ChangeKind.EMERGENCY_NEW: "911"}


class Shift:
    """People work in the CAD, officers press buttons, and the channel shows cards."""

    def __init__(self, bot_fixture: BotFixture, number: int, version: int = 1) -> None:
        self.bot_fixture = bot_fixture
        self.version = version
        # Version 1 gives no date: how long ago these notes were written is not known.
        self.earlier_notes = {
            note.time for call in bot_fixture.server.calls.values() for note in call.notes
        }
        self.channel = bot_fixture.guild.create_text_channel("calls")
        self.dice = random.Random(number)
        self.life = Simulation(
            bot_fixture.world, bot_fixture.server, seed=number, sleep=bot_fixture.time.sleep
        )
        calls, emergencies = bot_fixture.server.calls, bot_fixture.server.emergencies
        self.opened = [f"Call #{one}" for one in calls] + [f"911 #{one}" for one in emergencies]
        bot_fixture.world.on_change(self._note)

    def _note(self, change: Change) -> None:
        if change.kind in OPENED:
            self.opened.append(f"{OPENED[change.kind]} #{change.call_id}")

    async def begin(self) -> TimedLog:
        """Start the bot with cards and a listener; return what it sends to Discord from now on."""
        bot_fixture = self.bot_fixture
        with socket.create_server(("127.0.0.1", 0)) as found:
            address = f"127.0.0.1:{found.getsockname()[1]}"
        bot_fixture.server.push_url = f"http://{address}{EVENT_PATH}"
        log = TimedLog(bot_fixture, self.channel.id)
        bot_fixture.env.backend.http_requests = log
        await bot_fixture.start(
            calls_channel_id=self.channel.id,
            push_listen=address,
            sonoran_api_version=self.version,
        )
        bot_fixture.env.backend.add_member_role(
            bot_fixture.guild.id, bot_fixture.pat.id, bot_fixture.dispatch.id
        )
        await self.advance(10)
        return log

    async def end(self, seconds: int) -> dict[str, Json]:
        """Wait so long at most until the cards are right; return what they show."""
        expected = self._expected(await self.page())
        await self.until(lambda: self.shown == expected, seconds)
        assert self.shown == expected
        assert len(self.cards) == len(expected), "one card for each call that ever was"
        return expected

    @property
    def cards(self) -> list[discord.Message]:
        return self.channel.history()

    @property
    def shown(self) -> dict[str, Json]:
        return {_number(card): _read(card) for card in self.cards}

    @asynccontextmanager
    async def worked(self) -> AsyncIterator[None]:
        living = contextvars.Context().run(asyncio.create_task, self.life.run())
        try:
            yield
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)

    async def advance(self, seconds: float) -> None:
        await self.bot_fixture.time.advance(seconds, self._settle)

    async def until(self, condition: Callable[[], bool], seconds: int) -> None:
        """Let so many seconds pass at most until something is true."""
        for _ in range(seconds):
            if condition():
                break
            await self.advance(1)

    async def press_something(self) -> None:
        """Let Pat press a button of a card that may be out of date."""
        buttons = [
            (card, button.label)
            for card in self.cards
            for button in _buttons(card)
            if button.label in {"Attach me", "Respond"}
        ]
        card, label = self.dice.choice(buttons)
        await self.bot_fixture.pat.click(card, label=label)

    async def page(self) -> Json:
        """Read what the CAD's own page shows."""

        async def read() -> Json:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.bot_fixture.cad.url}/board.json") as response,
            ):
                found: Json = await response.json()
                return found

        return await contextvars.Context().run(asyncio.create_task, read())

    def _expected(self, page: Json) -> dict[str, Json]:
        """Say what the cards have to show of each call that ever was."""
        expected = dict.fromkeys(self.opened, OVER)
        expected |= {f"Call #{one['callId']}": _call(one, self) for one in page["calls"]}
        return expected | {f"911 #{one['callId']}": _emergency(one) for one in page["emergencies"]}

    async def _settle(self) -> None:
        """Wait for what really takes time, before any pretend time passes."""
        await self.bot_fixture.cad.push.settle()
        await self.bot_fixture.settle_network()


class TimedLog(list[HttpLogEntry]):
    """What the bot sent to Discord, and when."""

    def __init__(self, bot_fixture: BotFixture, channel_id: int) -> None:
        super().__init__(bot_fixture.env.http_requests)
        self._clock = bot_fixture.time.monotonic
        self._path = f"/channels/{channel_id}/messages"
        self.writes: list[tuple[float, str]] = []

    def append(self, entry: HttpLogEntry) -> None:
        super().append(entry)
        # Deletions have a separate, higher limit at Discord: old cards are deleted meanwhile.
        if entry.path.startswith(self._path) and entry.method in {"POST", "PATCH"}:
            self.writes.append((self._clock(), entry.path))


@pytest.mark.parametrize(("number", "version"), [(1, 1), (2, 2)])
async def test_the_cads_page_and_the_cards_agree(
    bot_fixture: BotFixture, number: int, version: int
) -> None:
    shift = Shift(bot_fixture, number, version)
    log = await shift.begin()
    async with shift.worked():
        for _ in range(MINUTES):
            await shift.advance(60)
            await shift.press_something()
    expected = await shift.end(QUIET)
    assert any(one == OVER for one in expected.values())
    _check_pace(log.writes)


async def test_a_burst_leaves_forty_right_cards(bot_fixture: BotFixture) -> None:
    shift = Shift(bot_fixture, 1)
    for one in range(OPEN - len(shift.opened)):
        bot_fixture.world.new_dispatch(bot_fixture.server, CallForm(f"Call {one}", address=STREET))
    log = await shift.begin()
    await shift.until(lambda: len(shift.cards) == OPEN, 2 * OPEN)
    assert len(shift.cards) == OPEN
    calls, delivered = list(bot_fixture.server.calls), bot_fixture.cad.push.deliveries
    delivered.clear()
    for _ in range(EVENTS // OPEN):
        for _ in range(OPEN):
            call_id, title = shift.dice.choice(calls), f"Title {shift.dice.random()}"
            form = CallForm(title, priority=shift.dice.randint(1, 3), address=STREET)
            bot_fixture.world.edit_call(bot_fixture.server, call_id, form)
        await shift.advance(0.5)
    assert [one.status for one in delivered] == [200] * (EVENTS // OPEN * OPEN)
    await shift.end(3 * OPEN)
    _check_pace(log.writes)


def _check_pace(writes: list[tuple[float, str]]) -> None:
    """Discord would have answered none of these with 429."""
    moments = [at for at, _ in writes]
    assert all(b - a >= 5 - 1e-6 for a, b in zip(moments, moments[5:], strict=False))
    for path in {path for _, path in writes if not path.endswith("/messages")}:
        edits = [at for at, where in writes if where == path]
        assert all(b - a >= 1 - 1e-6 for a, b in pairwise(edits))


def _call(one: Json, shift: Shift) -> Json:
    """Say what a card has to show of a call of the page."""
    mentions = {
        person.unit_number: shift.bot_fixture.members[person.name.lower()].mention
        for person in LINKED
    }
    units = [
        ("★ " if unit["ident"] == one["primary"] else "")
        + " · ".join(
            filter(
                None,
                (
                    f"**{unit['unitNum']}**",
                    unit["name"],
                    unit["status"].lower(),
                    mentions.get(unit["unitNum"]),
                ),
            )
        )
        for unit in one["units"]
    ]
    notes = [
        f"{_moment(note['time'], shift)} {note['label']} · {note['content']}"
        for note in one["notes"][-3:]
    ]
    name, details = LAYOUT_CALL[shift.version] if one.get("template") else ("", {})
    fields = {
        "Place": _with_postal(one["place"], one["postal"]),
        "Code": one["code"] or "–",
        "Priority": str(one["priority"]),
        f"Units ({len(units)})": "\n".join(units) or "no units yet",
    }
    return {
        "title": f"Call #{one['callId']} {one['title'] or name}",
        "description": one["description"],
        "fields": fields | details | ({"Notes": "\n".join(notes)} if notes else {}),
        "buttons": ["Attach me", "Attach…", "Detach me", "More"],
    }


def _moment(time_of_day: str, shift: Shift) -> str:
    """Write the time of a note as a Discord timestamp, if it is certain."""
    if shift.version == 1 and time_of_day in shift.earlier_notes:
        return time_of_day
    today = shift.bot_fixture.time.now()
    moment = datetime.combine(today, time.fromisoformat(time_of_day), UTC)
    return f"<t:{int(moment.timestamp())}:t>"


def _emergency(one: Json) -> Json:
    """Say what a card has to show of a 911 call of the page."""
    line = "" if one["isEmergency"] else "non-emergency · "
    return {
        "title": f"911 #{one['callId']} {line}{one['caller']}",
        "description": one["description"],
        "fields": {"Place": _with_postal(one["location"], one["metaData"].get("postal", ""))},
        "buttons": ["Respond", "Dispatch…", "Dismiss"],
    }


def _with_postal(place: str, postal: str) -> str:
    return f"{place} · postal {postal}" if postal else place


def _read(card: discord.Message) -> Json:
    """Read a card as people do: without backslashes, and without what counts the time."""
    (embed,) = card.embeds
    buttons = [button.label for button in _buttons(card)]
    if str(embed.title).startswith("CLOSED · "):
        return {"closed": True, "buttons": buttons}
    return {
        "title": _plain(embed.title),
        "description": _plain(embed.description),
        "fields": {
            str(one.name): _plain(one.value) for one in embed.fields if one.name not in TIMES
        },
        "buttons": buttons,
    }


def _buttons(card: discord.Message) -> list[discord.Button]:
    rows = [row for row in card.components if isinstance(row, discord.ActionRow)]
    return [one for row in rows for one in row.children if isinstance(one, discord.Button)]


def _number(card: discord.Message) -> str:
    found = re.search(r"(?:Call|911) #\d+", card.embeds[0].title or "")
    assert found
    return found[0]


def _plain(text: str | None) -> str:
    return re.sub(r"\\(.)", r"\1", text or "")
