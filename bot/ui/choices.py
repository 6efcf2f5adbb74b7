"""Suggestions → the choices that Discord shows while somebody types."""

from __future__ import annotations

from discord.app_commands import Choice

from bot.cad.models import Call
from bot.services.suggestions import UnitSuggestion
from bot.ui.text import visible

_LIMIT = 100  # characters of a choice's name and of its value


def call_choice(call: Call) -> Choice[int]:
    """Show a call as "#100 Armed Robbery · 2 units"."""
    count = len(call.idents)
    units = "1 unit" if count == 1 else f"{count} units" if count else "no units"
    title = visible(call.title or call.code or "(untitled)", 70)
    return Choice(name=f"#{call.call_id} {title} · {units}"[:_LIMIT], value=call.call_id)


def unit_choices(suggestions: list[UnitSuggestion], names: dict[int, str]) -> list[Choice[str]]:
    """Show units as "A-12 · Pat Reed · on #100"; what is too long to be sent back is left out."""
    return [
        Choice(name=_label(one, names)[:_LIMIT], value=one.value)
        for one in suggestions
        if len(one.value) <= _LIMIT
    ]


def _label(suggestion: UnitSuggestion, names: dict[int, str]) -> str:
    unit = suggestion.unit
    member = names.get(suggestion.discord_id or 0)
    parts = [
        visible(unit.number, 20) if unit else "",
        visible(unit.name, 30) if unit else "",
        f"@{visible(member, 30)}" if member else "",
        f"on #{suggestion.call.call_id}" if suggestion.call else "",
        "" if unit else "not on duty",
    ]
    return " · ".join(part for part in parts if part) or suggestion.word
