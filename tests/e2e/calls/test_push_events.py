"""What the CAD pushes is on the cards at once, whatever form an event has."""

from __future__ import annotations

import asyncio
import contextvars
import io
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from bot.cad.push.http_push import EVENT_PATH
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import groups, seed
from sandbox.cad.state.models import EmergencyForm
from sandbox.free_address import free_address
from tests.e2e.bot_fixture import BotFixture, until
from tests.e2e.calls.shown_cards import Cards

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)
SOON = 3  # seconds: before the next poll


class PushedCards(Cards):
    """Cards of a bot that listens for push events."""

    address: str

    async def start(self) -> None:
        self.address = free_address()
        bot_fixture = self.bot_fixture
        bot_fixture.server.push_url = f"http://{self.address}{EVENT_PATH}"
        await bot_fixture.start(calls_channel_id=self.channel.id, push_listen=self.address)
        await self.until(lambda: len(self.messages) == 5)
        await self.until(lambda: bot_fixture.services.board.units(seed.SERVER_ID))

    async def post(self, event: dict[str, Any] | bytes, path: str = EVENT_PATH) -> int:
        async def send() -> int:
            content: dict[str, Any] = {"json": event}
            if isinstance(event, bytes):
                content = {"data": io.BytesIO(event)}
            url = f"http://{self.address}{path}"
            async with aiohttp.ClientSession() as session, session.post(url, **content) as reply:
                return reply.status

        return await contextvars.Context().run(asyncio.create_task, send())

    async def settle(self) -> None:
        """Let the CAD deliver its events, and the cards show them."""
        await self.bot_fixture.cad.push.settle()
        await self.bot_fixture.advance(SOON)


@pytest.fixture
async def cards(bot_fixture: BotFixture) -> PushedCards:
    cards = PushedCards(bot_fixture, bot_fixture.guild.create_text_channel("calls"))
    await cards.start()
    return cards


def field(cards: Cards, start: str, name: str) -> str:
    fields = cards.of(start).embeds[0].fields
    return next(one.value or "" for one in fields if (one.name or "").startswith(name))


@pytest.mark.parametrize("path", ["/", EVENT_PATH, EVENT_PATH + "/"])
@pytest.mark.parametrize("key", [seed.API_KEY.upper(), seed.API_KEY.title()])
async def test_the_key_counts_in_any_letter_case(cards: PushedCards, path: str, key: str):
    event = {"key": key, "type": "EVENT_DISPATCH_CLOSED", "data": {"callIds": [100]}}
    assert await cards.post(event, path) == 200
    await cards.settle()
    assert cards.shows("CLOSED · Call #100")


async def test_a_wrong_key_changes_nothing(cards: PushedCards):
    event = {"key": "another", "type": "EVENT_DISPATCH_CLOSED", "data": {"callIds": [100]}}
    assert await cards.post(event) == 401
    await cards.settle()
    assert not cards.shows("CLOSED")


async def test_an_edit_keeps_the_notes_and_the_unit_in_charge(cards: PushedCards):
    bot_fixture = cards.bot_fixture
    world, server = bot_fixture.world, bot_fixture.server
    taylor = next(one for one in server.units.values() if one.badge.unit_num == "R-2")
    server.calls[102].primary = taylor.id
    await cards.until(lambda: "★" in cards.units("Call #102"))
    notes = field(cards, "Call #102", "Notes")
    assert "Visible flames" in notes
    world.edit_call(server, 102, replace(server.calls[102].form, title="Warehouse Fire"))
    await cards.settle()
    assert cards.shows("Call #102 Warehouse Fire")
    assert field(cards, "Call #102", "Notes") == notes
    assert "★" in cards.units("Call #102")


@pytest.mark.parametrize("is_inside", [False, True])
async def test_the_postal_code_of_a_911_call_in_both_places(cards: PushedCards, is_inside: bool):
    bot_fixture = cards.bot_fixture
    bot_fixture.world.behaviour.meta_data_in_911 = is_inside
    form = EmergencyForm("Ann", "Vinewood", "Help", meta_data={"postal": "7331"})
    bot_fixture.world.call_911(bot_fixture.server, form)
    await cards.settle()
    assert "postal 7331" in field(cards, "911 #3 Ann", "Place")


async def test_groups_are_known_from_their_events(cards: PushedCards):
    bot_fixture = cards.bot_fixture
    world, server, board = bot_fixture.world, bot_fixture.server, bot_fixture.services.board
    riley = next(one.id for one in server.units.values() if one.badge.unit_num == "K-9")

    def group() -> str:
        return board.snapshot(seed.SERVER_ID).units[riley].group

    groups.join_group(world, server, riley, "Alpha")
    await until(lambda: group() == "Alpha")
    groups.rename_group(world, server, "Alpha", "Bravo")
    await until(lambda: group() == "Bravo")
    answer = await bot_fixture.attach("group:Bravo")
    assert answer.startswith("✅ **#100** Armed Robbery: K\\-9")
    groups.leave_group(world, server, riley)
    await until(lambda: group() == "")


async def test_an_update_of_150_units_is_read(cards: PushedCards):
    """It takes more than 64 KiB."""
    server = cards.bot_fixture.server
    unit = server.units[1].as_json()
    unit["data"]["name"] = "N" * 400
    units = [{**unit, "id": 1000 + number} for number in range(149)]
    units.append({**server.units[1].as_json(), "status": 4})
    event = {"key": seed.API_KEY, "type": "EVENT_UNIT_UPDATE", "data": {"units": units}}
    assert await cards.post(event) == 200
    board = cards.bot_fixture.services.board
    await until(lambda: len(board.units(seed.SERVER_ID)) > 150)
    assert board.snapshot(seed.SERVER_ID).units[1].status == 4


async def test_what_is_refused_leads_to_a_look_at_the_cad(
    cards: PushedCards, caplog: pytest.LogCaptureFixture
):
    bot_fixture = cards.bot_fixture
    # Of several guilds, it may be the event of any.
    await bot_fixture.bot.registry.close(bot_fixture.bystander.guild.id)
    await bot_fixture.advance(60)
    bot_fixture.server.push_url = ""
    bot_fixture.world.attach(bot_fixture.server, 100, Target(api_ids=(seed.PAT.hex,)))
    caplog.set_level("INFO", "bot.services.board.push_listener")
    assert await cards.post(b"x" * (1024 * 1024 + 1)) == 413
    await until(lambda: "may have been missed: refreshing" in caplog.text)
    await cards.until(lambda: "A\\-12" in cards.units("Call #100"))


async def test_malformed_requests_are_one_line_in_the_log(
    cards: PushedCards, caplog: pytest.LogCaptureFixture
):
    for _ in range(20):
        assert await cards.post(b"{") == 400
    await cards.settle()
    lines = [one for one in caplog.records if one.levelname == "WARNING"]
    assert len(lines) == 1
    assert lines[0].getMessage() == (
        "requests refused by PUSH_LISTEN: 1, the last: malformed: not a JSON object"
    )
    assert not any(one.exc_info for one in caplog.records)
