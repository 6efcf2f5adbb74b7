"""The cards follow the board, within Discord's rate limits, whatever fails on the way."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.cad.models import CLOSED, Call, EmergencyCall, Note, Unit
from bot.cad.push.events import (
    CallsClosed,
    CallUpserted,
    EmergencyUpserted,
    Event,
    UnitsAttached,
    UnitStatusChanged,
)
from bot.storage.errors import StorageError
from bot.storage.stores.card_store import CardKind, ObsoleteCard
from bot.storage.stores.link_row import Link
from tests.services.cards.card_fixture import CHANNEL, ROLE, SERVER, CardFixture

ROBBERY = Call(100, "Armed Robbery", "211", (), priority=1)
STOP = Call(101, "Traffic Stop", "10-38", ())
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")
PAT = Unit(1, "u", "A-12", "Pat Moreno", "LSPD", 2, ("steam:1100001343A206F",))
LINK = Link(9, 42, "1100001343a206f", 42, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
async def card_fixture() -> AsyncIterator[CardFixture]:
    card_fixture = CardFixture()
    card_fixture.cad.dispatch = {100: ROBBERY, 101: STOP}
    yield card_fixture
    await card_fixture.stop()


def is_closed(card_fixture: CardFixture, call_id: int) -> bool:
    return card_fixture.contents[call_id].is_closed


def is_stale(card_fixture: CardFixture, call_id: int) -> bool:
    return card_fixture.contents[call_id].is_stale


async def shown(card_fixture: CardFixture) -> CardFixture:
    await card_fixture.start()
    await card_fixture.advance(5)
    assert card_fixture.contents.keys() >= {100, 101}
    return card_fixture


async def test_every_open_call_gets_a_card(card_fixture: CardFixture):
    card_fixture.cad.emergency = {7: SHOTS}
    await shown(card_fixture)
    assert {content.call for content in card_fixture.contents.values()} == {ROBBERY, STOP, SHOTS}
    assert {content.kind for content in card_fixture.contents.values()} == {"call", "911"}
    assert len(card_fixture.store.rows) == 3
    await card_fixture.advance(20)
    assert len(card_fixture.channel.writes) == 3


async def test_numbers_of_calls_and_911_calls_are_apart(card_fixture: CardFixture):
    card_fixture.cad.emergency = {100: replace(SHOTS, call_id=100)}
    await card_fixture.start()
    await card_fixture.advance(5)
    assert len(card_fixture.channel.shown) == 3


async def test_a_card_shows_who_is_on_the_call_and_whose_unit_that_is(card_fixture: CardFixture):
    card_fixture.cad.on_duty, card_fixture.links = [PAT], (LINK,)
    card_fixture.cad.dispatch[100] = replace(ROBBERY, idents=(1, 2), primary=1)
    await shown(card_fixture)
    pat, unknown = card_fixture.contents[100].units
    assert (pat.number, pat.status, pat.discord_id, pat.is_primary) == ("A-12", 2, 42, True)
    assert (unknown.ident, unknown.number, unknown.discord_id) == (2, "", None)


@pytest.mark.parametrize(
    "spelling", ["76561198836490351", "STEAM_0:1:438112311", "[U:1:876224623]"]
)
async def test_a_card_shows_the_member_in_any_spelling_of_the_id(
    card_fixture: CardFixture, spelling: str
):
    another = replace(LINK, discord_id=43, api_id="x:438112311")
    card_fixture.cad.on_duty, card_fixture.links = [PAT], (replace(LINK, api_id=spelling), another)
    card_fixture.cad.dispatch[100] = replace(ROBBERY, idents=(1,))
    await shown(card_fixture)
    assert [one.discord_id for one in card_fixture.contents[100].units] == [42]


async def test_an_event_edits_its_card_alone_and_at_once(card_fixture: CardFixture):
    await shown(card_fixture)
    card_fixture.cad.dispatch[100] = replace(ROBBERY, idents=(1,))
    card_fixture.channel.writes.clear()
    card_fixture.board.apply(SERVER, [UnitsAttached(100, (1,))])
    await card_fixture.advance(0.1)
    assert [one.content.call_id for one in card_fixture.channel.writes if one.content] == [100]
    assert len(card_fixture.contents[100].units) == 1


async def test_what_no_card_shows_edits_nothing(card_fixture: CardFixture):
    card_fixture.cad.on_duty = [PAT]
    old = (Note("1", "a", "old"), *(Note("2", "b", "new"),) * 3)
    card_fixture.cad.dispatch[100] = replace(ROBBERY, idents=(1,), notes=old[1:])
    await shown(card_fixture)
    card_fixture.channel.writes.clear()
    card_fixture.board.apply(
        SERVER, [CallUpserted(replace(ROBBERY, idents=(1,), notes=old, meta={"x": "1"}))]
    )
    card_fixture.board.apply(SERVER, [UnitStatusChanged((1,), 2), UnitStatusChanged((99,), 1)])
    await card_fixture.advance(5)
    assert card_fixture.channel.writes == []


async def test_a_card_is_edited_at_most_once_a_second_and_shows_the_latest(
    card_fixture: CardFixture,
):
    await shown(card_fixture)
    card_fixture.channel.writes.clear()
    for number in range(40):
        card_fixture.board.apply(SERVER, [CallUpserted(replace(ROBBERY, title=f"Title {number}"))])
        await card_fixture.advance(0.1)
    card_fixture.cad.dispatch[100] = replace(ROBBERY, title="Title 39")
    await card_fixture.advance(1)
    assert card_fixture.contents[100].call == card_fixture.cad.dispatch[100]
    moments = [one.at for one in card_fixture.channel.writes]
    assert len(moments) <= 6
    assert min(b - a for a, b in pairwise(moments)) >= 1


async def test_a_burst_leaves_forty_right_cards_within_the_limits(card_fixture: CardFixture):
    rng = random.Random(4)
    calls = {number: replace(STOP, call_id=number) for number in range(1, 41)}
    card_fixture.cad.dispatch = calls
    await card_fixture.start()
    for count in range(500):
        number = rng.randint(1, 40)
        calls[number] = replace(calls[number], title=f"Title {count}", priority=rng.randint(1, 3))
        card_fixture.board.apply(SERVER, [CallUpserted(calls[number])])
        await card_fixture.advance(0.02)
    await card_fixture.advance(90)
    assert {
        content.call_id: content.call for content in card_fixture.channel.shown.values()
    } == calls
    assert len(card_fixture.channel.shown) == 40
    moments = [one.at for one in card_fixture.channel.writes]
    assert all(b - a >= 5 - 1e-9 for a, b in zip(moments, moments[5:], strict=False))


async def test_new_cards_come_before_changes_and_changes_before_closings(card_fixture: CardFixture):
    await shown(card_fixture)
    card_fixture.channel.writes.clear()
    del card_fixture.cad.dispatch[101]
    card_fixture.cad.dispatch |= {
        100: replace(ROBBERY, title="Changed"),
        102: replace(STOP, call_id=102),
    }
    events: list[Event] = [
        CallsClosed((101,)),
        *(CallUpserted(one) for one in card_fixture.cad.dispatch.values()),
    ]
    card_fixture.board.apply(SERVER, events)
    await card_fixture.advance(5)
    order = [(one.kind, one.content and one.content.call_id) for one in card_fixture.channel.writes]
    assert order == [("post", 102), ("edit", 100), ("edit", 101)]


async def test_a_closed_call_is_marked_and_removed_after_an_hour(card_fixture: CardFixture):
    await shown(card_fixture)
    del card_fixture.cad.dispatch[101]
    await card_fixture.advance(30)
    assert is_closed(card_fixture, 101)
    assert not is_stale(card_fixture, 101)
    assert card_fixture.contents[101].call == STOP
    writes = len(
        card_fixture.edits(
            next(k for k, v in card_fixture.channel.shown.items() if v.call_id == 101)
        )
    )
    assert writes == 2
    await card_fixture.advance(58 * 60)
    assert 101 in card_fixture.contents
    await card_fixture.advance(2 * 60)
    assert card_fixture.contents.keys() == {100}
    assert len(card_fixture.store.rows) == 1


async def test_a_call_that_the_cad_calls_closed_is_over(card_fixture: CardFixture):
    await shown(card_fixture)
    card_fixture.cad.dispatch[101] = replace(STOP, status=CLOSED)
    await card_fixture.advance(30)
    assert is_closed(card_fixture, 101)


async def test_a_call_over_before_it_was_posted_gets_no_card(card_fixture: CardFixture):
    card_fixture.channel.error = OSError("no network")
    await card_fixture.start()
    await card_fixture.advance(2)
    card_fixture.cad.dispatch.clear()
    await card_fixture.advance(60)
    card_fixture.channel.error = None
    await card_fixture.advance(120)
    assert card_fixture.channel.shown == {}
    assert card_fixture.store.rows == {}


async def test_a_card_goes_stale_and_recovers(card_fixture: CardFixture):
    await shown(card_fixture)
    card_fixture.cad.is_down = True
    await card_fixture.advance(115)
    assert not is_stale(card_fixture, 100)
    await card_fixture.advance(30)
    assert is_stale(card_fixture, 100)
    assert card_fixture.contents[100].confirmed_at < card_fixture.minutes_ago(2)
    card_fixture.cad.is_down = False
    await card_fixture.advance(45)
    assert not is_stale(card_fixture, 100)


async def test_the_stamp_is_renewed_with_what_room_is_left(card_fixture: CardFixture):
    card_fixture.cad.dispatch = {number: replace(STOP, call_id=number) for number in range(1, 11)}
    await card_fixture.start()
    await card_fixture.advance(120)
    assert all(
        content.confirmed_at > card_fixture.minutes_ago(1.2)
        for content in card_fixture.channel.shown.values()
    )
    moments = [one.at for one in card_fixture.channel.writes if one.at > 30]
    assert all(b - a >= 5 - 1e-9 for a, b in zip(moments, moments[2:], strict=False))


async def test_a_deleted_card_is_posted_again(card_fixture: CardFixture):
    await shown(card_fixture)
    card_fixture.channel.shown.clear()
    await card_fixture.advance(60)
    assert card_fixture.contents.keys() == {100, 101}
    assert {row.message_id for row in card_fixture.store.rows.values()} == set(
        card_fixture.channel.shown
    )


async def test_a_restart_takes_the_cards_over(card_fixture: CardFixture):
    await shown(card_fixture)
    before = set(card_fixture.channel.shown)
    first_seen = card_fixture.contents[100].first_seen_at
    del card_fixture.cad.dispatch[101]
    for _ in range(2):
        await card_fixture.stop()
        await card_fixture.start()
        await card_fixture.advance(10)
    assert set(card_fixture.channel.shown) == before
    assert card_fixture.contents[100].first_seen_at == first_seen
    assert is_closed(card_fixture, 101)
    assert card_fixture.contents[101].call is None


async def test_until_the_cad_has_spoken_old_cards_are_left_alone_and_then_stale(
    card_fixture: CardFixture,
):
    await shown(card_fixture)
    await card_fixture.stop()
    card_fixture.cad.is_down = True
    card_fixture.channel.writes.clear()
    await card_fixture.start()
    await card_fixture.advance(110)
    assert card_fixture.channel.writes == []
    await card_fixture.advance(30)
    assert all(
        content.is_stale and content.call is None for content in card_fixture.channel.shown.values()
    )
    card_fixture.cad.is_down = False
    await card_fixture.advance(30)
    assert {content.call for content in card_fixture.channel.shown.values()} == {ROBBERY, STOP}


async def test_another_channel_gets_its_own_cards(card_fixture: CardFixture):
    await shown(card_fixture)
    await card_fixture.stop()
    card_fixture.channel.shown.clear()
    card_fixture.channel_id += 1
    await card_fixture.start()
    await card_fixture.advance(5)
    assert card_fixture.contents.keys() == {100, 101}
    assert {row.channel_id for row in card_fixture.store.rows.values()} == {card_fixture.channel_id}


def pings(card_fixture: CardFixture) -> list[int]:
    """List the ids of the calls that pinged the role."""
    contents = [
        one.content
        for one in card_fixture.channel.writes
        if one.content and one.content.ping_role_id
    ]
    return sorted(content.call_id for content in contents)


async def test_each_urgent_call_that_comes_pings_once(card_fixture: CardFixture):
    card_fixture.ping_role_id = ROLE
    card_fixture.cad.dispatch = {101: STOP}
    await card_fixture.start()
    await card_fixture.advance(5)
    card_fixture.cad.dispatch = {100: ROBBERY, 101: STOP}
    card_fixture.cad.emergency = {7: SHOTS}
    await card_fixture.advance(20)
    assert pings(card_fixture) == [7, 100]
    card_fixture.cad.dispatch[101] = replace(STOP, priority=1)
    card_fixture.channel.shown.clear()
    await card_fixture.advance(60)
    await card_fixture.stop()
    card_fixture.channel.shown.clear()
    await card_fixture.start()
    await card_fixture.advance(60)
    assert card_fixture.contents.keys() == {7, 100, 101}
    assert pings(card_fixture) == [7, 100]


async def test_calls_from_before_the_start_ping_no_role(card_fixture: CardFixture):
    card_fixture.ping_role_id = ROLE
    card_fixture.cad.emergency = {7: SHOTS}
    await shown(card_fixture)
    assert pings(card_fixture) == []
    await card_fixture.stop()
    # While the bot was stopped.
    card_fixture.cad.emergency[8] = replace(SHOTS, call_id=8)
    await card_fixture.start()
    await card_fixture.advance(30)
    assert card_fixture.contents.keys() == {7, 8, 100, 101}
    card_fixture.cad.emergency[9] = replace(SHOTS, call_id=9)
    await card_fixture.advance(30)
    assert pings(card_fixture) == [9]


async def test_a_911_call_heard_of_before_the_cad_answers_is_news(card_fixture: CardFixture):
    card_fixture.ping_role_id = ROLE
    card_fixture.cad.is_down = True
    await card_fixture.start()
    card_fixture.board.apply(SERVER, [EmergencyUpserted(SHOTS), CallUpserted(ROBBERY)])
    await card_fixture.advance(5)
    assert card_fixture.contents.keys() == {7, 100}
    # An event about a dispatch call may be only a change.
    assert pings(card_fixture) == [7]


async def test_a_host_that_fails_is_logged_once_and_tried_again(
    card_fixture: CardFixture, caplog: pytest.LogCaptureFixture
):
    card_fixture.channel.error = OSError("no network")
    caplog.set_level("INFO", "bot.services.cards.card_publisher")
    await card_fixture.start()
    await card_fixture.advance(60)
    assert len(card_fixture.channel.writes) < 20
    card_fixture.channel.error = None
    await card_fixture.advance(60)
    assert card_fixture.contents.keys() == {100, 101}
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]


async def test_a_database_that_fails_holds_the_cards_back(
    card_fixture: CardFixture, caplog: pytest.LogCaptureFixture
):
    card_fixture.store.error = StorageError("disk full")
    await card_fixture.start()
    await card_fixture.advance(30)
    assert card_fixture.channel.writes == []
    card_fixture.store.error = None
    await card_fixture.advance(30)
    assert card_fixture.contents.keys() == {100, 101}
    assert [one.levelname for one in caplog.records if one.levelname != "INFO"] == ["WARNING"]


async def test_a_row_that_could_not_be_written_is_written_later(card_fixture: CardFixture):
    await shown(card_fixture)
    card_fixture.store.error = StorageError("disk full")
    del card_fixture.cad.dispatch[101]
    await card_fixture.advance(40)
    assert is_closed(card_fixture, 101)
    card_fixture.store.error = None
    await card_fixture.advance(90)
    assert card_fixture.store.rows[SERVER, CardKind.CALL, 101].closed_at is not None


async def test_a_fault_of_ours_does_not_end_the_cards(
    card_fixture: CardFixture, caplog: pytest.LogCaptureFixture
):
    await shown(card_fixture)
    card_fixture.links = (None,)  # type: ignore[assignment]
    await card_fixture.advance(6)
    card_fixture.links = ()
    card_fixture.cad.dispatch[100] = replace(ROBBERY, title="Changed")
    await card_fixture.advance(40)
    assert card_fixture.contents[100].call == card_fixture.cad.dispatch[100]
    (line,) = [one for one in caplog.records if "publishing cards failed" in one.message]
    assert line.exc_info


async def test_a_number_that_comes_back_gets_a_new_card_and_its_ping(card_fixture: CardFixture):
    card_fixture.ping_role_id = ROLE
    shots = EmergencyCall(3, True, "Jane", "Grove Street", "Shots")
    await shown(card_fixture)
    card_fixture.cad.emergency[3] = shots
    await card_fixture.advance(30)
    first = max(card_fixture.channel.shown)
    del card_fixture.cad.emergency[3]
    await card_fixture.advance(30)
    closed_at = card_fixture.channel.shown[first].closed_at
    assert closed_at is not None
    card_fixture.cad.emergency[3] = replace(shots, caller="Ann")
    await card_fixture.advance(30)
    second = max(card_fixture.channel.shown)
    assert second != first
    posted = card_fixture.edits(second)[0].content
    assert posted is not None
    assert posted.ping_role_id == ROLE
    assert card_fixture.channel.shown[first].closed_at == closed_at, "the old card stays closed"
    (obsolete,) = card_fixture.store.obsolete_rows
    assert obsolete == ObsoleteCard(first, CHANNEL, closed_at + timedelta(minutes=60))


@pytest.mark.parametrize("is_storage_broken", [False, True])
async def test_a_number_that_comes_back_and_closes_unseen_leaves_no_card_behind(
    card_fixture: CardFixture, is_storage_broken: bool
):
    await shown(card_fixture)
    del card_fixture.cad.dispatch[101]
    await card_fixture.advance(30)
    closed = next(one for one in card_fixture.store.rows.values() if one.closed_at)
    if is_storage_broken:
        card_fixture.store.error = StorageError("disk full")
    else:
        card_fixture.channel.error = OSError("no network")
    card_fixture.cad.dispatch[101] = STOP
    await card_fixture.advance(16)
    del card_fixture.cad.dispatch[101]
    await card_fixture.advance(60)
    card_fixture.channel.error = card_fixture.store.error = None
    await card_fixture.advance(120)
    assert (SERVER, CardKind.CALL, 101) not in card_fixture.store.rows
    (obsolete,) = set(card_fixture.store.obsolete_rows)
    assert obsolete.message_id == closed.message_id


async def test_one_channel_shows_the_calls_of_several_servers(card_fixture: CardFixture):
    card_fixture.servers = {1: "Los Santos", 2: ""}
    await card_fixture.start()
    await card_fixture.advance(30)
    shown_calls = sorted((one.server, one.call_id) for one in card_fixture.channel.shown.values())
    assert shown_calls == [
        ("Los Santos", 100),
        ("Los Santos", 101),
        ("Server 2", 100),
        ("Server 2", 101),
    ]


async def test_an_empty_channel_waits_for_its_next_poll_and_shows_a_call_at_once(
    card_fixture: CardFixture,
):
    card_fixture.cad.dispatch = {}
    await card_fixture.start()
    await card_fixture.advance(120)
    polls = card_fixture.cad.polls
    await card_fixture.advance(600)
    assert card_fixture.cad.polls - polls == 10
    card_fixture.board.apply(SERVER, [CallUpserted(ROBBERY)])
    await card_fixture.advance(0.1)
    assert set(card_fixture.contents) == {100}
