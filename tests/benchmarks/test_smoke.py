"""Every benchmark runs at a small size and measures something."""

from __future__ import annotations

from benchmarks import board, crowd, durability, fleet, imports, interactions, start
from benchmarks.crowd import OrderLoad


async def test_both_bots_are_measured_on_the_same_orders() -> None:
    ((size, bare, ours),) = await interactions.table(sizes=(2,), rounds=1)
    assert size == 2
    for waits in (bare, ours):
        assert len(waits.acknowledged) == len(waits.answered) == 2
        assert all(one > 0 for one in waits.acknowledged)
        # The CAD's delay alone takes this long.
        assert all(one > interactions.CAD_DELAY for one in waits.answered)


def test_a_start_takes_time_and_memory() -> None:
    found = start.measure("ours", runs=1)
    assert found.seconds > 0
    assert found.mebibytes > 20


async def test_an_import_is_measured() -> None:
    rows = await imports.table(size=20)
    assert [row.step for row in rows] == [
        *("the command", "shown", "written", "shown again", "exported")
    ]
    assert all(row.seconds > 0 for row in rows)
    assert all(row.blocked is not None and row.blocked > 0 for row in rows[1:])


async def test_the_board_takes_events_and_its_cards_are_right() -> None:
    found = await board.measure(3, 12, share=0.02)
    assert found.mebibytes > 20
    assert (found.calm.events, found.flood.events, found.rush.events) == (2, 100, 100)
    for load in (found.calm, found.flood, found.rush):
        assert (load.refused, load.wrong) == (0, 0)
        assert 0 < load.p50 <= load.p99 < 60
        assert load.most_writes <= 5
        assert load.edits >= 1
    assert "3" in board.format_table([found]).columns[0].cells


async def test_a_night_is_measured_with_either_client() -> None:
    night = OrderLoad(version=2, orders=4, calls=2, seconds=1.0)
    ((_, naive, ours),) = await crowd.table([night])
    assert naive
    for one in (naive, ours):
        assert (one.attached, one.reported_error) == (1.0, 0.0)
        assert 0 < one.longest_wait <= one.last_answer
    assert naive.requests == 4
    assert 1 <= ours.requests <= 4
    assert len(ours.waits) == len(ours.confirmations) == 4
    assert all(a <= b for a, b in zip(ours.waits, ours.confirmations, strict=True))
    assert naive.confirmations == []


async def test_a_naive_client_gives_up() -> None:
    one = await crowd.measure_naive_client(OrderLoad(version=2, orders=12, calls=2, seconds=0.0))
    assert one.attached == 10 / 12
    assert one.reported_error == 2 / 12
    assert one.requests == 10 + 2 * crowd.MAX_ATTEMPTS


async def test_a_crowd_shares_its_requests() -> None:
    ((_, naive, ours),) = await crowd.table([OrderLoad(version=1, orders=20, calls=4, seconds=0.0)])
    assert naive is None
    assert (ours.attached, ours.reported_error) == (1.0, 0.0)
    assert ours.requests <= 2


async def test_writes_are_measured_beside_none() -> None:
    cost = await durability.measure(rounds=2)
    assert cost.stored > 0
    assert cost.in_memory > 0
    assert cost.added == cost.stored - cost.in_memory


async def test_many_guilds_have_a_cost() -> None:
    found = await fleet.measure(5)
    assert 0 < found.open_ms < 5000
    assert found.lookup_us > 0
    assert found.mib > 20
    requests = await fleet.measure_requests(guilds=2, minutes=20)
    # Calls and units are polled every 15 seconds while units are on duty.
    assert 7 < requests.in_use <= 8
    assert requests.idle_with_push < requests.idle <= 1
    assert "5" in fleet.format_table([found]).columns[0].cells
    assert fleet.format_requests(requests).row_count == 2
