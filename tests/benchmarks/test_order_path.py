"""The path of an order through the code stays straight: a hop costs a reader as much as a line."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import order_path
from benchmarks.order_path import Call, OrderPath

CALLS, FILES, RETURNS = 140, 31, 50
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


async def test_the_path_of_one_attach_is_short() -> None:
    path = await order_path.measure()
    listed = "\n".join(f"{call.file}:{call.line} {call.function}" for call in path.calls)
    assert len(path.calls) <= CALLS, listed
    assert len(path.files) <= FILES, listed
    assert path.returns <= RETURNS, listed
    # It begins at the interaction and ends with the reply, by way of the CAD.
    assert path.calls[0].function == "DispatchTree.interaction_check"
    assert "bot/cad/http/transport.py" in path.files
    assert path.calls[-1].file.startswith("bot/ui/")


def test_what_counts_as_a_return() -> None:
    steps = ("a", "a", "b", "a", "c", "b", "b")
    path = OrderPath(tuple(Call(file, "f", line) for line, file in enumerate(steps)))
    assert (path.files, path.returns, path.functions) == (["a", "b", "c"], 2, 7)
    assert order_path.summary(path) == (
        "7 calls of 7 functions in 3 files, 2 returns to a file left before"
    )


def test_the_page_about_the_benchmarks_shows_the_path_of_now() -> None:
    row = re.compile(r"^\| (calls|files|returns)[\w ]* \| \d+ \| (\d+) \|$", re.MULTILINE)
    rows = dict(row.findall(PAGE.read_text(encoding="utf-8")))
    assert rows == {"calls": str(CALLS), "files": str(FILES), "returns": str(RETURNS)}
