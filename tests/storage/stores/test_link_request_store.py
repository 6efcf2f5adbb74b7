"""Requests for links and conflicts about ids, as stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.storage.database import Database
from bot.storage.stores.link_request_store import (
    LinkRequest,
    LinkRequestState,
    LinkRequestStore,
)
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from tests.stored_links import put_link

GUILD, OTHER_GUILD = 700_000_000_000_000_001, 700_000_000_000_000_002
PAT, BOB, STAFF = 7, 8, 42
NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, UTC)
HOUR = timedelta(hours=1)
PENDING, CONFLICT = LinkRequestState.PENDING, LinkRequestState.CONFLICT


def request(discord_id: int = PAT, **more: Any) -> LinkRequest:
    one = LinkRequest(0, GUILD, discord_id, "steam:abc", discord_id, NOON, PENDING, token="a-token")
    return replace(one, **more)


@pytest.fixture
def links(database: Database) -> LinkStore:
    return LinkStore(database)


@pytest.fixture
def store(database: Database, links: LinkStore) -> LinkRequestStore:
    return LinkRequestStore(database, links)


async def add(store: LinkRequestStore, discord_id: int = PAT, **more: Any) -> LinkRequest:
    one = request(discord_id, **more)
    request_id, _ = await store.add(one)
    return replace(one, id=request_id)


def test_the_states_as_they_are_stored():
    assert {state.name: state.value for state in LinkRequestState} == {
        "PENDING": "pending",
        "CONFLICT": "held",
        "APPROVED": "approved",
        "DENIED": "denied",
        "REPLACED": "replaced",
        "WITHDRAWN": "withdrawn",
        "EXPIRED": "expired",
    }


def test_the_token_is_in_no_repr():
    assert "a-token" not in repr(request())


async def test_a_request_is_read_as_it_was_written(store: LinkRequestStore):
    least = await add(store)
    full = await add(
        store,
        BOB,
        guild_id=OTHER_GUILD,
        state=CONFLICT,
        account_name="Bob",
        holders=frozenset({1, 2**63 - 1}),
        application_id=6,
        reply_id=2**63 - 1,
        channel_id=900,
        message_id=5,
        decided_by=STAFF,
        decided_at=NOON + HOUR,
    )
    assert await store.get(least.id) == least
    assert await store.get(full.id) == full
    assert await store.get(full.id + 1) is None


async def test_a_new_request_replaces_the_one_that_is_pending(store: LinkRequestStore):
    first = await add(store)
    await add(store, BOB)
    await add(store, guild_id=OTHER_GUILD)
    request_id, replaced = await store.add(request(asked_by=STAFF, asked_at=NOON + HOUR))
    ended = replace(
        first, state=LinkRequestState.REPLACED, decided_by=STAFF, decided_at=NOON + HOUR
    )
    assert replaced == ended  # with the token, so that its reply can be edited
    assert await store.get(first.id) == replace(ended, token=None)
    states = [(one.id, one.state) for one in await store.for_person(GUILD, PAT)]
    assert states == [(first.id, LinkRequestState.REPLACED), (request_id, PENDING)]
    assert [one.state for one in await store.for_person(GUILD, BOB)] == [PENDING]
    assert [one.state for one in await store.for_person(OTHER_GUILD, PAT)] == [PENDING]


async def test_a_conflict_replaces_no_request(store: LinkRequestStore):
    pending = await add(store)
    _, replaced = await store.add(request(state=CONFLICT))
    assert replaced is None
    assert await store.get(pending.id) == pending


async def test_of_two_requests_at_once_one_is_pending(store: LinkRequestStore):
    await asyncio.gather(*(store.add(request()) for _ in range(5)))
    states = [one.state for one in await store.for_person(GUILD, PAT)]
    assert sorted(states) == [PENDING, *[LinkRequestState.REPLACED] * 4]


async def test_what_still_has_to_be_posted_or_has_waited_too_long(store: LinkRequestStore):
    new = await add(store)
    posted = await add(store, BOB, message_id=5, asked_at=NOON - HOUR)
    await add(store, 9, state=CONFLICT, asked_at=NOON - HOUR)
    assert await store.unposted(GUILD) == [new]
    assert await store.overdue(GUILD, NOON) == [posted]
    assert await store.overdue(GUILD, NOON - HOUR) == []


async def test_where_a_request_is_shown(store: LinkRequestStore):
    new = await add(store)
    other = await add(store, BOB)
    shown = replace(new, account_name="Pat", channel_id=900, message_id=5)
    await store.save_posted(shown)
    assert await store.get(new.id) == shown
    assert await store.unposted(GUILD) == [other]


async def test_a_request_ends_once(store: LinkRequestStore):
    new = await add(store)
    ended = await store.end(new, LinkRequestState.DENIED, by=STAFF, at=NOON + HOUR)
    assert ended == replace(
        new, state=LinkRequestState.DENIED, decided_by=STAFF, decided_at=NOON + HOUR
    )
    assert await store.end(new, LinkRequestState.EXPIRED, by=None, at=NOON) is None
    assert await store.get(new.id) == replace(ended, token=None)


async def test_a_conflict_is_taken_once_and_only_by_the_actor_asked(
    store: LinkRequestStore,
):
    conflict = await add(store, state=CONFLICT)
    pending = await add(store, BOB)
    by = conflict.asked_by
    assert await store.take_conflict(OTHER_GUILD, by, conflict.id) is None
    assert await store.take_conflict(GUILD, by + 1, conflict.id) is None
    assert await store.take_conflict(GUILD, by, pending.id) is None
    found = await asyncio.gather(*(store.take_conflict(GUILD, by, conflict.id) for _ in range(3)))
    assert sorted(found, key=bool) == [None, None, conflict]
    assert await store.get(conflict.id) is None


def link(api_id: str = "steam:abc", discord_id: int = PAT) -> Link:
    return Link(GUILD, discord_id, api_id, STAFF, NOON + HOUR)


async def test_an_approval_writes_the_link_and_ends_the_request(
    store: LinkRequestStore, links: LinkStore
):
    new = await add(store)
    ended, claim = await store.approve(new, link())
    assert ended == replace(
        new, state=LinkRequestState.APPROVED, decided_by=STAFF, decided_at=NOON + HOUR
    )
    assert claim is not None
    assert claim.is_granted
    assert await links.all(GUILD) == [link()]
    assert await store.approve(new, link("steam:other")) == (None, None)
    assert await links.all(GUILD) == [link()]


async def test_an_id_that_another_member_has_leaves_the_request_pending(
    store: LinkRequestStore, links: LinkStore
):
    await put_link(links, link(discord_id=BOB))
    new = await add(store)
    found, claim = await store.approve(new, link())
    assert found == new
    assert claim is not None
    assert (claim.is_granted, claim.holders) == (False, (link(discord_id=BOB),))
    assert await store.get(new.id) == new
    assert await links.all(GUILD) == [link(discord_id=BOB)]


async def test_the_requests_about_a_member_are_deleted(store: LinkRequestStore):
    await add(store)
    elsewhere, other = await add(store, guild_id=OTHER_GUILD), await add(store, BOB)
    await store.delete_for_person(GUILD, PAT)
    assert await store.for_person(GUILD, PAT) == []
    assert await store.for_person(OTHER_GUILD, PAT) == [elsewhere]
    assert await store.for_person(GUILD, BOB) == [other]


async def test_old_tokens_are_wiped(store: LinkRequestStore):
    old, new = await add(store, asked_at=NOON - HOUR), await add(store, BOB)
    await store.wipe_tokens(NOON)
    assert await store.get(old.id) == replace(old, token=None)
    assert await store.get(new.id) == new


async def test_what_ended_long_ago_is_deleted_and_what_is_pending_is_kept(store: LinkRequestStore):
    ended = await add(store, state=LinkRequestState.DENIED, decided_at=NOON - HOUR)
    conflict = await add(store, BOB, state=CONFLICT, asked_at=NOON - HOUR)
    kept = [
        await add(store, 9, asked_at=NOON - HOUR),
        await add(store, 10, state=LinkRequestState.DENIED, asked_at=NOON - HOUR, decided_at=NOON),
        await add(store, 11, state=CONFLICT),
    ]
    assert await store.prune(NOON) == 2
    for one in (ended, conflict):
        assert await store.get(one.id) is None
    for one in kept:
        assert await store.get(one.id) == one


async def test_the_id_of_a_deleted_request_is_not_given_again(store: LinkRequestStore):
    first = await add(store)
    await store.delete_for_person(first.guild_id, first.discord_id)
    assert (await add(store)).id > first.id


async def test_what_has_ended_is_not_saved_as_posted(store: LinkRequestStore):
    first = await add(store)
    posted = replace(first, channel_id=9, message_id=10)
    assert await store.save_posted(posted)
    await store.end(posted, LinkRequestState.WITHDRAWN, by=None, at=NOON)
    assert not await store.save_posted(replace(posted, message_id=11))
    stored = await store.get(first.id)
    assert stored is not None
    assert stored.message_id == 10
