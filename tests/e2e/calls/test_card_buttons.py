"""The buttons of the cards, as people press them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import discord
import pytest
from discord.ui import View
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.services.access.policy import Actor
from bot.services.reply import ReplyAddress
from bot.ui.calls.card_buttons import call_buttons, emergency_buttons
from sandbox.cad.state import seed
from tests.e2e.scene import CALM, Scene

pytestmark = pytest.mark.parametrize(
    "scene", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)
SHOTS = 1  # the first 911 call
CREATED, REMOVED = ("NEW_DISPATCH", "v2 new dispatch"), ("REMOVE_911", "v2 remove 911")
ROBBERY, STOP = seed.ARMED_ROBBERY, seed.TRAFFIC_STOP


async def card(scene: Scene, view: View) -> discord.Message:
    """Send what a card carries, as the bot does."""
    channel = scene.bot.get_channel(scene.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send("A card", view=view)


async def call_card(scene: Scene, call_id: int = ROBBERY) -> discord.Message:
    return await card(scene, call_buttons(seed.SERVER_ID, call_id))


async def emergency_card(scene: Scene, number: int = SHOTS) -> discord.Message:
    return await card(scene, emergency_buttons(seed.SERVER_ID, number))


def words(result: InteractionResult) -> str:
    """Return what somebody was told, in private."""
    assert result.response is not None
    assert result.ephemeral
    return result.response.content


async def settled(scene: Scene, result: InteractionResult) -> str:
    """Return what somebody is told in the end."""
    await scene.passes(60)
    return words(result)


def followed(result: InteractionResult) -> str:
    """Return what the one private message that came after the answer says."""
    (message,) = result.followups
    assert message.flags.ephemeral
    return message.content


async def pick(scene: Scene, panel: InteractionResult, what: str, *values: Any) -> None:
    """Pick in one of the panel's selects."""
    assert panel.response is not None
    place = menu(panel, what)["custom_id"]
    await scene.dana.select(panel.response.message, list(values), custom_id=place)


def menu(panel: InteractionResult, what: str) -> dict[str, Any]:
    assert panel.response is not None
    rows = panel.response.components
    (found,) = [
        one for row in rows for one in row["components"] if f"pick-{what}:" in one["custom_id"]
    ]
    return dict(found)


async def press(who: MemberActor, result: InteractionResult, label: str) -> InteractionResult:
    assert result.response is not None
    return await who.click(result.response.message, label=label)


def promote(scene: Scene, *names: str) -> None:
    for name in names:
        backend = scene.env.backend
        backend.add_member_role(scene.guild.id, scene.people[name].id, scene.dispatch.id)


@pytest.fixture
async def officers(scene: Scene) -> Scene:
    """Let Pat and Alice dispatch themselves."""
    role = scene.guild.create_role("Officer")
    for name in ("pat", "alice", "charlie"):
        scene.env.backend.add_member_role(scene.guild.id, scene.people[name].id, role.id)
    await scene.start(self_dispatch_role_ids=frozenset({role.id}))
    return scene


