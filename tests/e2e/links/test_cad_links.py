"""Members who have linked Discord in the CAD itself: they need no /link on API 2."""

from __future__ import annotations

import pytest

from bot.services.cad_accounts import FOUND_TTL, MISSING_TTL
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, RateLimited
from tests.e2e.accounts import account_requests, change_account, link_discord
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.card_presses import call_card, emergency_card, promote
from tests.e2e.calls.shown_cards import Cards
from tests.e2e.conftest import with_settings
from tests.e2e.orders.test_targets import patrol, squad

pytestmark = with_settings(sonoran_api_version=2)
ACCOUNTS = "/v2/general/accounts"
# With a player's id, and without: then only the account itself connects her and her unit.
IDS = pytest.mark.parametrize("ids", [(seed.CHARLIE.hex,), ()], ids=["player", "no player"])


@IDS
async def test_a_mention(bot_fixture: BotFixture, ids: tuple[str, ...]) -> None:
    link_discord(bot_fixture, "charlie", api_ids=ids)
    answer = await bot_fixture.attach(bot_fixture.charlie.mention)
    assert answer.startswith(f"✅ **#100** Armed Robbery: {bot_fixture.charlie.mention} (E\\-51)")
    assert bot_fixture.units_on(100) == ["E-51"]
    # That was asked once and is known from now on.
    assert account_requests(bot_fixture) == 1
    bot_fixture.set_fault(BAD_GATEWAY, ACCOUNTS)
    assert (await bot_fixture.attach(bot_fixture.charlie.mention, call=101)).startswith("✅")
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "detach", units=f"dept:SAFD -{bot_fixture.charlie.mention}"
    )
    assert "E\\-51" not in answer.splitlines()[0]


@IDS
async def test_me_and_undo(bot_fixture: BotFixture, ids: tuple[str, ...]) -> None:
    link_discord(bot_fixture, "charlie", api_ids=ids)
    promote(bot_fixture, "charlie")
    said = await bot_fixture.run_command(bot_fixture.charlie, "attach", call=100, units="me")
    assert (await said.after(60)).startswith("✅")
    response = said.result.response
    assert response is not None
    await bot_fixture.charlie.click(response, label="Undo")
    await bot_fixture.advance(60)
    assert bot_fixture.units_on(100) == []


@IDS
async def test_the_buttons_open_no_form(bot_fixture: BotFixture, ids: tuple[str, ...]) -> None:
    link_discord(bot_fixture, "charlie", api_ids=ids)
    promote(bot_fixture, "charlie")
    card = await call_card(bot_fixture)
    pressed = await bot_fixture.charlie.click(card, label="Attach me")
    assert pressed.modal is None
    await bot_fixture.advance(60)
    assert bot_fixture.units_on(100) == ["E-51"]
    card = await emergency_card(bot_fixture)
    pressed = await bot_fixture.charlie.click(card, label="Respond")
    assert pressed.modal is None
    await bot_fixture.advance(60)
    (number,) = set(bot_fixture.server.calls) - {100, 101, 102}
    assert bot_fixture.units_on(number) == ["E-51"]


@IDS
async def test_the_card_names_her(bot_fixture: BotFixture, ids: tuple[str, ...]) -> None:
    link_discord(bot_fixture, "charlie", api_ids=ids)
    channel = bot_fixture.guild.create_text_channel("calls")
    await bot_fixture.start(calls_channel_id=channel.id)
    cards = Cards(bot_fixture, channel)
    await cards.until(lambda: cards.shows("Call #100"))
    await bot_fixture.attach(bot_fixture.charlie.mention)
    await cards.until(lambda: bot_fixture.charlie.mention in cards.units("Call #100"))


async def test_who_is_linked_nowhere(bot_fixture: BotFixture) -> None:
    for _ in range(3):
        answer = await bot_fixture.attach(f"{bot_fixture.charlie.mention} A-7")
        assert f"Left out: {bot_fixture.charlie.mention}: not linked." in answer
    assert bot_fixture.units_on(100) == ["A-7"]
    # Each order came a minute after the one before, when the answer had just expired.
    assert account_requests(bot_fixture) == 3


async def test_answers_are_remembered(bot_fixture: BotFixture) -> None:
    for _ in range(3):
        said = await bot_fixture.run_command(
            bot_fixture.dana, "attach", call=100, units=bot_fixture.charlie.mention
        )
        assert "not linked" in await said.after(5)
    assert account_requests(bot_fixture) == 1
    link_discord(bot_fixture, "charlie")
    await bot_fixture.advance(MISSING_TTL)
    assert (await bot_fixture.attach(bot_fixture.charlie.mention)).startswith("✅")
    assert account_requests(bot_fixture) == 2


async def test_a_cad_that_cannot_be_asked_calls_no_member_unlinked(
    bot_fixture: BotFixture,
) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, ACCOUNTS)
    answer = await bot_fixture.attach(f"{bot_fixture.charlie.mention} A-7")
    assert (
        f"Left out: {bot_fixture.charlie.mention}: the CAD did not say which unit that is."
        in answer
    )
    assert bot_fixture.units_on(100) == ["A-7"]


async def test_linked_members_wait_for_no_question(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(RateLimited(120), ACCOUNTS)
    said = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units=bot_fixture.pat.mention
    )
    assert (await said.after(2)).startswith("✅")
    assert account_requests(bot_fixture) == 0


