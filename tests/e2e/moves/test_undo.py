"""Undo puts back what was, and nothing else: over both APIs, whatever an attach does to a unit."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import Account, Badge
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.presses import OldLook, press

both_apis = pytest.mark.parametrize(
    "bot_fixture",
    [{"sonoran_api_version": 1}, {"sonoran_api_version": 2}],
    indirect=True,
    ids=["v1", "v2"],
)
ROBBERY, STOP, FIRE = 100, 101, 102
MINUTE = 60.0


@pytest.fixture(params=[True, False], ids=["an attach moves", "an attach adds"])
async def moves(request: pytest.FixtureRequest, bot_fixture: BotFixture) -> bool:
    """Have the CAD take a unit off its former call with an attach, or leave it there.

    No document says which; reference: docs/sonoran-cad.md, "Attach".
    """
    bot_fixture.world.behaviour.single_call = request.param
    return bool(request.param)


def ident(bot_fixture: BotFixture, number: str) -> int:
    units = bot_fixture.server.units.values()
    return next(one.id for one in units if one.badge.unit_num == number)


def put(bot_fixture: BotFixture, number: str, call_id: int) -> None:
    """Move a unit in the CAD, as another dispatcher does."""
    target = Target(ident_ids=(ident(bot_fixture, number),))
    bot_fixture.world.detach(bot_fixture.server, target)
    bot_fixture.world.attach(bot_fixture.server, call_id, target)


def places(bot_fixture: BotFixture) -> dict[int, list[str]]:
    return {number: sorted(bot_fixture.units_on(number)) for number in bot_fixture.server.calls}


async def known(bot_fixture: BotFixture) -> None:
    """Let the bot see what was changed in the CAD."""
    await bot_fixture.services.board.fetch_units(seed.SERVER_ID)
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    await bot_fixture.advance(MINUTE)


async def give(bot_fixture: BotFixture, command: str = "attach", **options: Any) -> CommandReply:
    said = await bot_fixture.run_command(bot_fixture.dana, command, **options)
    await said.after(MINUTE)
    return said


async def undo(said: CommandReply) -> list[str]:
    """Press Undo; return the lines of the reply a minute later: the undo takes its place."""
    assert (await press(said, "Undo")).beside == []
    return (await said.after(MINUTE)).splitlines()


@both_apis
@pytest.mark.usefixtures("moves")
async def test_each_unit_goes_back_to_where_it_was(bot_fixture: BotFixture) -> None:
    put(bot_fixture, "A-12", FIRE)  # is there already
    await known(bot_fixture)  # B-21 is on the traffic stop, A-7 on no call
    before = places(bot_fixture)
    said = await give(bot_fixture, call=FIRE, units="A-12 A-7 B-21")
    assert {"A-12", "A-7", "B-21"} <= set(bot_fixture.units_on(FIRE))
    assert await undo(said) == [
        f"✅ Undone: A\\-7 off #{FIRE}, B\\-21 back on #{STOP}",
        "Confirmed by the CAD.",
    ]
    assert places(bot_fixture) == before


@both_apis
@pytest.mark.usefixtures("moves")
async def test_a_unit_that_has_moved_on_is_left_alone_and_named(bot_fixture: BotFixture) -> None:
    said = await give(bot_fixture, call=FIRE, units="A-7 B-21")
    put(bot_fixture, "B-21", ROBBERY)
    assert await undo(said) == [
        f"⚠️ Undone: A\\-7 off #{FIRE}",
        "Confirmed by the CAD.",
        "Left out: `B-21`: sent to another call meanwhile.",
    ]
    assert bot_fixture.units_on(ROBBERY) == ["B-21"]


@both_apis
async def test_a_unit_that_a_later_order_has_moved_is_left_alone(bot_fixture: BotFixture) -> None:
    first = await give(bot_fixture, call=FIRE, units="A-7 B-21")
    await give(bot_fixture, "detach", units="A-7")
    last = await give(bot_fixture, call=FIRE, units="A-7")
    assert await undo(first) == [
        f"⚠️ Undone: B\\-21 back on #{STOP}",
        "Confirmed by the CAD.",
        "Left out: `A-7`: a later order has moved this unit. Undo that one first.",
    ]
    assert "A-7" in bot_fixture.units_on(FIRE)
    assert await undo(last) == [f"✅ Undone: A\\-7 off #{FIRE}", "Confirmed by the CAD."]


@both_apis
async def test_later_orders_that_were_undone_do_not_count(bot_fixture: BotFixture) -> None:
    first = await give(bot_fixture, call=FIRE, units="A-7")
    later = await give(bot_fixture, "detach", units="A-7")
    look = OldLook(first)
    assert await undo(first) == [
        "❌ Not undone.",
        "Left out: `A-7`: a later order has moved this unit. Undo that one first.",
    ]
    assert await undo(later) == [f"✅ Undone: A\\-7 back on #{FIRE}", "Confirmed by the CAD."]
    look.restore()
    assert await undo(first) == [f"✅ Undone: A\\-7 off #{FIRE}", "Confirmed by the CAD."]


async def test_a_later_order_that_still_waits_counts(bot_fixture: BotFixture) -> None:
    first = await give(bot_fixture, call=FIRE, units="A-7")
    bot_fixture.set_fault(BAD_GATEWAY)
    waiting = await bot_fixture.run_command(bot_fixture.dana, "attach", call=ROBBERY, units="A-7")
    assert (await waiting.after(30)).startswith("⏳")
    await press(first, "Undo")
    bot_fixture.clear_faults()
    assert (await first.after(MINUTE)).splitlines() == [
        "❌ Not undone.",
        "Left out: `A-7`: a later order has moved this unit. Undo that one first.",
    ]
    assert "A-7" in bot_fixture.units_on(ROBBERY)


@both_apis
async def test_where_all_have_moved_on_nothing_is_sent(bot_fixture: BotFixture) -> None:
    said = await give(bot_fixture, call=FIRE, units="A-7")
    bot_fixture.world.detach(bot_fixture.server, Target(ident_ids=(ident(bot_fixture, "A-7"),)))
    sent = len(bot_fixture.orders())
    assert await undo(said) == [
        "❌ Not undone.",
        "Left out: `A-7`: no longer on that call.",
    ]
    assert len(bot_fixture.orders()) == sent


@both_apis
@pytest.mark.usefixtures("moves")
async def test_a_unit_whose_former_call_is_closed_is_only_taken_off(
    bot_fixture: BotFixture,
) -> None:
    said = await give(bot_fixture, call=FIRE, units="B-21")
    bot_fixture.world.close(bot_fixture.server, STOP)
    assert await undo(said) == [
        f"⚠️ Undone: B\\-21 off #{FIRE}",
        "Confirmed by the CAD.",
        "Left out: `B-21`: not put back, because the call that it came from is closed.",
    ]
    assert "B-21" not in bot_fixture.units_on(FIRE)


@both_apis
async def test_a_detach_is_undone_too(bot_fixture: BotFixture) -> None:
    put(bot_fixture, "A-7", ROBBERY)
    await known(bot_fixture)
    before = places(bot_fixture)
    said = await give(bot_fixture, "detach", units="A-7 B-21")
    assert bot_fixture.units_on(STOP) == []
    assert await undo(said) == [
        f"✅ Undone: A\\-7 back on #{ROBBERY}, B\\-21 back on #{STOP}",
        "Confirmed by the CAD.",
    ]
    assert places(bot_fixture) == before


@both_apis
async def test_a_detach_whose_units_are_elsewhere_or_whose_call_is_closed(
    bot_fixture: BotFixture,
) -> None:
    put(bot_fixture, "A-7", STOP)
    put(bot_fixture, "M-3", ROBBERY)
    await known(bot_fixture)
    said = await give(bot_fixture, "detach", units="A-7 B-21 M-3")
    put(bot_fixture, "A-7", FIRE)
    bot_fixture.world.close(bot_fixture.server, ROBBERY)
    assert await undo(said) == [
        f"⚠️ Undone: B\\-21 back on #{STOP}",
        "Confirmed by the CAD.",
        "Left out: `A-7`: sent to another call meanwhile.",
        "Left out: `M-3`: not put back, because the call that it came from is closed.",
    ]


@both_apis
async def test_an_order_is_undone_once(bot_fixture: BotFixture) -> None:
    said = await give(bot_fixture, call=FIRE, units="A-7")
    look = OldLook(said)
    undone = await undo(said)
    await give(bot_fixture, call=FIRE, units="A-7")
    look.restore()
    again = await press(said, "Undo")
    assert again.text == "❌ This order is undone already, or is being undone."
    assert "A-7" in bot_fixture.units_on(FIRE)
    assert said.text.splitlines() == undone
    assert said.buttons == []


async def test_an_undo_that_was_cancelled_can_be_given_again(bot_fixture: BotFixture) -> None:
    said = await give(bot_fixture, call=FIRE, units="A-7")
    bot_fixture.set_fault(BAD_GATEWAY, "/emergency/detach_unit")
    await press(said, "Undo")
    await said.after(5)
    await press(said, "Cancel")
    bot_fixture.clear_faults()
    await bot_fixture.advance(MINUTE)
    assert await undo(said) == [
        f"✅ Undone: A\\-7 off #{FIRE}",
        "Confirmed by the CAD.",
    ]


async def test_an_undo_outlives_a_restart(bot_fixture: BotFixture) -> None:
    said = await give(bot_fixture, call=FIRE, units="B-21")
    bot_fixture.set_fault(BAD_GATEWAY)
    await press(said, "Undo")
    await said.after(30)
    await bot_fixture.stop()
    bot_fixture.clear_faults()
    await bot_fixture.start()
    text = await said.after(MINUTE)
    assert text == f"✅ Undone: B\\-21 back on #{STOP}\nConfirmed by the CAD."
    assert bot_fixture.units_on(STOP) == ["B-21"]


async def test_an_id_with_a_blank_is_one_id(bot_fixture: BotFixture) -> None:
    account = Account("uuid-b", "blank", api_ids=("John Smith",))
    bot_fixture.world.login(bot_fixture.server, account, Badge("J-1", "John", "Rangers"))
    await known(bot_fixture)
    said = await give(bot_fixture, call=FIRE, units="J-1")
    assert await undo(said) == [
        f"✅ Undone: J\\-1 off #{FIRE}",
        "Confirmed by the CAD.",
    ]


async def test_the_log_channel_and_the_audit_say_what_was_undone(bot_fixture: BotFixture) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.start(log_channel_id=log.id)
    await undo(await give(bot_fixture, call=FIRE, units="A-7 B-21"))
    line = f"✅ undo: A\\-7 off #{FIRE}, B\\-21 back on #{STOP} · by {bot_fixture.dana.mention} "
    assert log.history()[-1].content.startswith(line)
    audit = await bot_fixture.run_command(bot_fixture.dana, "audit", call=FIRE)
    assert audit.text.splitlines()[1].startswith(line)
