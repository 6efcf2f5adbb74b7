"""The overview stays at the bottom of its channel, and never holds up a new 911 call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.cad.models import Call, EmergencyCall
from bot.cad.push.events import CallUpserted, EmergencyUpserted, UnitPanic
from bot.services.cards.card_writer import CardRateLimited
from bot.services.cards.overview import Overview, PanickingUnit
from bot.storage.errors import StorageError
from tests.services.cards.card_fixture import CHANNEL, SERVER, CardFixture
from tests.services.samples import unit

ROBBERY = Call(100, "Armed Robbery", "211", (), priority=1)
STOP = Call(101, "Traffic Stop", "10-38", ())
PURSUIT = replace(STOP, title="Pursuit")
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")


@pytest.fixture
async def card_fixture() -> AsyncIterator[CardFixture]:
    card_fixture = CardFixture(has_overview=True)
    card_fixture.cad.dispatch = {100: ROBBERY, 101: STOP}
    await card_fixture.start()
    await card_fixture.advance(5)
    yield card_fixture
    await card_fixture.stop()


def shown(card_fixture: CardFixture) -> Overview:
    """Return the one overview that is shown."""
    (overview,) = card_fixture.channel.overviews.values()
    return overview


def message_id(card_fixture: CardFixture) -> int:
    (found,) = card_fixture.channel.overviews
    return found


def put(card_fixture: CardFixture, *calls: Call | EmergencyCall) -> None:
    """Let the CAD have these calls, and tell it with events."""
    for one in calls:
        if isinstance(one, Call):
            card_fixture.cad.dispatch[one.call_id] = one
            card_fixture.board.apply(SERVER, [CallUpserted(one)])
        else:
            card_fixture.cad.emergency[one.call_id] = one
            card_fixture.board.apply(SERVER, [EmergencyUpserted(one)])


def listed(card_fixture: CardFixture) -> list[int]:
    return [one.number for one in shown(card_fixture).calls]


def kinds(card_fixture: CardFixture) -> list[str]:
    return [one.kind for one in card_fixture.channel.writes]


async def test_it_comes_after_the_cards_and_links_to_them(card_fixture: CardFixture) -> None:
    assert kinds(card_fixture) == ["post", "post", "post overview"]
    assert listed(card_fixture) == [100, 101]
    assert {one.message_id for one in shown(card_fixture).calls} == set(card_fixture.channel.shown)


async def test_it_is_edited_where_nothing_came_below_it(card_fixture: CardFixture) -> None:
    before = message_id(card_fixture)
    put(card_fixture, PURSUIT)
    await card_fixture.advance(10)
    assert message_id(card_fixture) == before
    assert [one.title for one in shown(card_fixture).calls] == ["Armed Robbery", "Pursuit"]
    writes = len(card_fixture.channel.writes)
    await card_fixture.advance(60)
    assert "edit overview" not in kinds(card_fixture)[writes:]


async def test_it_is_posted_anew_below_new_cards(card_fixture: CardFixture) -> None:
    before = message_id(card_fixture)
    put(card_fixture, SHOTS)
    await card_fixture.advance(10)
    # It is above the new card for a while, but it lists the call.
    assert message_id(card_fixture) == before
    assert listed(card_fixture) == [7, 100, 101]
    await card_fixture.advance(30)
    assert message_id(card_fixture) > max(card_fixture.channel.shown) > before
    assert card_fixture.store.overviews == {CHANNEL: message_id(card_fixture)}
    assert card_fixture.store.obsolete_rows == []


async def test_a_restart_goes_on_with_the_same_message(card_fixture: CardFixture) -> None:
    before = message_id(card_fixture)
    await card_fixture.stop()
    await card_fixture.start()
    await card_fixture.advance(30)
    assert message_id(card_fixture) == before


async def test_a_message_that_was_deleted_is_posted_again(card_fixture: CardFixture) -> None:
    card_fixture.channel.overviews.clear()
    put(card_fixture, PURSUIT)
    await card_fixture.advance(20)
    assert listed(card_fixture) == [100, 101]


async def test_a_post_whose_answer_was_lost_is_found_again(card_fixture: CardFixture) -> None:
    put(card_fixture, SHOTS)
    await card_fixture.advance(25)
    card_fixture.channel.is_answer_lost = True
    await card_fixture.advance(10)
    card_fixture.channel.is_answer_lost = False
    await card_fixture.advance(60)
    assert listed(card_fixture) == [7, 100, 101]


@pytest.mark.parametrize("error", [OSError("gone"), StorageError("locked")])
async def test_a_failure_is_tried_again_and_the_cards_go_on(
    card_fixture: CardFixture, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    before = message_id(card_fixture)

    async def fail() -> None:
        raise error

    card_fixture.channel.faults[before] = fail
    put(card_fixture, PURSUIT)
    await card_fixture.advance(30)
    assert card_fixture.contents[101].call.title == "Pursuit"  # type: ignore[union-attr]
    assert caplog.text.count("the overview of the calls cannot be written") == 1
    card_fixture.channel.faults.clear()
    await card_fixture.advance(60)
    assert [one.title for one in shown(card_fixture).calls] == ["Armed Robbery", "Pursuit"]


async def test_an_old_message_that_takes_no_edit_is_replaced(card_fixture: CardFixture) -> None:
    before = message_id(card_fixture)

    async def limited() -> None:
        raise CardRateLimited(600)

    card_fixture.channel.faults[before] = limited
    put(card_fixture, PURSUIT)
    await card_fixture.advance(12)
    assert "post overview" in kinds(card_fixture)[3:]


async def test_it_says_when_the_calls_are_not_known(card_fixture: CardFixture) -> None:
    card_fixture.cad.is_down = True
    await card_fixture.advance(300)
    assert shown(card_fixture).is_stale
    assert listed(card_fixture) == [100, 101]


async def test_after_a_restart_without_the_cad_it_says_nothing_false(
    card_fixture: CardFixture,
) -> None:
    await card_fixture.stop()
    card_fixture.cad.is_down = True
    await card_fixture.start()
    await card_fixture.advance(60)
    assert listed(card_fixture) == [100, 101]
    await card_fixture.advance(120)
    assert shown(card_fixture) == Overview(is_stale=True)


async def test_a_unit_in_panic_is_on_top(card_fixture: CardFixture) -> None:
    card_fixture.cad.on_duty = [unit(1, "A-12", name="Pat")]
    await card_fixture.board.fetch_units(SERVER)
    card_fixture.board.apply(SERVER, [UnitPanic((1,), is_panic=True)])
    await card_fixture.advance(10)
    assert shown(card_fixture).panics == (PanickingUnit("A-12", "Pat", None),)


async def test_a_flood_of_911_calls_is_not_held_up(card_fixture: CardFixture) -> None:
    writes = len(card_fixture.channel.writes)
    put(card_fixture, *(replace(SHOTS, call_id=number) for number in range(200, 240)))
    await card_fixture.advance(45)
    since = card_fixture.channel.writes[writes:]
    posts = [one for one in since if one.kind == "post"]
    others = [one for one in since if "overview" in one.kind or one.kind == "discard"]
    assert len(posts) == 40
    # It has its turn every 20 seconds, and at most a tenth of the writes.
    assert 1 <= len(others) <= 4
    await card_fixture.advance(60)
    assert len(listed(card_fixture)) == 42
