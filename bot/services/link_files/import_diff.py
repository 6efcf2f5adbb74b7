"""What an import would change, computed before anything is written. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from bot.common.steam_id import identity
from bot.services.link_files.rows import LineError, ParsedFile, Row


@dataclass(frozen=True, slots=True)
class ChangedLink:
    """A member who gets another id; `before` is the present one."""

    row: Row
    before: str


@dataclass(frozen=True, slots=True)
class SharedId:
    """An id that several members would share after the import.

    Attributes:
        row: the line that gives the id to one of them.
        others: Discord ids of the other holders, at most three.
    """

    row: Row
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImportDiff:
    """What the import would change, in the order of the file.

    Attributes:
        unchanged: how many members have the id already.
        errors: of the refused lines.
        record_kind: what `line` counts, "line" or "entry".
    """

    added: tuple[Row, ...]
    changed: tuple[ChangedLink, ...]
    unchanged: int
    shared: tuple[SharedId, ...]
    errors: tuple[LineError, ...]
    record_kind: str = "line"

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows to write."""
        return (*self.added, *(change.row for change in self.changed))

    @property
    def refused_count(self) -> int:
        """How many lines are refused; one line may have two errors."""
        return len({error.line for error in self.errors})


def compute_diff(parsed: ParsedFile, before: Mapping[int, str]) -> ImportDiff:
    """Compare a file with the present links, `before`: API ids by Discord id."""
    added, changed = [], []
    for row in parsed.rows:
        known = before.get(row.discord_id)
        if known is None:
            added.append(row)
        elif known != row.api_id:
            changed.append(ChangedLink(row, known))
    new = [*added, *(change.row for change in changed)]
    return ImportDiff(
        tuple(added),
        tuple(changed),
        len(parsed.rows) - len(new),
        _find_shared_ids(new, before),
        parsed.errors,
        parsed.record_kind,
    )


def _find_shared_ids(new: list[Row], before: Mapping[int, str]) -> tuple[SharedId, ...]:
    """Return the rows that would make members share an id that they do not share yet.

    All spellings of one id count as the same.
    """
    after = {**before, **{row.discord_id: row.api_id for row in new}}
    owners: dict[str, list[int]] = defaultdict(list)
    for discord_id, api_id in after.items():
        owners[identity(api_id)].append(discord_id)
    found = []
    for row in sorted(new, key=lambda one: one.line):
        holders = owners[identity(row.api_id)]
        # At most three others: a million members on one id would otherwise fill the memory.
        others = tuple(one for one in holders[:4] if one != row.discord_id)[:3]
        if others:
            found.append(SharedId(row, others))
    return tuple(found)
