"""Texts about the open calls: their list, their overview, and a call in a sentence."""

from __future__ import annotations

import discord

from bot.cad.models import Call, EmergencyCall
from bot.services.calls.call_listing import CallLine, CallsPage
from bot.services.cards.card_content import priority_name
from bot.services.cards.overview import Overview, OverviewCall, PanickingUnit
from bot.ui.text import (
    MESSAGE_LIMIT,
    end_sentence,
    escape,
    join_limited,
    on_server,
    timestamp,
    units_age,
)

_UNITS_LENGTH = 60  # characters of the units of one call
_EMBED_LIMIT = 4096  # Discord's limit for the text of an embed
_RED, _BLUE, _GREY = discord.Colour(0xDC2626), discord.Colour(0x2563EB), discord.Colour(0x6B7280)


def calls_page(page: CallsPage) -> str:
    """Return one page of the open calls, one line per call, in at most one message."""
    confirmed = f" · confirmed {timestamp(page.confirmed_at, 'R')}" if page.confirmed_at else ""
    if page.units_as_of:
        confirmed += f" · {units_age(page.units_as_of)}"
    where = on_server(page.server)
    if not page.total:
        return end_sentence(f"✅ No call is open{where}{confirmed}")
    calls = "1 open call" if page.total == 1 else f"{page.total} open calls"
    head = f"✅ {calls}{where} · page {page.number} of {page.count}{confirmed}"
    text = "\n".join([head, *(_with_card(line, page.guild_id) for line in page.items)])
    if len(text) > MESSAGE_LIMIT:
        text = "\n".join([head, *(_call_line(line, 1) for line in page.items)])
    if len(text) > MESSAGE_LIMIT:  # escaping doubled long texts
        text = "\n".join([head, *(_call_line(line, 2) for line in page.items)])
    return text


def _with_card(line: CallLine, guild_id: int) -> str:
    """Return a call in one line, with its age and a link to its card, where it has one."""
    text, card = _call_line(line, 1), line.card
    if card is None:
        return text
    age = timestamp(card.first_seen_at, "R")
    if card.message_id is None:
        return f"{text} · {age}"
    link = f"https://discord.com/channels/{guild_id}/{card.channel_id}/{card.message_id}"
    return f"{text} · {age} · [card]({link})"


def call_phrase(number: int, call: Call | EmergencyCall | None, *, is_emergency: bool) -> str:
    """Return a call in a sentence: its number, title and place, as far as they are known."""
    head = f"**911 #{number}**" if is_emergency else f"**#{number}**"
    match call:
        case Call():
            name, place = escape(call.title or "(untitled)", 60), f"{call.block} {call.address}"
        case EmergencyCall():
            name, place = escape(call.caller or "unknown caller", 60), call.location
        case None:
            return head
    return ", ".join(filter(None, (f"{head} {name}", escape(place, 60))))


def _call_line(line: CallLine, divisor: int) -> str:
    """Return a call in one line; each text has its usual room, divided."""
    match line.call:
        case Call() as call:
            return _join_parts(
                f"**#{call.call_id}** {escape(call.title or '(untitled)', 40 // divisor)}",
                "" if call.code == call.title else escape(call.code, 10 // divisor),
                f"priority {escape(priority_name(call), 15 // divisor)}",
                escape(line.status, 20 // divisor),
                escape(f"{call.block} {call.address}", 30 // divisor),
                _units(line, _UNITS_LENGTH // divisor),
            )
        case EmergencyCall() as call:
            return _join_parts(
                f"**911 #{call.call_id}** {escape(call.caller or 'unknown caller', 30 // divisor)}",
                "" if call.is_emergency else "non-emergency",
                escape(call.location, 30 // divisor),
                escape(call.description, 35 // divisor),
            )


def _join_parts(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _units(line: CallLine, limit: int) -> str:
    if not line.units:
        return "no units"
    return join_limited([escape(one.number, 10) or str(one.ident) for one in line.units], limit)


def overview_embed(overview: Overview, cards_url: str, *, is_plain: bool = False) -> discord.Embed:
    """Return the embed of the overview: a line for each call, with a link to its card.

    Args:
        cards_url: the address of the channel of the cards.
        is_plain: whether it leaves out what people typed, because moderation refuses it.
    """
    lines = [_panic_line(one, is_plain=is_plain) for one in overview.panics]
    lines += [_overview_line(one, cards_url, is_plain=is_plain) for one in overview.calls]
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


def _overview_line(one: OverviewCall, cards_url: str, *, is_plain: bool) -> str:
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
        if len(text) <= _EMBED_LIMIT:
            return text
    return ""