class TestOnACall:
    async def test_attach_me_and_detach_me(self, officers: Scene) -> None:
        message = await call_card(officers)
        attached = await officers.pat.click(message, label="Attach me")
        assert words(attached).startswith("✅ **#100** Armed Robbery")
        assert officers.units_on(ROBBERY) == ["A-12"]
        call = officers.services.board.call(seed.SERVER_ID, ROBBERY)
        assert call is not None
        assert call.idents == tuple(officers.server.calls[ROBBERY].idents)
        await officers.passes(CALM)
        detached = await officers.pat.click(message, label="Detach me")
        assert words(detached).startswith("✅ Off **#100** Armed Robbery")
        assert officers.units_on(ROBBERY) == []

    async def test_detach_me_takes_nobody_off_another_call(self, officers: Scene) -> None:
        await officers.pat.click(await call_card(officers, STOP), label="Attach me")
        await officers.passes(CALM)
        result = await officers.pat.click(await call_card(officers), label="Detach me")
        assert "no longer on that call" in await settled(officers, result)
        assert "A-12" in officers.units_on(STOP)

    async def test_whoever_is_not_linked_does_so_and_is_attached(self, officers: Scene) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        assert shown.modal is not None
        steam = {"steam": str(seed.CHARLIE.steam64)}
        result = await officers.charlie.submit_modal(shown, steam)
        mention = officers.charlie.mention
        assert (await settled(officers, result)).splitlines() == [
            f"✅ {mention} is now linked to `{seed.CHARLIE.hex}`.",
            f"The CAD knows this id as `{seed.CHARLIE.hex}` (account `charlie`).",
        ]
        assert followed(result).startswith("✅ **#100**")
        assert officers.units_on(ROBBERY) == ["E-51"]
        assert officers.links()[officers.charlie.id] == seed.CHARLIE.hex

    async def test_an_id_that_nobody_knows_is_told_before_the_order(self, officers: Scene) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        result = await officers.charlie.submit_modal(shown, {"steam": "license:nobody"})
        assert "the CAD has no account with this id yet" in await settled(officers, result)
        assert "off duty" in followed(result)
        assert officers.orders() == []

    async def test_an_order_that_is_refused_after_the_form(self, officers: Scene) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        guild = officers.bot.get_guild(officers.guild.id)
        assert guild
        (role,) = [one for one in guild.roles if one.name == "Officer"]
        officers.env.backend.remove_member_role(guild.id, officers.charlie.id, role.id)
        result = await officers.charlie.submit_modal(shown, {"steam": seed.CHARLIE.hex})
        assert "is now linked to" in await settled(officers, result)
        assert followed(result).startswith("❌ You need one of these roles for that: ")
        assert officers.orders() == []

    async def test_a_wrong_id_in_the_form_is_explained(self, officers: Scene) -> None:
        shown = await officers.charlie.click(await call_card(officers), label="Attach me")
        result = await officers.charlie.submit_modal(shown, {"steam": "charlie"})
        assert words(result).startswith("❌ `charlie` is not a Steam id.")
        assert officers.orders() == []

    @pytest.mark.parametrize("label", ["Attach me", "Detach me", "Attach…", "More"])
    async def test_a_visitor_is_refused_in_private(self, scene: Scene, label: str) -> None:
        result = await scene.vic.click(await call_card(scene), label=label)
        assert words(result) == f"❌ You need the {scene.dispatch.mention} role for that."
        assert result.modal is None
        assert scene.world.history == []

    async def test_who_moves_themselves_may_move_nobody_else(self, officers: Scene) -> None:
        result = await officers.pat.click(await call_card(officers), label="Attach…")
        assert words(result).startswith("❌ You need the ")

    async def test_a_press_after_a_restart(self, scene: Scene) -> None:
        message = await call_card(scene)
        promote(scene, "pat")
        await scene.start()
        result = await scene.pat.click(message, label="Attach me")
        assert words(result).startswith("✅ **#100**")

    async def test_a_call_that_was_closed_meanwhile(self, scene: Scene) -> None:
        message = await call_card(scene)
        promote(scene, "pat")
        scene.world.close(scene.server, ROBBERY)
        result = await scene.pat.click(message, label="Attach me")
        assert "The CAD refused: `CALL NOT FOUND`" in await settled(scene, result)

    async def test_a_card_that_is_deleted_during_the_press(self, scene: Scene) -> None:
        message = await call_card(scene)
        shown = await scene.dana.click(message, label="Attach…")
        await message.delete()
        await pick(scene, shown, "units", "A-12")
        result = await press(scene.dana, shown, "Attach")
        assert words(result).startswith("✅ **#100**")


