"""The path of one `/attach` through our code: how many calls, functions and files it takes.

Counted on a real run, from the interaction's arrival to the visible reply: one order, nothing else
waits, the member is linked and the unit is on duty, v1 of the CAD's API, a SQLite file.

A call is a function of `bot/` or `cogs/` that is entered. A coroutine or a generator counts when it
begins, not when it is resumed. A generator expression and a lambda count as functions; a list, set
or dict comprehension does not, as newer Pythons run it within its function. A return is a step into
a file that the path had left before.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from benchmarks.interactions import CAD_DELAY, our_bot, run_work_after_orders
from benchmarks.servers.discord_payloads import FIRST_MEMBER_ID
from benchmarks.servers.pretend_cad import FIRST_CALL_ID, running_cad
from benchmarks.servers.pretend_discord import PretendDiscord

_PROJECT = Path(__file__).parents[1]
_COUNTED = tuple(f"{_PROJECT / folder}/" for folder in ("bot", "cogs"))
_ORDERS = 3  # that are counted
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")


@dataclass(frozen=True, slots=True)
class Call:
    """One function that was entered; file is relative to the project."""

    file: str
    function: str
    line: int


@dataclass(frozen=True, slots=True)
class OrderPath:
    """The calls of one order, in the order in which they happened."""

    calls: tuple[Call, ...]

    @property
    def functions(self) -> int:
        """The number of different functions."""
        return len({(call.file, call.line) for call in self.calls})

    @property
    def files(self) -> list[str]:
        """The different files, in the order in which they were first entered."""
        return list(dict.fromkeys(call.file for call in self.calls))

    @property
    def returns(self) -> int:
        """The number of steps into a file that had been left before."""
        steps = [call.file for call in self.calls]
        changes = sum(before != after for before, after in zip(["", *steps], steps, strict=False))
        return changes - len(self.files)


async def measure() -> OrderPath:
    """Attach some units, one after the other, and return the shortest path of an order.

    Work in the background that runs meanwhile is counted too: the shortest path has none.
    """
    async with (
        running_cad(_ORDERS + 1, CAD_DELAY) as url,
        our_bot(url, _ORDERS + 1) as (discord, clock),
    ):
        # What is built once, at the first order, does not belong to the path.
        await discord.wait_for(discord.attach([(FIRST_MEMBER_ID, FIRST_CALL_ID)]))
        await run_work_after_orders(clock)
        paths = []
        for number in range(1, _ORDERS + 1):
            with _recorded(discord) as calls:
                attaching = discord.attach([(FIRST_MEMBER_ID + number, FIRST_CALL_ID)])
                await discord.wait_for(attaching)
            paths.append(OrderPath(tuple(calls)))
            await run_work_after_orders(clock)
    return min(paths, key=lambda path: len(path.calls))


@contextmanager
def _recorded(discord: PretendDiscord) -> Iterator[list[Call]]:
    """Record the calls in this thread until the reply to the next interaction is visible."""
    calls: list[Call] = []
    # Kept, so that no later frame gets the id of one that has ended.
    frames: dict[int, FrameType] = {}
    answered = len(discord.exchanges)

    def profile(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(_COUNTED):
            return
        is_over = sum(one.is_over for one in discord.exchanges.values()) > answered
        if is_over or id(frame) in frames or code.co_name in _COMPREHENSIONS:
            return
        frames[id(frame)] = frame
        file = Path(code.co_filename).relative_to(_PROJECT).as_posix()
        calls.append(Call(file, code.co_qualname, code.co_firstlineno))

    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def main() -> None:
    """Print the path, one call a line, and its figures."""
    path = asyncio.run(measure())
    for call in path.calls:
        print(f"{call.file}:{call.line} {call.function}")
    print(summary(path))


def summary(path: OrderPath) -> str:
    """Return the figures in one line."""
    return (
        f"{len(path.calls)} calls of {path.functions} functions in {len(path.files)} files,"
        f" {path.returns} returns to a file left before"
    )


if __name__ == "__main__":
    main()
