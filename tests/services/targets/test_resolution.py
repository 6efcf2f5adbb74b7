"""What a text resolves to: the roster that it is looked up in, and when the result is certain."""

from __future__ import annotations

import pytest

from bot.services.targets.resolution import Assignee, Resolution, Roster
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from tests.services.samples import unit
from tests.services.targets.samples import (
    CURRENT,
    EMPTY,
    ME,
    NAMELESS,
    PAT,
    REMEMBERED,
    SILENT,
    TWIN,
    UNKNOWN,
    resolved,
)


@pytest.mark.parametrize(
    ("text", "roster", "certain"),
    [
        ("me A-7 <@99> <@&5>", REMEMBERED, True),
        ("me B-1", REMEMBERED, False),
        ("me <@8>", REMEMBERED, False),
        ("steam:new", UNKNOWN, False),
        ("S-1", REMEMBERED, True),
        ("me <@5>", REMEMBERED, False),
        ("A-12", Roster((PAT, TWIN), is_current=False), False),
        ("<@99>", UNKNOWN, True),
    ],
)
def test_when_a_newer_list_could_say_otherwise(text, roster, certain) -> None:
    assert resolved(text, roster).is_certain() is certain


@pytest.mark.parametrize(
    "spelling", ["1100001343a206f", "STEAM:1100001343A206F", "76561198836490351", "license:pat"]
)
def test_a_unit_is_found_by_any_of_its_ids_in_any_spelling(spelling: str) -> None:
    assert CURRENT.by_api_id(spelling) == PAT
    assert CURRENT.by_api_id("steam:unknown") is None


def test_of_two_units_with_one_id_the_first_is_found() -> None:
    twin = unit(20, "Z-1", "LICENSE:PAT")
    assert Roster((PAT, twin), is_current=True).by_api_id("LICENSE:PAT") == PAT
    assert Roster((twin, PAT), is_current=True).by_api_id("license:pat") == twin


def test_units_are_found_by_number_in_any_letter_case() -> None:
    roster = Roster((PAT, TWIN, NAMELESS), is_current=True)
    assert list(roster.by_number("a-12")) == list(roster.by_number("A-12")) == [PAT, TWIN]
    assert list(roster.by_number("A-1")) == []


@pytest.mark.parametrize(
    ("roster", "is_conclusive"),
    [(CURRENT, True), (EMPTY, True), (REMEMBERED, False), (UNKNOWN, False), (SILENT, False)],
)
def test_only_a_current_list_with_ids_shows_who_is_off_duty(
    roster: Roster, is_conclusive: bool
) -> None:
    assert roster.is_conclusive() is is_conclusive


def test_a_unit_is_one_person_under_all_its_names() -> None:
    by_number = Assignee("1100001343a206f", None, PAT, on_duty=True)
    by_member = Assignee("license:pat", ME, PAT, on_duty=True)
    off_duty = Assignee("STEAM:1100001343A206F", None, None, on_duty=False)
    assert by_number.key == by_member.key
    assert off_duty.key == Assignee("76561198836490351", ME, None, on_duty=None).key
    assert off_duty.key != by_number.key


def test_an_assignee_that_is_left_out_is_named_by_its_number_or_its_id() -> None:
    numbered, nameless = Assignee.of_unit(PAT), Assignee("steam:4", ME, NAMELESS, on_duty=True)
    absent = Assignee("steam:8", 8, None, on_duty=False)
    found = Resolution((numbered, nameless, absent))
    assert found.without({}) is found
    reasons = {one.key: SkipReason.ON_NO_CALL for one in (numbered, nameless)}
    assert found.without(reasons) == Resolution(
        (absent,),
        (
            SkippedTarget(Target("A-12"), SkipReason.ON_NO_CALL),
            SkippedTarget(Target("steam:4", ME), SkipReason.ON_NO_CALL),
        ),
    )


@pytest.mark.parametrize(("is_final", "kept"), [(True, "steam:4 steam:9"), (False, "steam:4")])
def test_a_unit_whose_duty_is_not_known_stays_once_the_cad_was_asked(is_final, kept) -> None:
    on_duty = Assignee("steam:4", ME, NAMELESS, on_duty=True)
    absent = Assignee("steam:8", 8, None, on_duty=False)
    unknown = Assignee("steam:9", 9, None, on_duty=None)
    found = Resolution((on_duty, absent, unknown)).only_on_duty(is_final=is_final)
    assert [one.api_id for one in found.assignees] == kept.split()
    assert found.left_out == (SkippedTarget(Target("steam:8", 8), SkipReason.NOT_ON_DUTY),)
