"""What an import would change, computed before anything is written, and its links. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.common.steam_id import identity
from bot.services.link_files.rows import LineError, ParsedFile, Row
from bot.storage.stores.link_row import Link, LinkSource


@dataclass(frozen=True, slots=True)
class ChangedLink:
    """A member who gets another id.

    Attributes:
        before: the present one.
        is_proven: the CAD has confirmed the present id, and the new one is more than a spelling.
    """

    row: Row
    before: str
    is_proven: bool = False


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
    def replacements(self) -> tuple[ChangedLink, ...]:
        """The members whose present id the CAD has confirmed."""
        return tuple(change for change in self.changed if change.is_proven)

    @property
    def refused_count(self) -> int:
        """How many lines are refused; one line may have two errors."""
        return len({error.line for error in self.errors})


def compute_diff(
    parsed: ParsedFile, before: Mapping[int, str], proven: Collection[int] = frozenset()
) -> ImportDiff:
    """Compare a file with the present links.

    Args:
        before: their API ids, by Discord id.
        proven: the members whose present id the CAD has confirmed.
    """
    added, changed = [], []
    for row in parsed.rows:
        known = before.get(row.discord_id)
        if known is None:
            added.append(row)
        elif known != row.api_id:
            is_other = identity(known) != identity(row.api_id)
            changed.append(ChangedLink(row, known, is_other and row.discord_id in proven))
    new = [*added, *(change.row for change in changed)]
    return ImportDiff(
        tuple(added),
        tuple(changed),
        len(parsed.rows) - len(new),
        _find_shared_ids(new, before),
        parsed.errors,
        parsed.record_kind,
    )


def links_of(parsed: ParsedFile, guild_id: int, set_by: int, now: datetime) -> list[Link]:
    """Return the good lines of a file as links."""
    return [
        Link(guild_id, row.discord_id, row.api_id, set_by, now, LinkSource.IMPORT)
        for row in parsed.rows
    ]


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
