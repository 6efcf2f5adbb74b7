"""Orders without one of their people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import NewCall
from bot.services.orders import outcomes
from bot.services.orders.outcomes import Outcome
from bot.services.records.redaction import ERASED_ID, redact
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.skipped_target import NearMatch, SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.samples import unit

PAT, BOB, DANA = 700000000000000007, 700000000000000008, 700000000000000042
HEX = "1100001343a206f"
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)

PATS = Assignee(HEX, PAT, unit(1, "A-12", f"steam:{HEX}", name="Pat Doe"), True)
BOBS = Assignee("steam:b", BOB, unit(2, "A-7", "steam:b"), True)


def order(units: str, *assignees: Assignee, **more: object) -> Order:
    left_out = more.pop("left_out", ())
    missing = more.pop("missing", ())
    made = Order(
        id=1,
        guild_id=10,
        server_id=1,
        action=OrderAction.ATTACH,
        call_id=100,
        units=units,
        actor_id=DANA,
        created_at=NOON,
        application_id=6,
        token="a-token",
        reply_id=99,
        state=OrderState.DONE,
        people=frozenset(one.discord_id for one in assignees if one.discord_id),
        resolution=outcomes.RESOLUTION_JSON.dump_json(Resolution(assignees, left_out)).decode(),  # type: ignore[arg-type]
        outcome=outcomes.OUTCOME_JSON.dump_json(Outcome(None, 1.0, missing=missing)).decode(),  # type: ignore[arg-type]
        answered=True,
        finished_at=NOON,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_an_order_about_no_other_member_is_gone() -> None:
    for units in (
        f"<@{PAT}>",
        f"<@!{PAT}>",
        f" <@{PAT}> , A-12 {HEX} STEAM:{HEX.upper()}",
        "ident:1",
    ):
        assert redact(order(units, PATS), PAT, []) is None
    for units in ("me", "me:B-7"):
        assert redact(order(units, PATS, actor_id=PAT), PAT, []) is None


def test_the_others_stay() -> None:
    before = order(f"<@{PAT}> <@{BOB}>, a-12", PATS, BOBS, missing=(HEX, "steam:b"))
    after = redact(before, PAT, [])
    assert after is not None
    assert (after.units, after.people, after.actor_id) == (f"<@{BOB}>", frozenset({BOB}), DANA)
    seen = outcomes.decode_view(after)
    assert seen.resolution.assignees == (BOBS,)
    assert seen.outcome is not None
    assert seen.outcome.missing == ("steam:b",)
    assert (after.token, after.reply_id) == ("a-token", 99)


def test_the_actor_of_an_order_is_removed() -> None:
    after = redact(order(f"<@{BOB}> me", BOBS, PATS, actor_id=PAT, answered=False), PAT, [])
    assert after is not None
    assert (after.actor_id, after.units, after.people) == (ERASED_ID, f"<@{BOB}>", frozenset({BOB}))
    assert (after.token, after.reply_id, after.answered) == (None, None, True)


def test_another_persons_me_stays() -> None:
    mine = replace(BOBS, discord_id=DANA)
    after = redact(order(f"me <@{PAT}>", mine, PATS), PAT, [])
    assert after is not None
    assert (after.units, after.people) == ("me", frozenset({DANA}))


def test_a_skipped_member_is_removed_too() -> None:
    left_out = (
        SkippedTarget(Target(f"<@{PAT}>", PAT), SkipReason.NOT_LINKED),
        SkippedTarget(Target(f"STEAM:{HEX}"), SkipReason.NO_SUCH_UNIT),
        SkippedTarget(Target("Z-1"), SkipReason.NO_SUCH_UNIT),
    )
    after = redact(order(f"<@{PAT}> STEAM:{HEX} Z-1", left_out=left_out), PAT, [HEX])
    assert after is not None
    assert after.units == "Z-1"
    assert [one.target.text for one in outcomes.decode_view(after).resolution.left_out] == ["Z-1"]


def test_an_order_that_was_never_made_out() -> None:
    after = redact(order(f"<@{PAT}> A-7", resolution=None, outcome=None), PAT, [])
    assert after is not None
    assert (after.units, after.resolution, after.outcome) == ("A-7", None, None)


@pytest.mark.parametrize("gone", [BOB, 5])
def test_an_order_about_another_member_is_left_alone(gone: int) -> None:
    before = order(f"<@{PAT}>", PATS)
    assert redact(before, gone, []) == before


WORDS = st.sampled_from(
    [
        f"<@{PAT}>",
        f"<@!{PAT}>",
        f"<@{BOB}>",
        "me",
        "A-12",
        "a-12",
        "A-7",
        HEX,
        f"steam:{HEX}",
        "x:y",
    ]
)


@given(
    st.lists(WORDS),
    st.lists(st.sampled_from([PATS, replace(PATS, discord_id=None), BOBS]), unique_by=id),
    st.sampled_from([PAT, BOB, DANA]),
)
def test_nothing_of_the_person_is_left(words, assignees, actor_id) -> None:
    after = redact(order(" ".join(words), *assignees, actor_id=actor_id), PAT, [HEX])
    if after is not None:
        text = repr(after)
        assert str(PAT) not in text
        assert HEX not in text
        assert "Pat Doe" not in text
        again = redact(after, PAT, [HEX])
        assert again == after


def test_a_role_stays_named_without_those_who_had_it() -> None:
    before = order(f"<@&5:{PAT},{BOB}> -<@{PAT}>", BOBS)
    shown = Resolution((BOBS,), excluded=(PATS,))
    before = replace(before, resolution=outcomes.RESOLUTION_JSON.dump_json(shown).decode())
    after = redact(before, PAT, [])
    assert after is not None
    assert after.units == "<@&5>"
    assert outcomes.decode_view(after).resolution == Resolution((BOBS,))
    assert str(PAT) not in repr(after)


@pytest.mark.parametrize(
    ("action", "detail"),
    [
        (OrderAction.NOTE, outcomes.OrderDetail(text="I am Pat", label="pat")),
        (OrderAction.CREATE, outcomes.OrderDetail(new=NewCall(1, "Call Pat"))),
    ],
)
def test_an_order_loses_what_its_author_has_written(
    action: OrderAction, detail: outcomes.OrderDetail
) -> None:
    stored = outcomes.DETAIL_JSON.dump_json(detail).decode()
    note = order("", action=action, actor_id=PAT, detail=stored)
    after = redact(note, PAT, [])
    assert after is not None
    assert outcomes.decode_view(after).detail == outcomes.OrderDetail()
    assert after.actor_id == ERASED_ID
    other = redact(replace(note, actor_id=DANA, people=frozenset({PAT})), PAT, [])
    assert other is not None
    assert other.detail == stored


def test_an_order_that_cannot_be_read_is_gone() -> None:
    assert redact(order("A-7", BOBS, resolution="[24]"), PAT, []) is None


def test_what_a_word_may_have_meant_is_not_kept() -> None:
    near = (NearMatch("M-3", "M-3", "Pat", PAT),)
    left_out = (SkippedTarget(Target("pa"), SkipReason.NO_SUCH_UNIT, near=near),)
    kept = redact(order("pa A-7", BOBS, left_out=left_out), PAT, [HEX])
    assert kept is not None
    assert outcomes.decode_view(kept).resolution.left_out == (replace(left_out[0], near=()),)
