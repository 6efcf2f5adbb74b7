"""What a file of links would change, before anything is written. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from bot.common.steam_id import identity
from bot.services.link_files.rows import LineError, ParsedFile, Row


@dataclass(frozen=True, slots=True)
class ChangedLink:
    """A person who gets another id than before."""

    row: Row
    before: str


@dataclass(frozen=True, slots=True)
class SharedId:
    """An id that would newly belong to several people.

    Attributes:
        row: the line that brings it to one of them.
        others: who else would have it, at most three.
    """

    row: Row
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImportDiff:
    """What would happen, in the order of the file.

    Attributes:
        unchanged: how many people have the id already.
        faults: lines that are refused.
        unit: what `line` counts.
    """

    added: tuple[Row, ...]
    changed: tuple[ChangedLink, ...]
    unchanged: int
    shared: tuple[SharedId, ...]
    errors: tuple[LineError, ...]
    record_kind: str = "line"

    @property
    def rows(self) -> tuple[Row, ...]:
        """What has to be written."""
        return (*self.added, *(change.row for change in self.changed))

    @property
    def refused_count(self) -> int:
        """How many lines are refused; one may have two faults."""
        return len({fault.line for fault in self.errors})


def compute_diff(parsed: ParsedFile, before: Mapping[int, str]) -> ImportDiff:
    """Compare a file with the links that there are, API ids by Discord id."""
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
    """Find who would come to share an id; those who share one already are let be.

    All spellings of one id count as the same.
    """
    after = {**before, **{row.discord_id: row.api_id for row in new}}
    owners: dict[str, list[int]] = defaultdict(list)
    for discord_id, api_id in after.items():
        owners[identity(api_id)].append(discord_id)
    found = []
    for row in sorted(new, key=lambda one: one.line):
        having = owners[identity(row.api_id)]
        # Three and the person: a million who share one id would otherwise fill the memory.
        others = tuple(one for one in having[:4] if one != row.discord_id)[:3]
        if others:
            found.append(SharedId(row, others))
    return tuple(found)
