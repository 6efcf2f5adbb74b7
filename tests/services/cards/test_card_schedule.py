"""Which write a card needs next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cad.models import Note
from bot.services.cards.card_content import CallUnit, CardContent
from bot.services.cards.card_schedule import (
    MAX_POSTS_IN_A_ROW,
    TIMESTAMP_EVERY,
    Card,
    CardAction,
    DueWrite,
    WriteTurns,
    next_action,
)
from bot.storage.stores.card_store import CardKind, StoredCard
from tests.services.samples import call

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALL = call(100, "Robbery")
STORED = StoredCard(1, CardKind.CALL, 100, 500, message_id=9, first_seen_at=NOW)
OPEN = CardContent(CardKind.CALL, 1, 100, CALL, (), NOW, NOW)
CLOSED = replace(OPEN, closed_at=NOW)
STALE = replace(OPEN, is_stale=True)


def action(
    content: CardContent,
    *,
    shown: CardContent | None = None,
    is_posted: bool = True,
    is_seen: bool = True,
    is_unsaved: bool = False,
    after: timedelta = timedelta(),
) -> CardAction | None:
    card = Card(
        replace(STORED, message_id=9 if is_posted else None),
        NOW,
        call=CALL if is_seen else None,
        shown=shown,
        is_unsaved=is_unsaved,
    )
    return next_action(card, content, NOW + after, HOUR)


def test_a_call_without_a_message_is_posted():
    assert action(OPEN, is_posted=False) is CardAction.POST


def test_a_card_that_shows_something_else_is_edited():
    assert action(OPEN, shown=OPEN) is None
    assert action(OPEN) is CardAction.UPDATE  # what its message shows is not known
    assert action(OPEN, shown=STALE) is CardAction.UPDATE
    assert action(STALE, shown=OPEN) is CardAction.UPDATE


def test_a_closed_call_is_marked_and_stays_for_an_hour():
    second = timedelta(seconds=1)
    assert action(CLOSED, shown=OPEN) is CardAction.CLOSE
    assert action(CLOSED, shown=CLOSED, after=HOUR - second) is None
    assert action(CLOSED, shown=CLOSED, after=HOUR) is CardAction.REMOVE
    assert action(CLOSED, shown=OPEN, after=HOUR + second) is CardAction.REMOVE


def test_a_call_that_closed_before_it_was_posted_is_removed():
    assert action(CLOSED, is_posted=False) is CardAction.REMOVE


def test_a_card_of_the_last_run_waits_for_the_cad_until_it_is_stale():
    assert action(OPEN, is_seen=False) is None
    assert action(STALE, is_seen=False) is CardAction.UPDATE
    assert action(STALE, is_seen=False, shown=STALE) is None
    assert action(STALE, is_seen=False, is_posted=False) is None
    assert action(CLOSED, is_seen=False) is CardAction.CLOSE


def test_a_row_that_could_not_be_written_is_written_after_the_message():
    assert action(OPEN, shown=OPEN, is_unsaved=True) is CardAction.SAVE
    assert action(STALE, shown=OPEN, is_unsaved=True) is CardAction.UPDATE


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (TIMESTAMP_EVERY - timedelta(seconds=1), None),
        (TIMESTAMP_EVERY, CardAction.REFRESH_TIMESTAMP),
    ],
)
def test_the_time_of_confirmation_is_renewed_when_it_is_old(
    age: timedelta, expected: CardAction | None
):
    assert action(replace(OPEN, confirmed_at=NOW + age), shown=OPEN) is expected
    # A closed call is not confirmed any more.
    assert action(replace(CLOSED, confirmed_at=NOW + age), shown=CLOSED) is None


def test_new_calls_come_first_and_times_last():
    assert sorted(CardAction) == [
        CardAction.POST,
        CardAction.REPOST,
        CardAction.UPDATE,
        CardAction.CLOSE,
        CardAction.REMOVE,
        CardAction.SAVE,
        CardAction.REFRESH_TIMESTAMP,
    ]


OLD = replace(OPEN, is_old=True)
RENAMED = replace(OLD, call=replace(CALL, title="Fire"))
NOTED = replace(OLD, call=replace(CALL, notes=(Note("1", "a", "text"),)))


@pytest.mark.parametrize(
    ("content", "shown", "expected"),
    [
        (RENAMED, OLD, CardAction.REPOST),
        (replace(OLD, units=(CallUnit(1),)), OLD, CardAction.REPOST),
        (NOTED, OLD, CardAction.UPDATE),
        (
            replace(OLD, units=(CallUnit(1, status=3),)),
            replace(OLD, units=(CallUnit(1),)),
            CardAction.UPDATE,
        ),
        (OLD, OPEN, CardAction.UPDATE),
        (RENAMED, None, CardAction.UPDATE),  # its message may show it already
        (replace(RENAMED, closed_at=NOW), OLD, CardAction.CLOSE),
        (replace(OLD, confirmed_at=NOW + HOUR), OLD, None),
    ],
)
def test_an_old_message_is_replaced_only_for_what_matters(
    content: CardContent, shown: CardContent | None, expected: CardAction | None
) -> None:
    assert action(content, shown=shown) is expected


def due(kind: CardAction, content: CardContent = OPEN, written_at: float = 0) -> DueWrite:
    return DueWrite(kind, Card(STORED, NOW, written_at=written_at), content)


def test_a_new_urgent_call_comes_before_other_new_calls() -> None:
    urgent = due(CardAction.POST, replace(OPEN, is_urgent=True), written_at=9)
    assert WriteTurns().choose([due(CardAction.POST), due(CardAction.UPDATE), urgent]) is urgent


def test_a_flood_of_new_calls_leaves_changes_their_turn() -> None:
    turns, waiting = WriteTurns(), [due(CardAction.POST), due(CardAction.UPDATE)]

    def begin() -> CardAction:
        action = turns.choose(waiting).action
        assert turns.choose(waiting).action is action  # until its write begins
        turns.record(action)
        return action

    chosen = [begin() for _ in range(2 * MAX_POSTS_IN_A_ROW + 2)]
    rounds = [CardAction.POST] * MAX_POSTS_IN_A_ROW + [CardAction.UPDATE]
    assert chosen == rounds * 2
    assert turns.choose(waiting[:1]).action is CardAction.POST
