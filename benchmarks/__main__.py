"""`python -m benchmarks`: measures the bot and, for comparison, a minimal bot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks import board, crowd, durability, fleet, imports, interactions, order_path, start
from benchmarks.crowd import LoadResult, OrderLoad
from benchmarks.durability import Cost
from benchmarks.figures import quantile
from benchmarks.imports import StepTiming
from benchmarks.interactions import WaitTimes


def main() -> None:
    """Run all measurements and print their tables."""
    console = Console()
    console.print(_wait_table(asyncio.run(interactions.table())))
    console.print(_load_table(asyncio.run(crowd.table())))
    console.print(_cost_table(asyncio.run(durability.measure())))
    console.print(
        f"The path of one /attach: {order_path.summary(asyncio.run(order_path.measure()))}\n"
    )
    console.print(_start_table(start.measure("bare"), start.measure("ours")))
    console.print(_import_table(asyncio.run(imports.table())))
    console.print(board.format_table(board.table()))
    fleet.print_tables(console)


def _wait_table(rows: list[tuple[int, WaitTimes, WaitTimes]]) -> Table:
    table = Table("at once", "until", "", "bare bot, ms", "this bot, ms", "ratio", title="Waiting")
    for size, bare, ours in rows:
        for until, bare_times, bot_times in (
            ("acknowledged", bare.acknowledged, ours.acknowledged),
            ("answered", bare.answered, ours.answered),
        ):
            for name, share in (("p50", 0.5), ("p99", 0.99)):
                one, other = quantile(bare_times, share), quantile(bot_times, share)
                cells = (f"{one * 1000:.1f}", f"{other * 1000:.1f}", f"{other / one:.2f}")
                table.add_row(f"{size:,}", until, name, *cells)
    return table


def _load_table(rows: list[tuple[OrderLoad, LoadResult | None, LoadResult]]) -> Table:
    table = Table(
        *("orders", "", "attached", "told an error", "requests", "answered p50, s"),
        *("p99, s", "last, s", "confirmed", "p50, s", "p99, s"),
        title="A busy night",
    )
    for load, naive, ours in rows:
        name = f"v{load.version}: {load.orders} over {load.calls} calls in {load.seconds:.0f} s"
        for client, one in (("one request each", naive), ("this bot", ours)):
            if one:
                shares = f"{one.attached:.0%}", f"{one.reported_error:.0%}"
                waits = (*_p50_and_p99(one.waits), f"{one.last_answer:.1f}")
                confirmed = f"{len(one.confirmations) / load.orders:.0%}"
                times = _p50_and_p99(one.confirmations)
                table.add_row(name, client, *shares, str(one.requests), *waits, confirmed, *times)
    return table


def _cost_table(cost: Cost) -> Table:
    table = Table("with its writes, ms", "without, ms", "added, ms", title="Durability")
    table.add_row(f"{cost.stored:.2f}", f"{cost.in_memory:.2f}", f"{cost.added:.2f}")
    return table


def _start_table(bare: start.Start, ours: start.Start) -> Table:
    table = Table("", "bare bot", "this bot", "more", title="Starting")
    for name, one, other in (
        ("seconds", bare.seconds, ours.seconds),
        ("memory, MiB", bare.mebibytes, ours.mebibytes),
    ):
        table.add_row(name, f"{one:.2f}", f"{other:.2f}", f"{other - one:.2f}")
    return table


def _import_table(rows: list[StepTiming]) -> Table:
    table = Table("", "seconds", "held up, ms", title=f"Importing {imports.SIZE:,} people")
    for row in rows:
        held_up = "" if row.blocked is None else f"{row.blocked * 1000:.0f}"
        table.add_row(row.step, f"{row.seconds:.1f}", held_up)
    return table


def _p50_and_p99(values: Sequence[float]) -> tuple[str, str]:
    if not values:
        return "", ""
    return f"{quantile(values, 0.5):.1f}", f"{quantile(values, 0.99):.1f}"


if __name__ == "__main__":
    main()
