"""Turn the overview of the open calls into an embed: a line for each, with a link to its card."""

from __future__ import annotations

import discord

from bot.services.cards.overview import Overview, OverviewCall, PanickingUnit
from bot.ui.text import escape, join_limited, timestamp

_LIMIT = 4096  # Discord's limit for the text of an embed
_UNITS_LENGTH = 60  # characters of the units of one call
_RED, _BLUE, _GREY = discord.Colour(0xDC2626), discord.Colour(0x2563EB), discord.Colour(0x6B7280)


def overview_embed(overview: Overview, cards_url: str, *, is_plain: bool = False) -> discord.Embed:
    """Return the embed.

    Args:
        cards_url: the address of the channel of the cards.
        is_plain: whether it leaves out what people typed, because moderation refuses it.
    """
    lines = [_panic_line(one, is_plain=is_plain) for one in overview.panics]
    lines += [_call_line(one, cards_url, is_plain=is_plain) for one in overview.calls]
    count = len(overview.calls)
    title = f"{count} open call{'s' if count > 1 else ''}" if count else "No call is open"
    colour = _GREY if overview.is_stale else _RED if overview.panics else _BLUE
    return discord.Embed(
        title=f"STALE · {title}" if overview.is_stale else title,
        description=_fitting(lines) or None,
        colour=colour,
    )


def _panic_line(one: PanickingUnit, *, is_plain: bool) -> str:
    name = "" if is_plain else escape(one.name, 40)
    unit = f"**{escape(one.number, 20)}**" if not is_plain else ""
    where = "" if one.call_id is None else f"on #{one.call_id}"
    return " · ".join(filter(None, ("🚨 **PANIC**", f"{unit} {name}".strip(), where)))


def _call_line(one: OverviewCall, cards_url: str, *, is_plain: bool) -> str:
    kind = "911" if one.is_emergency else "Call" if is_plain else escape(one.priority, 15)
    unnamed = "unknown caller" if one.is_emergency else "(untitled)"
    title = "" if is_plain else f" {escape(one.title or unnamed, 40)}"
    name = f"#{one.number}{title}"
    link = name if one.message_id is None else f"[{name}]({cards_url}/{one.message_id})"
    units = [escape(unit, 10) for unit in one.units]
    no_units = "" if one.is_emergency else "no units"
    parts = (
        f"**{kind}**",
        link,
        "" if is_plain else escape(one.server, 20),
        timestamp(one.first_seen_at, "R"),
        "" if is_plain else escape(one.place, 30),
        "" if is_plain else join_limited(units, _UNITS_LENGTH) or no_units,
    )
    return " · ".join(filter(None, parts))


def _fitting(lines: list[str]) -> str:
    """Join lines; count those that do not fit."""
    for shown in range(len(lines), -1, -1):
        rest = len(lines) - shown
        text = "\n".join([*lines[:shown], *([f"and {rest} more: `/calls`"] if rest else [])])
        if len(text) <= _LIMIT:
            return text
    return ""
