"""Turn the content of a card into an embed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import discord

from bot.cad.models import Call, EmergencyCall, Note
from bot.services.board.call_layouts import NO_DETAILS, complete
from bot.services.cards.card_content import CallUnit, CardContent, priority_name
from bot.ui.calls.note_time import note_time
from bot.ui.orders.action_text import STATUS_WORDS
from bot.ui.text import escape, member_mention, one_line, timestamp, units_age

_GREY = discord.Colour(0x6B7280)
_BLUE = discord.Colour(0x2563EB)
_RED = discord.Colour(0xDC2626)
_VIOLET = discord.Colour(0x8B5CF6)
_PRIORITIES = {
    1: _RED,
    2: discord.Colour(0xF59E0B),
    3: discord.Colour(0x16A34A),
}
_FIELD_LIMIT = 1024  # Discord's limit for the text of a field
_STALE, _CLOSED = "STALE · ", "CLOSED · "
_UNKNOWN_PLACE = "*unknown*"


def card(content: CardContent, cards_url: str = "") -> discord.Embed:
    """Return the embed of a dispatch call or a 911 call.

    Args:
        cards_url: the address of the channel of the cards; empty for no links to other cards.
    """
    if isinstance(content.call, Call):
        content = replace(content, call=complete(content.call, content.details))
    embed = discord.Embed(title=_title(content), colour=_colour(content))
    if content.server:
        embed.set_author(name=one_line(content.server, 256))
    if content.call is not None:
        # Escaping at most doubles a text: all parts together stay below Discord's 6000 characters.
        embed.description = escape(content.call.description, 700) or None
    for name, value, is_inline in _fields(content, cards_url):
        embed.add_field(name=name, value=value, inline=is_inline)
    return embed


def plain_card(content: CardContent, cards_url: str = "") -> discord.Embed:
    """Return the embed without any text that people typed, for one that moderation refuses."""
    call = content.call
    if isinstance(call, Call):
        call = Call(call.call_id, "(hidden)", "", call.idents, priority=call.priority)
    elif call is not None:
        call = EmergencyCall(call.call_id, call.is_emergency, "(hidden)", "", "")
    units = tuple(replace(unit, number="", name="") for unit in content.units)
    embed = card(replace(content, call=call, units=units, details=NO_DETAILS), cards_url)
    embed.set_footer(text="Discord's moderation refuses a text of this call: read it in the CAD.")
    return embed


def restyled(shown: discord.Embed, content: CardContent) -> discord.Embed:
    """Return a copy of a posted embed, marked as stale or closed.

    For cards whose call is no longer known: only the message is left.
    """
    embed = shown.copy()
    title = (shown.title or f"#{content.call_id}").removeprefix(_STALE).removeprefix(_CLOSED)
    embed.title = f"{_state(content)}{title}"
    embed.colour = _colour(content)
    return embed


def _title(content: CardContent) -> str:
    kind = "911" if content.is_emergency else "Call"
    name = ""
    match content.call:
        case Call() as call:
            name = f" {escape(call.title or '(untitled)', 80)}"
        case EmergencyCall(is_emergency=is_emergency, caller=caller):
            line = "" if is_emergency else "non-emergency · "
            name = f" {line}{escape(caller or 'unknown caller', 60)}"
    return f"{_state(content)}{kind} #{content.call_id}{name}"


def _state(content: CardContent) -> str:
    return _CLOSED if content.is_closed else _STALE if content.is_stale else ""


def _colour(content: CardContent) -> discord.Colour:
    if content.is_closed or content.is_stale:
        return _GREY
    if isinstance(content.call, Call):
        if content.is_urgent:
            return _RED
        if content.call.priority_text:  # a name, which has no rank
            return _VIOLET
        return _PRIORITIES.get(content.call.priority, _GREY)
    return _BLUE


def _fields(content: CardContent, cards_url: str) -> Iterator[tuple[str, str, bool]]:
    match content.call:
        case Call() as call:
            yield "Place", _place(call), False
            yield "Code", escape(call.code, 40) or "–", True
            yield "Priority", escape(priority_name(call), 40) or "–", True
            if status := escape(content.details.status, 40):
                yield "Status", status, True
            yield _first_seen(content)
            if content.details.fields:
                yield (
                    escape(content.details.name, 60) or "Details",
                    _details(content),
                    False,
                )
            yield f"Units ({len(content.units)})", _units(content.units), False
            if call.notes:
                yield "Notes", "\n".join(_note(one, content) for one in call.notes), False
        case EmergencyCall() as emergency:
            yield "Place", _place_of_emergency(emergency), False
            yield _first_seen(content)
        case None:
            yield _first_seen(content)
    if content.answered_by is not None:
        yield "Became", _answer(content, cards_url), True
    if content.closed_at is not None:
        yield "Closed", timestamp(content.closed_at, "R"), True
    elif not content.is_old:
        yield "Confirmed", _confirmed(content), True


def _answer(content: CardContent, cards_url: str) -> str:
    """Return the call that a 911 call became, with a link to its card where there is one."""
    name = f"call #{content.answered_by}"
    has_link = cards_url and content.answer_message_id is not None
    return f"[{name}]({cards_url}/{content.answer_message_id})" if has_link else name


def _confirmed(content: CardContent) -> str:
    call = timestamp(content.confirmed_at, "R")
    if content.units_as_of is None or not content.units:
        return call
    return f"{call}\n{units_age(content.units_as_of)}"


def _first_seen(content: CardContent) -> tuple[str, str, bool]:
    return "First seen", timestamp(content.first_seen_at, "R"), True


def _place(call: Call) -> str:
    street = " ".join(filter(None, (escape(call.block, 20), escape(call.address, 100))))
    return _with_postal(street, call.postal)


def _place_of_emergency(call: EmergencyCall) -> str:
    postal = next((text for key, text in call.meta.items() if key.lower() == "postal"), "")
    return _with_postal(escape(call.location, 150), postal)


def _with_postal(place: str, postal: str) -> str:
    parts = (place, f"postal {escape(postal, 20)}" if postal.strip() else "")
    return " · ".join(filter(None, parts)) or _UNKNOWN_PLACE


def _units(units: tuple[CallUnit, ...]) -> str:
    return _lines([_unit(one) for one in units]) or "no units yet"


def _details(content: CardContent) -> str:
    return _lines(
        [f"**{escape(label, 40)}**: {escape(text)}" for label, text in content.details.fields]
    )


def _lines(items: list[str]) -> str:
    """Join lines; count those that do not fit into a field."""
    shown: list[str] = []
    for done, line in enumerate(items):
        rest = f"and {len(items) - done} more"
        if sum(map(len, shown)) + len(shown) + len(line) + 1 + len(rest) > _FIELD_LIMIT:
            return "\n".join([*shown, rest])
        shown.append(line)
    return "\n".join(shown)


def _unit(unit: CallUnit) -> str:
    parts = (
        ("★ " if unit.is_primary else "") + f"**{escape(unit.number, 20) or unit.ident}**",
        escape(unit.name, 40),
        STATUS_WORDS.get(unit.status, ""),
        member_mention(unit.discord_id) if unit.discord_id is not None else "",
    )
    return " · ".join(filter(None, parts))


def _note(note: Note, content: CardContent) -> str:
    moment = note_time(note.time, content.first_seen_at, content.confirmed_at)
    time = timestamp(moment, "t") if moment else escape(note.time, 20)
    head = " ".join(filter(None, (time, escape(note.label, 20))))
    # Three notes fit into a field even if every character has to be escaped.
    return " · ".join(filter(None, (head, escape(note.text, 120)))) or "–"
