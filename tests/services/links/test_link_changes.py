"""What saving a link changes for the members who had one, and who is notified."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from bot.services.links.link_changes import (
    LinkChange,
    LinkChangeKind,
    LinkNotifier,
    changes_of,
    notify_all,
)
from bot.services.links.link_service import LinkResult
from bot.services.verification.verifier import Verification
from bot.storage.stores.link_row import Link

PAT, BOB, MAX, STAFF = 7, 8, 9, 42
NOON = datetime(2026, 8, 1, tzinfo=UTC)
LINK = Link(10, PAT, "steam:new", STAFF, NOON)
OLD = replace(LINK, api_id="steam:old", set_by=PAT)
HOLDERS = (replace(LINK, discord_id=BOB), replace(LINK, discord_id=MAX, api_id="STEAM:NEW"))


def result(replaced: Link | None = None, *holders: Link, is_moved: bool = False) -> LinkResult:
    return LinkResult(LINK, replaced, Verification(LINK.api_id), holders, is_moved)


def test_a_first_link_changes_no_other():
    assert changes_of(result()) == []


def test_another_id_replaces_the_old_one():
    changed = LinkChange(LinkChangeKind.CHANGED, OLD, STAFF, "steam:new")
    assert changes_of(result(OLD)) == [changed]


def test_the_same_id_again_changes_nothing():
    assert changes_of(result(replace(LINK, set_by=PAT), *HOLDERS)) == []


def test_an_id_that_was_moved_is_taken_from_each_holder():
    assert changes_of(result(OLD, *HOLDERS, is_moved=True)) == [
        LinkChange(LinkChangeKind.CHANGED, OLD, STAFF, "steam:new"),
        *(LinkChange(LinkChangeKind.MOVED, one, STAFF, None, PAT) for one in HOLDERS),
    ]


def test_an_id_that_is_shared_stays_with_each_holder():
    assert changes_of(result(None, *HOLDERS)) == [
        LinkChange(LinkChangeKind.SHARED, one, STAFF, one.api_id, PAT) for one in HOLDERS
    ]


class RecordingNotifier:
    def __init__(self) -> None:
        self.logged: list[LinkChange] = []
        self.notified: list[LinkChange] = []

    async def log_change(self, change: LinkChange) -> None:
        self.logged.append(change)

    async def notify_owner(self, change: LinkChange) -> None:
        self.notified.append(change)


async def test_every_change_is_logged_and_the_owner_is_notified_of_those_of_others():
    notifier = RecordingNotifier()
    own = LinkChange(LinkChangeKind.CHANGED, OLD, PAT, "steam:new")
    by_staff = LinkChange(LinkChangeKind.REMOVED, OLD, STAFF)
    await notify_all(cast(LinkNotifier, notifier), [own, by_staff])
    assert notifier.logged == [own, by_staff]
    assert notifier.notified == [by_staff]
