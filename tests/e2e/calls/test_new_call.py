"""`/call new`: a call of its own, as members open it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.config.server_list import CadServerSetting
from sandbox.cad.state import second_server, seed
from sandbox.cad.state.faults import BAD_GATEWAY, Fault, Handler, Reset
from sandbox.cad.state.models import DispatchCall
from sandbox.cad.state.second_server import add_second_server
from tests.e2e.accounts import link_discord
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.card_presses import pick, press, settled, words
from tests.e2e.calls.shown_cards import Cards

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)
NEW = 103  # its number
CREATED = ("NEW_DISPATCH", "v2 new dispatch")
FIRE = {
    "title": "Structure Fire",
    "code": "10-70",
    "place": "Grove Street",
    "postal": "9001",
    "description": "Two floors.\nPeople inside.",
}


@dataclass(frozen=True, slots=True)
class DoneWithoutAnswer(Fault):
    """Carry out each request; a proxy loses the answers."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        await handler(request)
        return web.Response(status=502)


async def new_call(
    bot_fixture: BotFixture,
    fields: dict[str, str] | None = None,
    who: MemberActor | None = None,
    **options: Any,
) -> InteractionResult:
    """Let a dispatcher type the command, and fill in the form."""
    who = who or bot_fixture.dana
    form = await who.slash(bot_fixture.channel, "call new", **options)
    assert form.modal is not None
    return await who.submit_modal(form, FIRE if fields is None else fields)


def created(bot_fixture: BotFixture) -> DispatchCall:
    """Return the call that was created; there is no other."""
    assert set(bot_fixture.server.calls) == {100, 101, 102, NEW}
    return bot_fixture.server.calls[NEW]


async def test_a_call_is_created_and_its_units_are_picked(bot_fixture: BotFixture) -> None:
    result = await new_call(bot_fixture, priority=1)
    assert words(result) == f"✅ Created **#{NEW}** Structure Fire."
    call = created(bot_fixture)
    form = call.form
    assert (form.title, form.code, form.address) == ("Structure Fire", "10-70", "Grove Street")
    assert (form.postal, form.priority, call.status) == ("9001", 1, 1)
    assert form.description == "Two floors.\nPeople inside."
    assert call.idents == []
    panel = await press(bot_fixture.dana, result, "Attach…")
    assert words(panel) == f"Which units go to **#{NEW}** Structure Fire, Grove Street?"
    await pick(bot_fixture, panel, "units", "A-12", "A-7")
    sent = await press(bot_fixture.dana, panel, "Attach")
    assert (await settled(bot_fixture, sent)).startswith(f"✅ **#{NEW}** Structure Fire")
    assert sorted(bot_fixture.units_on(NEW)) == ["A-12", "A-7"]


async def test_only_the_title_is_needed(bot_fixture: BotFixture) -> None:
    assert words(await new_call(bot_fixture, {"title": " Noise\u200b  complaint "})) == (
        f"✅ Created **#{NEW}** Noise complaint."
    )
    form = created(bot_fixture).form
    assert (form.title, form.code, form.description) == ("Noise complaint", "", "")
    assert form.priority == 3


async def test_a_title_of_blanks_is_none(bot_fixture: BotFixture) -> None:
    result = await new_call(bot_fixture, {"title": " \u200b "})
    assert words(result).startswith("❌ A new call needs a title.")
    assert bot_fixture.world.requests(*CREATED) == []


async def test_dispatchers_alone_open_calls(bot_fixture: BotFixture) -> None:
    refused = await bot_fixture.vic.slash(bot_fixture.channel, "call new")
    assert refused.modal is None
    assert words(refused).startswith("❌ You need the ")


async def test_the_cad_must_permit_it_too(bot_fixture: BotFixture) -> None:
    link_discord(bot_fixture, "dana", permissions=frozenset({"selfDispatch"}))
    await bot_fixture.start(require_cad_permission=True)
    result = await new_call(bot_fixture)
    assert (await settled(bot_fixture, result)).startswith("❌ Not created.\n")
    assert bot_fixture.world.requests(*CREATED) == []


