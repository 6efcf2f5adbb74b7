"""The cards that there should be, as the board changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

import pytest

from bot.cad.layouts import Layout
from bot.cad.models import CLOSED, Call, Calls, EmergencyCall
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.board.snapshot import BoardSnapshot
from bot.services.cad_servers import CadServers
from bot.services.cards.call_subject import call_subject
from bot.services.cards.card_registry import CardRegistry
from bot.services.cards.card_schedule import STALE_AFTER, CardSettings
from bot.storage.stores.card_store import CardKind, ObsoleteCard, StoredCard
from bot.storage.stores.link_row import Link
from tests.manual_clock import ManualClock
from tests.services.samples import call, unit

SERVER, CHANNEL = 1, 500
KEPT = timedelta(minutes=60)
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")
ROBBERY = call(100, "Robbery")


@dataclass
class KnownBoard:
    """The part of the board that the registry reads, as the test sets it."""

    known: BoardSnapshot = field(default_factory=BoardSnapshot)
    units_as_of: datetime | None = None
    confirmed: datetime | None = None
    first: Calls | None = None

    def snapshot(self, server_id: int) -> BoardSnapshot:
        assert server_id == SERVER
        return self.known

    def confirmed_at(self, server_id: int) -> datetime | None:
        return self.confirmed

    def old_units_as_of(self, server_id: int) -> datetime | None:
        return self.units_as_of

    def answering_call(self, server_id: int, number: int) -> Call | None:
        answers = {one.meta.get("createdFromId"): one for one in self.known.calls.values()}
        return answers.get(str(number))

    def first_poll(self, server_id: int) -> Calls | None:
        return self.first

    def poll(self, now: datetime, *calls: Call | EmergencyCall) -> None:
        """Show these calls as the CAD's answer of this moment."""
        polled = Calls(
            tuple(one for one in calls if isinstance(one, Call)),
            tuple(one for one in calls if isinstance(one, EmergencyCall)),
        )
        self.known = self.known.with_calls(polled)
        self.confirmed, self.first = now, self.first or polled


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def board() -> KnownBoard:
    return KnownBoard()


@pytest.fixture
def links() -> list[Link]:
    return []


async def no_layouts() -> tuple[Layout, ...]:
    return ()


@pytest.fixture
def registry(board: KnownBoard, links: list[Link], clock: ManualClock) -> CardRegistry:
    return CardRegistry(
        cast(Board, board),
        lambda: links,
        CardSettings(
            channel_id=CHANNEL,
            server_ids=[SERVER],
            keep_closed_for=KEPT,
            ping_role_id=None,
            urgent_priorities={"1", "high"},
        ),
        servers=CadServers(SERVER, {SERVER: ""}),
        layouts=CallLayouts(no_layouts, clock=clock),
        clock=clock,
    )


def stored(call_id: int) -> StoredCard:
    first_seen = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    return StoredCard(SERVER, CardKind.CALL, call_id, CHANNEL, 9, first_seen)