class TestThePanel:
    async def test_people_units_and_a_department_in_one_order(self, scene: Scene) -> None:
        shown = await scene.dana.click(await call_card(scene), label="Attach…")
        await pick(scene, shown, "members", scene.pat, scene.bob)
        await pick(scene, shown, "units", "K-9")
        await pick(scene, shown, "departments", "SAFD")
        result = await press(scene.dana, shown, "Attach")
        assert words(result).startswith("✅ **#100**")
        assert sorted(scene.units_on(ROBBERY)) == ["A-12", "E-51", "K-9", "M-3"]
        assert len(scene.orders()) == 1

    async def test_what_it_offers(self, scene: Scene) -> None:
        shown = await scene.dana.click(await call_card(scene), label="Attach…")
        options = [(one["value"], one["description"]) for one in menu(shown, "units")["options"]]
        assert options == [
            ("K-9", "BCSO · free · available"),
            ("M-3", "EMS · free · available"),
            ("A-12", "LSPD · free · available"),
            ("A-7", "LSPD · free · available"),
            ("S-1", "LSPD · free · available"),
            ("E-51", "SAFD · free · available"),
            ("B-21", "BCSO · on #101 · on scene"),
            ("R-2", "SAFD · on #102 · enroute"),
        ]
        crews = [
            (one["value"], one["description"]) for one in menu(shown, "departments")["options"]
        ]
        assert ("LSPD", "3: A-12, A-7, S-1") in crews

    async def test_what_was_picked_outlives_the_bot(self, scene: Scene) -> None:
        shown = await scene.dana.click(await call_card(scene), label="Attach…")
        await pick(scene, shown, "members", scene.pat)
        await pick(scene, shown, "units", "A-7", "K-9")
        await pick(scene, shown, "units", "A-7")
        await scene.start()
        result = await press(scene.dana, shown, "Attach")
        assert words(result).startswith("✅ **#100**")
        assert scene.units_on(ROBBERY) == ["A-12", "A-7"]

    async def test_nobody_picked(self, scene: Scene) -> None:
        shown = await scene.dana.click(await call_card(scene), label="Attach…")
        assert words(await press(scene.dana, shown, "Attach")).startswith("❌ No unit is picked")
        assert scene.orders() == []


class TestMore:
    async def test_a_note(self, scene: Scene) -> None:
        more = await scene.dana.click(await call_card(scene), label="More")
        shown = await press(scene.dana, more, "Add note")
        result = await scene.dana.submit_modal(shown, {"note": "Two men, *armed*"})
        assert words(result) == "✅ Noted on **#100**: `Two men, *armed*`"
        note = scene.server.calls[ROBBERY].notes[-1]
        assert (note.label, note.content) == ("dana", "Two men, *armed*")
        call = scene.services.board.call(seed.SERVER_ID, ROBBERY)
        assert call is not None
        assert call.notes[-1].text == "Two men, *armed*"

    async def test_the_own_status(self, officers: Scene) -> None:
        more = await officers.pat.click(await call_card(officers), label="More")
        assert more.response is not None
        place = f"cad:status:1:{ROBBERY}"
        result = await officers.pat.select(more.response.message, ["4"], custom_id=place)
        assert words(result) == "✅ Your status (A\\-12) is now **on scene**."
        assert officers.server.units[1].status == 4
        unit = officers.services.board.snapshot(seed.SERVER_ID).units[1]
        assert unit.status == 4

    @pytest.mark.parametrize(
        ("who", "told"), [("dana", "not linked to the CAD yet"), ("erin", "not on duty")]
    )
    async def test_a_status_without_a_unit(self, scene: Scene, who: str, told: str) -> None:
        promote(scene, "erin")
        person = scene.people[who]
        more = await person.click(await call_card(scene), label="More")
        assert more.response is not None
        result = await person.select(more.response.message, ["3"])
        assert told in words(result)

    async def test_closing_asks_once_more(self, scene: Scene) -> None:
        more = await scene.dana.click(await call_card(scene), label="More")
        asked = await press(scene.dana, more, "Close call")
        assert ROBBERY in scene.server.calls
        result = await press(scene.dana, asked, "Close call")
        assert words(result) == "✅ Closed **#100** Armed Robbery."
        assert ROBBERY not in scene.server.calls
        assert scene.services.board.call(seed.SERVER_ID, ROBBERY) is None
        again = await press(scene.dana, asked, "Close call")
        assert words(again).startswith("❌ The CAD refused: `CALL NOT FOUND`")

    @pytest.mark.parametrize("label", ["Add note", "Close call"])
    async def test_an_officer_neither_notes_nor_closes(self, officers: Scene, label: str) -> None:
        more = await officers.pat.click(await call_card(officers), label="More")
        result = await press(officers.pat, more, label)
        assert words(result).startswith("❌ You need the ")


