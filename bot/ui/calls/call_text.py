"""The open calls in short."""

from __future__ import annotations

from bot.cad.models import Call, EmergencyCall
from bot.services.calls.call_listing import CallLine, CallsPage
from bot.ui.text import MESSAGE_LIMIT, listed, moment, plain

_UNITS = 60  # characters of the units of one call


def page(page: CallsPage) -> str:
    """List some of the calls, one line each; the longest page fits into a message."""
    confirmed = f" · confirmed {moment(page.confirmed_at, 'R')}" if page.confirmed_at else ""
    if not page.total:
        return f"✅ No call is open{confirmed}."
    calls = "1 open call" if page.total == 1 else f"{page.total} open calls"
    lines = [f"✅ {calls} · page {page.number} of {page.count}{confirmed}"]
    lines += map(_line, page.lines)
    return "\n".join(lines)[:MESSAGE_LIMIT]


def _line(line: CallLine) -> str:
    match line.call:
        case Call() as call:
            return _joined(
                f"**#{call.call_id}** {plain(call.title or '(untitled)', 40)}",
                plain(call.code, 10),
                f"priority {call.priority}",
                plain(f"{call.block} {call.address}", 30),
                _units(line),
            )
        case EmergencyCall() as call:
            return _joined(
                f"**911 #{call.call_id}** {plain(call.caller or 'unknown caller', 30)}",
                "" if call.is_emergency else "civil line",
                plain(call.location, 30),
                plain(call.description, 35),
            )


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _units(line: CallLine) -> str:
    if not line.people:
        return "no units"
    return listed([plain(one.number, 10) or str(one.ident) for one in line.people], _UNITS)