async def test_linked_members_do_not_wait_for_others(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(RateLimited(9), ACCOUNTS)
    first = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units=bot_fixture.charlie.mention
    )
    await bot_fixture.advance(1)
    bot_fixture.clear_faults()
    link_discord(bot_fixture, "charlie")
    pat, vic = bot_fixture.pat.mention, bot_fixture.vic.mention
    second = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=101, units=f"{pat} {vic}"
    )
    answer = await second.after(3)
    assert answer.startswith(f"⚠️ **#101** Traffic Stop: {pat} (A\\-12)")
    assert f"Left out: {vic}: the CAD did not say which unit that is." in answer
    # The order about the unknown member alone waits, and is done when the limit allows it.
    assert first.text.startswith("⏳")
    assert (await first.after(60)).startswith("✅ **#100**")


async def test_typing_asks_nothing(bot_fixture: BotFixture) -> None:
    link_discord(bot_fixture, "charlie")
    for typed in ("Charlie", "E-5", bot_fixture.charlie.mention):
        await bot_fixture.dana.autocomplete(bot_fixture.channel, "attach", "units", typed, call=100)
    await bot_fixture.advance(10)
    assert account_requests(bot_fixture) == 0


async def test_a_steam_id_from_api_1_gives_way(bot_fixture: BotFixture) -> None:
    """API 2 knows the player by another id than API 1; the unit on duty shows that one."""
    license_id = "license:5e3a7c1f9b2d4e6f"
    link_discord(bot_fixture, "pat", api_ids=(license_id,))
    await bot_fixture.start()
    answer = await bot_fixture.attach(bot_fixture.pat.mention)
    assert answer.startswith(f"✅ **#100** Armed Robbery: {bot_fixture.pat.mention} (A\\-12)")
    assert bot_fixture.links()[bot_fixture.pat.id] == license_id


async def test_a_linked_member_off_duty_is_asked_about_once(bot_fixture: BotFixture) -> None:
    link_discord(bot_fixture, "erin")
    for _ in range(3):
        answer = await bot_fixture.attach(bot_fixture.erin.mention)
        assert f"{bot_fixture.erin.mention}: off duty in the CAD" in answer
    assert FOUND_TTL > 180
    assert account_requests(bot_fixture) == 1


async def test_a_link_of_a_dispatcher_counts_while_its_unit_is_on_duty(
    bot_fixture: BotFixture,
) -> None:
    link_discord(bot_fixture, "bob")
    await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam=seed.RILEY.hex, member=bot_fixture.vic
    )
    change_account(bot_fixture, "charlie", discord_id=bot_fixture.vic.id)
    answer = await bot_fixture.attach(bot_fixture.vic.mention)
    assert answer.startswith(f"✅ **#100** Armed Robbery: {bot_fixture.vic.mention} (K\\-9)")


async def test_members_of_a_role_are_looked_up_in_the_background(bot_fixture: BotFixture) -> None:
    link_discord(bot_fixture, "charlie")
    role = squad(bot_fixture, "pat", "charlie", "vic")
    await bot_fixture.start(members_intent=True)
    bot_fixture.world.behaviour.rate_limits = True
    pat, charlie, vic = (bot_fixture.members[one].mention for one in ("pat", "charlie", "vic"))
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=role.mention)
    # The known member does not wait for the others.
    answer = await said.after(3)
    assert answer.startswith(f"⚠️ **#100** Armed Robbery: {pat} (A\\-12)\nConfirmed by the CAD.")
    looked_up = f"Left out: {role.mention}: members who are still being looked up in the CAD: "
    assert f"{looked_up}{charlie}, {vic}. Give the order again in a few minutes." in answer
    await bot_fixture.advance(120)
    answer = await bot_fixture.attach(role.mention)
    assert answer.splitlines() == [
        f"✅ **#100** Armed Robbery: {pat} (A\\-12, already there), {charlie} (E\\-51)",
        "Confirmed by the CAD.",
        f"{role.mention} (3 members): 1 not linked.",
    ]
    assert bot_fixture.units_on(100) == ["A-12", "E-51"]
    assert account_requests(bot_fixture) == 2


async def test_no_member_of_a_voice_channel_is_linked_here(bot_fixture: BotFixture) -> None:
    link_discord(bot_fixture, "charlie")
    channel = await patrol(bot_fixture, "charlie", "vic")
    answer = await bot_fixture.attach(channel.mention)
    assert answer.startswith("❌ Not attached to **#100**")
    assert "members who are still being looked up in the CAD" in answer
    assert (await bot_fixture.attach(channel.mention)).startswith("✅ **#100**")
    assert bot_fixture.units_on(100) == ["E-51"]


async def test_a_large_role_leaves_mentioned_members_their_requests(
    bot_fixture: BotFixture,
) -> None:
    link_discord(bot_fixture, "charlie")
    bot_fixture.world.behaviour.rate_limits = True
    channel = await patrol(bot_fixture, "dana", "vic", "max")
    await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=channel.mention)
    for _ in range(6):
        await bot_fixture.advance(5)
        await bot_fixture.settle_network()
    assert account_requests(bot_fixture) == 2
    said = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units=bot_fixture.charlie.mention
    )
    assert (await said.after(3)).startswith("✅ **#100**")