class TestOnAnEmergency:
    async def test_respond(self, scene: Scene) -> None:
        promote(scene, "pat")
        result = await scene.pat.click(await emergency_card(scene), label="Respond")
        assert (await settled(scene, result)).startswith("✅ **#103**")
        assert scene.units_on(103) == ["A-12"]
        assert scene.server.calls[103].form.meta_data["createdFromId"] == str(SHOTS)
        assert SHOTS not in scene.server.emergencies

    async def test_two_respond_at_once(self, scene: Scene) -> None:
        # Below the buttons: the pretend Discord takes one press after the other.
        actors = [
            Actor(scene.people[name].id, scene.guild.id, frozenset({scene.dispatch.id}), False)
            for name in ("pat", "alice", "pat")
        ]
        acts, reply = scene.services.call_actions, ReplyAddress(1, "token")
        responding = asyncio.gather(
            *(acts.respond_to_911(actor, reply, seed.SERVER_ID, SHOTS, "me") for actor in actors)
        )
        while not responding.done():
            await scene.passes(1)
        orders = await responding
        assert [one.order.call_id for one in orders] == [103, 103, 103]
        assert len(scene.world.requests(*CREATED)) == 1
        assert len(scene.world.requests(*REMOVED)) == 1
        assert SHOTS not in scene.server.emergencies

    async def test_one_responds_after_the_other_on_an_old_card(self, scene: Scene) -> None:
        promote(scene, "pat", "alice")
        message = await emergency_card(scene)
        for who in (scene.pat, scene.alice, scene.pat):
            result = await who.click(message, label="Respond")
            assert (await settled(scene, result)).startswith("✅ **#103**")
        assert sorted(scene.units_on(103)) == ["A-12", "A-7"]
        assert set(scene.server.calls) == {100, 101, 102, 103}
        assert SHOTS not in scene.server.emergencies
        assert len(scene.world.requests(*CREATED)) == 1

    @pytest.mark.parametrize("key", ["createdFromId", "origin911"])
    async def test_somebody_else_was_quicker(self, scene: Scene, key: str) -> None:
        promote(scene, "pat")
        message = await emergency_card(scene)
        call = scene.server.calls[ROBBERY]
        call.form = replace(call.form, meta_data={key: str(SHOTS)})
        result = await scene.pat.click(message, label="Respond")
        assert (await settled(scene, result)).startswith("✅ **#100**")
        assert scene.world.requests(*CREATED) == []
        assert SHOTS not in scene.server.emergencies

    async def test_a_911_call_that_is_gone(self, scene: Scene) -> None:
        promote(scene, "pat")
        message = await emergency_card(scene)
        scene.world.remove_911(scene.server, SHOTS)
        result = await scene.pat.click(message, label="Respond")
        assert words(result).startswith("❌ This 911 call is no longer open")
        assert set(scene.server.calls) == {100, 101, 102}

    async def test_respond_without_a_link(self, scene: Scene) -> None:
        promote(scene, "charlie")
        shown = await scene.charlie.click(await emergency_card(scene), label="Respond")
        result = await scene.charlie.submit_modal(shown, {"steam": seed.CHARLIE.hex})
        assert "is now linked to" in await settled(scene, result)
        assert followed(result).startswith("✅ **#103**")
        assert scene.units_on(103) == ["E-51"]

    async def test_dispatch_others(self, scene: Scene) -> None:
        shown = await scene.dana.click(await emergency_card(scene), label="Dispatch…")
        empty = await press(scene.dana, shown, "Dispatch")
        assert words(empty).startswith("❌ No unit is picked")
        assert set(scene.server.calls) == {100, 101, 102}
        await pick(scene, shown, "members", scene.pat)
        await pick(scene, shown, "units", "A-7")
        result = await press(scene.dana, shown, "Dispatch")
        assert (await settled(scene, result)).startswith("✅ **#103**")
        assert scene.units_on(103) == ["A-12", "A-7"]
        assert SHOTS not in scene.server.emergencies

    async def test_dismiss(self, scene: Scene) -> None:
        asked = await scene.dana.click(await emergency_card(scene), label="Dismiss")
        assert SHOTS in scene.server.emergencies
        result = await press(scene.dana, asked, "Dismiss it")
        assert words(result) == "✅ Dismissed **911 #1**."
        assert SHOTS not in scene.server.emergencies
        assert SHOTS not in scene.services.board.snapshot(seed.SERVER_ID).emergencies

    @pytest.mark.parametrize("label", ["Respond", "Dispatch…", "Dismiss"])
    async def test_a_visitor_is_refused_in_private(self, scene: Scene, label: str) -> None:
        result = await scene.vic.click(await emergency_card(scene), label=label)
        assert words(result) == f"❌ You need the {scene.dispatch.mention} role for that."
        assert SHOTS in scene.server.emergencies


async def test_the_status_of_those_attached(scene: Scene) -> None:
    await scene.start(status_on_attach=3)
    await scene.attach("A-12 A-7")
    assert [scene.server.units[ident].status for ident in (1, 2)] == [3, 3]
