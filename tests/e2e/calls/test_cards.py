"""Cards in a channel, /calls, and the menu that attaches a member."""

from __future__ import annotations

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.models import CallForm, EmergencyForm
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.shown_cards import SEEDED, Cards
from tests.e2e.presses import press


async def test_every_open_call_has_a_card_and_new_urgent_ones_ping(cards: Cards):
    assert sorted(title.split()[0] for title in cards.titles) == ["911"] * 2 + ["Call"] * 3
    assert all(one.components for one in cards.messages)
    role = cards.bot_fixture.dispatch.mention
    assert {one.content for one in cards.messages} == {""}, "they were open before"
    bot_fixture = cards.bot_fixture
    bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Shooting", priority=1))
    bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Parking", priority=3))
    bot_fixture.world.call_911(bot_fixture.server, EmergencyForm("Ann", "Vinewood", "Help"))
    await cards.until(lambda: len(cards.messages) == SEEDED + 3)
    contents = [cards.of(start).content for start in ("Call #103", "Call #104", "911 #3")]
    assert contents == [role, "", role]
    sent = [one for one in cards.bot_fixture.env.http_requests if one.method == "POST"]
    pings = [
        one.json["allowed_mentions"]
        for one in sent
        if isinstance(one.json, dict) and "embeds" in one.json
    ]
    assert all(one["parse"] == [] for one in pings)
    assert sum("roles" in one for one in pings) == 2


async def test_a_call_appears_shows_who_comes_and_is_marked_once_it_is_over(cards: Cards):
    bot_fixture = cards.bot_fixture
    call = bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Bank *Alarm*", priority=2))
    title = f"Call #{call.call_id} Bank \\*Alarm\\*"
    await cards.until(lambda: cards.shows(title))
    assert cards.units(title) == "no units yet"
    bot_fixture.world.attach(bot_fixture.server, call.call_id, Target(api_ids=(seed.PAT.hex,)))
    await cards.until(lambda: cards.units(title) != "no units yet")
    assert "**A\\-12** · Pat Moreno · available" in cards.units(title)
    await cards.until(lambda: bot_fixture.pat.mention in cards.units(title))
    bot_fixture.world.close(bot_fixture.server, call.call_id)
    await cards.until(lambda: cards.shows(f"CLOSED · {title}"))
    assert cards.of(f"CLOSED · {title}").components == []


async def test_a_restart_takes_the_cards_over(cards: Cards):
    bot_fixture = cards.bot_fixture
    before = {one.id for one in cards.messages}
    bot_fixture.world.close(bot_fixture.server, seed.TRAFFIC_STOP)
    for _ in range(2):
        await bot_fixture.start(
            calls_channel_id=cards.channel.id, ping_role_id=bot_fixture.dispatch.id
        )
    await cards.until(lambda: cards.shows("CLOSED · Call #101 Traffic Stop"))
    assert {one.id for one in cards.messages} == before


async def test_a_deleted_card_comes_back(cards: Cards):
    robbery = cards.of("Call #100")
    channel = cards.bot_fixture.bot.get_partial_messageable(cards.channel.id)
    await channel.get_partial_message(robbery.id).delete()
    await cards.until(lambda: cards.shows("Call #100"))
    again = cards.of("Call #100")
    assert again.id != robbery.id
    assert again.content == ""
    assert len(cards.messages) == SEEDED


async def test_calls_are_listed_privately(bot_fixture: BotFixture):
    text = await bot_fixture.final_answer(bot_fixture.dana, "calls")
    first, *lines = text.splitlines()
    assert first.startswith("✅ 5 open calls · page 1 of 1 · confirmed <t:")
    assert [line.split()[0] for line in lines] == [
        "**911",
        "**911",
        *(["**#100**"]),
        "**#102**",
        "**#101**",
    ]
    assert (
        lines[2] == "**#100** Armed Robbery · 211 · priority 1 · 100 Innocence Boulevard · no units"
    )
    assert "role for that" in await bot_fixture.final_answer(bot_fixture.vic, "calls")


async def test_pages_of_calls_are_turned(bot_fixture: BotFixture):
    for number in range(12):
        bot_fixture.world.new_dispatch(bot_fixture.server, CallForm(title=f"Call {number}"))
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    said = await bot_fixture.run_command(bot_fixture.dana, "calls")
    assert said.buttons == ["Next page"]
    await bot_fixture.start()
    await press(said, "Next page")
    assert said.text.startswith("✅ 17 open calls · page 2 of 3")
    assert said.buttons == ["Previous page", "Next page"]
    await press(said, "Next page")
    assert said.buttons == ["Previous page"]
    await press(said, "Previous page")
    assert said.text.startswith("✅ 17 open calls · page 2 of 3")
    bot_fixture.env.backend.remove_member_role(
        bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
    )
    refused = await press(said, "Next page")
    assert refused.text.startswith("❌ You need the ")
    assert said.text.startswith("✅ 17 open calls · page 2 of 3")


async def test_listed_calls_lead_to_their_cards(cards: Cards):
    text = await cards.bot_fixture.final_answer(cards.bot_fixture.dana, "calls")
    line = text.splitlines()[3]
    url = cards.of("Call #100").jump_url
    assert line.startswith("**#100** Armed Robbery · 211 · priority 1")
    assert " · no units · <t:" in line
    assert line.endswith(f":R> · [card]({url})")


async def test_a_server_without_a_poll_is_polled(bot_fixture: BotFixture):
    assert (await bot_fixture.final_answer(bot_fixture.dana, "calls", server=2)).startswith("❌")


async def test_a_member_is_attached_from_their_menu(bot_fixture: BotFixture):
    offered = await bot_fixture.dana.context_menu(
        bot_fixture.channel, "Attach to call", bot_fixture.pat
    )
    assert offered.ephemeral
    assert offered.response is not None
    assert offered.response.content == f"Which call should {bot_fixture.pat.mention} go to?"
    (row,) = offered.response.components
    labels = [one["label"] for one in row["components"][0]["options"]]
    assert labels[0] == "#100 Armed Robbery · 100 Innocence Boulevard · P1 · no units"
    given = await bot_fixture.dana.select(offered.response.message, ["100"])
    await bot_fixture.advance(60)
    assert given.response is not None
    assert given.response.ephemeral
    assert given.response.content.startswith("✅ **#100** Armed Robbery: ")
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_the_menu_works_after_a_restart_and_not_for_visitors(bot_fixture: BotFixture):
    refused = await bot_fixture.vic.context_menu(
        bot_fixture.channel, "Attach to call", bot_fixture.pat
    )
    assert refused.response is not None
    assert "role for that" in refused.response.content
    offered = await bot_fixture.dana.context_menu(
        bot_fixture.channel, "Attach to call", bot_fixture.pat
    )
    assert offered.response is not None
    await bot_fixture.start()
    await bot_fixture.dana.select(offered.response.message, ["102"])
    await bot_fixture.advance(60)
    assert bot_fixture.units_on(102) == ["R-2", "A-12"]


async def test_without_calls_there_is_nothing_to_pick(bot_fixture: BotFixture):
    for call_id in list(bot_fixture.server.calls):
        bot_fixture.world.close(bot_fixture.server, call_id)
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    offered = await bot_fixture.dana.context_menu(
        bot_fixture.channel, "Attach to call", bot_fixture.pat
    )
    assert offered.response is not None
    assert offered.response.content == "❌ No call is open."
