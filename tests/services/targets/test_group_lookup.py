"""A list of units that is still loading: what is found, and that more may be on duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.targets.grammar import parse
from bot.services.targets.resolution import PartialUnitList
from bot.services.targets.skipped_target import SkipReason
from bot.services.targets.target_resolver import resolve
from tests.services.targets.samples import (
    CREW,
    CREW_LINKS,
    EMPTY,
    LINKS,
    ME,
    numbers,
    reasons,
    resolved,
)

PART = PartialUnitList(100, datetime(2026, 1, 1, tzinfo=UTC))
LOADING = replace(CREW, is_current=False, partial_list=PART)
NONE_YET = replace(EMPTY, is_current=False, partial_list=PART)


@pytest.mark.parametrize(
    "text", ['dept:"Los Santos PD"', "group:CAR-51", "A-1..A-9", "<@&5:7,11>", "<#6:11,13>"]
)
def test_what_is_found_goes_and_the_rest_is_named(text: str) -> None:
    assert numbers(text, LOADING)
    for roster in (LOADING, NONE_YET):
        assert [reason for _, reason in reasons(text, roster)] == [SkipReason.LIST_INCOMPLETE]


@pytest.mark.parametrize("text", ["B-1", "ident:99"])
def test_a_unit_that_is_not_found_may_be_on_duty(text: str) -> None:
    assert reasons(text, LOADING) == [(text, SkipReason.LIST_INCOMPLETE)]


@pytest.mark.parametrize("text", ["A-4", "ident:1", "me", "A-1..B-9", "<@&5:99>"])
def test_what_does_not_depend_on_the_rest_of_the_list(text: str) -> None:
    assert reasons(text, LOADING) == reasons(text, CREW)


def test_members_of_a_role_who_are_not_found_do_not_count_as_off_duty() -> None:
    found = resolved("<@&5:7,8,99>", LOADING)
    (summary,) = found.attendances
    assert (summary.not_linked, summary.not_on_duty) == (1, 0)
    (summary,) = resolved("<@&5:7,8,99>", CREW).attendances
    assert (summary.not_linked, summary.not_on_duty) == (1, 1)


def test_the_resolution_says_how_far_the_list_is() -> None:
    assert resolved("A-4", LOADING).partial_list is PART
    assert resolved("A-4", CREW).partial_list is None


def test_an_exclusion_that_may_lack_units_is_named() -> None:
    assert reasons("A-4 -group:CAR-51", LOADING) == [("-group:CAR-51", SkipReason.LIST_INCOMPLETE)]


PENDING = frozenset({8, 99, 5000})


@pytest.mark.parametrize(
    ("text", "pending"),
    [
        ("<@&5:7,99>", True),
        ("<#6:99>", True),
        ("<@&5:8>", True),
        ("<@&5:7,11>", False),
        ("<@&5:7,99> -<@99>", False),
        ("<@&5:hidden>", False),
    ],
)
def test_members_who_are_still_being_looked_up_are_named(text: str, pending: bool) -> None:
    found = resolve(parse(text, actor_id=ME), LINKS | CREW_LINKS, CREW, PENDING)
    reasons_given = [one.reason for one in found.left_out]
    assert (SkipReason.MEMBERS_PENDING in reasons_given) is pending
    assert SkipReason.NO_MEMBER_LINKED not in reasons_given
    assert found.pending == (8, 99, 5000)
    for summary in found.attendances:
        assert summary.not_linked == 0
