"""Make text from the CAD and from users safe to show in Discord. Pure.

Such text must not change its surroundings: no markdown, no mention, no link, no invisible
character, no line break.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from bot.cad.models import Call
from bot.common.invisible import is_invisible
from bot.services.targets.resolution import Assignee

MESSAGE_LIMIT = 2000  # characters of a Discord message

# Scan at most this many times the limit, because a text may be very long and mostly invisible.
_SCAN_FACTOR = 10
_NAME_END = re.compile(r"(?<=\})\.")  # a full stop behind a name of a template
_ESCAPES = {ord(sign): f"\\{sign}" for sign in "\\`*_~|<>[]()#@:/-+="}


def one_line(text: str, limit: int) -> str:
    """Return the text on one line, without invisible characters, at most `limit` characters."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    looked_at = text[: _SCAN_FACTOR * limit]
    kept = "".join(" " if one in "\n\r\t\u2028\u2029" else one for one in looked_at)
    kept = "".join(one for one in kept if not is_invisible(one))
    kept = " ".join(kept.split())
    is_whole = len(looked_at) == len(text) and len(kept) <= limit
    return kept if is_whole else kept[: limit - 1] + "…"


def escape(text: str, limit: int = 100) -> str:
    """Return the text so that Discord shows it letter by letter."""
    return one_line(text, limit).translate(_ESCAPES)


def code_span(text: str, limit: int = 300) -> str:
    """Return the text as a code span, with backticks replaced so that it cannot end the span."""
    return f"`{one_line(text, limit).replace('`', 'ˋ') or '(empty)'}`"


def end_sentence(text: str) -> str:
    """Return the text with one full stop at its end, also where a name in it ends with one."""
    return text if text.endswith(".") else f"{text}."


def fill(template: str, **names: str) -> str:
    """Fill names into a template; one that ends with a full stop gets no second one."""
    first, *others = _NAME_END.split(template)
    text = first.format_map(names)
    for more in others:
        text = end_sentence(text) + more.format_map(names)
    return text


def member_mention(discord_id: int) -> str:
    """Return a mention of a member; it does not ping, because the bot allows no mentions."""
    return f"<@{discord_id}>"


def call_name(call: Call) -> str:
    """Return a call's number and title."""
    return f"**#{call.call_id}** {escape(call.title or '(untitled)', 60)}"


def on_server(server: str) -> str:
    """Return the words that name a server after a call; empty for the only one of a community."""
    return f" on {escape(server, 40)}" if server else ""


def unit_name(one: Assignee, note: str = "") -> str:
    """Name a unit by its member and its number, as far as they are known, with a note on it."""
    number = escape(one.unit.number, 20) if one.unit and one.unit.number else ""
    if one.discord_id is not None:
        name, notes = f"<@{one.discord_id}>", ", ".join(filter(None, (number, note)))
    else:
        name, notes = number or code_span(one.reference, 60), note
    return f"{name} ({notes})" if notes else name


def timestamp(when: datetime, style: str) -> str:
    """Return a timestamp that Discord shows in the reader's time zone.

    Args:
        style: "R" shows the distance ("2 minutes ago"), "t" the time of day.
    """
    return f"<t:{int(when.timestamp())}:{style}>"


def units_age(as_of: datetime) -> str:
    """Return how old the list of units is, for one that is much older than the calls."""
    return f"units of {timestamp(as_of, 'R')}"


def role_mentions(role_ids: Iterable[int]) -> str:
    """Return mentions of the roles, sorted by id."""
    return ", ".join(f"<@&{role_id}>" for role_id in sorted(role_ids))


def join_limited(items: list[str], limit: int) -> str:
    """Join the items with commas; count the items that do not fit into `limit` characters."""
    shown: list[str] = []
    length = 0
    for number, item in enumerate(items):
        length += len(item) + 2
        rest = f"and {len(items) - number} more"
        if length + len(rest) > limit:
            return ", ".join([*shown, rest])
        shown.append(item)
    return ", ".join(shown)
