"""What a file of links would do, the button that lets it, and the file of an export.

Custom id: `cad:import:<token>`; the token stands for a file that was shown.
"""

from __future__ import annotations

import re
from io import BytesIO
from itertools import islice
from typing import Any, Self

import discord
from discord.ui import Button, DynamicItem, Item, View

from bot.services.link_files.import_diff import Change, Plan, Shared
from bot.services.link_files.import_export import Exported, Imported, Preview
from bot.services.link_files.rows import Row
from bot.ui.interactions.error_boundary import Desk, guarded
from bot.ui.interactions.responses import Interaction, actor_of, respond
from bot.ui.link_files.import_report import report
from bot.ui.text import MESSAGE_LIMIT, code, member, plain

_SHOWN = 5  # lines of each kind
_LONGEST_LINE = 200
_REST = " The attached file has more."
_LONGEST_REPORT = 4 * 1024 * 1024  # characters; Discord takes ten megabytes


class ImportButton(DynamicItem[Button[View]], template=r"cad:import:(?P<token>[0-9a-f]{16})"):
    """Writes what was shown."""

    def __init__(self, token: str, label: str = "Import") -> None:
        self.token = token
        style = discord.ButtonStyle.primary
        super().__init__(Button(label=label, style=style, custom_id=f"cad:import:{token}"))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003
        item: Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """Make the button again that was pressed."""
        return cls(match["token"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Write; whatever goes wrong is answered."""
        await guarded(interaction, self.press)

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Write what was shown."""
        writing = desk.link_files.write(actor_of(interaction), self.token)
        await respond(interaction, writing, written)


def preview(shown: Preview) -> str:
    """Say what a file would do, as far as it fits into a message."""
    title, lines, is_whole = _said(shown)
    return "\n".join([title if is_whole else title + _REST, *lines])


def preview_buttons(shown: Preview) -> View | None:
    """Return the button that lets a file do it, if there is something to do."""
    if shown.token is None:
        return None
    view = View(timeout=None)
    view.add_item(ImportButton(shown.token, _label(shown.plan)))
    return view


def preview_file(shown: Preview) -> discord.File | None:
    """Return all that a file would do, if it is more than fits into a message."""
    _, _, is_whole = _said(shown)
    if is_whole:
        return None
    lines: list[str] = []
    room = _LONGEST_REPORT
    for line in report(shown.plan):
        room -= len(line) + 1
        if room < 0:
            lines.append("… and so on; this file was getting too long.")
            break
        lines.append(line)
    return discord.File(BytesIO("\n".join(lines).encode("utf-8", "replace")), "import.txt")


def written(done: Imported) -> str:
    """Say what was written."""
    counts = done.counts
    text = f"{counts.added:,} added, {counts.changed:,} changed, {counts.unchanged:,} as they were"
    if done.skipped:
        return f"⚠️ {text}, {done.skipped:,} refused."
    return f"✅ {text}."


def exported(found: Exported) -> str:
    """Say what the file holds."""
    return f"✅ {found.count:,} linked. `/links import` takes this file again."


def exported_file(found: Exported) -> discord.File:
    """Hand out the file."""
    return discord.File(BytesIO(found.data), "links.csv")


def _said(shown: Preview) -> tuple[str, list[str], bool]:
    title = _title(shown)
    lines, is_whole = _lines(shown.plan, MESSAGE_LIMIT - len(title) - len(_REST) - 1)
    return title, lines, is_whole


def _title(shown: Preview) -> str:
    plan = shown.plan
    name = code(shown.name, 80)
    counts = f"{len(plan.added):,} added, {len(plan.changed):,} changed"
    counts += f", {plan.unchanged:,} as they were"
    if plan.faults:
        counts += f", {plan.refused:,} refused"
    if not plan.rows:
        return f"{'❌' if plan.faults else '✅'} {name} has nothing to import: {counts}."
    if plan.faults or plan.shared:
        return f"⚠️ {name}: {counts}. Nothing is written before you press the button."
    return f"⏳ {name}: {counts}. Nothing is written before you press **Import**."


def _label(plan: Plan) -> str:
    if plan.shared:
        return "Import the rest, with shared ids" if plan.faults else "Import, with shared ids"
    return "Import the rest" if plan.faults else "Import"


def _lines(plan: Plan, limit: int) -> tuple[list[str], bool]:
    """Say what would happen in so many characters; False if that is not all of it."""
    unit = plan.unit
    sections = (
        ("Refused", len(plan.faults), (plain(str(one), _LONGEST_LINE) for one in plan.faults)),
        ("Shared ids", len(plan.shared), (_shared(one, unit) for one in plan.shared)),
        ("Changed", len(plan.changed), (_changed(one, unit) for one in plan.changed)),
        ("Added", len(plan.added), (_added(row, unit) for row in plan.added)),
    )
    lines: list[str] = []
    for heading, count, entries in sections:
        if not count:
            continue
        shown = [f"**{heading}**", *islice(entries, _SHOWN)]
        if count > _SHOWN:
            shown.append(f"and {count - _SHOWN:,} more")
        for line in shown:
            limit -= len(line) + 1
            if limit < 0:
                return lines, False
            lines.append(line)
    return lines, all(count <= _SHOWN for _, count, _ in sections)


def _added(row: Row, unit: str) -> str:
    return f"{unit} {row.line}: {member(row.discord_id)} {code(row.api_id, 60)}"


def _changed(change: Change, unit: str) -> str:
    row = change.row
    before, after = code(change.before, 60), code(row.api_id, 60)
    return f"{unit} {row.line}: {member(row.discord_id)} {before} → {after}"


def _shared(one: Shared, unit: str) -> str:
    others = ", ".join(map(member, one.others))
    return f"{_added(one.row, unit)} is also {others}"
