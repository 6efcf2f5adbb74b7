"""A card's face → the embed that people read."""

from __future__ import annotations

from collections.abc import Iterator

import discord

from bot.cad.models import Call, EmergencyCall, Note
from bot.services.cards.card_content import CardFace, OnCall
from bot.ui.text import member, moment, plain

_GREY = discord.Colour(0x6B7280)
_BLUE = discord.Colour(0x2563EB)
_PRIORITIES = {
    1: discord.Colour(0xDC2626),
    2: discord.Colour(0xF59E0B),
    3: discord.Colour(0x16A34A),
}
_STATUSES = ("unavailable", "busy", "available", "enroute", "on scene")
_FIELD = 1024  # Discord's limit for the text of a field
_STALE, _CLOSED = "STALE · ", "CLOSED · "
_UNKNOWN = "*unknown*"


def card(face: CardFace) -> discord.Embed:
    """Show a call or a 911 call."""
    embed = discord.Embed(title=_title(face), colour=_colour(face))
    if face.call is not None:
        # Escaping doubles a text at most; together all parts stay below Discord's 6000 characters.
        embed.description = plain(face.call.description, 700) or None
    for name, value, is_inline in _fields(face):
        embed.add_field(name=name, value=value, inline=is_inline)
    return embed


def marked(shown: discord.Embed, face: CardFace) -> discord.Embed:
    """Show a card of which only the message is left as stale or closed."""
    embed = shown.copy()
    title = (shown.title or f"#{face.call_id}").removeprefix(_STALE).removeprefix(_CLOSED)
    embed.title = f"{_state(face)}{title}"
    embed.colour = _colour(face)
    return embed


def _title(face: CardFace) -> str:
    kind = "911" if face.is_emergency else "Call"
    name = ""
    match face.call:
        case Call(title=title, code=code):
            name = f" {plain(title or code or '(untitled)', 80)}"
        case EmergencyCall(is_emergency=is_emergency, caller=caller):
            line = "" if is_emergency else "civil line · "
            name = f" {line}{plain(caller or 'unknown caller', 60)}"
    return f"{_state(face)}{kind} #{face.call_id}{name}"


def _state(face: CardFace) -> str:
    return _CLOSED if face.is_closed else _STALE if face.is_stale else ""


def _colour(face: CardFace) -> discord.Colour:
    if face.is_closed or face.is_stale:
        return _GREY
    if isinstance(face.call, Call):
        return _PRIORITIES.get(face.call.priority, _GREY)
    return _BLUE


def _fields(face: CardFace) -> Iterator[tuple[str, str, bool]]:
    match face.call:
        case Call() as call:
            yield "Place", _place(call), False
            yield "Code", plain(call.code, 40) or "–", True
            yield "Priority", str(call.priority), True
            yield _age(face)
            yield f"Units ({len(face.people)})", _units(face.people), False
            if call.notes:
                yield "Notes", "\n".join(map(_note, call.notes)), False
        case EmergencyCall() as emergency:
            yield "Place", _place_of_emergency(emergency), False
            yield _age(face)
        case None:
            yield _age(face)
    if face.closed_at is not None:
        yield "Closed", moment(face.closed_at, "R"), True
    else:
        yield "Confirmed", moment(face.confirmed_at, "R"), True


def _age(face: CardFace) -> tuple[str, str, bool]:
    return "First seen", moment(face.first_seen_at, "R"), True


def _place(call: Call) -> str:
    street = " ".join(filter(None, (plain(call.block, 20), plain(call.address, 100))))
    return _with_postal(street, call.postal)


def _place_of_emergency(call: EmergencyCall) -> str:
    postal = next((text for key, text in call.meta.items() if key.lower() == "postal"), "")
    return _with_postal(plain(call.location, 150), postal)


def _with_postal(place: str, postal: str) -> str:
    parts = (place, f"postal {plain(postal, 20)}" if postal.strip() else "")
    return " · ".join(filter(None, parts)) or _UNKNOWN


def _units(people: tuple[OnCall, ...]) -> str:
    if not people:
        return "nobody yet"
    lines: list[str] = []
    for done, person in enumerate(people):
        rest = f"and {len(people) - done} more"
        line = _unit(person)
        if sum(map(len, lines)) + len(lines) + len(line) + 1 + len(rest) > _FIELD:
            return "\n".join([*lines, rest])
        lines.append(line)
    return "\n".join(lines)


def _unit(person: OnCall) -> str:
    status = _STATUSES[person.status] if 0 <= person.status < len(_STATUSES) else ""
    parts = (
        ("★ " if person.is_primary else "") + f"**{plain(person.number, 20) or person.ident}**",
        plain(person.name, 40),
        status,
        member(person.discord_id) if person.discord_id is not None else "",
    )
    return " · ".join(filter(None, parts))


def _note(note: Note) -> str:
    head = " ".join(filter(None, (plain(note.time, 20), plain(note.label, 20))))
    # Three of them fit into a field, whatever has to be escaped.
    return " · ".join(filter(None, (head, plain(note.text, 120)))) or "–"
