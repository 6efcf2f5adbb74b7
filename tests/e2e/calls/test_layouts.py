"""Calls of custom layouts, as the community named what they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.cad.state.models import CallForm
from sandbox.cad.state.sample_layouts import (
    FIRE_CALL,
    FIRE_LAYOUT,
    MEDICAL_CALL,
    with_stored_layout,
)
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.shown_cards import SEEDED, Cards

V1, V2 = 1, 2


@pytest.fixture(params=[V1, V2], ids=["v1", "v2"])
async def cards(bot_fixture: BotFixture, request: pytest.FixtureRequest) -> Cards:
    channel = bot_fixture.guild.create_text_channel("calls")
    await bot_fixture.start(
        calls_channel_id=channel.id,
        ping_role_id=bot_fixture.dispatch.id,
        sonoran_api_version=request.param,
        urgent_priorities="1, High",
    )
    cards = Cards(bot_fixture, channel)
    await cards.until(lambda: len(cards.messages) == SEEDED)
    return cards


def fields(cards: Cards, start: str) -> dict[str, str]:
    return {one.name or "": one.value or "" for one in cards.of(start).embeds[0].fields}


async def test_a_call_of_a_layout_shows_what_the_community_named(cards: Cards) -> None:
    bot_fixture = cards.bot_fixture
    bot_fixture.world.new_dispatch(bot_fixture.server, MEDICAL_CALL)
    low = {**MEDICAL_CALL.layout, "priority": "Low", "values": {}}
    bot_fixture.world.new_dispatch(bot_fixture.server, replace(MEDICAL_CALL, layout=low))
    await cards.until(lambda: len(cards.messages) == SEEDED + 2)
    await bot_fixture.advance(30)
    await bot_fixture.settle_network()
    shown = fields(cards, "Call #103")
    assert shown["Priority"] == "High"
    assert cards.of("Call #103").content == bot_fixture.dispatch.mention
    assert cards.of("Call #104").content == "", "its priority is not urgent"
    assert fields(cards, "Call #104")["Priority"] == "Low"
    if any(one.type == "v2 calls" for one in bot_fixture.world.history):
        title = "Medical"
        assert shown["Status"] == "Crew deployed"
        assert shown["Medical"].splitlines() == [
            "**Name of the caller**: Alex Smith",
            "**Patients**: 1",
            "**Conscious and breathing**: Breathing only",
        ]
        asked = [one for one in bot_fixture.world.history if one.type == "v2 layouts"]
        assert len(asked) == 1, "all cards share one request"
    else:
        title = "\\(untitled\\)"
        assert shown["Status"] == "Deployed"
        assert shown["Details"].splitlines() == [
            "**Caller name**: Alex Smith",
            "**Patients**: 1",
            "**Conscious**: Breathing only",
        ]
    assert cards.of("Call #103").embeds[0].title == f"Call #103 {title}"
    listed = await bot_fixture.final_answer(bot_fixture.dana, "calls")
    assert f"**#103** {title} · priority High · {shown['Status']} · Vespucci Beach" in listed
    # The urgent ones first: #100 has priority 1.
    assert listed.index("**#100**") < listed.index("**#103**") < listed.index("**#102**")


async def test_lists_and_answers_call_a_call_of_a_layout_as_its_card_does(cards: Cards) -> None:
    bot_fixture = cards.bot_fixture
    dana, channel = bot_fixture.dana, bot_fixture.channel
    bot_fixture.world.new_dispatch(bot_fixture.server, MEDICAL_CALL)
    await cards.until(lambda: cards.shows("Call #103"))
    await bot_fixture.advance(30)
    await bot_fixture.settle_network()
    is_named = any(one.type == "v2 layouts" for one in bot_fixture.world.history)
    name = "Medical" if is_named else "(untitled)"
    label = f"#103 {name} · Vespucci Beach · High · no units"
    offered = [one["name"] for one in await dana.autocomplete(channel, "attach", "call", "")]
    assert label in offered
    menu = await dana.context_menu(channel, "Attach to call", bot_fixture.pat)
    assert menu.response is not None
    (select,) = menu.response.components[0]["components"]
    assert label in [one["label"] for one in select["options"]]
    if is_named:
        answer = await bot_fixture.attach("A-12", call="medical")
        assert answer.startswith("✅ **#103** Medical: ")
        bot_fixture.world.new_dispatch(bot_fixture.server, MEDICAL_CALL)
        await cards.until(lambda: cards.shows("Call #104"))
        answer = await bot_fixture.attach("A-12", call="medical")
        assert answer.startswith(
            "❌ Several open calls match `medical`: **#103** Medical, **#104**"
        )
    else:
        assert (await bot_fixture.attach("A-12", call=103)).startswith("✅ **#103**: ")


@pytest.mark.parametrize("is_stored", [False, True], ids=["by id", "stored"])
async def test_a_place_that_only_the_layout_holds(cards: Cards, is_stored: bool) -> None:
    bot_fixture = cards.bot_fixture
    form = with_stored_layout(FIRE_CALL, FIRE_LAYOUT) if is_stored else FIRE_CALL
    bot_fixture.world.new_dispatch(bot_fixture.server, form)
    await cards.until(lambda: cards.shows("Call #103"))
    await bot_fixture.advance(30)
    await bot_fixture.settle_network()
    shown = fields(cards, "Call #103")
    offered = await bot_fixture.dana.autocomplete(bot_fixture.channel, "attach", "call", "103")
    names = [one["name"] for one in offered]
    listed = await bot_fixture.final_answer(bot_fixture.dana, "calls")
    asked = [one.type for one in bot_fixture.world.history]
    if is_stored or "v2 calls" in asked:
        assert shown["Place"] == "Power Street 12 · postal 7044"
        assert (shown["Fire"], shown["Status"]) == ("**Way in**: By the yard", "Engines rolling")
        assert names == ["#103 Fire · Power Street 12 · Second alarm · no units"]
        assert "**#103** Fire · priority Second alarm · Engines rolling · Power Street 12" in listed
        assert (await bot_fixture.attach("A-12", call="fire")).startswith("✅ **#103** Fire: ")
    else:
        # API 1 has no list of layouts, and this call shows its id alone: nothing is guessed.
        assert shown["Place"] == "*unknown*"
        assert "**Where**: Power Street 12" in shown["Details"]
        assert names == ["#103 (untitled) · Second alarm · no units"]
    assert ("v2 layouts" in asked) is (not is_stored and "v2 calls" in asked)


async def test_the_time_of_a_new_note_is_shown_in_the_readers_time_zone(cards: Cards) -> None:
    bot_fixture = cards.bot_fixture
    bot_fixture.world.now = bot_fixture.time.now
    call = bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Pursuit"))
    await cards.until(lambda: cards.shows("Call #103"))
    await bot_fixture.advance(90)
    written = bot_fixture.time.now()
    bot_fixture.world.add_note(bot_fixture.server, call.call_id, "Southbound", "D-1")
    await cards.until(lambda: "Notes" in fields(cards, "Call #103"))
    expected = f"<t:{int(written.timestamp())}:t> D\\-1 · Southbound"
    assert fields(cards, "Call #103")["Notes"] == expected
