"""Text of the list of open calls."""

from __future__ import annotations

from bot.cad.models import Call, EmergencyCall
from bot.services.calls.call_listing import CallLine, CallsPage
from bot.services.cards.card_content import priority_name
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
    text = "\n".join([head, *(_call_line(line, 1) for line in page.items)])
    if len(text) > MESSAGE_LIMIT:  # escaping doubled long texts
        text = "\n".join([head, *(_call_line(line, 2) for line in page.items)])
    return text


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
