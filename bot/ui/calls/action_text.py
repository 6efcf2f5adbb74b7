"""Texts about actions on calls.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done.
"""

from __future__ import annotations

from bot.services.calls.call_actions import CloseResult, DismissResult, NoteResult, StatusResult
from bot.ui.text import code_span, escape, on_server

STATUS_WORDS = {0: "unavailable", 1: "busy", 2: "available", 3: "enroute", 4: "on scene"}


def status_word(status: int) -> str:
    """Return the CAD's default name of a unit status; a community may have renamed it."""
    return STATUS_WORDS.get(status, "status unknown")


def note_added(done: NoteResult) -> str:
    """Return the answer after a note was added."""
    return f"✅ Noted on {_call_name(done.call_id, done.server)}: {code_span(done.text)}"


def call_closed(done: CloseResult) -> str:
    """Return the answer after a call was closed."""
    return f"✅ Closed {_call_name(done.call_id, done.server, done.title)}."


def status_set(done: StatusResult) -> str:
    """Return the answer after the member's status was set."""
    unit = f" ({escape(done.number, 20)})" if done.number else ""
    where = on_server(done.server)
    return f"✅ Your status{unit}{where} is now **{status_word(done.status)}**."


def emergency_dismissed(done: DismissResult) -> str:
    """Return the answer after a 911 call was dismissed."""
    return f"✅ Dismissed **911 #{done.number}**{on_server(done.server)}."


def _call_name(call_id: int, server: str, title: str = "") -> str:
    return f"**#{call_id}** {escape(title)}".rstrip() + on_server(server)
