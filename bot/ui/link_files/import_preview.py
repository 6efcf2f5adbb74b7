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

from bot.services.link_files.import_diff import ChangedLink, ImportDiff, SharedId
from bot.services.link_files.import_export import ExportResult, ImportPreview, ImportResult
from bot.services.link_files.rows import Row
from bot.ui.interactions.error_boundary import Desk, run_guarded
from bot.ui.interactions.responses import Interaction, actor_of, respond
from bot.ui.link_files.import_report import error_line, report
from bot.ui.text import MESSAGE_LIMIT, code_span, escape, member_mention

_LINES_PER_SECTION = 5  # lines of each kind
_MAX_LINE_LENGTH = 200
_MORE_IN_FILE = " The attached file has more."
_MAX_REPORT_LENGTH = 4 * 1024 * 1024  # characters; Discord takes ten megabytes


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
        await run_guarded(interaction, self.press)

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Write what was shown."""
        writing = desk.link_files.apply(actor_of(interaction), self.token)
        await respond(interaction, writing, import_result)


def preview_text(shown: ImportPreview) -> str:
    """Say what a file would do, as far as it fits into a message."""
    title, lines, is_whole = _render(shown)
    return "\n".join([title if is_whole else title + _MORE_IN_FILE, *lines])


def preview_buttons(shown: ImportPreview) -> View | None:
    """Return the button that lets a file do it, if there is something to do."""
    if shown.token is None:
        return None
    view = View(timeout=None)
    view.add_item(ImportButton(shown.token, _button_label(shown.diff)))
    return view


def preview_file(shown: ImportPreview) -> discord.File | None:
    """Return all that a file would do, if it is more than fits into a message."""
    _, _, is_whole = _render(shown)
    if is_whole:
        return None
    lines: list[str] = []
    room = _MAX_REPORT_LENGTH
    for line in report(shown.diff):
        room -= len(line) + 1
        if room < 0:
            lines.append("… and so on; this file was getting too long.")
            break
        lines.append(line)
    return discord.File(BytesIO("\n".join(lines).encode("utf-8", "replace")), "import.txt")


def import_result(done: ImportResult) -> str:
    """Say what was written."""
    counts = done.counts
    text = f"{counts.added:,} added, {counts.changed:,} changed, {counts.unchanged:,} as they were"
    if done.skipped:
        return f"⚠️ {text}, {done.skipped:,} refused."
    return f"✅ {text}."


def export_result(found: ExportResult) -> str:
    """Say what the file holds."""
    return f"✅ {found.count:,} linked. `/links import` takes this file again."


def export_file(found: ExportResult) -> discord.File:
    """Hand out the file."""
    return discord.File(BytesIO(found.data), "links.csv")


def _render(shown: ImportPreview) -> tuple[str, list[str], bool]:
    title = _title(shown)
    lines, is_whole = _lines(shown.diff, MESSAGE_LIMIT - len(title) - len(_MORE_IN_FILE) - 1)
    return title, lines, is_whole


def _title(shown: ImportPreview) -> str:
    plan = shown.diff
    name = code_span(shown.name, 80)
    counts = f"{len(plan.added):,} added, {len(plan.changed):,} changed"
    counts += f", {plan.unchanged:,} as they were"
    if plan.errors:
        counts += f", {plan.refused_count:,} refused"
    if not plan.rows:
        return f"{'❌' if plan.errors else '✅'} {name} has nothing to import: {counts}."
    if plan.errors or plan.shared:
        return f"⚠️ {name}: {counts}. Nothing is written before you press the button."
    return f"⏳ {name}: {counts}. Nothing is written before you press **Import**."


def _button_label(plan: ImportDiff) -> str:
    if plan.shared:
        return "Import the rest, with shared ids" if plan.errors else "Import, with shared ids"
    return "Import the rest" if plan.errors else "Import"


def _lines(plan: ImportDiff, limit: int) -> tuple[list[str], bool]:
    """Say what would happen in so many characters; False if that is not all of it."""
    unit = plan.record_kind
    sections = (
        (
            "Refused",
            len(plan.errors),
            (escape(error_line(one), _MAX_LINE_LENGTH) for one in plan.errors),
        ),
        ("Shared ids", len(plan.shared), (_shared_line(one, unit) for one in plan.shared)),
        ("Changed", len(plan.changed), (_changed_line(one, unit) for one in plan.changed)),
        ("Added", len(plan.added), (_added_line(row, unit) for row in plan.added)),
    )
    lines: list[str] = []
    for heading, count, entries in sections:
        if not count:
            continue
        shown = [f"**{heading}**", *islice(entries, _LINES_PER_SECTION)]
        if count > _LINES_PER_SECTION:
            shown.append(f"and {count - _LINES_PER_SECTION:,} more")
        for line in shown:
            limit -= len(line) + 1
            if limit < 0:
                return lines, False
            lines.append(line)
    return lines, all(count <= _LINES_PER_SECTION for _, count, _ in sections)


def _added_line(row: Row, unit: str) -> str:
    return f"{unit} {row.line}: {member_mention(row.discord_id)} {code_span(row.api_id, 60)}"


def _changed_line(change: ChangedLink, unit: str) -> str:
    row = change.row
    before, after = code_span(change.before, 60), code_span(row.api_id, 60)
    return f"{unit} {row.line}: {member_mention(row.discord_id)} {before} → {after}"


def _shared_line(one: SharedId, unit: str) -> str:
    others = ", ".join(map(member_mention, one.others))
    return f"{_added_line(one.row, unit)} is also {others}"
