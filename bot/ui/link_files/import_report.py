"""What a file of links would do, line by line, for terminals and text files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.services.link_files.import_diff import Change, Plan, Shared
from bot.services.link_files.rows import Row


def report(plan: Plan) -> Iterator[str]:
    """Yield everything that there is to say, one line each, under headings."""
    yield from _section("refused", map(str, plan.faults), len(plan.faults))
    yield from _section("shared", (shared(one, plan.unit) for one in plan.shared), len(plan.shared))
    yield from changes(plan)


def changes(plan: Plan) -> Iterator[str]:
    """Yield what would be written."""
    yield from _section(
        "changed", (changed(one, plan.unit) for one in plan.changed), len(plan.changed)
    )
    yield from _section("added", (added(row, plan.unit) for row in plan.added), len(plan.added))
    yield f"as they were: {plan.unchanged:,}"


def _section(heading: str, lines: Iterable[str], count: int) -> Iterator[str]:
    if count:
        yield f"{heading}: {count:,}"
        yield from (f"  {line}" for line in lines)


def added(row: Row, unit: str) -> str:
    """Say who gets a first id."""
    return f"{unit} {row.line}: {row.discord_id} {row.api_id}"


def changed(change: Change, unit: str) -> str:
    """Say who gets another id, and which one they had."""
    # Before imports were checked, and from the CAD, anything can have come in.
    before = "".join(one if one.isprintable() else "?" for one in change.before)
    return f"{added(change.row, unit)}, was {before}"


def shared(one: Shared, unit: str) -> str:
    """Say who else would have an id."""
    others = ", ".join(map(str, one.others))
    return f"{added(one.row, unit)}, which is also the id of {others}"
