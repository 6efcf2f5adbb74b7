"""The overview of the open calls at the bottom of the channel of the cards."""

from __future__ import annotations

import discord
import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import EmergencyForm
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.card_presses import pick, press
from tests.e2e.calls.shown_cards import SEEDED, Cards

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)
CALLS = SEEDED  # open calls and 911 calls


@pytest.fixture
async def cards(bot_fixture: BotFixture) -> Cards:
    cards = Cards(bot_fixture, bot_fixture.guild.create_text_channel("calls"))
    bot_fixture.fixed_settings = {
        **bot_fixture.fixed_settings,
        "calls_overview": True,
        "calls_channel_id": cards.channel.id,
    }
    await bot_fixture.start()
    await cards.until(lambda: len(cards.messages) == SEEDED + 1)
    await cards.until(lambda: len(lines(cards)) == CALLS)
    return cards


def overview(cards: Cards) -> discord.Message:
    (found,) = [one for one in cards.messages if "open call" in (one.embeds[0].title or "")]
    return found


def is_last(cards: Cards) -> bool:
    return max(one.id for one in cards.messages) == overview(cards).id


def lines(cards: Cards) -> list[str]:
    return (overview(cards).embeds[0].description or "").splitlines()


async def test_all_open_calls_with_links_to_their_cards(cards: Cards) -> None:
    assert is_last(cards)
    assert [line.split("](")[0] for line in lines(cards)][2:] == [
        "**P1** · [#100 Armed Robbery",
        "**P2** · [#102 Structure Fire",
        "**P3** · [#101 Traffic Stop",
    ]
    assert [line.startswith("**911** · [#") for line in lines(cards)] == [True, True, *[False] * 3]
    robbery = cards.of("Call #100")
    assert f"({robbery.jump_url})" in lines(cards)[2]
    assert "100 Innocence Boulevard · no units" in lines(cards)[2]


async def test_it_follows_what_happens_and_stays_the_last(cards: Cards) -> None:
    before = overview(cards).id
    await cards.bot_fixture.attach("A-12")
    await cards.until(lambda: lines(cards)[2].endswith(" · A\\-12"))
    assert overview(cards).id == before
    form = EmergencyForm("Ann", "Vinewood", "Help")
    cards.bot_fixture.world.call_911(cards.bot_fixture.server, form)
    await cards.until(lambda: cards.shows("911 #3") and is_last(cards))
    assert overview(cards).id > before
    assert len(lines(cards)) == CALLS + 1
    cards.bot_fixture.world.close(cards.bot_fixture.server, seed.TRAFFIC_STOP)
    await cards.until(lambda: len(lines(cards)) == CALLS)


async def test_a_restart_keeps_the_message_and_an_outage_is_said(cards: Cards) -> None:
    before = overview(cards).id
    await cards.bot_fixture.start()
    await cards.bot_fixture.advance(60)
    assert overview(cards).id == before
    cards.bot_fixture.set_fault(BAD_GATEWAY)
    await cards.until(lambda: overview(cards).embeds[0].title == "STALE · 5 open calls")
    assert overview(cards).embeds[0].colour == discord.Colour(0x6B7280)


async def test_it_goes_where_it_is_turned_off(cards: Cards) -> None:
    await cards.bot_fixture.start(calls_overview=False)
    await cards.until(lambda: len(cards.messages) == SEEDED)
    assert not any("open call" in title for title in cards.titles)


async def test_a_unit_in_panic_is_on_top(cards: Cards) -> None:
    unit = cards.bot_fixture.server.units[1]
    unit.is_panic = True
    await cards.bot_fixture.services.board.fetch_units(seed.SERVER_ID)
    await cards.until(lambda: lines(cards)[0] == "🚨 **PANIC** · **A\\-12** Pat Moreno")
    assert overview(cards).embeds[0].colour == discord.Colour(0xDC2626)


async def test_a_911_card_leads_to_the_call_that_it_became(cards: Cards) -> None:
    (emergency,) = [one for one in cards.messages if cards_title(one).startswith("911 #1")]
    panel = await cards.bot_fixture.dana.click(emergency, label="Dispatch…")
    await pick(cards.bot_fixture, panel, "units", "A-12")
    await press(cards.bot_fixture.dana, panel, "Dispatch")
    await cards.until(lambda: cards.shows("CLOSED · 911 #1") and cards.shows("Call #103"))
    await cards.until(lambda: "Became" in fields(cards.of("CLOSED · 911 #1")))
    link = f"[call #103]({cards.of('Call #103').jump_url})"
    await cards.until(lambda: fields(cards.of("CLOSED · 911 #1"))["Became"] == link)


async def test_a_unit_that_logs_out_keeps_its_number_on_the_card(cards: Cards) -> None:
    await cards.bot_fixture.attach("A-12")
    await cards.until(lambda: "Pat Moreno" in cards.units("Call #100"))
    cards.bot_fixture.world.logout(cards.bot_fixture.server, 1)
    cards.bot_fixture.world.close(cards.bot_fixture.server, 100)
    await cards.bot_fixture.services.board.fetch_units(seed.SERVER_ID)
    await cards.until(lambda: cards.shows("CLOSED · Call #100"))
    await cards.bot_fixture.advance(30)
    assert "**A\\-12** · Pat Moreno" in cards.units("CLOSED · Call #100")


def cards_title(message: discord.Message) -> str:
    return message.embeds[0].title or ""


def fields(message: discord.Message) -> dict[str, str]:
    return {one.name or "": one.value or "" for one in message.embeds[0].fields}
