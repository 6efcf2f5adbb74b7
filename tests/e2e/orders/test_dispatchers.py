"""Dispatchers who are on duty in the CAD: known, and never sent to a call."""

from __future__ import annotations

import pytest

from bot.services.access.policy import Actor
from bot.services.reply import ReplyAddress
from bot.ui.orders.order_text import order_reply
from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{"sonoran_api_version": one} for one in (1, 2)], indirect=True, ids=["v1", "v2"]
)


REPLY = ReplyAddress(1, "token")


async def test_a_dispatcher_on_duty_is_known_and_is_no_unit(bot_fixture: BotFixture) -> None:
    board = bot_fixture.services.board
    assert [one.number for one in board.dispatchers(seed.SERVER_ID)] == ["D-1"]
    assert "D-1" not in [one.number for one in board.units(seed.SERVER_ID)]
    answer = await bot_fixture.attach(f"D-1 {seed.MORGAN.hex} A-7 dept:LSPD")
    assert "⚠️ **#100** Armed Robbery: A\\-7, A\\-12, S\\-1" in answer
    reason = "on duty as a dispatcher, not as a unit."
    assert f"Left out: `D-1`, `{seed.MORGAN.hex}`: {reason}" in answer
    assert bot_fixture.units_on(100) == ["A-7", "A-12", "S-1"]
    choices = await bot_fixture.dana.autocomplete(bot_fixture.channel, "attach", "units", "d-1")
    assert choices == []


async def test_a_member_who_only_dispatches_is_told_so(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.dana, "link", steam=seed.MORGAN.hex)
    answer = await bot_fixture.attach("me")
    assert answer.startswith("❌ Not attached to **#100**")
    assert f"Left out: {bot_fixture.dana.mention}: on duty as a dispatcher" in answer
    assert bot_fixture.units_on(100) == []
    roles = frozenset({bot_fixture.dispatch.id})
    dana = Actor(bot_fixture.dana.id, bot_fixture.guild.id, roles, manages_server=False)
    set_status = bot_fixture.services.call_actions.set_status
    order = await set_status(dana, REPLY, server_id=seed.SERVER_ID, status=3)
    await bot_fixture.services.queue.run(order)
    page = await bot_fixture.services.audit_log.page(dana, 1, member_id=None, call=None)
    assert "on duty as a dispatcher" in order_reply(page.items[0])
