"""`call` takes what dispatchers see on their screens."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.models import CallForm
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.orders.test_access import leave_behind

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{"sonoran_api_version": one} for one in (1, 2)], indirect=True, ids=["v1", "v2"]
)


@pytest.mark.parametrize("call", ["100", "#100", "2026-0100", "robbery", "armed rob"])
async def test_a_call_as_dispatchers_see_it(bot_fixture: BotFixture, call: str) -> None:
    dana = bot_fixture.dana
    answer = await bot_fixture.final_answer(dana, "attach", call=call, units="A-7")
    assert answer.startswith("✅ **#100** Armed Robbery: A\\-7")
    assert bot_fixture.units_on(seed.ARMED_ROBBERY) == ["A-7"]
    audit = await bot_fixture.final_answer(dana, "audit", call=call)
    assert "A\\-7 → **#100**" in audit
    answer = await bot_fixture.final_answer(dana, "detach", call=call, units="A-7")
    assert answer.startswith("✅ Off **#100** Armed Robbery: A\\-7")
    assert bot_fixture.units_on(seed.ARMED_ROBBERY) == []


async def test_several_calls_are_listed_and_none_is_chosen(bot_fixture: BotFixture) -> None:
    bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("Vehicle Fire", priority=2))
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    for command in ("attach", "detach", "audit"):
        units = {} if command == "audit" else {"units": "A-7"}
        answer = await bot_fixture.final_answer(bot_fixture.dana, command, call="fire", **units)
        assert answer == (
            "❌ Several open calls match `fire`: **#102** Structure Fire, **#103** Vehicle Fire."
            " Give the number of the call that you mean."
        )
    assert bot_fixture.orders() == []


async def test_a_title_that_ends_with_a_full_stop_ends_the_sentence(
    bot_fixture: BotFixture,
) -> None:
    for _ in range(2):
        bot_fixture.world.new_dispatch(bot_fixture.server, CallForm("911: Floyd H.", priority=2))
    await bot_fixture.services.board.fetch_calls(seed.SERVER_ID)
    answer = await bot_fixture.attach("A-7", call="floyd")
    assert answer.endswith(" Floyd H. Give the number of the call that you mean.")


async def test_no_call_of_that_name(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.attach("A-7", call="pursuit")
    assert answer == (
        "❌ No open call matches `pursuit`. Give its number, or pick a call from the list that"
        " shows while you type."
    )
    # A number that is not known may be a new call's: the CAD decides.
    assert "CALL NOT FOUND" in await bot_fixture.attach("A-7", call="999")
    assert [one.status for one in bot_fixture.orders()] != [200]


async def test_only_those_who_may_dispatch_are_told_which_calls_match(
    bot_fixture: BotFixture,
) -> None:
    for call in ("fire", "pursuit"):
        answer = await bot_fixture.final_answer(bot_fixture.vic, "attach", call=call, units="A-7")
        assert answer.startswith("❌ You need the")


async def test_a_client_that_still_sends_an_integer(bot_fixture: BotFixture) -> None:
    leave_behind(bot_fixture, "attach", guild=True)
    channel = bot_fixture.channel
    result = await bot_fixture.dana.slash(channel, "attach", call=100, units="A-7")
    await bot_fixture.advance(60)
    assert result.response is not None
    assert result.response.content.startswith("✅ **#100** Armed Robbery: A\\-7")
    assert bot_fixture.units_on(seed.ARMED_ROBBERY) == ["A-7"]
