"""The cards follow the board, within Discord's rate limits, whatever fails on the way."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
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
from bot.storage.stores.card_store import CardKind
from bot.storage.stores.link_row import Link
from tests.services.cards.card_stage import ROLE, SERVER, CardStage

ROBBERY = Call(100, "Armed Robbery", "211", (), priority=1)
STOP = Call(101, "Traffic Stop", "10-38", ())
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")
PAT = Unit(1, "u", "A-12", "Pat Moreno", "LSPD", 2, ("steam:1100001343A206F",))
LINK = Link(9, 42, "1100001343a206f", 42, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
async def stage() -> AsyncIterator[CardStage]:
    stage = CardStage()
    stage.cad.dispatch = {100: ROBBERY, 101: STOP}
    yield stage
    await stage.stop()


def is_closed(stage: CardStage, call_id: int) -> bool:
    return stage.faces[call_id].is_closed


def is_stale(stage: CardStage, call_id: int) -> bool:
    return stage.faces[call_id].is_stale


async def shown(stage: CardStage) -> CardStage:
    await stage.start()
    await stage.passes(5)
    assert stage.faces.keys() >= {100, 101}
    return stage


async def test_every_open_call_gets_a_card(stage: CardStage):
    stage.cad.emergency = {7: SHOTS}
    await shown(stage)
    assert {face.call for face in stage.faces.values()} == {ROBBERY, STOP, SHOTS}
    assert {face.kind for face in stage.faces.values()} == {"call", "911"}
    assert len(stage.store.rows) == 3
    await stage.passes(20)
    assert len(stage.host.writes) == 3


async def test_numbers_of_calls_and_911_calls_are_apart(stage: CardStage):
    stage.cad.emergency = {100: replace(SHOTS, call_id=100)}
    await stage.start()
    await stage.passes(5)
    assert len(stage.host.shown) == 3


async def test_a_card_shows_who_is_on_the_call_and_whose_unit_that_is(stage: CardStage):
    stage.cad.on_duty, stage.links = [PAT], (LINK,)
    stage.cad.dispatch[100] = replace(ROBBERY, idents=(1, 2), primary=1)
    await shown(stage)
    pat, unknown = stage.faces[100].units
    assert (pat.number, pat.status, pat.discord_id, pat.is_primary) == ("A-12", 2, 42, True)
    assert (unknown.ident, unknown.number, unknown.discord_id) == (2, "", None)


@pytest.mark.parametrize(
    "spelling", ["76561198836490351", "STEAM_0:1:438112311", "[U:1:876224623]"]
)
async def test_a_card_shows_the_member_in_any_spelling_of_the_id(stage: CardStage, spelling: str):
    another = replace(LINK, discord_id=43, api_id="x:438112311")
    stage.cad.on_duty, stage.links = [PAT], (replace(LINK, api_id=spelling), another)
    stage.cad.dispatch[100] = replace(ROBBERY, idents=(1,))
    await shown(stage)
    assert [one.discord_id for one in stage.faces[100].units] == [42]


async def test_an_event_edits_its_card_alone_and_at_once(stage: CardStage):
    await shown(stage)
    stage.cad.dispatch[100] = replace(ROBBERY, idents=(1,))
    stage.host.writes.clear()
    stage.board.apply(SERVER, [UnitsAttached(100, (1,))])
    await stage.passes(0.1)
    assert [one.face.call_id for one in stage.host.writes if one.face] == [100]
    assert len(stage.faces[100].units) == 1


async def test_what_no_card_shows_edits_nothing(stage: CardStage):
    stage.cad.on_duty = [PAT]
    old = (Note("1", "a", "old"), *(Note("2", "b", "new"),) * 3)
    stage.cad.dispatch[100] = replace(ROBBERY, idents=(1,), notes=old[1:])
    await shown(stage)
    stage.host.writes.clear()
    stage.board.apply(
        SERVER, [CallUpserted(replace(ROBBERY, idents=(1,), notes=old, meta={"x": "1"}))]
    )
    stage.board.apply(SERVER, [UnitStatusChanged((1,), 2), UnitStatusChanged((99,), 1)])
    await stage.passes(5)
    assert stage.host.writes == []


async def test_a_card_is_edited_at_most_once_a_second_and_shows_the_latest(stage: CardStage):
    await shown(stage)
    stage.host.writes.clear()
    for number in range(40):
        stage.board.apply(SERVER, [CallUpserted(replace(ROBBERY, title=f"Title {number}"))])
        await stage.passes(0.1)
    stage.cad.dispatch[100] = replace(ROBBERY, title="Title 39")
    await stage.passes(1)
    assert stage.faces[100].call == stage.cad.dispatch[100]
    moments = [one.at for one in stage.host.writes]
    assert len(moments) <= 6
    assert min(b - a for a, b in pairwise(moments)) >= 1


async def test_a_burst_leaves_forty_right_cards_within_the_limits(stage: CardStage):
    rng = random.Random(4)
    calls = {number: replace(STOP, call_id=number) for number in range(1, 41)}
    stage.cad.dispatch = calls
    await stage.start()
    for count in range(500):
        number = rng.randint(1, 40)
        calls[number] = replace(calls[number], title=f"Title {count}", priority=rng.randint(1, 3))
        stage.board.apply(SERVER, [CallUpserted(calls[number])])
        await stage.passes(0.02)
    await stage.passes(90)
    assert {face.call_id: face.call for face in stage.host.shown.values()} == calls
    assert len(stage.host.shown) == 40
    moments = [one.at for one in stage.host.writes]
    assert all(b - a >= 5 - 1e-9 for a, b in zip(moments, moments[5:], strict=False))


async def test_new_cards_come_before_changes_and_changes_before_closings(stage: CardStage):
    await shown(stage)
    stage.host.writes.clear()
    del stage.cad.dispatch[101]
    stage.cad.dispatch |= {100: replace(ROBBERY, title="Changed"), 102: replace(STOP, call_id=102)}
    events: list[Event] = [
        CallsClosed((101,)),
        *(CallUpserted(one) for one in stage.cad.dispatch.values()),
    ]
    stage.board.apply(SERVER, events)
    await stage.passes(5)
    order = [(one.what, one.face and one.face.call_id) for one in stage.host.writes]
    assert order == [("post", 102), ("edit", 100), ("edit", 101)]


async def test_a_closed_call_is_marked_and_removed_after_an_hour(stage: CardStage):
    await shown(stage)
    del stage.cad.dispatch[101]
    await stage.passes(30)
    assert is_closed(stage, 101)
    assert not is_stale(stage, 101)
    assert stage.faces[101].call == STOP
    writes = len(stage.edits(next(k for k, v in stage.host.shown.items() if v.call_id == 101)))
    assert writes == 2
    await stage.passes(58 * 60)
    assert 101 in stage.faces
    await stage.passes(2 * 60)
    assert stage.faces.keys() == {100}
    assert len(stage.store.rows) == 1


async def test_a_call_that_the_cad_calls_closed_is_over(stage: CardStage):
    await shown(stage)
    stage.cad.dispatch[101] = replace(STOP, status=CLOSED)
    await stage.passes(30)
    assert is_closed(stage, 101)
    stage.cad.dispatch[101] = STOP
    await stage.passes(30)
    assert not is_closed(stage, 101)
    assert stage.store.rows[CardKind.CALL, 101].closed_at is None


async def test_a_call_over_before_it_was_posted_gets_no_card(stage: CardStage):
    stage.host.error = OSError("no network")
    await stage.start()
    await stage.passes(2)
    stage.cad.dispatch.clear()
    await stage.passes(60)
    stage.host.error = None
    await stage.passes(120)
    assert stage.host.shown == {}
    assert stage.store.rows == {}


async def test_a_card_goes_stale_and_recovers(stage: CardStage):
    await shown(stage)
    stage.cad.is_down = True
    await stage.passes(115)
    assert not is_stale(stage, 100)
    await stage.passes(30)
    assert is_stale(stage, 100)
    assert stage.faces[100].confirmed_at < stage.minutes_ago(2)
    stage.cad.is_down = False
    await stage.passes(30)
    assert not is_stale(stage, 100)


async def test_the_stamp_is_renewed_with_what_room_is_left(stage: CardStage):
    stage.cad.dispatch = {number: replace(STOP, call_id=number) for number in range(1, 11)}
    await stage.start()
    await stage.passes(120)
    assert all(face.confirmed_at > stage.minutes_ago(1.2) for face in stage.host.shown.values())
    moments = [one.at for one in stage.host.writes if one.at > 30]
    assert all(b - a >= 5 - 1e-9 for a, b in zip(moments, moments[2:], strict=False))


async def test_a_deleted_card_is_posted_again(stage: CardStage):
    await shown(stage)
    stage.host.shown.clear()
    await stage.passes(60)
    assert stage.faces.keys() == {100, 101}
    assert {row.message_id for row in stage.store.rows.values()} == set(stage.host.shown)


async def test_a_restart_takes_the_cards_over(stage: CardStage):
    await shown(stage)
    before = set(stage.host.shown)
    first_seen = stage.faces[100].first_seen_at
    del stage.cad.dispatch[101]
    for _ in range(2):
        await stage.stop()
        await stage.start()
        await stage.passes(10)
    assert set(stage.host.shown) == before
    assert stage.faces[100].first_seen_at == first_seen
    assert is_closed(stage, 101)
    assert stage.faces[101].call is None


async def test_until_the_cad_has_spoken_old_cards_are_left_alone_and_then_stale(stage: CardStage):
    await shown(stage)
    await stage.stop()
    stage.cad.is_down = True
    stage.host.writes.clear()
    await stage.start()
    await stage.passes(110)
    assert stage.host.writes == []
    await stage.passes(30)
    assert all(face.is_stale and face.call is None for face in stage.host.shown.values())
    stage.cad.is_down = False
    await stage.passes(30)
    assert {face.call for face in stage.host.shown.values()} == {ROBBERY, STOP}


async def test_another_channel_gets_its_own_cards(stage: CardStage):
    await shown(stage)
    await stage.stop()
    stage.host.shown.clear()
    stage.channel_id += 1
    await stage.start()
    await stage.passes(5)
    assert stage.faces.keys() == {100, 101}
    assert {row.channel_id for row in stage.store.rows.values()} == {stage.channel_id}


def pings(stage: CardStage) -> list[int]:
    """List the ids of the calls that pinged the role."""
    faces = [one.face for one in stage.host.writes if one.face and one.face.ping_role_id]
    return sorted(face.call_id for face in faces)


async def test_each_urgent_call_that_comes_pings_once(stage: CardStage):
    stage.ping_role_id = ROLE
    stage.cad.dispatch = {101: STOP}
    await stage.start()
    await stage.passes(5)
    stage.cad.dispatch = {100: ROBBERY, 101: STOP}
    stage.cad.emergency = {7: SHOTS}
    await stage.passes(20)
    assert pings(stage) == [7, 100]
    stage.cad.dispatch[101] = replace(STOP, priority=1)
    stage.host.shown.clear()
    await stage.passes(60)
    await stage.stop()
    stage.host.shown.clear()
    await stage.start()
    await stage.passes(60)
    assert stage.faces.keys() == {7, 100, 101}
    assert pings(stage) == [7, 100]


async def test_what_was_open_before_the_bot_looked_pings_nobody(stage: CardStage):
    stage.ping_role_id = ROLE
    stage.cad.emergency = {7: SHOTS}
    await shown(stage)
    assert pings(stage) == []
    await stage.stop()
    # While the bot was stopped.
    stage.cad.emergency[8] = replace(SHOTS, call_id=8)
    await stage.start()
    await stage.passes(30)
    assert stage.faces.keys() == {7, 8, 100, 101}
    stage.cad.emergency[9] = replace(SHOTS, call_id=9)
    await stage.passes(30)
    assert pings(stage) == [9]


async def test_a_911_call_heard_of_before_the_cad_answers_is_news(stage: CardStage):
    stage.ping_role_id = ROLE
    stage.cad.is_down = True
    await stage.start()
    stage.board.apply(SERVER, [EmergencyUpserted(SHOTS), CallUpserted(ROBBERY)])
    await stage.passes(5)
    assert stage.faces.keys() == {7, 100}
    # An event about a dispatch call may be only a change.
    assert pings(stage) == [7]


async def test_a_host_that_fails_is_logged_once_and_tried_again(
    stage: CardStage, caplog: pytest.LogCaptureFixture
):
    stage.host.error = OSError("no network")
    caplog.set_level("INFO", "bot.services.cards.card_publisher")
    await stage.start()
    await stage.passes(60)
    assert len(stage.host.writes) < 20
    stage.host.error = None
    await stage.passes(60)
    assert stage.faces.keys() == {100, 101}
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]


async def test_a_database_that_fails_holds_the_cards_back(
    stage: CardStage, caplog: pytest.LogCaptureFixture
):
    stage.store.error = StorageError("disk full")
    await stage.start()
    await stage.passes(30)
    assert stage.host.writes == []
    stage.store.error = None
    await stage.passes(30)
    assert stage.faces.keys() == {100, 101}
    assert [one.levelname for one in caplog.records if one.levelname != "INFO"] == ["WARNING"]


async def test_a_row_that_could_not_be_written_is_written_later(stage: CardStage):
    await shown(stage)
    stage.store.error = StorageError("disk full")
    del stage.cad.dispatch[101]
    await stage.passes(40)
    assert is_closed(stage, 101)
    stage.store.error = None
    await stage.passes(90)
    assert stage.store.rows[CardKind.CALL, 101].closed_at is not None


async def test_a_fault_of_ours_does_not_end_the_cards(
    stage: CardStage, caplog: pytest.LogCaptureFixture
):
    await shown(stage)
    stage.links = (None,)  # type: ignore[assignment]
    await stage.passes(6)
    stage.links = ()
    stage.cad.dispatch[100] = replace(ROBBERY, title="Changed")
    await stage.passes(40)
    assert stage.faces[100].call == stage.cad.dispatch[100]
    assert any(one.message == "card publisher failed; retrying in 5 s" for one in caplog.records)
