"""Which targets an order leaves out, and why, as the dispatcher reads it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.services.targets.resolution import (
    Assignee,
    MemberGroupSummary,
    PartialUnitList,
    Resolution,
)
from bot.services.targets.skipped_target import NearMatch, SkippedTarget, SkipReason, Target
from bot.ui.orders.target_text import skip_reason, skipped_lines, typed_units
from tests.services.samples import unit

LIMIT = 300
BOB = Assignee("steam:6", 9, unit(6, "A-3"), on_duty=True)


def skipped(text: str, reason: SkipReason, member_id: int | None = None, **more) -> SkippedTarget:
    return SkippedTarget(Target(text, member_id), reason, **more)


def lines(*left_out: SkippedTarget, limit: int = LIMIT) -> list[str]:
    return list(skipped_lines(Resolution(left_out=left_out), limit))


def test_targets_with_one_reason_are_one_line():
    assert lines(
        skipped("B-1", SkipReason.NO_SUCH_UNIT),
        skipped("<@7>", SkipReason.NOT_ON_DUTY, 7),
        skipped("me", SkipReason.NOT_ON_DUTY, 8),
        skipped("B-2", SkipReason.NO_SUCH_UNIT),
    ) == [
        "Left out: <@7>, <@8>: off duty in the CAD.",
        "Left out: `B-1`, `B-2`: no unit on duty has this number.",
    ]


def test_a_list_that_is_still_loading_says_how_far_it_is():
    part = PartialUnitList(190, datetime(2026, 1, 1, tzinfo=UTC))
    left_out = (skipped("dept:LSPD", SkipReason.LIST_INCOMPLETE),)
    assert list(skipped_lines(Resolution(left_out=left_out, partial_list=part), LIMIT)) == [
        (
            "Left out: `dept:LSPD`: units not loaded yet. The list of units on duty is still"
            " loading: 190 so far, as of <t:1767225600:R>. Give the order again in a few minutes."
        )
    ]


def test_exclusions_that_match_no_unit_are_apart():
    assert lines(
        skipped("-Z-9", SkipReason.NO_SUCH_UNIT, is_excluded=True),
        skipped("Z-8", SkipReason.NO_SUCH_UNIT),
    ) == [
        "Left out: `Z-8`: no unit on duty has this number.",
        "Not excluded: `-Z-9`: no unit on duty has this number.",
    ]


def test_excluded_units_come_first():
    found = Resolution(left_out=(skipped("B-1", SkipReason.NO_SUCH_UNIT),), excluded=(BOB,))
    assert next(skipped_lines(found, LIMIT)) == "Excluded: <@9> (A\\-3)"


@pytest.mark.parametrize(
    ("not_linked", "off_duty", "text"),
    [
        (180, 12, "180 not linked and 12 not on duty"),
        (180, 0, "180 not linked"),
        (0, 12, "12 not on duty"),
    ],
)
def test_members_of_a_role_are_counted(not_linked: int, off_duty: int, text: str):
    summary = MemberGroupSummary(Target("<@&5>"), 200, not_linked, off_duty)
    found = Resolution(attendances=(summary,))
    assert list(skipped_lines(found, LIMIT)) == [f"<@&5> (200 members): {text}."]


def test_a_reason_about_the_actor_names_no_target():
    (line,) = lines(skipped("me A-12", SkipReason.NO_CAD_ACCOUNT))
    assert "A-12" not in line
    assert "Left out" not in line


@pytest.mark.parametrize("reason", SkipReason)
def test_every_reason_has_a_line_and_a_short_text(reason: SkipReason):
    one = skipped("B-1", reason)
    (line,) = lines(one)
    assert len(line.removeprefix("Left out: `B-1`: ")) > 10
    short = skip_reason(Resolution(left_out=(one, skipped("B-2", SkipReason.EVERYONE))))
    assert 5 < len(short) <= 100
    assert not short.endswith(".")


def test_without_a_skipped_target_there_is_no_reason():
    assert skip_reason(Resolution((BOB,))) == ""


def test_long_lists_are_cut():
    many = [skipped(f"B-{number}", SkipReason.NO_SUCH_UNIT) for number in range(200)]
    (line,) = lines(*many, limit=100)
    assert len(line) < 160
    assert "more" in line


def test_text_that_was_typed_stays_text():
    (line,) = lines(skipped("`@everyone` <@&1> **x**", SkipReason.NOT_UNDERSTOOD))
    assert "@everyone" not in "".join(line.split("`")[::2])


def test_members_who_are_still_being_looked_up_are_named():
    left_out = (skipped("<@&5>", SkipReason.MEMBERS_PENDING),)
    assert list(skipped_lines(Resolution(left_out=left_out, pending=(7, 8)), LIMIT)) == [
        (
            "Left out: <@&5>: members who are still being looked up in the CAD: <@7>, <@8>. Give"
            " the order again in a few minutes."
        )
    ]


def test_the_own_missing_link_is_told_as_such():
    assert lines(
        skipped("<@7>", SkipReason.NOT_LINKED, 7), skipped("me", SkipReason.NOT_LINKED, 8)
    ) == [
        "Left out: <@7>: not linked. Use `/link` with `member:`, or ask them to use `/link`.",
        "Left out: <@8>: you are not linked. Use `/link`.",
    ]


def test_a_name_is_not_called_a_number():
    assert lines(
        skipped("B-1", SkipReason.NO_SUCH_UNIT), skipped("@Robert", SkipReason.NO_SUCH_UNIT)
    ) == [
        "Left out: `B-1`: no unit on duty has this number.",
        "Left out: `@Robert`: no member or unit on duty is called this.",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@7> -<@8> A-12 B-1", "<@7>, -<@8>, `A-12 B-1`"),
        ("A-12<@7>", "`A-12`, <@7>"),
        ("<@&5>", "<@&5>"),
        ("", "`(empty)`"),
    ],
)
def test_mentions_among_typed_units_show_as_names(text: str, shown: str):
    assert typed_units(text, 60) == shown


def test_what_may_have_been_meant_is_asked():
    near = (
        NearMatch("A-12", "A-12", "Pat_"),
        NearMatch("x", "A_1"),
        NearMatch("M-3", "M-3", "B", 7),
    )
    assert lines(
        skipped("A-11", SkipReason.NO_SUCH_UNIT, near=near),
        skipped("bob", SkipReason.NO_SUCH_UNIT, near=near[2:]),
        skipped("B-1", SkipReason.NO_SUCH_UNIT),
    ) == [
        "Left out: `A-11`, `B-1`: no unit on duty has this number.",
        "Left out: `bob`: no member or unit on duty is called this.",
        "`A-11`: did you mean **A\\-12** Pat\\_, **A\\_1** or <@7> (M\\-3)?",
        "`bob`: did you mean <@7> (M\\-3)?",
    ]
