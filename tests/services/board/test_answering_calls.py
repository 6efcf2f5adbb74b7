"""Which open call answers a 911 call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cad.models import Call, Calls, EmergencyCall
from bot.services.board import answering_calls
from bot.services.board.answering_calls import AnsweringCalls
from bot.services.board.snapshot import BoardSnapshot
from tests.services.samples import call

SHOTS = EmergencyCall(3, True, "Jane", "Grove Street", "Shots")
ANSWER = replace(call(50, "OFFICER RESPONSE"), meta={"createdFromId": "3"})
OTHERS = call(51, "Traffic Stop")


def shown(*calls: Call, emergencies: tuple[EmergencyCall, ...] = ()) -> BoardSnapshot:
    return BoardSnapshot().with_calls(Calls((OTHERS, *calls), emergencies))


def found(*snapshots: BoardSnapshot) -> int | None:
    answering = AnsweringCalls()
    for snapshot in snapshots:
        answering.update(snapshot)
    answer = answering.find(snapshots[-1], 3)
    return answer.call_id if answer else None


def test_the_call_that_was_made_of_it():
    assert found(shown(emergencies=(SHOTS,)), shown(ANSWER, emergencies=(SHOTS,))) == 50


def test_a_call_that_is_older_than_the_911_call_answers_an_earlier_one():
    assert found(shown(ANSWER), shown(ANSWER, emergencies=(SHOTS,))) is None


def test_what_is_seen_at_once_may_belong_together():
    assert found(shown(ANSWER, emergencies=(SHOTS,))) == 50
    assert found(shown(ANSWER)) == 50, "the 911 call was removed before the start"


def test_a_911_call_that_is_listed_again_is_the_same():
    first, answered = shown(emergencies=(SHOTS,)), shown(ANSWER)
    assert found(first, answered, shown(ANSWER, emergencies=(SHOTS,))) == 50


def test_the_number_of_another_caller_is_another_911_call():
    first, answered = shown(emergencies=(SHOTS,)), shown(ANSWER)
    again = shown(ANSWER, emergencies=(replace(SHOTS, caller="Ann"),))
    assert found(first, answered, again) is None


def test_a_call_number_that_comes_back_is_seen_anew():
    with_answer = shown(ANSWER)
    first = shown(emergencies=(SHOTS,))
    assert found(with_answer, shown(), first, shown(ANSWER, emergencies=(SHOTS,))) == 50


def test_only_the_last_911_calls_are_remembered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answering_calls, "REMEMBERED_EMERGENCIES", 1)
    later = replace(SHOTS, call_id=4)
    first, answered = shown(emergencies=(SHOTS,)), shown(ANSWER, emergencies=(later,))
    assert found(first, answered) == 50
