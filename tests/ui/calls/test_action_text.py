"""The answers after an action on a call."""

from __future__ import annotations

import pytest

from bot.services.calls.call_actions import CloseResult, DismissResult, NoteResult, StatusResult
from bot.ui.calls import action_text

CITY = "Liberty City"
HOSTILE = "`@everyone` **x**\n[a](https://b.example)"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            action_text.note_added(NoteResult(100, "Two suspects")),
            "✅ Noted on **#100**: `Two suspects`",
        ),
        (
            action_text.call_closed(CloseResult(100, "Armed Robbery")),
            "✅ Closed **#100** Armed Robbery.",
        ),
        (action_text.call_closed(CloseResult(100, "")), "✅ Closed **#100**."),
        (
            action_text.status_set(StatusResult("A-12", 3)),
            "✅ Your status (A\\-12) is now **enroute**.",
        ),
        (action_text.status_set(StatusResult("", 4)), "✅ Your status is now **on scene**."),
        (action_text.emergency_dismissed(DismissResult(7)), "✅ Dismissed **911 #7**."),
        (
            action_text.note_added(NoteResult(100, "Two suspects", CITY)),
            "✅ Noted on **#100** on Liberty City: `Two suspects`",
        ),
        (
            action_text.call_closed(CloseResult(100, "Armed Robbery", CITY)),
            "✅ Closed **#100** Armed Robbery on Liberty City.",
        ),
        (
            action_text.status_set(StatusResult("A-12", 3, CITY)),
            "✅ Your status (A\\-12) on Liberty City is now **enroute**.",
        ),
        (
            action_text.emergency_dismissed(DismissResult(7, CITY)),
            "✅ Dismissed **911 #7** on Liberty City.",
        ),
    ],
)
def test_an_answer_says_what_was_done(answer: str, text: str):
    assert answer == text


@pytest.mark.parametrize(
    "answer",
    [
        action_text.note_added(NoteResult(100, HOSTILE)),
        action_text.call_closed(CloseResult(100, HOSTILE)),
        action_text.status_set(StatusResult(HOSTILE, 3)),
        action_text.emergency_dismissed(DismissResult(7, HOSTILE)),
    ],
)
def test_text_of_others_stays_text(answer: str):
    outside = "".join(answer.split("`")[::2])
    assert "\n" not in answer
    assert "@everyone" not in outside.replace("\\@everyone", "")
    assert "](http" not in outside


def test_every_status_of_the_cad_has_a_word():
    assert [action_text.status_word(status) for status in range(5)] == [
        "unavailable",
        "busy",
        "available",
        "enroute",
        "on scene",
    ]
    assert action_text.status_word(-1) == action_text.status_word(5) == "status unknown"
