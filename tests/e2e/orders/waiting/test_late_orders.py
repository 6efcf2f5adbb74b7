"""An order that is sent late, or again, does nothing to a unit that has moved on meanwhile.

Whether the CAD takes a unit off its former call when another program attaches it is not
documented, so each test runs in both ways.
"""

from __future__ import annotations

from itertools import product

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Reset
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.orders.test_confirmation import TROOP, asked, send_troop_on_duty
from tests.e2e.presses import press

MINUTES = 60.0
MOVED = "Left out: `A-12`: sent to another call meanwhile."

pytestmark = pytest.mark.parametrize(
    ("bot_fixture", "moves_units"),
    [
        pytest.param({"sonoran_api_version": version}, moves, id=f"v{version}-{way}")
        for version, (moves, way) in product((1, 2), ((True, "moves"), (False, "keeps")))
    ],
    indirect=["bot_fixture"],
)


@pytest.fixture(autouse=True)
def way(bot_fixture: BotFixture, moves_units: bool) -> None:
    """Have the CAD take a unit off its other call when it is attached, or keep it on both."""
    bot_fixture.world.behaviour.single_call = moves_units


@pytest.fixture
async def troop(bot_fixture: BotFixture) -> None:
    """Send eleven units on duty."""
    await send_troop_on_duty(bot_fixture)


def put(bot_fixture: BotFixture, call_id: int | None, *numbers: str) -> None:
    """Let a dispatcher at the CAD's own screen move units to a call, or off their calls."""
    units = bot_fixture.server.units.values()
    who = Target(ident_ids=tuple(one.id for one in units if one.badge.unit_num in numbers))
    bot_fixture.world.detach(bot_fixture.server, who)
    if call_id is not None:
        bot_fixture.world.attach(bot_fixture.server, call_id, who)


def attaches(bot_fixture: BotFixture) -> list[int | None]:
    """List the answers to the attach requests that the CAD has received."""
    return [one.status for one in bot_fixture.orders() if "attach" in one.type.lower()]


async def test_an_attach_that_had_arrived_does_not_pull_the_unit_off_its_next_call(
    bot_fixture: BotFixture,
) -> None:
    bot_fixture.cad.faults.set(Reset(), times=1)
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="A-12")
    assert bot_fixture.units_on(100) == ["A-12"]
    bot_fixture.set_fault(BAD_GATEWAY)
    assert (await said.after(4 * MINUTES)).startswith("⏳ ")
    put(bot_fixture, 101, "A-12")
    await bot_fixture.advance(MINUTES)
    bot_fixture.clear_faults()
    answer = await said.after(MINUTES)
    assert MOVED in answer
    assert not answer.startswith("✅")
    assert "A-12" in bot_fixture.units_on(101)
    assert bot_fixture.units_on(100) == []
    assert len(attaches(bot_fixture)) == 1


async def test_an_attach_that_had_arrived_is_done(bot_fixture: BotFixture) -> None:
    bot_fixture.cad.faults.set(Reset(), times=1)
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="A-12")
    assert (await said.after(MINUTES)).startswith("✅ **#100** Armed Robbery: A\\-12")
    assert len(attaches(bot_fixture)) == 1
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_an_attach_that_waited_takes_only_who_has_not_moved_on(
    bot_fixture: BotFixture,
) -> None:
    await bot_fixture.cad.pause()
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="A-12 A-7")
    assert (await said.after(5 * MINUTES)).startswith("⏳ ")
    put(bot_fixture, 101, "A-12")
    await bot_fixture.cad.resume()
    answer = await said.after(MINUTES)
    assert answer.startswith("⚠️ **#100** Armed Robbery: A\\-7")
    assert MOVED in answer
    assert "A-12" in bot_fixture.units_on(101)
    assert bot_fixture.units_on(100) == ["A-7"]


async def test_an_attach_that_waited_still_moves_a_unit_from_the_call_that_it_was_on(
    bot_fixture: BotFixture,
) -> None:
    put(bot_fixture, 102, "A-12")
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    await bot_fixture.cad.pause()
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="A-12")
    await bot_fixture.advance(5 * MINUTES)
    await bot_fixture.cad.resume()
    assert (await said.after(MINUTES)).startswith("✅ **#100** Armed Robbery: A\\-12")
    assert bot_fixture.units_on(100) == ["A-12"]


