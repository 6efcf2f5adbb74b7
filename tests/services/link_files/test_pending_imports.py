"""Files that wait for the press of a button; test_import_export.py presses them."""

from __future__ import annotations

from itertools import count

import pytest

from bot.services.link_errors import AlreadyImported, ImportExpired, NotImportOwner
from bot.services.link_files.import_diff import compute_diff
from bot.services.link_files.pending_imports import PREVIEW_TTL, PendingImports
from bot.services.link_files.rows import ParsedFile, Row
from bot.services.reply import ReplyAddress
from tests.manual_clock import ManualClock
from tests.services.samples import actor

MIA, NOA = actor(88, user_id=42), actor(88, user_id=43)
HERE, THERE = ReplyAddress(1, "token", 5), ReplyAddress(1, "token", 6)
PARSED = ParsedFile((Row(2, 7, "steam:1"),), ())
DIFF = compute_diff(PARSED, {})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pending(clock: ManualClock) -> PendingImports:
    tokens = count()
    return PendingImports(lambda: str(next(tokens)), clock=clock)


def test_a_file_is_claimed_once_by_its_owner_in_its_message(pending: PendingImports) -> None:
    token = pending.add(MIA, HERE, PARSED, DIFF)
    with pytest.raises(NotImportOwner):
        pending.claim(NOA, token, HERE)
    with pytest.raises(ImportExpired):
        pending.claim(MIA, token, THERE)
    assert pending.claim(MIA, token, HERE).diff == DIFF
    with pytest.raises(AlreadyImported):
        pending.claim(MIA, token, HERE)


def test_where_the_message_is_not_known_any_will_do(pending: PendingImports) -> None:
    token = pending.add(MIA, ReplyAddress(1, "token"), PARSED, DIFF)
    assert pending.claim(MIA, token, THERE).parsed == PARSED


def test_a_file_is_forgotten(pending: PendingImports, clock: ManualClock) -> None:
    first = pending.add(MIA, HERE, PARSED, DIFF)
    others = pending.add(NOA, HERE, PARSED, DIFF)
    second = pending.add(MIA, HERE, PARSED, DIFF)
    with pytest.raises(ImportExpired):
        pending.claim(MIA, first, HERE)
    assert pending.claim(NOA, others, HERE)
    clock.seconds += PREVIEW_TTL
    with pytest.raises(ImportExpired):
        pending.claim(MIA, second, HERE)
