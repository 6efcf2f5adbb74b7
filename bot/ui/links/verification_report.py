"""The report of `/links check`: its text, its button, and its updates."""

from __future__ import annotations

import discord
from discord.ui import View

from bot.services.cards.discord_budget import DiscordBudget
from bot.services.links.bulk_verification import CheckReport
from bot.services.reply import Delivery
from bot.storage.stores.link_row import Link
from bot.ui import cad_error_text
from bot.ui.discord_sender import DiscordSender, attempt
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import IdButton, id_button_pattern
from bot.ui.interactions.responses import Interaction, actor_of, respond
from bot.ui.text import MESSAGE_LIMIT, code_span, member_mention, timestamp

_LIST_LIMIT = 450  # characters for one list of people; four of them fit


def check_text(report: CheckReport) -> str:
    """Return the progress of a running check, or the result of an ended one."""
    counts = report.counts
    so_far = f"{counts.verified} proven, {counts.unverified} unknown, {counts.changed} changed"
    if report.is_running:
        lines = [f"⏳ Checking the links: {counts.checked} of {counts.total} · {so_far}."]
        if report.cad_error:
            lines.append(
                f"{cad_error_text.wait_reason(report.cad_error)} I continue as soon as it answers."
            )
        lines.append("It continues by itself; `/links check` shows the progress.")
        return "\n".join(lines)
    if not counts.total:
        return "✅ No member is linked yet. Members link themselves with `/link`."
    began = timestamp(report.check.started_at, "R")
    if report.check.stopped:
        head = f"❌ Stopped: {counts.checked} of {counts.total} links checked, started {began}"
    else:
        is_fine = counts.verified == counts.total and not report.shared
        head = f"{'✅' if is_fine else '⚠️'} {counts.checked} links checked, started {began}"
    return "\n".join([f"{head}: {so_far}.", *_problem_lines(report)])


def check_buttons(report: CheckReport) -> View:
    """Return the stop button while the check runs; afterwards an empty view."""
    view = View(timeout=None)
    if report.is_running:
        view.add_item(StopCheckButton(report.check.guild_id))
    return view


class InteractionCheckReply:
    """The CheckReply that edits the reply to an interaction, while Discord allows it."""

    def __init__(self, interaction: Interaction) -> None:
        self._interaction = interaction

    async def show(self, report: CheckReport) -> bool:
        """Edit the reply; return False if that failed."""
        editing = self._interaction.edit_original_response(
            content=check_text(report), view=check_buttons(report)
        )
        return await attempt(editing, "edit the reply to a check of the links")


class DiscordCheckAnnouncer:
    """The CheckAnnouncer over Discord."""

    def __init__(
        self, client: discord.Client, log_channel_id: int | None, budget: DiscordBudget
    ) -> None:
        self._sender = DiscordSender(client, log_channel_id, budget)

    async def post(self, report: CheckReport) -> bool:
        """Post a report to the log channel; return False if that failed or there is none."""
        text = (
            f"{member_mention(report.check.asked_by)}, your check of the links:"
            f" {check_text(report)}"
        )
        return await self._sender.post_to_log(text[:MESSAGE_LIMIT]) is Delivery.DONE


class StopCheckButton(IdButton, template=id_button_pattern("stop-check")):
    """Stops a running check; `number` is the Discord server's id."""

    action = "stop-check"
    label = "Stop"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Stop the check, which then edits its own reply."""
        await respond(
            interaction, services.bulk_verifier.stop(actor_of(interaction)), None, in_place=True
        )


def _problem_lines(report: CheckReport) -> list[str]:
    counts = report.counts
    lines = []
    if report.unverified:
        names = [_link_item(one) for one in report.unverified]
        lines.append(f"The CAD does not know: {_limit_names(names, counts.unverified)}.")
    if report.changed:
        names = [_changed_link_item(one) for one in report.changed]
        lines.append(f"Another account has the id now: {_limit_names(names, counts.changed)}.")
    if report.shared:
        names = [" and ".join(map(member_mention, people[:5])) for people in report.shared]
        lines.append(f"Several members share one id: {_limit_names(names, len(names))}.")
    if lines:
        lines.append(
            "`/links list` with `only:` lists them all; `/link` with `member:` corrects one."
        )
    return lines


def _link_item(link: Link) -> str:
    return f"{member_mention(link.discord_id)} {code_span(link.api_id, 40)}"


def _changed_link_item(link: Link) -> str:
    before = link.account_name or link.account_uuid or ""
    return (
        f"{_link_item(link)} (was {code_span(before, 40)}, now"
        f" {code_span(link.other_account or '', 40)})"
    )


def _limit_names(names: list[str], count: int) -> str:
    """Join the names that fit into `_LIST_LIMIT` characters; count the others."""
    shown = list(names)
    while len(shown) > 1 and len(", ".join(shown)) > _LIST_LIMIT:
        shown.pop()
    rest = [f"and {count - len(shown)} more"] if count > len(shown) else []
    return ", ".join(shown + rest)
