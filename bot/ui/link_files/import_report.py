"""What a file of links would do, line by line, for terminals and text files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.services.link_files.import_diff import ChangedLink, ImportDiff, SharedId
from bot.services.link_files.rows import Row


def report(plan: ImportDiff) -> Iterator[str]:
    """Yield everything that there is to say, one line each, under headings."""
    yield from _section("refused", map(str, plan.errors), len(plan.errors))
    yield from _section(
        "shared", (shared_line(one, plan.record_kind) for one in plan.shared), len(plan.shared)
    )
    yield from changes(plan)


def changes(plan: ImportDiff) -> Iterator[str]:
    """Yield what would be written."""
    yield from _section(
        "changed", (changed_line(one, plan.record_kind) for one in plan.changed), len(plan.changed)
    )
    yield from _section(
        "added", (added_line(row, plan.record_kind) for row in plan.added), len(plan.added)
    )
    yield f"as they were: {plan.unchanged:,}"


def _section(heading: str, lines: Iterable[str], count: int) -> Iterator[str]:
    if count:
        yield f"{heading}: {count:,}"
        yield from (f"  {line}" for line in lines)


def added_line(row: Row, unit: str) -> str:
    """Say who gets a first id."""
    return f"{unit} {row.line}: {row.discord_id} {row.api_id}"


def changed_line(change: ChangedLink, unit: str) -> str:
    """Say who gets another id, and which one they had."""
    # Before imports were checked, and from the CAD, anything can have come in.
    before = "".join(one if one.isprintable() else "?" for one in change.before)
    return f"{added_line(change.row, unit)}, was {before}"


def shared_line(one: SharedId, unit: str) -> str:
    """Say who else would have an id."""
    others = ", ".join(map(str, one.others))
    return f"{added_line(one.row, unit)}, which is also the id of {others}"
