"""The buttons of the cards, as people press them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import discord
import pytest

from bot.services.access.policy import Actor
from bot.services.reply import ReplyAddress
from bot.ui.calls.call_component import view_of
from bot.ui.calls.more_menu import CloseCallButton, PrimarySelect
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Reset
from sandbox.cad.state.models import EmergencyForm
from tests.e2e.bot_fixture import CALM, BotFixture
from tests.e2e.calls.card_presses import (
    ROBBERY,
    SHOTS,
    call_card,
    card,
    emergency_card,
    followed,
    labels,
    menu,
    pick,
    press,
    promote,
    set_primary,
    settled,
    words,
)

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)
CREATED, REMOVED = ("NEW_DISPATCH", "v2 new dispatch"), ("REMOVE_911", "v2 remove 911")
PRESSED_ALREADY = "❌ This was pressed already. Look at its answer for the result."
STOP = seed.TRAFFIC_STOP


class TestOnACall:
    async def test_attach_me_and_detach_me(self, officers: BotFixture) -> None:
        message = await call_card(officers)
        attached = await officers.pat.click(message, label="Attach me")
        assert words(attached).startswith("✅ **#100** Armed Robbery")
        assert officers.units_on(ROBBERY) == ["A-12"]
        call = officers.services.board.call(seed.SERVER_ID, ROBBERY)
        assert call is not None
        assert call.idents == tuple(officers.server.calls[ROBBERY].idents)
        await officers.advance(CALM)
        detached = await officers.pat.click(message, label="Detach me")
        assert words(detached).startswith("✅ Off **#100** Armed Robbery")
        assert officers.units_on(ROBBERY) == []

    async def test_detach_me_takes_no_unit_off_another_call(self, officers: BotFixture) -> None:
        await officers.pat.click(await call_card(officers, STOP), label="Attach me")
        await officers.advance(CALM)
        result = await officers.pat.click(await call_card(officers), label="Detach me")
        assert "not on that call" in await settled(officers, result)
        assert "A-12" in officers.units_on(STOP)

    async def test_an_unlinked_member_links_and_is_attached(self, officers: BotFixture) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        assert shown.modal is not None
        steam = {"steam": str(seed.CHARLIE.steam64)}
        result = await officers.charlie.submit_modal(shown, steam)
        mention = officers.charlie.mention
        assert (await settled(officers, result)).startswith("✅ **#100**")
        assert followed(result).splitlines() == [
            f"✅ {mention} is now linked to `{seed.CHARLIE.hex}`.",
            f"The CAD knows this id as `{seed.CHARLIE.hex}`.",
        ]
        assert officers.units_on(ROBBERY) == ["E-51"]
        assert officers.links()[officers.charlie.id] == seed.CHARLIE.hex

    async def test_an_unknown_id_is_told_before_the_order(self, officers: BotFixture) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        result = await officers.charlie.submit_modal(shown, {"steam": "license:unknown"})
        assert "off duty" in await settled(officers, result)
        assert "the CAD has no account with this id yet" in followed(result)
        assert officers.orders() == []

    async def test_an_order_that_is_refused_after_the_form(self, officers: BotFixture) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        guild = officers.bot.get_guild(officers.guild.id)
        assert guild
        (role,) = [one for one in guild.roles if one.name == "Officer"]
        officers.env.backend.remove_member_role(guild.id, officers.charlie.id, role.id)
        result = await officers.charlie.submit_modal(shown, {"steam": seed.CHARLIE.hex})
        assert "is now linked to" in await settled(officers, result)
        assert followed(result).startswith("❌ You need one of these roles for that: ")
        assert officers.orders() == []

    async def test_a_wrong_id_in_the_form_is_explained(self, officers: BotFixture) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        result = await officers.charlie.submit_modal(shown, {"steam": "charlie"})
        assert words(result).startswith("❌ `charlie` is not an id that the bot can read.")
        assert officers.orders() == []

    @pytest.mark.parametrize("label", ["Attach me", "Detach me", "Attach…", "More"])
    async def test_a_visitor_is_refused_in_private(
        self, bot_fixture: BotFixture, label: str
    ) -> None:
        result = await bot_fixture.vic.click(await call_card(bot_fixture), label=label)
        assert words(result) == f"❌ You need the {bot_fixture.dispatch.mention} role for that."
        assert result.modal is None
        assert bot_fixture.world.history == []

    async def test_self_dispatchers_may_move_no_other_unit(self, officers: BotFixture) -> None:
        result = await officers.pat.click(await call_card(officers), label="Attach…")
        assert words(result).startswith("❌ You need the ")

    async def test_a_press_after_a_restart(self, bot_fixture: BotFixture) -> None:
        message = await call_card(bot_fixture)
        promote(bot_fixture, "pat")
        await bot_fixture.start()
        result = await bot_fixture.pat.click(message, label="Attach me")
        assert words(result).startswith("✅ **#100**")

    async def test_a_call_that_was_closed_meanwhile(self, bot_fixture: BotFixture) -> None:
        message = await call_card(bot_fixture)
        promote(bot_fixture, "pat")
        bot_fixture.world.close(bot_fixture.server, ROBBERY)
        result = await bot_fixture.pat.click(message, label="Attach me")
        assert "The CAD refused: `CALL NOT FOUND`" in await settled(bot_fixture, result)

    async def test_a_card_that_is_deleted_during_the_press(self, bot_fixture: BotFixture) -> None:
        message = await call_card(bot_fixture)
        shown = await bot_fixture.dana.click(message, label="Attach…")
        await message.delete()
        await pick(bot_fixture, shown, "units", "A-12")
        result = await press(bot_fixture.dana, shown, "Attach")
        assert words(result).startswith("✅ **#100**")


class TestThePanel:
    async def test_people_units_and_a_department_in_one_order(
        self, bot_fixture: BotFixture
    ) -> None:
        shown = await bot_fixture.dana.click(await call_card(bot_fixture), label="Attach…")
        await pick(bot_fixture, shown, "members", bot_fixture.pat, bot_fixture.bob)
        await pick(bot_fixture, shown, "units", "K-9")
        await pick(bot_fixture, shown, "departments", "SAFD")
        result = await press(bot_fixture.dana, shown, "Attach")
        assert words(result).startswith("✅ **#100**")
        assert sorted(bot_fixture.units_on(ROBBERY)) == ["A-12", "E-51", "K-9", "M-3"]
        assert len(bot_fixture.orders()) == 1

    async def test_what_it_offers(self, bot_fixture: BotFixture) -> None:
        shown = await bot_fixture.dana.click(await call_card(bot_fixture), label="Attach…")
        options = [(one["value"], one["description"]) for one in menu(shown, "units")["options"]]
        assert options == [
            ("K-9", "BCSO · free"),
            ("M-3", "EMS · free"),
            ("A-12", "LSPD · free"),
            ("A-7", "LSPD · free"),
            ("S-1", "LSPD · free"),
            ("E-51", "SAFD · free"),
            ("B-21", "BCSO · on #101 · on scene"),
            ("R-2", "SAFD · on #102 · enroute"),
        ]
        crews = [
            (one["value"], one["description"]) for one in menu(shown, "departments")["options"]
        ]
        assert ("LSPD", "3: A-12, A-7, S-1") in crews

    async def test_what_was_picked_outlives_the_bot(self, bot_fixture: BotFixture) -> None:
        shown = await bot_fixture.dana.click(await call_card(bot_fixture), label="Attach…")
        await pick(bot_fixture, shown, "members", bot_fixture.pat)
        await pick(bot_fixture, shown, "units", "A-7", "K-9")
        await pick(bot_fixture, shown, "units", "A-7")
        await bot_fixture.start()
        result = await press(bot_fixture.dana, shown, "Attach")
        assert words(result).startswith("✅ **#100**")
        assert bot_fixture.units_on(ROBBERY) == ["A-12", "A-7"]

    async def test_a_panel_gives_one_order(self, bot_fixture: BotFixture) -> None:
        shown = await bot_fixture.dana.click(await emergency_card(bot_fixture), label="Dispatch…")
        await pick(bot_fixture, shown, "units", "A-12")
        assert shown.response is not None
        place = bot_fixture.channel.id, shown.response.id
        message = bot_fixture.env.backend.get_message(*place)
        look = message.components
        for again in ("at once", "late", "after a restart"):
            result = await press(bot_fixture.dana, shown, "Dispatch")
            if again == "after a restart":
                assert followed(result) == PRESSED_ALREADY
            text = await settled(bot_fixture, shown)
            assert text.startswith("✅ **#103** ")
            assert labels(shown) == ["Undo"]
            if again == "late":
                assert followed(result) == PRESSED_ALREADY
                await bot_fixture.start()
            message.components, message.content = look, "Which units?"  # as a slow client has it
        assert max(bot_fixture.server.calls) == 103

    async def test_no_unit_picked(self, bot_fixture: BotFixture) -> None:
        shown = await bot_fixture.dana.click(await call_card(bot_fixture), label="Attach…")
        result = await press(bot_fixture.dana, shown, "Attach")
        assert words(result).startswith("❌ No unit is picked")
        assert labels(shown) == ["Attach"]  # units can still be picked
        assert bot_fixture.orders() == []


class TestMore:
    async def test_the_primary_unit(self, bot_fixture: BotFixture) -> None:
        await bot_fixture.attach("A-12 A-7")
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        assert more.response is not None
        (offered,) = [
            one["options"]
            for row in more.response.components
            for one in row["components"]
            if "cad:primary:" in one["custom_id"]
        ]
        assert [one["value"] for one in offered] == ["A-12", "A-7"]
        result = await set_primary(bot_fixture.dana, more, ROBBERY, "A-7")
        assert await settled(bot_fixture, result) == (
            f"✅ A\\-7 is now the primary unit of **#{ROBBERY}** Armed Robbery."
        )
        call = bot_fixture.server.calls[ROBBERY]
        assert bot_fixture.server.units[call.primary].badge.unit_num == "A-7"
        shown = bot_fixture.services.board.call(seed.SERVER_ID, ROBBERY)
        assert shown is not None
        assert shown.primary == call.primary

    @pytest.mark.parametrize("track", [True, False])
    async def test_the_primary_unit_is_tracked_as_before(
        self, bot_fixture: BotFixture, track: bool
    ) -> None:
        call = bot_fixture.server.calls[ROBBERY]
        call.form = replace(call.form, track_primary=track)
        await bot_fixture.attach("A-12")
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        assert call.primary == 0
        result = await set_primary(bot_fixture.dana, more, ROBBERY, "A-12")
        assert (await settled(bot_fixture, result)).startswith("✅ ")
        assert bot_fixture.server.units[call.primary].badge.unit_num == "A-12"
        assert call.form.track_primary is track

    async def test_a_primary_unit_is_no_matter_of_officers(self, officers: BotFixture) -> None:
        await officers.attach("A-12")
        message = await call_card(officers)
        shown = []
        for member in (officers.pat, officers.dana):
            more = await member.click(message, label="More")
            assert more.response is not None
            shown.append("cad:primary:" in str(more.response.components))
        assert shown == [False, True]
        option = discord.SelectOption(label="A-12")
        public = await card(officers, view_of(PrimarySelect(seed.SERVER_ID, ROBBERY, [option])))
        refused = await officers.pat.select(public, ["A-12"])
        assert words(refused).startswith("❌ You need the ")

    async def test_a_call_without_units_offers_no_primary_unit(
        self, bot_fixture: BotFixture
    ) -> None:
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        assert more.response is not None
        assert "cad:primary:" not in str(more.response.components)

    async def test_a_note(self, bot_fixture: BotFixture) -> None:
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        shown = await press(bot_fixture.dana, more, "Add note")
        result = await bot_fixture.dana.submit_modal(shown, {"note": "Two men, *armed*"})
        assert words(result) == "✅ Noted on **#100**: `Two men, *armed*`"
        note = bot_fixture.server.calls[ROBBERY].notes[-1]
        assert (note.label, note.content) == ("dana", "Two men, *armed*")
        call = bot_fixture.services.board.call(seed.SERVER_ID, ROBBERY)
        assert call is not None
        assert call.notes[-1].text == "Two men, *armed*"

    async def test_the_own_status(self, officers: BotFixture) -> None:
        more = await officers.pat.click(await call_card(officers), label="More")
        assert more.response is not None
        place = f"cad:status:1:{ROBBERY}"
        result = await officers.pat.select(more.response.message, ["4"], custom_id=place)
        assert (
            words(result)
            == f"✅ The status of {officers.pat.mention} (A\\-12) is now **on scene**."
        )
        assert officers.server.units[1].status == 4
        unit = officers.services.board.snapshot(seed.SERVER_ID).units[1]
        assert unit.status == 4

    @pytest.mark.parametrize(
        ("who", "told"),
        [("dana", "you are not linked. Use `/link`"), ("erin", "off duty in the CAD")],
    )
    async def test_a_status_without_a_unit(
        self, bot_fixture: BotFixture, who: str, told: str
    ) -> None:
        promote(bot_fixture, "erin")
        person = bot_fixture.members[who]
        more = await person.click(await call_card(bot_fixture), label="More")
        assert more.response is not None
        result = await person.select(more.response.message, ["3"])
        assert told in words(result)

    async def test_closing_asks_once_more(self, bot_fixture: BotFixture) -> None:
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        asked = await press(bot_fixture.dana, more, "Close call")
        assert ROBBERY in bot_fixture.server.calls
        result = await press(bot_fixture.dana, asked, "Close call")
        assert words(result) == "✅ Closed **#100** Armed Robbery."
        assert ROBBERY not in bot_fixture.server.calls
        assert bot_fixture.services.board.call(seed.SERVER_ID, ROBBERY) is None
        assert labels(result) == []

    async def test_closing_twice(self, bot_fixture: BotFixture) -> None:
        more = await bot_fixture.dana.click(await call_card(bot_fixture), label="More")
        asked = await press(bot_fixture.dana, more, "Close call")
        bot_fixture.set_fault(BAD_GATEWAY)
        assert asked.response is not None
        message = bot_fixture.env.backend.get_message(bot_fixture.channel.id, asked.response.id)
        look = message.components
        await press(bot_fixture.dana, asked, "Close call")
        message.components = look
        again = await press(bot_fixture.dana, asked, "Close call")
        assert followed(again) == PRESSED_ALREADY
        bot_fixture.clear_faults()
        assert await settled(bot_fixture, asked) == "✅ Closed **#100** Armed Robbery."
        audit = await bot_fixture.final_answer(bot_fixture.dana, "audit")
        assert audit.startswith("✅ 1 order")

    async def test_more_shows_what_the_member_may_do(self, officers: BotFixture) -> None:
        message = await call_card(officers)
        assert labels(await officers.pat.click(message, label="More")) == []
        assert labels(await officers.dana.click(message, label="More")) == [
            *("Add note", "Close call")
        ]
        await officers.attach("A-12")
        assert labels(await officers.pat.click(message, label="More")) == ["Add note"]
        assert labels(await officers.alice.click(message, label="More")) == []

    async def test_an_officer_writes_notes_on_the_own_call(self, officers: BotFixture) -> None:
        await officers.attach("A-12")
        more = await officers.pat.click(await call_card(officers), label="More")
        shown = await press(officers.pat, more, "Add note")
        result = await officers.pat.submit_modal(shown, {"note": "One in custody"})
        assert words(result) == "✅ Noted on **#100**: `One in custody`"
        assert officers.server.calls[ROBBERY].notes[-1].label == "pat"

    async def test_an_officer_who_left_the_call_writes_no_note(self, officers: BotFixture) -> None:
        await officers.attach("A-12")
        more = await officers.pat.click(await call_card(officers), label="More")
        shown = await press(officers.pat, more, "Add note")
        await officers.final_answer(officers.dana, "detach", units="A-12")
        result = await officers.pat.submit_modal(shown, {"note": "One in custody"})
        assert words(result).startswith("❌ Your unit is not on this call")
        again = await press(officers.pat, more, "Add note")
        assert again.modal is None
        assert words(again).startswith("❌ Your unit is not on this call")
        notes = officers.server.calls[ROBBERY].notes
        assert "One in custody" not in [note.content for note in notes]

    async def test_an_officer_does_not_close(self, officers: BotFixture) -> None:
        buttons = view_of(CloseCallButton(seed.SERVER_ID, ROBBERY))
        result = await officers.pat.click(await card(officers, buttons), label="Close call")
        assert words(result).startswith("❌ You need the ")


class TestOnAnEmergency:
    async def test_respond(self, bot_fixture: BotFixture) -> None:
        promote(bot_fixture, "pat")
        result = await bot_fixture.pat.click(await emergency_card(bot_fixture), label="Respond")
        assert (await settled(bot_fixture, result)).startswith("✅ **#103**")
        assert bot_fixture.units_on(103) == ["A-12"]
        assert bot_fixture.server.calls[103].form.meta_data["createdFromId"] == str(SHOTS)
        assert SHOTS not in bot_fixture.server.emergencies

    async def test_an_officer_responds_with_the_own_unit(self, officers: BotFixture) -> None:
        message = await emergency_card(officers)
        result = await officers.pat.click(message, label="Respond")
        assert (await settled(officers, result)).startswith("✅ **#103**")
        assert officers.units_on(103) == ["A-12"]
        for label in ("Dispatch…", "Dismiss"):
            assert words(await officers.pat.click(message, label=label)).startswith("❌ You need")
        visitor = await officers.vic.click(message, label="Respond")
        assert words(visitor).startswith("❌ You need one of these roles")

    async def test_two_respond_at_once(self, bot_fixture: BotFixture) -> None:
        # Below the buttons: the pretend Discord takes one press after the other.
        actors = [
            Actor(
                bot_fixture.members[name].id,
                bot_fixture.guild.id,
                frozenset({bot_fixture.dispatch.id}),
                False,
            )
            for name in ("pat", "alice", "pat")
        ]
        services, reply = bot_fixture.services, ReplyAddress(1, "token")
        respond = partial(
            services.call_actions.respond_to_911, server_id=seed.SERVER_ID, number=SHOTS, units="me"
        )
        orders = [await respond(actor, reply) for actor in actors]
        responding = asyncio.gather(*map(services.queue.run, orders))
        while not responding.done():
            await bot_fixture.advance(1)
        await responding
        assert sorted(bot_fixture.units_on(103)) == ["A-12", "A-7"]
        assert len(bot_fixture.world.requests(*CREATED)) == 1
        assert len(bot_fixture.world.requests(*REMOVED)) == 1
        assert SHOTS not in bot_fixture.server.emergencies

    async def test_one_responds_after_the_other_on_an_old_card(
        self, bot_fixture: BotFixture
    ) -> None:
        promote(bot_fixture, "pat", "alice")
        message = await emergency_card(bot_fixture)
        for who in (bot_fixture.pat, bot_fixture.alice):
            result = await who.click(message, label="Respond")
            assert (await settled(bot_fixture, result)).startswith("✅ **#103**")
        again = await bot_fixture.pat.click(message, label="Respond")
        assert (await settled(bot_fixture, again)).startswith("⚠️ Already on **#103**")
        assert sorted(bot_fixture.units_on(103)) == ["A-12", "A-7"]
        assert set(bot_fixture.server.calls) == {100, 101, 102, 103}
        assert SHOTS not in bot_fixture.server.emergencies
        assert len(bot_fixture.world.requests(*CREATED)) == 1

    @pytest.mark.parametrize("key", ["createdFromId", "origin911"])
    async def test_another_member_was_quicker(self, bot_fixture: BotFixture, key: str) -> None:
        promote(bot_fixture, "pat")
        message = await emergency_card(bot_fixture)
        call = bot_fixture.server.calls[ROBBERY]
        call.form = replace(call.form, meta_data={key: str(SHOTS)})
        result = await bot_fixture.pat.click(message, label="Respond")
        assert (await settled(bot_fixture, result)).startswith("✅ **#100**")
        assert bot_fixture.world.requests(*CREATED) == []
        assert SHOTS not in bot_fixture.server.emergencies

    async def test_a_911_call_that_is_gone(self, bot_fixture: BotFixture) -> None:
        promote(bot_fixture, "pat")
        message = await emergency_card(bot_fixture)
        bot_fixture.world.remove_911(bot_fixture.server, SHOTS)
        result = await bot_fixture.pat.click(message, label="Respond")
        assert "\nThis 911 call is no longer open" in words(result)
        assert set(bot_fixture.server.calls) == {100, 101, 102}

    async def test_respond_without_a_link(self, bot_fixture: BotFixture) -> None:
        promote(bot_fixture, "charlie")
        shown = await bot_fixture.charlie.click(await emergency_card(bot_fixture), label="Respond")
        result = await bot_fixture.charlie.submit_modal(shown, {"steam": seed.CHARLIE.hex})
        assert (await settled(bot_fixture, result)).startswith("✅ **#103**")
        assert "is now linked to" in followed(result)
        assert bot_fixture.units_on(103) == ["E-51"]

    async def test_dispatch_others(self, bot_fixture: BotFixture) -> None:
        shown = await bot_fixture.dana.click(await emergency_card(bot_fixture), label="Dispatch…")
        empty = await press(bot_fixture.dana, shown, "Dispatch")
        assert words(empty).startswith("❌ No unit is picked")
        assert set(bot_fixture.server.calls) == {100, 101, 102}
        await pick(bot_fixture, shown, "members", bot_fixture.pat)
        await pick(bot_fixture, shown, "units", "A-7")
        result = await press(bot_fixture.dana, shown, "Dispatch")
        assert (await settled(bot_fixture, result)).startswith("✅ **#103**")
        assert bot_fixture.units_on(103) == ["A-12", "A-7"]
        assert SHOTS not in bot_fixture.server.emergencies

    async def test_nothing_is_created_for_a_unit_that_is_off_duty(
        self, bot_fixture: BotFixture
    ) -> None:
        shown = await bot_fixture.dana.click(await emergency_card(bot_fixture), label="Dispatch…")
        await pick(bot_fixture, shown, "members", bot_fixture.erin)
        result = await press(bot_fixture.dana, shown, "Dispatch")
        answer = await settled(bot_fixture, result)
        assert answer.startswith("❌ Not attached to a call for **911 #1**")
        assert f"Left out: {bot_fixture.erin.mention}: off duty in the CAD" in answer
        assert set(bot_fixture.server.calls) == {100, 101, 102}
        assert SHOTS in bot_fixture.server.emergencies

    async def test_three_respond_to_three_calls_within_twelve_seconds(
        self, bot_fixture: BotFixture
    ) -> None:
        promote(bot_fixture, "pat", "alice", "bob")
        for number in (2, 3):
            bot_fixture.world.call_911(
                bot_fixture.server, EmergencyForm(f"Caller {number}", "Here", "Help")
            )
        numbers = sorted(bot_fixture.server.emergencies)[:3]
        await bot_fixture.start()
        bot_fixture.world.behaviour.rate_limits = True
        results = []
        for who, number in zip(("pat", "alice", "bob"), numbers, strict=True):
            card_message = await emergency_card(bot_fixture, number)
            results.append(await bot_fixture.members[who].click(card_message, label="Respond"))
            await bot_fixture.advance(4)
        await bot_fixture.advance(25)
        assert [words(result)[:6] for result in results] == ["✅ **#1"] * 3
        assert not {*numbers} & {*bot_fixture.server.emergencies}

    async def test_an_act_waits_for_the_cad_and_is_done_once(self, bot_fixture: BotFixture) -> None:
        promote(bot_fixture, "pat")
        message = await emergency_card(bot_fixture)
        bot_fixture.set_fault(BAD_GATEWAY)
        result = await bot_fixture.pat.click(message, label="Respond")
        await bot_fixture.advance(20)
        assert words(result).startswith("⏳ ")
        assert "To be attached to a call for **911 #1**" in words(result)
        bot_fixture.clear_faults()
        assert (await settled(bot_fixture, result)).startswith("✅ **#103**")
        assert bot_fixture.units_on(103) == ["A-12"]

    async def test_a_broken_answer_does_not_do_it_twice(self, bot_fixture: BotFixture) -> None:
        promote(bot_fixture, "pat")
        message = await emergency_card(bot_fixture)
        bot_fixture.cad.faults.set(Reset(), path="dispatch", times=1)
        result = await bot_fixture.pat.click(message, label="Respond")
        assert (await settled(bot_fixture, result)).startswith("✅ **#103**")
        assert set(bot_fixture.server.calls) == {100, 101, 102, 103}

    async def test_all_of_it_is_in_the_audit(self, bot_fixture: BotFixture) -> None:
        promote(bot_fixture, "pat")
        await bot_fixture.pat.click(await emergency_card(bot_fixture), label="Respond")
        await bot_fixture.advance(10)
        asked = await bot_fixture.dana.click(await emergency_card(bot_fixture, 2), label="Dismiss")
        await press(bot_fixture.dana, asked, "Dismiss it")
        audit = await bot_fixture.final_answer(bot_fixture.dana, "audit")
        assert f"✅ dismiss **911 #2** · by {bot_fixture.dana.mention}" in audit
        assert f"✅ {bot_fixture.pat.mention} (A\\-12) → **#103** · by" in audit

    async def test_dismiss(self, bot_fixture: BotFixture) -> None:
        asked = await bot_fixture.dana.click(await emergency_card(bot_fixture), label="Dismiss")
        assert SHOTS in bot_fixture.server.emergencies
        result = await press(bot_fixture.dana, asked, "Dismiss it")
        assert words(result) == "✅ Dismissed **911 #1**."
        assert SHOTS not in bot_fixture.server.emergencies
        assert SHOTS not in bot_fixture.services.board.snapshot(seed.SERVER_ID).emergencies

    @pytest.mark.parametrize("label", ["Respond", "Dispatch…", "Dismiss"])
    async def test_a_visitor_is_refused_in_private(
        self, bot_fixture: BotFixture, label: str
    ) -> None:
        result = await bot_fixture.vic.click(await emergency_card(bot_fixture), label=label)
        assert words(result) == f"❌ You need the {bot_fixture.dispatch.mention} role for that."
        assert SHOTS in bot_fixture.server.emergencies


async def test_the_status_of_those_attached(bot_fixture: BotFixture) -> None:
    await bot_fixture.start(status_on_attach=3)
    await bot_fixture.attach("A-12 A-7")
    assert [bot_fixture.server.units[ident].status for ident in (1, 2)] == [3, 3]


async def test_a_second_attach_leaves_a_unit_on_scene(bot_fixture: BotFixture) -> None:
    await bot_fixture.start(status_on_attach=3)
    await bot_fixture.attach("A-12")
    bot_fixture.world.set_status(bot_fixture.server, Target(ident_ids=(1,)), 4)
    await bot_fixture.advance(60)
    await bot_fixture.services.board.fetch_units(seed.SERVER_ID)
    await bot_fixture.advance(CALM)
    await bot_fixture.attach("A-12 A-7")
    assert [bot_fixture.server.units[ident].status for ident in (1, 2)] == [4, 3]
