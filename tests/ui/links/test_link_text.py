from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from bot.cad.errors import CadTimeout
from bot.services.links.link_changes import (
    IdConflict,
    LinkChange,
    LinkChangeKind,
    RequestNotice,
    SubmittedRequest,
)
from bot.services.links.link_service import LinkResult
from bot.services.links.link_workflow import UnlinkResult
from bot.services.records.my_data import Retention
from bot.services.verification.verifier import Verification
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestState
from bot.storage.stores.link_row import Link
from bot.ui.links import link_buttons, link_text

NOON = datetime(2026, 1, 1, tzinfo=UTC)
SNOWFLAKE = 2**63 - 1
HOSTILE = "x:`@here`**<@&1>" + "y" * 180

LINK = Link(1, 7, "steam:1", 9, NOON)
PROOF = Verification("steam:1", "pat", is_verified=True)
NO_ANSWER = Verification("steam:1", is_complete=False, error=CadTimeout())
OTHER = Link(1, 8, "STEAM:1", 8, NOON)
REQUEST = LinkRequest(3, 1, 7, "steam:1", 7, NOON, LinkRequestState.PENDING)
KEEPING = Retention(order_days=90, erase_on_leave=False)


def request(state: LinkRequestState = LinkRequestState.PENDING, **more: object) -> LinkRequest:
    return dataclasses.replace(REQUEST, state=state, **more)  # type: ignore[arg-type]


HOSTILE_REQUEST = request(
    LinkRequestState.DENIED,
    api_id=HOSTILE,
    account_name=HOSTILE * 20,
    discord_id=SNOWFLAKE,
    decided_by=SNOWFLAKE,
    decided_at=NOON,
    holders=frozenset(range(SNOWFLAKE - 100, SNOWFLAKE)),
)


def test_what_is_asked() -> None:
    asking = RequestNotice(request(account_name="pat"), LINK, None)
    assert link_text.request_notice(asking).splitlines() == [
        "⏳ <@7> asks to be linked to `steam:1`.",
        "The CAD knows it as `pat`.",
        "It would replace `steam:1`.",
    ]
    assert "does not know" in link_text.request_notice(RequestNotice(REQUEST, None, None))
    assert "could not be asked" in link_text.request_notice(
        RequestNotice(REQUEST, None, CadTimeout())
    )


@pytest.mark.parametrize(
    ("state", "by", "shown", "told"),
    [
        (
            LinkRequestState.APPROVED,
            9,
            "✅ <@7> asked to be linked to `steam:1`. <@9> has",
            "✅ App",
        ),
        (
            LinkRequestState.DENIED,
            9,
            "❌ <@7> asked to be linked to `steam:1`. <@9> has",
            "❌ Denied",
        ),
        (LinkRequestState.REPLACED, 9, "❌ <@7>", "❌ You were linked to another id by <@9>"),
        (LinkRequestState.WITHDRAWN, 9, "❌ <@7>", "❌ Withdrawn by <@9>: your link to `steam:1`."),
        (LinkRequestState.EXPIRED, None, "❌ <@7>", "❌ Expired: your link"),
    ],
)
def test_what_became_of_it(state: LinkRequestState, by: int | None, shown: str, told: str) -> None:
    ended = request(state, decided_by=by, decided_at=NOON)
    assert link_text.request_closed(ended).startswith(shown)
    assert link_text.request_closed(ended).endswith(" <t:1767225600:R>.")
    assert link_text.request_answer(ended).startswith(told)


@pytest.mark.parametrize(
    ("news", "letter", "line"),
    [
        (
            LinkChange(LinkChangeKind.CHANGED, LINK, 9, "license:x"),
            "<@9> has linked you to `license:x` instead of `steam:1`.",
            "🔗 <@7> `steam:1` → `license:x` · by <@9>",
        ),
        (
            LinkChange(LinkChangeKind.REMOVED, LINK, 9),
            "<@9> has removed your link to `steam:1`.",
            "🔗 <@7> is no longer linked to `steam:1` · by <@9>",
        ),
        (
            LinkChange(LinkChangeKind.MOVED, LINK, 9, other_id=8),
            "<@9> has moved `steam:1` from you to <@8>; you are no longer linked.",
            "🔗 `steam:1` <@7> → <@8> · by <@9>",
        ),
        (
            LinkChange(LinkChangeKind.SHARED, LINK, 9, "steam:1", 8),
            "<@9> has also linked <@8> to `steam:1`, which is your id.",
            "🔗 `steam:1` of <@7> is shared with <@8> · by <@9>",
        ),
    ],
)
def test_news(news: LinkChange, letter: str, line: str) -> None:
    assert (link_text.change_message(news), link_text.change_log_line(news)) == (letter, line)


def test_others_with_the_same_id() -> None:
    assert link_text.holders_line(LinkResult(LINK, None, PROOF)) == ""
    shared = LinkResult(LINK, None, PROOF, (OTHER,))
    assert link_buttons.outcome_text(shared).endswith("\nShared with <@8>.")
    moved = LinkResult(LINK, None, NO_ANSWER, (OTHER,), is_moved=True)
    assert link_buttons.outcome_text(moved).endswith("\nTaken from <@8>.")


def test_unlinked() -> None:
    assert link_text.unlink_result(UnlinkResult(7, LINK, False)) == (
        "✅ <@7> is no longer linked to `steam:1`."
    )
    assert "withdrawn" in link_text.unlink_result(UnlinkResult(7, LINK, True))
    assert link_text.unlink_result(UnlinkResult(7, None, True)).startswith(
        "✅ <@7> was not linked. The"
    )
    assert link_text.unlink_result(UnlinkResult(7, None, False)).startswith(
        "❌ <@7> was not linked."
    )


@pytest.mark.parametrize(
    "text",
    [
        link_text.request_notice(
            RequestNotice(HOSTILE_REQUEST, Link(1, 7, HOSTILE, 7, NOON), None)
        ),
        link_text.request_closed(HOSTILE_REQUEST),
        link_text.request_answer(HOSTILE_REQUEST),
        link_text.conflict_question(IdConflict(HOSTILE_REQUEST)),
        link_text.conflict_kept(HOSTILE_REQUEST),
        link_text.request_submitted(SubmittedRequest(HOSTILE_REQUEST, has_replaced=True)),
        link_text.request_decided(HOSTILE_REQUEST),
        link_text.change_log_line(
            LinkChange(LinkChangeKind.CHANGED, Link(1, 7, HOSTILE, 7, NOON), 9, HOSTILE)
        ),
        link_text.change_message(
            LinkChange(LinkChangeKind.MOVED, Link(1, 7, HOSTILE, 7, NOON), 9, other_id=8)
        ),
    ],
)
def test_what_people_pasted_stays_in_its_place(text: str) -> None:
    assert "@here" in "".join(text.split("`")[1::2])
    assert "@here" not in "".join(text.split("`")[::2])
    assert len(text) < 1200
