"""Turn suggestions into the choices that Discord shows during autocomplete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from discord.app_commands import Choice, Range

from bot.cad.models import Call
from bot.common.discord_limits import LAST_SERVER_ID
from bot.services.cards.card_content import priority_label
from bot.services.pickers.suggestions import (
    MemberNameLookup,
    Suggestion,
    UnitGroupSuggestion,
    UnitSuggestion,
)
from bot.ui.orders.action_text import STATUS_WORDS
from bot.ui.text import one_line

ServerNumber: TypeAlias = Range[int, 1, LAST_SERVER_ID]

_LIMIT = 100  # characters of a choice's name and of its value


def call_choice(call: Call) -> Choice[str]:
    """Return the choice for a call, such as "#100 Armed Robbery · Clinton Ave · P1 · 2 units".

    Its place and its priority tell it apart from others with the same title.
    """
    count = len(call.idents)
    units = "1 unit" if count == 1 else f"{count} units" if count else "no units"
    title = one_line(call.title or "(untitled)", 30)
    place = one_line(f"{call.block} {call.address}", 25)
    priority = one_line(priority_label(call), 15)
    parts = filter(None, (f"#{call.call_id} {title}", place, priority, units))
    return Choice(name=" · ".join(parts)[:_LIMIT], value=str(call.call_id))


def server_choices(servers: Iterable[tuple[int, str]]) -> list[Choice[int]]:
    """Return the choices for servers, such as "2 · Liberty City"."""
    return [
        Choice(name=" · ".join(filter(None, (str(number), one_line(name, 60)))), value=number)
        for number, name in servers
    ]


def unit_choices(suggestions: Iterable[Suggestion], names: MemberNameLookup) -> list[Choice[str]]:
    """Return the choices for units, such as "A-12 · Pat Reed · enroute · on #100".

    Suggestions whose value is too long for Discord are left out.
    """
    return [
        Choice(name=_label(one, names)[:_LIMIT], value=one.value)
        for one in suggestions
        if len(one.value) <= _LIMIT
    ]


def _label(suggestion: Suggestion, names: MemberNameLookup) -> str:
    if isinstance(suggestion, UnitGroupSuggestion):
        name = one_line(suggestion.name, 60)
        return (
            f"{suggestion.kind}: {name} · {suggestion.count} on duty, {suggestion.free_count} free"
        )
    return " · ".join(part for part in _parts(suggestion, names) if part) or suggestion.token


def _parts(suggestion: UnitSuggestion, names: MemberNameLookup) -> tuple[str, ...]:
    # Each part is short enough that the call at the end still fits.
    unit = suggestion.unit
    member = names(suggestion.discord_id) if suggestion.discord_id else ""
    return (
        one_line(unit.number, 16) if unit else "",
        one_line(unit.name, 24) if unit else "",
        f"@{one_line(member, 22)}" if member else "",
        STATUS_WORDS.get(unit.status, "") if unit else "not on duty",
        f"on #{suggestion.call.call_id}" if suggestion.call else "",
    )