@pytest.mark.parametrize("named_call", [100, None])
async def test_a_detach_that_waited_does_not_take_the_unit_off_a_later_call(
    bot_fixture: BotFixture, named_call: int | None
) -> None:
    put(bot_fixture, 100, "A-12", "A-7")
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    await bot_fixture.cad.pause()
    options = {} if named_call is None else {"call": named_call}
    said = await bot_fixture.run_command(bot_fixture.dana, "detach", units="A-12 A-7", **options)
    assert (await said.after(10 * MINUTES)).startswith("⏳ ")
    put(bot_fixture, 102, "A-12")
    await bot_fixture.cad.resume()
    answer = await said.after(MINUTES)
    assert "Left out: `A-12`: no longer on that call." in answer
    assert "A\\-7" in answer.splitlines()[0]
    assert "A-12" in bot_fixture.units_on(102)
    assert bot_fixture.units_on(100) == []


async def test_a_detach_that_waited_leaves_a_unit_that_was_given_a_call_since(
    bot_fixture: BotFixture,
) -> None:
    put(bot_fixture, None, "A-12")
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    await bot_fixture.cad.pause()
    said = await bot_fixture.run_command(bot_fixture.dana, "detach", units="A-12")
    await bot_fixture.advance(MINUTES)
    put(bot_fixture, 102, "A-12")
    await bot_fixture.cad.resume()
    answer = await said.after(MINUTES)
    assert answer.startswith("❌ ")
    assert MOVED in answer
    assert "A-12" in bot_fixture.units_on(102)


async def test_a_unit_that_is_on_two_calls_by_then_is_not_detached(
    bot_fixture: BotFixture, moves_units: bool
) -> None:
    put(bot_fixture, 100, "A-12")
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    await bot_fixture.cad.pause()
    said = await bot_fixture.run_command(bot_fixture.dana, "detach", units="A-12")
    await bot_fixture.advance(MINUTES)
    ident = next(
        one.id for one in bot_fixture.server.units.values() if one.badge.unit_num == "A-12"
    )
    bot_fixture.world.attach(bot_fixture.server, 102, Target(ident_ids=(ident,)))
    await bot_fixture.cad.resume()
    answer = await said.after(MINUTES)
    assert answer.startswith("⚠️ Nothing was changed." if moves_units else "❌ Not detached")
    assert "A-12" in bot_fixture.units_on(102)
    assert ("A-12" in bot_fixture.units_on(100)) is not moves_units


@pytest.mark.usefixtures("troop")
@pytest.mark.parametrize("command", ["attach", "detach"])
async def test_confirm_minutes_later_looks_first(bot_fixture: BotFixture, command: str) -> None:
    if command == "detach":
        put(bot_fixture, 100, *TROOP)
        await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
        said = await bot_fixture.run_command(bot_fixture.dana, "detach", units="dept:Troop")
        await said.after(1)
    else:
        said = await asked(bot_fixture)
    await bot_fixture.advance(13 * MINUTES)
    put(bot_fixture, 101, "T-1")
    await press(said, "Confirm")
    await bot_fixture.advance(MINUTES)
    assert "Left out: `T-1`: " in said.text
    assert "T-1" in bot_fixture.units_on(101)
    rest = sorted(TROOP[1:]) if command == "attach" else []
    assert sorted(bot_fixture.units_on(100)) == rest


async def test_an_order_can_be_cancelled_while_the_cad_is_looked_at(
    bot_fixture: BotFixture,
) -> None:
    bot_fixture.cad.faults.set(Reset(), times=1)
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="A-12")
    bot_fixture.set_fault(BAD_GATEWAY)
    assert (await said.after(20)).startswith("⏳ ")
    await press(said, "Cancel")
    bot_fixture.clear_faults()
    assert "Cancelled." in await said.after(MINUTES)
    assert len(attaches(bot_fixture)) == 1
