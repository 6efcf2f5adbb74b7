"""Two bots on one PostgreSQL: one serves, the other one takes over."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from functools import partial

import pytest

from bot.runtime.exit_codes import ExitCode
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.seed import COMMUNITY_ID, SERVER_ID
from tests.process.conftest import SETTINGS, Start
from tests.process.takeover.several_bots import (
    LOSES,
    OWNS,
    STANDS_BY,
    Community,
    Machine,
    attach,
    open_community,
    until,
)
from tests.process.test_running import ATTACH
from tests.storage.conftest import POSTGRES

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not POSTGRES, reason="needs TEST_POSTGRES_URL"),
]


@pytest.fixture
async def community(start: Start, worker_id: str) -> AsyncIterator[Community]:
    async with open_community(start, f"dispatch_takeover_{worker_id}") as community:
        yield community


async def is_told(machine: Machine) -> None:
    """Wait until a bot has told the actor that the units are attached."""
    discord = machine.discord
    await until(
        discord.edited, lambda: any(edit.startswith("✅ **#100**") for edit in discord.edits)
    )


async def order_under_way(community: Community, machine: Machine) -> None:
    """Give an order that the CAD carries out, and whose answer the bot does not get."""
    await machine.discord.interact(ATTACH)
    await machine.bot.reaches(community.orders.arrived)
    assert machine.discord.edits == []


async def test_a_bot_that_is_stopped_is_followed_by_the_one_that_stands_by(community: Community):
    first, second = await community.pair()
    assert second.discord.seen == []
    assert not second.discord.connected.is_set()
    first.bot.signal(signal.SIGTERM)
    assert await first.bot.end() == 0
    await second.bot.says(OWNS)
    await second.bot.reaches(second.discord.connected)
    second.bot.signal(signal.SIGTERM)
    assert await second.bot.end() == 0
    assert await community.epoch() == 2


async def test_a_bot_that_stands_by_ends_with_a_signal(community: Community):
    first, second = await community.pair()
    second.bot.signal(signal.SIGTERM)
    assert await second.bot.end() == 0
    assert "stopped" in second.bot.log[-1]
    first.bot.signal(signal.SIGTERM)
    assert await first.bot.end() == 0


async def test_the_order_of_a_bot_that_was_killed_is_answered_by_the_next_one(
    community: Community,
):
    first, second = await community.pair()
    await order_under_way(community, first)
    first.bot.process.kill()
    community.orders.released.set()
    await second.bot.says(OWNS)
    await second.bot.reaches(second.discord.connected)
    await is_told(second)
    assert first.discord.edits == []


@pytest.mark.parametrize("ahead", [-600.0, 600.0])
async def test_the_clocks_of_the_machines_need_not_agree(community: Community, ahead: float):
    """Otherwise the order would be too old for the next bot, and so it would be for Discord."""
    first, second = await community.pair(clocks_ahead=(-ahead, ahead))
    await order_under_way(community, first)
    first.bot.process.kill()
    community.orders.released.set()
    await is_told(second)


@pytest.mark.parametrize("acknowledged", [1, 4, 8])
async def test_what_was_acknowledged_before_a_kill_is_carried_out_and_answered(
    community: Community, acknowledged: int
):
    first, second = await community.pair()
    server = community.cad.world.server(COMMUNITY_ID, SERVER_ID)
    # A late order leaves out a unit that is on another call.
    community.cad.world.detach(server, Target(ident_ids=tuple(server.units)))
    goes_to: dict[str, tuple[int, int]] = {}  # ident and call, by the token of the interaction
    for number, (ident, unit) in enumerate([*server.units.items()][:8]):
        call_id = 100 + number % 3
        goes_to[f"token-{number}"] = ident, call_id
        command = attach(call_id, unit.account.api_ids[0])
        await first.discord.interact(command, f"token-{number}")
    told = first.discord.acknowledged_tokens
    await until(first.discord.acknowledged, lambda: len(told()) >= acknowledged)
    first.bot.process.kill()
    community.orders.released.set()
    await first.bot.end()
    await second.bot.says(OWNS)
    for token in told():
        answers = partial(second.discord.replies, token)
        await until(
            second.discord.edited,
            lambda answers=answers: any(one.startswith("✅") for one in answers()),  # type: ignore[misc]
        )
        ident, call_id = goes_to[token]
        assert ident in server.calls[call_id].idents


async def test_a_bot_that_was_paused_sends_nothing_once_another_one_has_taken_over(
    community: Community,
):
    first, second = await community.pair()
    await order_under_way(community, first)
    first.bot.signal(signal.SIGSTOP)
    community.orders.released.set()  # the answer waits for the bot that is paused
    await first.discord.interact(ATTACH)  # so does a command
    await second.bot.says(OWNS)
    await is_told(second)
    asked, orders = len(first.discord.seen), len(community.orders.orders)
    first.bot.signal(signal.SIGCONT)
    await first.bot.says(LOSES)
    await first.bot.says(STANDS_BY)
    assert len(first.discord.seen) == asked
    assert first.discord.edits == []
    assert len(community.orders.orders) == orders
    second.bot.signal(signal.SIGTERM)  # and back again
    await first.bot.says(OWNS)
    assert await community.epoch() == 3


@pytest.mark.parametrize("fault", ["stall", "cut"])
async def test_a_bot_that_is_cut_off_from_the_database_leaves_its_orders_to_the_next_one(
    community: Community, fault: str
):
    first, second = await community.pair()
    await order_under_way(community, first)
    (first.relay.stall if fault == "stall" else first.relay.cut)()
    await first.bot.says(LOSES)
    asked = len(first.discord.seen)
    await second.bot.says(OWNS)
    community.orders.released.set()
    await is_told(second)
    first.relay.mend()
    first.relay.pass_on()
    await first.bot.says(STANDS_BY)
    assert len(first.discord.seen) == asked
    assert first.discord.edits == []
    second.bot.signal(signal.SIGTERM)
    await first.bot.says(OWNS)
    await first.bot.reaches(first.discord.connected)


async def test_a_database_that_is_away_for_a_while_is_waited_for(community: Community):
    first, second = await community.pair()
    for machine in (first, second):
        machine.relay.cut()
    await first.bot.says(LOSES)
    await first.bot.says("the database cannot be reached")
    await second.bot.says("the lease cannot be asked for")
    first.relay.mend()
    await first.bot.says(OWNS)
    second.relay.mend()
    await second.bot.says("the lease can be asked for")
    assert first.bot.process.returncode is second.bot.process.returncode is None


async def test_a_database_that_is_not_there_at_the_start_ends_the_process(community: Community):
    changes = {"DATABASE_URL": "postgresql+asyncpg://bot@127.0.0.1:9/dispatch"}
    bot = await community.start(settings=SETTINGS | changes)
    assert await bot.end() == ExitCode.UNREACHABLE