async def test_a_new_call_waits_for_the_cad_and_can_be_cancelled(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY)
    first, second = await new_call(bot_fixture), await new_call(bot_fixture, {"title": "Noise"})
    await bot_fixture.advance(20)
    assert words(first).startswith("⏳ ")
    assert "To be created: Structure Fire" in words(first)
    await press(bot_fixture.dana, second, "Cancel")
    bot_fixture.clear_faults()
    assert await settled(bot_fixture, first) == f"✅ Created **#{NEW}** Structure Fire."
    assert words(second).startswith("❌ Cancelled. ")
    created(bot_fixture)


async def test_a_broken_answer_does_not_create_it_twice(bot_fixture: BotFixture) -> None:
    bot_fixture.cad.faults.set(Reset(), path="dispatch", times=1)
    result = await new_call(bot_fixture)
    assert await settled(bot_fixture, result) == f"✅ Created **#{NEW}** Structure Fire."
    created(bot_fixture)


async def test_a_call_that_was_closed_meanwhile_is_not_created_again(
    bot_fixture: BotFixture,
) -> None:
    bot_fixture.set_fault(DoneWithoutAnswer())
    result = await new_call(bot_fixture)
    bot_fixture.world.close(bot_fixture.server, NEW)
    bot_fixture.clear_faults()
    assert await settled(bot_fixture, result) == f"✅ Created **#{NEW}**."
    assert len(bot_fixture.world.requests(*CREATED)) == 1


async def test_a_new_call_is_in_the_audit_and_among_what_is_stored(bot_fixture: BotFixture) -> None:
    await new_call(bot_fixture)
    await bot_fixture.advance(10)
    audit = await bot_fixture.final_answer(bot_fixture.dana, "audit")
    assert f"✅ create **#{NEW}** Structure Fire · by {bot_fixture.dana.mention}" in audit
    assert "create **#103**" in await bot_fixture.final_answer(bot_fixture.dana, "links mine")


async def test_a_new_call_has_a_card_at_once_and_the_answer_links_the_channel(
    bot_fixture: BotFixture,
) -> None:
    cards = Cards(bot_fixture, bot_fixture.guild.create_text_channel("calls"))
    await bot_fixture.start(calls_channel_id=cards.channel.id)
    result = await new_call(bot_fixture)
    await cards.until(lambda: any("Structure Fire" in one for one in cards.titles))
    assert result.response is not None
    (row,) = result.response.components
    assert [one["label"] for one in row["components"]] == ["Attach…", "Cards"]
    place = f"https://discord.com/channels/{bot_fixture.guild.id}/{cards.channel.id}"
    assert row["components"][1]["url"] == place


async def test_on_another_server(bot_fixture: BotFixture) -> None:
    second = add_second_server(bot_fixture.world)
    before = set(second.calls)
    first = CadServerSetting(seed.SERVER_ID, None, "Los Santos")
    other = CadServerSetting(second_server.SERVER_ID, None, "Liberty City")
    await bot_fixture.start(sonoran_servers=(first, other))
    result = await new_call(bot_fixture, server=second_server.SERVER_ID)
    (number,) = set(second.calls) - before
    assert words(result) == f"✅ Created **#{number}** Structure Fire on Liberty City."
    assert NEW not in bot_fixture.server.calls


async def test_a_member_who_may_not_any_more(bot_fixture: BotFixture) -> None:
    form = await bot_fixture.dana.slash(bot_fixture.channel, "call new")
    backend = bot_fixture.env.backend
    backend.remove_member_role(bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id)
    result = await bot_fixture.dana.submit_modal(form, FIRE)
    assert words(result).startswith("❌ You need the ")
    assert bot_fixture.world.requests(*CREATED) == []
