"""Every benchmark runs at a small size and measures something."""

from __future__ import annotations

from benchmarks import board, imports, interactions, start


async def test_both_bots_are_measured_on_the_same_orders() -> None:
    ((size, bare, ours),) = await interactions.table(sizes=(2,), rounds=1)
    assert size == 2
    for waits in (bare, ours):
        assert len(waits.acknowledged) == len(waits.answered) == 2
        assert all(one > 0 for one in waits.acknowledged)
        # The CAD alone takes that long.
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
    assert all(row.held_up is not None and row.held_up > 0 for row in rows[1:])


async def test_the_board_takes_events_and_its_cards_are_right() -> None:
    found = await board.measure(3, 12, share=0.02)
    assert found.mebibytes > 20
    assert (found.calm.events, found.flood.events, found.rush.events) == (2, 100, 100)
    for load in (found.calm, found.flood, found.rush):
        assert (load.refused, load.wrong) == (0, 0)
        assert 0 < load.p50 <= load.p99 < 60
        assert load.most_writes <= 5
        assert load.edits >= 1
    assert "3" in board.shown([found]).columns[0].cells
