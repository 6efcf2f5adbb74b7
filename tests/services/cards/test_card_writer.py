"""What happens to one card when Discord is slow, refuses, or forgets to answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.cad.models import Call, EmergencyCall, Unit
from bot.cad.push.events import CallUpserted, EmergencyUpserted
from bot.services.cards.card_schedule import OLD_AFTER, OLD_EDIT_INTERVAL
from bot.services.cards.card_writer import CardRateLimited
from tests.services.cards.card_fixture import ROLE, SERVER, CardFixture

ROBBERY = Call(100, "Armed Robbery", "211", (), priority=1)
STOP = Call(101, "Traffic Stop", "10-38", ())
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots")
PAT = Unit(1, "u", "A-12", "Pat Moreno", "LSPD", 2, ("steam:1100001343A206F",))


@pytest.fixture
async def card_fixture() -> AsyncIterator[CardFixture]:
    card_fixture = CardFixture(ping_role_id=ROLE)
    card_fixture.cad.dispatch = {100: ROBBERY, 101: STOP}
    await card_fixture.start()
    await card_fixture.advance(5)
    yield card_fixture
    card_fixture.channel.faults.clear()
    await card_fixture.stop()


def message_of(card_fixture: CardFixture, call_id: int) -> int:
    shown = card_fixture.channel.shown.items()
    return next(message_id for message_id, content in shown if content.call_id == call_id)


async def change(card_fixture: CardFixture, call: Call) -> None:
    card_fixture.cad.dispatch[call.call_id] = call
    card_fixture.board.apply(SERVER, [CallUpserted(call)])
    await card_fixture.advance(0.2)


async def test_a_card_that_discord_holds_up_waits_alone(card_fixture: CardFixture) -> None:
    async def sleep() -> None:
        await card_fixture.time.sleep(400)

    held = message_of(card_fixture, 100)
    card_fixture.channel.faults[held] = sleep
    await change(card_fixture, replace(ROBBERY, title="Changed"))
    polls = card_fixture.board.confirmed_at(SERVER)
    card_fixture.board.apply(SERVER, [EmergencyUpserted(SHOTS)])
    card_fixture.cad.emergency = {7: SHOTS}
    await change(card_fixture, replace(STOP, title="Changed too"))
    assert card_fixture.contents.keys() == {7, 100, 101}
    assert card_fixture.contents[101].call == card_fixture.cad.dispatch[101]
    # The held card shows the latest state when its turn comes.
    card_fixture.channel.faults.clear()
    await change(card_fixture, replace(ROBBERY, title="Changed again"))
    await card_fixture.advance(30)
    confirmed = card_fixture.board.confirmed_at(SERVER)
    assert confirmed
    assert polls
    assert confirmed > polls
    assert card_fixture.contents[100].call == ROBBERY
    await card_fixture.advance(400)
    assert card_fixture.contents[100].call == card_fixture.cad.dispatch[100]
    assert message_of(card_fixture, 100) == held


async def test_a_message_that_takes_no_edit_is_replaced_when_it_matters(
    card_fixture: CardFixture,
) -> None:
    async def refuse() -> None:
        raise CardRateLimited(466)

    held = message_of(card_fixture, 100)
    card_fixture.channel.faults[held] = refuse
    await change(card_fixture, replace(ROBBERY, title="Changed"))
    await card_fixture.advance(5)
    contents = [one for one in card_fixture.channel.shown.values() if one.call_id == 100]
    assert [one.call for one in contents] == [ROBBERY, card_fixture.cad.dispatch[100]]
    assert [one.message_id for one in card_fixture.store.obsolete_rows] == [held]
    assert [one.at for one in card_fixture.edits(held) if one.kind == "edit"] == [5.05]
    assert [one.content.ping_role_id for one in card_fixture.channel.writes if one.content] == [
        None
    ] * 4, "a call pings once"


async def test_a_post_that_is_refused_waits_as_long_as_discord_says(
    card_fixture: CardFixture,
) -> None:
    card_fixture.channel.error = CardRateLimited(200)
    card_fixture.board.apply(SERVER, [EmergencyUpserted(SHOTS)])
    card_fixture.cad.emergency = {7: SHOTS}
    await card_fixture.advance(1)
    card_fixture.channel.error = None
    await card_fixture.advance(195)
    assert 7 not in card_fixture.contents
    await card_fixture.advance(10)
    assert 7 in card_fixture.contents


async def test_an_old_message_has_no_stamp_and_few_edits(card_fixture: CardFixture) -> None:
    card_fixture.cad.on_duty = [PAT]
    await change(card_fixture, replace(ROBBERY, idents=(1,)))
    await card_fixture.advance(OLD_AFTER.total_seconds() + OLD_EDIT_INTERVAL)
    old = message_of(card_fixture, 100)
    assert card_fixture.contents[100].is_old
    card_fixture.channel.writes.clear()
    await card_fixture.advance(600)
    assert card_fixture.channel.writes == []
    for status in (3, 4, 2, 3, 4):
        card_fixture.cad.on_duty = [replace(PAT, status=status)]
        await card_fixture.advance(60)
    await card_fixture.advance(OLD_EDIT_INTERVAL)
    assert 1 <= len(card_fixture.edits(old)) <= 3
    assert card_fixture.contents[100].units[0].status == 4
    await change(card_fixture, replace(ROBBERY, title="Shots fired", idents=(1,)))
    new = max(card_fixture.channel.shown)
    assert new != old
    assert card_fixture.channel.shown[new].call == card_fixture.cad.dispatch[100]
    assert not card_fixture.channel.shown[new].is_old
    del card_fixture.cad.dispatch[101]
    await card_fixture.advance(30)
    assert card_fixture.channel.shown[message_of(card_fixture, 101)].is_closed, "edited at once"


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_post_without_an_answer_makes_no_second_message(
    card_fixture: CardFixture, is_killed: bool
) -> None:
    card_fixture.channel.is_answer_lost = True
    card_fixture.board.apply(SERVER, [EmergencyUpserted(SHOTS)])
    card_fixture.cad.emergency = {7: SHOTS}
    await card_fixture.advance(1)
    card_fixture.channel.is_answer_lost = False
    if is_killed:
        await card_fixture.stop()
        await card_fixture.start()
    shots = replace(SHOTS, description="Four shots")
    card_fixture.cad.emergency = {7: shots}
    await card_fixture.advance(60)
    assert card_fixture.contents[7].call == shots  # fails for two messages of one call
    assert card_fixture.contents.keys() == {7, 100, 101}


async def test_a_deleted_message_is_posted_under_another_nonce(card_fixture: CardFixture) -> None:
    card_fixture.channel.shown.clear()
    await change(card_fixture, replace(ROBBERY, title="Changed"))
    await card_fixture.advance(5)
    assert card_fixture.contents[100].call == card_fixture.cad.dispatch[100]


async def test_a_flood_of_911_calls_pings_seldom_and_lets_changes_through(
    card_fixture: CardFixture,
) -> None:
    delays = []
    for number in range(1, 121):
        shots = replace(SHOTS, call_id=1000 + number, caller=f"Caller {number}")
        card_fixture.cad.emergency[shots.call_id] = shots
        card_fixture.board.apply(SERVER, [EmergencyUpserted(shots)])
        if number % 20 == 0:
            await change(card_fixture, replace(STOP, title=f"Title {number}"))
            for waited in range(20):
                await card_fixture.advance(1)
                if card_fixture.contents[101].call == card_fixture.cad.dispatch[101]:
                    delays.append(waited)
                    break
        await card_fixture.advance(1)
    assert len(delays) == 6
    assert max(delays) <= 6
    await card_fixture.advance(120)
    assert sum(1 for one in card_fixture.contents.values() if one.is_emergency) == 120
    posts = [one.content for one in card_fixture.channel.writes if one.kind == "post"]
    single = sum(1 for one in posts if one and one.ping_role_id)
    counted = [count for _, count in card_fixture.channel.summaries]
    assert single + sum(counted) == 120, "each urgent call is pinged for, alone or counted"
    minutes = card_fixture.time.monotonic() / 60
    assert single + len(counted) <= 3 * (minutes + 1)
    assert card_fixture.store.obsolete_rows[0].message_id == 1, "the counting message goes later"


async def test_a_counting_ping_that_fails_stops_nothing(card_fixture: CardFixture) -> None:
    for number in range(1, 6):
        shots = replace(SHOTS, call_id=number, caller=f"Caller {number}")
        card_fixture.cad.emergency[number] = shots
    card_fixture.board.apply(
        SERVER, [EmergencyUpserted(one) for one in card_fixture.cad.emergency.values()]
    )
    await card_fixture.advance(20)
    card_fixture.channel.error = TimeoutError()
    await card_fixture.advance(60)
    assert len(card_fixture.channel.summaries) == 1
    card_fixture.channel.error = None
    await change(card_fixture, replace(STOP, title="Changed"))
    await card_fixture.advance(60)
    assert card_fixture.contents[101].call == card_fixture.cad.dispatch[101]
