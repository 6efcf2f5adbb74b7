"""What members see in the channel of the cards while Discord holds up or refuses messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.services.cards.urgent_pings import PING_LIMIT
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.models import CallForm, EmergencyForm
from tests.e2e.calls.shown_cards import SEEDED, Cards


def labels(message: discord.Message) -> set[str | None]:
    """Return the labels of a message's buttons."""
    rows = [one for one in message.components if isinstance(one, discord.ActionRow)]
    return {one.label for row in rows for one in row.children if isinstance(one, discord.Button)}


async def test_a_new_911_call_does_not_wait_for_a_card_that_discord_holds_up(
    cards: Cards, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_fixture, held = cards.bot_fixture, cards.of("Call #100")
    edit, held_up = discord.PartialMessage.edit, []

    async def slow_edit(message: discord.PartialMessage, **changes: Any) -> discord.Message:
        if message.id == held.id:
            held_up.append(message.id)
            await bot_fixture.time.sleep(400)  # as discord.py does for a 429
        return await edit(message, **changes)

    monkeypatch.setattr(discord.PartialMessage, "edit", slow_edit)
    bot_fixture.world.attach(bot_fixture.server, 100, Target(ident_ids=(1,)))
    await cards.until(lambda: held_up)
    bot_fixture.world.call_911(bot_fixture.server, EmergencyForm("Ann", "Vinewood", "Help"))
    began = bot_fixture.time.monotonic()
    await cards.until(lambda: cards.shows("911 #3"))
    assert bot_fixture.time.monotonic() - began <= 20
    assert cards.of("911 #3").content == bot_fixture.dispatch.mention
    bot_fixture.world.close(bot_fixture.server, 101)
    await cards.until(lambda: cards.shows("CLOSED · Call #101"))
    assert bot_fixture.time.monotonic() - began <= 60


@pytest.mark.parametrize("code", [200000, 240000])
async def test_a_text_that_moderation_refuses_gives_a_plainer_card(cards: Cards, code: int) -> None:
    bot_fixture = cards.bot_fixture
    path = f"/channels/{cards.channel.id}/messages"
    bot_fixture.env.inject_error("POST", path, status=400, code=code)
    bot_fixture.world.call_911(bot_fixture.server, EmergencyForm("Ann Bad", "Bad Rd", "Bad"))
    await cards.until(lambda: cards.shows("911 #3"))
    posted = cards.of("911 #3")
    assert "Bad" not in str(posted.embeds[0].to_dict())
    assert posted.embeds[0].footer.text is not None
    assert "moderation" in posted.embeds[0].footer.text
    assert posted.content == bot_fixture.dispatch.mention
    assert {"Respond", "Dismiss"} <= labels(posted)
    call = bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Parking", priority=3))
    start = f"Call #{call.call_id}"
    await cards.until(lambda: cards.shows(f"{start} Parking"))
    bot_fixture.env.inject_error("PATCH", f"{path}/*", status=400, code=code)
    bot_fixture.world.close(bot_fixture.server, call.call_id)
    await cards.until(lambda: cards.shows(f"CLOSED · {start}"))
    assert cards.of(f"CLOSED · {start}").components == []


async def test_another_refusal_is_not_taken_for_moderation(cards: Cards) -> None:
    bot_fixture = cards.bot_fixture
    path = f"/channels/{cards.channel.id}/messages"
    bot_fixture.env.inject_error("POST", path, status=400, code=50035)
    bot_fixture.world.call_911(bot_fixture.server, EmergencyForm("Ann", "Vinewood", "Help"))
    await cards.until(lambda: cards.shows("911 #3 Ann"))
    assert cards.of("911 #3").embeds[0].footer.text is None


async def test_a_flood_of_911_calls_is_counted_by_one_ping(cards: Cards) -> None:
    bot_fixture = cards.bot_fixture
    role = bot_fixture.dispatch.mention
    for number in range(PING_LIMIT.requests + 4):
        form = EmergencyForm(f"Caller {number}", "Vinewood", "Help")
        bot_fixture.world.call_911(bot_fixture.server, form)
    messages = bot_fixture.env.http_requests
    await cards.until(
        lambda: any("more urgent" in str(one.json) for one in messages if one.method == "POST")
    )
    contents = [one.content for one in cards.channel.history() if one.content]
    assert contents == [role] * PING_LIMIT.requests + [
        f"{role} 4 more urgent calls: see the cards above."
    ]
    nonces = [
        one.json["nonce"]
        for one in messages
        if isinstance(one.json, dict) and one.json.get("embeds") and one.json.get("enforce_nonce")
    ]
    assert len(nonces) == len(set(nonces)) == SEEDED + PING_LIMIT.requests + 4
    assert all(len(one) <= 25 for one in nonces)


async def test_911_calls_each_second_leave_the_other_cards_their_turn(cards: Cards) -> None:
    bot_fixture, role = cards.bot_fixture, cards.bot_fixture.dispatch.mention
    closed_within: int | None = None
    for second in range(60):
        for number in range(2):  # Discord takes one message a second
            form = EmergencyForm(f"Caller {2 * second + number}", "Vinewood", "Help")
            bot_fixture.world.call_911(bot_fixture.server, form)
        if second == 10:
            bot_fixture.world.close(bot_fixture.server, 101)
        await bot_fixture.advance(1)
        await bot_fixture.settle_network()
        if closed_within is None and cards.shows("CLOSED · Call #101"):
            closed_within = second - 10
    assert closed_within is not None
    assert closed_within <= 30
    pings = [one for one in cards.channel.history() if one.content.startswith(role)]
    assert PING_LIMIT.requests <= len(pings) <= PING_LIMIT.requests + 1


async def test_a_card_that_takes_no_edit_for_long_is_posted_anew(
    cards: Cards, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_fixture, held = cards.bot_fixture, cards.of("Call #100")
    edit = discord.PartialMessage.edit

    async def refused_edit(message: discord.PartialMessage, **changes: Any) -> discord.Message:
        if message.id == held.id:
            raise discord.RateLimited(600.0)  # as discord.py does for a 429 of more than 30 s
        return await edit(message, **changes)

    monkeypatch.setattr(discord.PartialMessage, "edit", refused_edit)
    form = replace(bot_fixture.server.calls[100].form, title="Shooting")
    bot_fixture.world.edit_call(bot_fixture.server, 100, form)
    await cards.until(lambda: cards.shows("Call #100 Shooting"))
    assert cards.of("Call #100 Shooting").id != held.id
    await cards.until(lambda: held.id not in [one.id for one in cards.messages])