def test_calls_and_911_calls_of_one_number_have_a_card_each(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.poll(clock.now(), call(7), SHOTS, replace(call(8), status=CLOSED))
    registry.sync()
    assert registry.cards.keys() == {(SERVER, CardKind.CALL, 7), (SERVER, CardKind.EMERGENCY, 7)}
    card = registry.cards[SERVER, CardKind.CALL, 7]
    assert card.stored == StoredCard(
        SERVER, CardKind.CALL, 7, CHANNEL, None, clock.now(), subject=call_subject(call(7))
    )


async def test_a_card_says_whether_its_call_is_urgent_and_what_its_layout_holds(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    high = replace(call(100), priority_text="High", values={"caller_name": "Alex"})
    board.poll(clock.now(), high, call(101), SHOTS)
    registry.sync()
    contents = [registry.content(card) for card in registry.cards.values()]
    assert {one.call_id: one.is_urgent for one in contents} == {100: True, 101: False, 7: True}
    found = {one.call_id: one.details.fields for one in contents}
    assert found == {100: (("Caller name", "Alex"),), 101: (), 7: ()}


def test_a_call_that_is_gone_is_closed_once(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.poll(clock.now(), ROBBERY)
    registry.sync()
    card = registry.cards[SERVER, CardKind.CALL, 100]
    card.is_unsaved = False
    board.poll(clock.now())
    registry.sync()
    closed_at = clock.now()
    assert (card.stored.closed_at, card.is_unsaved) == (closed_at, True)
    card.is_unsaved = False
    clock.seconds += 60
    registry.sync()
    assert (card.stored.closed_at, card.is_unsaved) == (closed_at, False)


def test_a_call_that_comes_back_before_its_card_says_closed_is_the_same(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.poll(clock.now(), ROBBERY)
    registry.sync()
    card = registry.cards[SERVER, CardKind.CALL, 100]
    card.shown = registry.content(card)
    board.poll(clock.now())
    registry.sync()
    board.poll(clock.now(), ROBBERY)
    registry.sync()
    assert registry.cards[SERVER, CardKind.CALL, 100] is card
    assert card.stored.closed_at is None


@pytest.mark.parametrize("is_new_run", [False, True])
def test_a_number_that_comes_back_after_its_card_says_closed_is_a_new_call(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock, is_new_run: bool
):
    closed_at = clock.now()
    registry.load([replace(stored(100), closed_at=closed_at)])
    old = registry.cards[SERVER, CardKind.CALL, 100]
    if not is_new_run:
        old.shown, old.is_unsaved = registry.content(old), True
    clock.seconds += 600
    board.poll(clock.now(), ROBBERY)
    registry.sync()
    card = registry.cards[SERVER, CardKind.CALL, 100]
    assert (card.stored.message_id, card.stored.closed_at, card.may_ping) == (None, None, True)
    assert card.replaces == ObsoleteCard(9, CHANNEL, closed_at + KEPT)


def test_an_open_card_whose_number_means_another_call_is_replaced_at_once(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    other = replace(SHOTS, call_id=100, caller="Ann")
    known = replace(
        stored(100),
        kind=CardKind.EMERGENCY,
        subject=call_subject(replace(other, caller="Jane Doe")),
    )
    registry.load([known])
    board.poll(clock.now(), other)
    registry.sync()
    card = registry.cards[SERVER, CardKind.EMERGENCY, 100]
    assert (card.stored.message_id, card.may_ping) == (None, True)
    assert card.replaces == ObsoleteCard(9, CHANNEL, clock.now())


def test_a_card_that_was_never_posted_leaves_nothing_behind(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    registry.load([replace(stored(100), message_id=None, closed_at=clock.now())])
    board.poll(clock.now(), ROBBERY)
    registry.sync()
    assert registry.cards[SERVER, CardKind.CALL, 100].replaces is None


def test_an_edited_call_keeps_its_card(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.poll(clock.now(), replace(ROBBERY, address="Route 68"))
    registry.sync()
    card = registry.cards[SERVER, CardKind.CALL, 100]
    card.is_unsaved = False
    moved = replace(ROBBERY, address="Vinewood")
    board.poll(clock.now(), moved)
    registry.sync()
    assert registry.cards[SERVER, CardKind.CALL, 100] is card
    assert (card.stored.subject, card.is_unsaved) == (call_subject(moved), True)


def test_cards_of_the_last_run_stay_open_until_the_cad_has_answered(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    registry.load([stored(100), stored(101)])
    registry.sync()
    assert [one.stored.closed_at for one in registry.cards.values()] == [None, None]
    board.poll(clock.now(), ROBBERY)
    registry.sync()
    kept, gone = registry.cards.values()
    assert (kept.stored, kept.call) == (
        replace(stored(100), subject=call_subject(ROBBERY)),
        ROBBERY,
    )
    assert (gone.stored.closed_at, gone.call) == (clock.now(), None)


def test_calls_that_were_open_when_the_bot_started_ping_no_role(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.poll(clock.now(), ROBBERY, SHOTS)
    registry.sync()
    board.poll(clock.now(), ROBBERY, SHOTS, call(101), replace(SHOTS, call_id=8))
    registry.sync()
    may_ping = {key for key, card in registry.cards.items() if card.may_ping}
    assert may_ping == {(SERVER, CardKind.CALL, 101), (SERVER, CardKind.EMERGENCY, 8)}


def test_before_the_first_poll_only_a_911_call_is_certainly_new(
    registry: CardRegistry, board: KnownBoard
):
    board.known = board.known.with_calls(Calls((ROBBERY,), (SHOTS,)))
    registry.sync()
    may_ping = {key for key, card in registry.cards.items() if card.may_ping}
    assert may_ping == {(SERVER, CardKind.EMERGENCY, 7)}


def test_a_card_is_stale_when_no_poll_has_confirmed_it_for_too_long(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.poll(clock.now(), ROBBERY)
    confirmed = clock.now()
    registry.sync()
    card = registry.cards[SERVER, CardKind.CALL, 100]
    clock.seconds += STALE_AFTER.total_seconds()
    assert not registry.content(card).is_stale
    clock.seconds += 1
    assert registry.content(card).is_stale
    assert registry.content(card).confirmed_at == confirmed
    card.stored = replace(card.stored, closed_at=clock.now())
    assert not registry.content(card).is_stale


def test_a_card_of_this_run_counts_as_confirmed_when_the_run_first_knew_it(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    registry.load([stored(100)])
    known_since = clock.now()
    clock.seconds += 30
    (card,) = registry.cards.values()
    assert registry.content(card).confirmed_at == known_since
    board.confirmed = clock.now() - timedelta(minutes=5)
    assert registry.content(card).confirmed_at == known_since


def test_what_a_card_shows(
    registry: CardRegistry, board: KnownBoard, links: list[Link], clock: ManualClock
):
    board.known = board.known.with_units([unit(1, "A-12", "license:a")])
    links.append(Link(10, 42, "license:a", 42, clock.now()))
    board.poll(clock.now(), replace(call(100, "Robbery", 1), meta={"postal": "1"}))
    registry.sync()
    shown = registry.content(registry.cards[SERVER, CardKind.CALL, 100])
    assert (shown.kind, shown.server_id, shown.call_id) == (CardKind.CALL, SERVER, 100)
    assert shown.call == call(100, "Robbery", 1)
    assert [one.discord_id for one in shown.units] == [42]
    assert (shown.closed_at, shown.ping_role_id, shown.server) == (None, None, "")
    assert shown.units_as_of is None
    board.units_as_of = clock.now()
    shown = registry.content(registry.cards[SERVER, CardKind.CALL, 100])
    assert shown.units_as_of == clock.now()


def test_a_unit_that_goes_off_duty_keeps_its_number(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.known = board.known.with_units([unit(1, "A-12", name="Pat")])
    board.poll(clock.now(), call(100, "Robbery", 1, 2))
    registry.sync()
    card = registry.cards[SERVER, CardKind.CALL, 100]
    card.shown = registry.content(card)
    board.known = board.known.with_units([])
    units = registry.content(card).units
    assert [(one.ident, one.number, one.name, one.status) for one in units] == [
        (1, "A-12", "Pat", -1),
        (2, "", "", -1),
    ]


def test_a_911_call_says_which_call_it_became(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    board.poll(clock.now(), SHOTS)
    registry.sync()
    card = registry.cards[SERVER, CardKind.EMERGENCY, 7]
    answer = replace(call(103, "OFFICER RESPONSE"), meta={"createdFromId": "7"})
    board.poll(clock.now(), SHOTS, answer)
    registry.sync()
    assert registry.content(card).answered_by is None  # it is still open
    board.poll(clock.now(), answer)
    registry.sync()
    shown = card.shown = registry.content(card)
    assert (shown.answered_by, shown.answer_message_id) == (103, None)
    posted = registry.cards[SERVER, CardKind.CALL, 103]
    posted.stored = replace(posted.stored, message_id=55)
    card.shown = registry.content(card)
    assert (card.shown.answered_by, card.shown.answer_message_id) == (103, 55)
    board.poll(clock.now())
    registry.sync()
    assert registry.content(card) == card.shown


def test_an_answer_that_is_closed_before_its_card_is_posted_is_still_named(
    registry: CardRegistry, board: KnownBoard, clock: ManualClock
):
    answer = replace(call(103, "OFFICER RESPONSE"), meta={"createdFromId": "7"})
    board.poll(clock.now(), SHOTS)
    registry.sync()
    card = registry.cards[SERVER, CardKind.EMERGENCY, 7]
    board.poll(clock.now())
    registry.sync()
    assert registry.content(card).answered_by is None
    board.poll(clock.now(), answer)
    card.shown = registry.content(card)
    assert (card.shown.answered_by, card.shown.answer_message_id) == (103, None)
    board.poll(clock.now())
    assert registry.content(card).answered_by == 103
