"""What a minus excludes, and the exclusions that match no unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.common.steam_id import identity
from bot.services.targets import grammar
from bot.services.targets.grammar import parse
from bot.services.targets.resolution import Roster
from bot.services.targets.skipped_target import SkipReason
from bot.services.targets.target_resolver import resolve
from bot.services.targets.terms import Term, TextTerm
from tests.services.targets.samples import (
    ALICE,
    BOB,
    CREW,
    CREW_LINKS,
    LINKS,
    ME,
    PAT,
    TWIN,
    crews,
    name_lists,
    numbers,
    reasons,
)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("A-1..A-9 -A-7", ["A-03", "A-4"]),
        ("-A-7 A-1..A-9", ["A-03", "A-4"]),
        ("A-1..A-9 - A-7", ["A-03", "A-4"]),
        ("A-1..A-9 -<@7>", ["A-03", "A-4"]),
        ("A-1..A-9 -11000010abcdef0", ["A-03", "A-4"]),
        ("A-1..A-9 -A-1..A-4", ["A-7"]),
        ('A-1..A-9 -dept:"Los Santos PD"', ["A-7"]),
        ("A-1..A-9 -<@&5:7,12,99>", ["A-03"]),
        ("A-1..A-9 -<#6:11>", ["A-7", "A-4"]),
        ("me A-12 A-7 -me", ["A-7"]),
        ("me A-12 A-7 -A-12", ["A-7"]),
        ("<@&5:11,12> -<@11>", ["A-4"]),
        ('dept:"Los Santos PD" -sub:K-9', ["A-03"]),
        ("steam:new A-7 -STEAM:NEW", ["A-7"]),
        ("A-12 A-7 -license:pat", ["A-7"]),  # another id of the same unit
        ("<@8> A-7 -<@8>", ["A-7"]),
        ("<@99> A-7 -<@99>", ["A-7"]),
        ("<@&5:12,99> -<@99>", ["A-4"]),
        # An exclusion that matches no unit is not reported.
        ("A-7 -A-4", ["A-7"]),
        # A unit without an API id is excluded alone.
        ("S-1 -S-1 A-7", ["A-7"]),
        ("S-1 A-7 -ident:5", ["A-7"]),
        ("A-7 S-1 -ident:99", ["A-7", "S-1"]),
        ("A-7 -<@13>", ["A-7"]),
        ("A1..A9 -a7", ["A-03", "A-4"]),
        ("A-7 -<#6:>", ["A-7"]),
        ("A-7 -B-1..B-9", ["A-7"]),
    ],
)
def test_excluded_units_are_left_out(text: str, units: list[str]) -> None:
    assert numbers(text) == units
    assert reasons(text) == []


def test_a_unit_excluded_with_a_role_is_left_out_under_an_id_too() -> None:
    """Even if the CAD does not list them on duty."""
    assert numbers("steam:c A-7 -<@&5:12>", Roster((ALICE,), is_current=False)) == ["A-7"]


def test_of_two_units_with_an_excluded_number_neither_goes() -> None:
    roster = Roster((PAT, TWIN, ALICE), is_current=True)
    for excluded in ("-A-12", "-A12"):
        assert numbers(f"1100001343a206f steam:3 A-7 {excluded}", roster) == ["A-7"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-Z-9", SkipReason.NO_SUCH_UNIT),
        ("-dept:LSDP", SkipReason.NO_SUCH_UNIT_GROUP),
        ("-<@99>", SkipReason.NOT_LINKED),
        ("-<@5>", SkipReason.NOT_LOOKED_UP),
        ("-<@&5:hidden>", SkipReason.MEMBERS_HIDDEN),
        ("-<@&5:99>", SkipReason.NO_MEMBER_LINKED),
        ("-A-1..B-9", SkipReason.INVALID_RANGE),
        ("-@everyone", SkipReason.EVERYONE),
        ("-<:e:1>", SkipReason.NOT_UNDERSTOOD),
    ],
)
def test_what_cannot_be_excluded_is_named(text: str, reason: SkipReason) -> None:
    assert [why for _, why in reasons(f"A-7 {text}")] == [reason]
    assert numbers(f"A-7 {text}") == ["A-7"]


def test_who_was_excluded_is_known() -> None:
    found = resolve(parse("A-1..A-9 -A-7 -<@11>", actor_id=ME), CREW_LINKS, CREW)
    assert [one.unit for one in found.excluded] == [ALICE, BOB]


@given(name_lists, name_lists, crews, st.booleans(), st.randoms())
def test_exclusions_remove_what_they_mean_and_nothing_else(
    texts, minuses, units, current, random
) -> None:
    roster, links = Roster(units, is_current=current), LINKS | CREW_LINKS
    typed = [*texts, *(f"-{one}" for one in minuses)]
    random.shuffle(typed)
    found = resolve(parse(" , ".join(typed), actor_id=ME), links, roster)
    alone = resolve(parse(" , ".join(texts), actor_id=ME), links, roster)
    # The units that the exclusions mean; a number may stand for two units, and a member may be
    # off duty.
    named = parse(" , ".join(minuses), actor_id=ME)
    single = [Term(one.text, one.meaning) for one in named if one.meaning != TextTerm("A-12")]
    out = {one.key for one in resolve(single, links, roster).assignees}
    if "A-12" in minuses:
        out |= {f"unit {one.ident}" for one in units if one.number.casefold() == "a-12"}
    members = {one for group in grammar.member_ids_in(named) for one in group}
    out |= {identity(link) for one in members if (link := links.get(one))}
    kept = {one.key for one in found.assignees}
    assert kept == {one.key for one in alone.assignees} - out
    assert kept.isdisjoint(one.key for one in found.excluded)
