"""Ten minutes of a living CAD: at the end its own page and the cards say the same."""

from __future__ import annotations

import asyncio
import contextvars
import random
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import aiohttp
import discord
import pytest
from simcord.types import HttpLogEntry

from bot.cad.feed import EVENT_PATH
from sandbox.cad.journal import Change, ChangeKind
from sandbox.cad.life import Life
from tests.e2e.conftest import LINKED
from tests.e2e.scene import Scene

Json = dict[str, Any]

MINUTES = 10
QUIET = 90  # seconds after the shift in which the cards come to rest: a poll, then the writes
ROUNDS = 4  # a card is stored, posted, and stored again
OVER: Json = {"closed": True, "buttons": []}
TIMES = {"First seen", "Confirmed", "Closed"}
OPENED = {ChangeKind.CALL_NEW: "Call", ChangeKind.EMERGENCY_NEW: "911"}


class Shift:
    """People work in the CAD, officers press buttons, and the channel shows cards."""

    def __init__(self, scene: Scene, number: int) -> None:
        self.scene = scene
        self.channel = scene.guild.create_text_channel("calls")
        self.dice = random.Random(number)
        self.life = Life(scene.world, scene.server, seed=number, sleep=scene.time.sleep)
        calls, emergencies = scene.server.calls, scene.server.emergencies
        self.opened = [f"Call #{one}" for one in calls] + [f"911 #{one}" for one in emergencies]
        scene.world.on_change(self._note)

    def _note(self, change: Change) -> None:
        if change.kind in OPENED:
            self.opened.append(f"{OPENED[change.kind]} #{change.call_id}")

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

    async def passes(self, seconds: float) -> None:
        await self.scene.time.advance(seconds, self._settle)

    async def press_something(self) -> None:
        """Let Pat press a button of a card that may be out of date."""
        buttons = [
            (card, button.label)
            for card in self.cards
            for button in _buttons(card)
            if button.label in {"Attach me", "Respond"}
        ]
        card, label = self.dice.choice(buttons)
        await self.scene.pat.click(card, label=label)

    async def page(self) -> Json:
        """Read what the CAD's own page shows."""

        async def read() -> Json:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.scene.cad.url}/board.json") as response,
            ):
                found: Json = await response.json()
                return found

        return await contextvars.Context().run(asyncio.create_task, read())

    async def _settle(self) -> None:
        """Wait for what really takes time, before any pretend time passes."""
        await self.scene.cad.push.settle()
        for _ in range(ROUNDS):
            # Behind whatever the cards have asked of the database.
            await self.scene.services.syncs.get("nothing")
            await self.scene.env.settle(idle=0.001)


class TimedLog(list[HttpLogEntry]):
    """What the bot sent to Discord, and when."""

    def __init__(self, scene: Scene, channel_id: int) -> None:
        super().__init__(scene.env.http_requests)
        self._clock = scene.time.clock
        self._path = f"/channels/{channel_id}/messages"
        self.writes: list[tuple[float, str]] = []

    def append(self, entry: HttpLogEntry) -> None:
        super().append(entry)
        if entry.path.startswith(self._path) and entry.method in {"POST", "PATCH", "DELETE"}:
            self.writes.append((self._clock(), entry.path))


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("version", [1, 2])
async def test_the_cads_page_and_the_cards_agree(scene: Scene, number: int, version: int) -> None:
    shift = Shift(scene, number)
    address = _free_address()
    scene.server.push_url = f"http://{address}{EVENT_PATH}"
    log = TimedLog(scene, shift.channel.id)
    scene.env.backend.http_requests = log
    await scene.start(
        calls_channel_id=shift.channel.id, push_listen=address, sonoran_api_version=version
    )
    scene.env.backend.add_member_role(scene.guild.id, scene.pat.id, scene.dispatch.id)
    await shift.passes(10)
    async with shift.worked():
        for _ in range(MINUTES):
            await shift.passes(60)
            await shift.press_something()
    expected = _expected(await shift.page(), scene, shift.opened)
    for _ in range(QUIET):
        await shift.passes(1)
        if shift.shown == expected:
            break
    assert shift.shown == expected
    assert any(one == OVER for one in expected.values())
    assert len(shift.cards) == len(expected), "one card for each call that ever was"
    _check_pace(log.writes)


def _expected(page: Json, scene: Scene, opened: list[str]) -> dict[str, Json]:
    """Say what the cards have to show of each call that ever was."""
    expected = dict.fromkeys(opened, OVER)
    expected |= {f"Call #{one['callId']}": _call(one, scene) for one in page["calls"]}
    return expected | {f"911 #{one['callId']}": _emergency(one) for one in page["emergencies"]}


def _check_pace(writes: list[tuple[float, str]]) -> None:
    """Discord would have answered none of these with 429."""
    moments = [at for at, _ in writes]
    assert all(b - a >= 5 - 1e-6 for a, b in zip(moments, moments[5:], strict=False))
    for path in {path for _, path in writes if not path.endswith("/messages")}:
        edits = [at for at, where in writes if where == path]
        assert all(b - a >= 1 - 1e-6 for a, b in pairwise(edits))


def _call(one: Json, scene: Scene) -> Json:
    """Say what a card has to show of a call of the page."""
    mentions = {person.unit_number: scene.people[person.name.lower()].mention for person in LINKED}
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
        " · ".join((" ".join(filter(None, (note["time"], note["label"]))), note["content"]))
        for note in one["notes"][-3:]
    ]
    fields = {
        "Place": _with_postal(one["place"], one["postal"]),
        "Code": one["code"] or "–",
        "Priority": str(one["priority"]),
        f"Units ({len(units)})": "\n".join(units) or "nobody yet",
    }
    return {
        "title": f"Call #{one['callId']} {one['title']}",
        "description": one["description"],
        "fields": fields | ({"Notes": "\n".join(notes)} if notes else {}),
        "buttons": ["Attach me", "Attach…", "Detach me", "More"],
    }


def _emergency(one: Json) -> Json:
    """Say what a card has to show of a 911 call of the page."""
    line = "" if one["isEmergency"] else "civil line · "
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


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"
