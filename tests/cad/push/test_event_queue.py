"""The queue between a feed and its reader: in order, bounded, and no gap is hidden."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.push.event_queue import (
    EventQueue,
    EventsMissed,
    EventsReceived,
    FeedDisconnected,
    FeedItem,
)
from bot.cad.push.events import UnitLoggedOut


def item(number: int) -> EventsReceived:
    return EventsReceived(1, (UnitLoggedOut(number),))


async def read_all(queue: EventQueue) -> list[FeedItem]:
    """Close the queue and read what is left."""
    queue.close()
    found = []
    while True:
        try:
            found.append(await queue.get())
        except StopAsyncIteration:
            return found


async def test_items_are_read_in_the_order_in_which_they_came() -> None:
    queue = EventQueue()
    assert queue.put(item(1))
    assert queue.put(FeedDisconnected(1, "timeout"))
    assert queue.put(item(2))
    assert await read_all(queue) == [item(1), FeedDisconnected(1, "timeout"), item(2)]


async def test_a_reader_waits_for_the_next_item() -> None:
    queue = EventQueue()
    reading = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not reading.done()
    queue.put(item(1))
    assert await reading == item(1)


async def test_what_does_not_fit_is_reported_where_it_is_missing() -> None:
    queue = EventQueue(size=2, server_id=3)
    assert [queue.put(item(number)) for number in range(4)] == [True, True, False, False]
    assert await queue.get() == item(0)
    assert queue.put(item(4)) is False  # the report took the free place
    assert await queue.get() == item(1)
    assert queue.put(item(5)) is True
    assert await read_all(queue) == [EventsMissed(3), item(5)]


async def test_a_gap_is_reported_once() -> None:
    queue = EventQueue(size=1)
    for number in range(2):
        queue.put(item(number))
    assert [await queue.get(), await queue.get()] == [item(0), EventsMissed(None)]
    for number in (2, 3):
        assert queue.put(item(number))
        assert await queue.get() == item(number)


async def test_missed_events_are_reported_once_in_a_row() -> None:
    queue = EventQueue(server_id=3)
    queue.put_events_missed()
    queue.put_events_missed()
    queue.put(item(1))
    queue.put_events_missed()
    assert await read_all(queue) == [EventsMissed(3), item(1), EventsMissed(3)]


async def test_a_closed_queue_takes_no_more_and_hands_out_the_rest() -> None:
    queue = EventQueue()
    queue.put(item(1))
    queue.close()
    assert queue.put(item(2)) is False
    assert await queue.get() == item(1)
    with pytest.raises(StopAsyncIteration):
        await queue.get()


async def test_closing_ends_a_reader_that_waits() -> None:
    queue = EventQueue()
    reading = asyncio.create_task(anext(_iterate(queue), None))
    await asyncio.sleep(0)
    queue.close()
    assert await reading is None


async def _iterate(queue: EventQueue):
    while True:
        try:
            yield await queue.get()
        except StopAsyncIteration:
            return


@given(st.integers(1, 4), st.lists(st.booleans(), max_size=30))
def test_every_gap_is_reported_before_the_next_item(size: int, puts: list[bool]) -> None:
    """Put (True) and get (False) in any order: numbers that are not read follow a report."""
    asyncio.run(_run_sequence(size, puts))


async def _run_sequence(size: int, puts: list[bool]) -> None:
    queue = EventQueue(size)
    read: list[FeedItem] = []
    number = 0
    for is_put in puts:
        if is_put:
            queue.put(item(number))
            number += 1
        else:
            read += await read_if_any(queue)
    read += await read_all(queue)
    is_gap, expected = False, 0
    for one in read:
        if isinstance(one, EventsMissed):
            is_gap = True
            continue
        assert isinstance(one, EventsReceived)
        (event,) = one.events
        assert isinstance(event, UnitLoggedOut)
        assert event.ident > expected if is_gap else event.ident == expected
        is_gap, expected = False, event.ident + 1


async def read_if_any(queue: EventQueue) -> list[FeedItem]:
    """Read one item if there is one; do not wait."""
    reading = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    if reading.done():
        return [reading.result()]
    reading.cancel()
    return []
