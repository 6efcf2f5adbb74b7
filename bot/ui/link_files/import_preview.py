"""Answers of `/links import` and `/links export`, with the button that imports.

Custom id: `cad:<action>:<token>`; the token identifies a previewed file.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, ClassVar, Self

import discord
from discord.ui import Button, Item, View

from bot.services.link_files.import_diff import ChangedLink, ImportDiff, SharedId
from bot.services.link_files.import_export import ExportResult, ImportPreview, ImportResult
from bot.services.link_files.rows import Row
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import PersistentItem
from bot.ui.interactions.responses import Interaction, actor_of, once_acknowledged, respond
from bot.ui.link_files.import_report import error_line, report
from bot.ui.text import MESSAGE_LIMIT, code_span, escape, member_mention

_LINES_PER_SECTION = 5
_MAX_LINE_LENGTH = 200
_MORE_IN_FILE = " The attached file has more."
_REPLACED = "Present id confirmed by the CAD: only the button that says replace changes it"
_MAX_REPORT_LENGTH = 4 * 1024 * 1024  # characters; Discord takes ten megabytes


class ImportButton(PersistentItem, template=r"cad:import:(?P<token>[0-9a-f]{16})"):
    """Imports the previewed file, but leaves the ids that the CAD has confirmed."""

    action: ClassVar[str] = "import"
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.primary
    may_replace_proven: ClassVar[bool] = False

    def __init__(self, token: str, label: str = "Import") -> None:
        self.token = token
        custom_id = f"cad:{self.action}:{token}"
        super().__init__(Button[View](label=label, style=self.style, custom_id=custom_id))

    @classmethod
    def from_match(cls, match: re.Match[str], item: Item[Any]) -> Self:  # noqa: ARG003
        """Rebuild the button that was pressed."""
        return cls(match["token"])

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Write what was shown."""
        write = partial(
            services.link_files.apply,
            actor_of(interaction),
            self.token,
            may_replace_proven=self.may_replace_proven,
        )
        work = once_acknowledged(interaction, write)
        await respond(interaction, work, import_result, in_place=True)


class ReplaceAllButton(ImportButton, template=r"cad:import-all:(?P<token>[0-9a-f]{16})"):
    """Imports the previewed file, and replaces the ids that the CAD has confirmed."""

    action = "import-all"
    style = discord.ButtonStyle.danger
    may_replace_proven = True


IMPORT_BUTTONS = (ImportButton, ReplaceAllButton)


def preview_text(shown: ImportPreview) -> str:
    """Return what a file would change, as far as it fits into a message."""
    title, lines, is_whole = _render(shown)
    return "\n".join([title if is_whole else title + _MORE_IN_FILE, *lines])


def preview_buttons(shown: ImportPreview) -> View | None:
    """Return the buttons that import a file; None if there is nothing to import."""
    if shown.token is None:
        return None
    view, plan = View(timeout=None), shown.diff
    replaced = {one.row.discord_id for one in plan.replacements}
    if len(plan.rows) > len(replaced):
        view.add_item(ImportButton(shown.token, _button_label(plan, without=replaced)))
    if replaced:
        ids = _counted(len(replaced), "confirmed id")
        label = f"{_button_label(plan)}, replace {ids}"
        view.add_item(ReplaceAllButton(shown.token, label))
    return view


def preview_file(shown: ImportPreview) -> discord.File | None:
    """Return all changes as a text file; None if they fit into the message."""
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
    """Return the answer after an import."""
    counts = done.counts
    text = f"{counts.added:,} added, {counts.changed:,} changed, {counts.unchanged:,} unchanged"
    if done.skipped:
        text += f", {done.skipped:,} with errors"
    if done.kept:
        text += f". {_counted(done.kept, 'id')} that the CAD has confirmed stayed as before"
    return f"{'⚠️' if done.skipped or done.kept else '✅'} {text}."


def export_result(found: ExportResult) -> str:
    """Return the answer that comes with an exported file."""
    return f"✅ {_counted(found.count, 'link')} in this file. `/links import` reads it again."


def export_file(found: ExportResult) -> discord.File:
    """Return the exported file as an attachment."""
    return discord.File(BytesIO(found.data), "links.csv")


def _render(shown: ImportPreview) -> tuple[str, list[str], bool]:
    title = _title(shown)
    lines, is_whole = _lines(shown.diff, MESSAGE_LIMIT - len(title) - len(_MORE_IN_FILE) - 1)
    return title, lines, is_whole


def _title(shown: ImportPreview) -> str:
    plan = shown.diff
    name = code_span(shown.name, 80)
    counts = f"{len(plan.added):,} new, {len(plan.changed):,} changed"
    counts += f", {plan.unchanged:,} unchanged"
    if plan.errors:
        counts += f", {plan.refused_count:,} with errors"
    if not plan.rows:
        return f"{'❌' if plan.errors else '✅'} {name} has nothing to import: {counts}."
    mark = "⚠️" if plan.errors or plan.shared or plan.replacements else "⏳"
    return f"{mark} {name}: {counts}. Nothing is saved yet: press the button to import."


def _button_label(plan: ImportDiff, *, without: Collection[int] = frozenset()) -> str:
    """Say what a button imports; `without` are the members whose links it leaves."""
    count = sum(one.row.discord_id not in without for one in plan.shared)
    shared = f" ({_counted(count, 'shared id')})" if count else ""
    return f"Import {_counted(len(plan.rows) - len(without), 'link')}{shared}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _lines(plan: ImportDiff, limit: int) -> tuple[list[str], bool]:
    """Return the changes in at most `limit` characters; False if some are missing."""
    unit, replaced = plan.record_kind, plan.replacements
    changed = [one for one in plan.changed if not one.is_proven]
    sections = (
        (
            "Errors",
            len(plan.errors),
            (escape(error_line(one), _MAX_LINE_LENGTH) for one in plan.errors),
        ),
        ("Shared ids", len(plan.shared), (_shared_line(one, unit) for one in plan.shared)),
        (_REPLACED, len(replaced), (_changed_line(one, unit) for one in replaced)),
        ("Changed", len(changed), (_changed_line(one, unit) for one in changed)),
        ("New", len(plan.added), (_added_line(row, unit) for row in plan.added)),
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
    return f"{unit} {row.line}: {_member(row)} {code_span(row.api_id, 60)}"


def _changed_line(change: ChangedLink, unit: str) -> str:
    row = change.row
    before, after = code_span(change.before, 60), code_span(row.api_id, 60)
    return f"{unit} {row.line}: {_member(row)} {before} → {after}"


def _member(row: Row) -> str:
    """Return the member of a line; any member may take a name that the file means for another."""
    by_name = f" (found by the name {code_span(row.name, 40)})" if row.name else ""
    return f"{member_mention(row.discord_id)}{by_name}"


def _shared_line(one: SharedId, unit: str) -> str:
    others = ", ".join(map(member_mention, one.others))
    return f"{_added_line(one.row, unit)} is also {others}"
