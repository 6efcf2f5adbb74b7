"""Which assignees a text resolves to, which targets are skipped, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.common.steam_id import identity
from bot.services.targets import grammar
from bot.services.targets.grammar import parse
from bot.services.targets.resolution import (
    ASSIGNEE_LIMIT,
    Assignee,
    MemberGroupSummary,
    Roster,
    SkippedTarget,
    SkipReason,
    Target,
)
from bot.services.targets.target_resolver import resolve
from bot.services.targets.terms import MemberTerm, Term, TextTerm
from tests.services.samples import unit

ME = 42
PAT = unit(1, "A-12", "1100001343a206f", "license:pat")
ALICE = unit(2, "A-7", "STEAM:11000010ABCDEF0")
TWIN = unit(3, "a-12", "steam:3")
NAMELESS = unit(4, "", "steam:4")
SHY = unit(5, "S-1")
BOB = replace(unit(7, "A-03", "steam:b", department="Los  Santos PD"), group="CAR-51")
CARL = replace(unit(8, "A-4", "steam:c", department="LOS SANTOS pd"), subdivision="K-9")
DORA = replace(unit(9, "D-1", "steam:d", department="Los Santos PD"), is_dispatch=True)

ON_DUTY = (PAT, ALICE, NAMELESS, SHY)
CURRENT = Roster(ON_DUTY, is_current=True)
REMEMBERED = Roster(ON_DUTY, is_current=False)
SILENT = Roster((SHY, unit(6, "S-2")), is_current=True)  # the list contains no API id at all
EMPTY = Roster((), is_current=True)
UNKNOWN = Roster((), is_current=False)

LINKS = {ME: "steam:1100001343A206F", 7: "11000010abcdef0", 8: "steam:off-duty", 99: None}


CREW = Roster((PAT, ALICE, BOB, CARL, DORA, SHY), is_current=True)
CREW_LINKS = {11: "steam:b", 12: "STEAM:C", 13: "steam:off-duty", 7: "11000010abcdef0"}


def resolved(text: str, roster: Roster):
    return resolve(parse(text, actor_id=ME), LINKS, roster)


def numbers(text: str, roster: Roster = CREW) -> list[str]:
    """Resolve a text and return the units."""
    found = resolve(parse(text, actor_id=ME), LINKS | CREW_LINKS, roster)
    return [one.unit.number if one.unit else one.api_id for one in found.assignees]


def reasons(text: str, roster: Roster = CREW) -> list[tuple[str, SkipReason]]:
    """Resolve a text and return the skipped targets; failed exclusions keep their minus."""
    found = resolve(parse(text, actor_id=ME), LINKS | CREW_LINKS, roster)
    for one in found.left_out:
        assert one.is_excluded is one.target.text.startswith("-")
    return [(one.target.text, one.reason) for one in found.left_out]


@pytest.mark.parametrize("roster", [CURRENT, REMEMBERED])
@pytest.mark.parametrize(
    ("text", "assignee"),
    [
        # The id of a link goes out as it is stored: the CAD confirmed that spelling.
        ("me", Assignee("steam:1100001343A206F", ME, PAT, on_duty=True)),
        ("<@7>", Assignee("11000010abcdef0", 7, ALICE, on_duty=True)),
        # A typed id goes out as the CAD writes it on the unit.
        ("A-12", Assignee("1100001343a206f", None, PAT, on_duty=True)),
        ("a-7", Assignee("STEAM:11000010ABCDEF0", None, ALICE, on_duty=True)),
        ("LICENSE:PAT", Assignee("license:pat", None, PAT, on_duty=True)),
        ("1100001343A206F", Assignee("1100001343a206f", None, PAT, on_duty=True)),
        ("76561198836490351", Assignee("1100001343a206f", None, PAT, on_duty=True)),
        ("pat", Assignee("license:pat", None, PAT, on_duty=True)),
    ],
)
def test_people_on_duty_are_found_in_any_list(text, assignee, roster) -> None:
    found = resolved(text, roster)
    assert found.assignees == (assignee,)
    assert found.left_out == ()
    assert found.is_certain()


@pytest.mark.parametrize(
    ("text", "roster", "reason"),
    [
        ("<@99>", CURRENT, SkipReason.NOT_LINKED),
        ("<@99>", UNKNOWN, SkipReason.NOT_LINKED),
        ("<@5>", CURRENT, SkipReason.NOT_LOOKED_UP),
        ("<@&5>", CURRENT, SkipReason.NOT_UNDERSTOOD),
        ("<#5>", UNKNOWN, SkipReason.NOT_UNDERSTOOD),
        ("<:police:5>", CURRENT, SkipReason.NOT_UNDERSTOOD),
        ("<@99999999999999999999>", CURRENT, SkipReason.NOT_UNDERSTOOD),
        ("<@8>", CURRENT, SkipReason.NOT_ON_DUTY),
        ("<@8>", EMPTY, SkipReason.NOT_ON_DUTY),
        ("B-1", CURRENT, SkipReason.NO_SUCH_UNIT),
        ("@everyone", EMPTY, SkipReason.EVERYONE),
        ("@here", CURRENT, SkipReason.EVERYONE),
        ("<@&5:everyone>", CURRENT, SkipReason.EVERYONE),
        ("@bob", CURRENT, SkipReason.NO_SUCH_UNIT),
        ("<@99:elsewhere>", CURRENT, SkipReason.NOT_A_MEMBER),
        ("<@&5:elsewhere>", CURRENT, SkipReason.NOT_VISIBLE),
        ("<#5:elsewhere>", CURRENT, SkipReason.NOT_VISIBLE),
        ("<@&5:hidden>", CURRENT, SkipReason.MEMBERS_HIDDEN),
        ("<@&5:loading>", CURRENT, SkipReason.MEMBERS_LOADING),
        ("<@&5:large>", CURRENT, SkipReason.TOO_MANY_MEMBERS),
        ("<#5:text>", CURRENT, SkipReason.NOT_A_VOICE_CHANNEL),
        ("<@&5:>", CURRENT, SkipReason.EMPTY_ROLE),
        ("<#5:>", CURRENT, SkipReason.EMPTY_CHANNEL),
        ("<@&5:99,100>", CURRENT, SkipReason.NO_MEMBER_LINKED),
        ("<#5:8,99>", CURRENT, SkipReason.NO_MEMBER_ON_DUTY),
        ("<#5:8>", EMPTY, SkipReason.NO_MEMBER_ON_DUTY),
        ("<#5:8>", REMEMBERED, SkipReason.NOT_LOOKED_UP),
        ("<#5:7>", SILENT, SkipReason.NOT_LOOKED_UP),
        ("dept:Nowhere", CURRENT, SkipReason.NO_SUCH_UNIT_GROUP),
        ("dept:", CURRENT, SkipReason.NO_SUCH_UNIT_GROUP),
        ('group:"no one"', EMPTY, SkipReason.NO_SUCH_UNIT_GROUP),
        ("sub:x", REMEMBERED, SkipReason.NOT_LOOKED_UP),
        ("B-1..B-9", CURRENT, SkipReason.NO_UNIT_IN_RANGE),
        ("B-1..B-9", UNKNOWN, SkipReason.NOT_LOOKED_UP),
        ("A-1..B-9", CURRENT, SkipReason.INVALID_RANGE),
        ("A-1..A-99", CURRENT, SkipReason.INVALID_RANGE),
        ("B-1", REMEMBERED, SkipReason.NOT_LOOKED_UP),
        ("B-1", UNKNOWN, SkipReason.NOT_LOOKED_UP),
        ("S-1", CURRENT, SkipReason.NO_API_ID),
        ("a-12", Roster((PAT, TWIN), is_current=True), SkipReason.AMBIGUOUS),
    ],
)
def test_reasons_to_leave_somebody_out(text, roster, reason) -> None:
    found = resolved(text, roster)
    (term,) = parse(text, actor_id=ME)
    member_id = term.meaning.id if isinstance(term.meaning, MemberTerm) else None
    assert found.left_out == (SkippedTarget(Target(term.text, member_id), reason),)
    assert found.assignees == ()


def test_every_reason_is_tried_above() -> None:
    (mark,) = (
        one for one in test_reasons_to_leave_somebody_out.pytestmark if one.name == "parametrize"
    )
    later = {SkipReason.NOT_ON_CALL, SkipReason.RESULT_UNKNOWN}  # set only by a detach
    about_the_giver = {
        SkipReason.CAD_PERMISSION_MISSING,
        SkipReason.NO_CAD_ACCOUNT,
        SkipReason.CAD_PERMISSION_UNKNOWN,
    }
    assert {reason for *_, reason in mark.args[1]} == set(SkipReason) - later - about_the_giver


@pytest.mark.parametrize(
    ("roster", "on_duty"),
    [(CURRENT, False), (EMPTY, False), (REMEMBERED, None), (UNKNOWN, None), (SILENT, None)],
)
def test_whoever_types_a_whole_id_is_believed(roster, on_duty) -> None:
    (assignee,) = resolved("steam:new", roster).assignees
    assert assignee == Assignee("steam:new", None, None, on_duty)


@pytest.mark.parametrize("roster", [REMEMBERED, UNKNOWN, SILENT])
def test_a_list_that_is_old_or_without_ids_calls_nobody_off_duty(roster) -> None:
    (assignee,) = resolved("<@8>", roster).assignees
    assert assignee == Assignee("steam:off-duty", 8, None, on_duty=None)


@pytest.mark.parametrize(
    ("text", "roster", "certain"),
    [
        ("me A-7 <@99> <@&5>", REMEMBERED, True),
        ("me B-1", REMEMBERED, False),
        ("me <@8>", REMEMBERED, False),
        ("steam:new", UNKNOWN, False),
        ("S-1", REMEMBERED, False),
        ("me <@5>", REMEMBERED, False),
        ("A-12", Roster((PAT, TWIN), is_current=False), False),
        ("<@99>", UNKNOWN, True),
    ],
)
def test_when_a_newer_list_could_say_otherwise(text, roster, certain) -> None:
    assert resolved(text, roster).is_certain() is certain


@pytest.mark.parametrize(
    "text", ["me A-12", "A-12 me", "A-12 license:pat", "pat 1100001343a206f", "<@42> A-12 me pat"]
)
def test_one_person_named_in_several_ways_is_sent_once(text) -> None:
    found = resolved(text, CURRENT)
    assert [one.unit for one in found.assignees] == [PAT]
    assert found.assignees[0].discord_id == (ME if text[0] in "m<" else None)


@pytest.mark.parametrize("roster", [CURRENT, UNKNOWN, SILENT])
@pytest.mark.parametrize("other", ["76561198836490351", "STEAM_0:1:438112311", "U:1:876224623"])
def test_two_spellings_of_one_id_are_one_person(other: str, roster: Roster) -> None:
    (found,) = resolved(f"steam:1100001343a206f {other} me", roster).assignees
    assert found.unit in {PAT, None}
    assert resolved(f"me A-7 -{other}", CURRENT).assignees == resolved("A-7", CURRENT).assignees


@pytest.mark.parametrize("roster", [CURRENT, UNKNOWN])
def test_an_id_that_ends_alike_is_another_person(roster: Roster) -> None:
    both = Roster((*roster.units, unit(20, "Z-1", "STEAM_0:1:119867136")), roster.is_current)
    typed = {one.api_id: one.unit for one in resolved("x:119867136 A-7", both).assignees}
    assert typed["x:119867136"] is None
    (held,) = resolved("76561198200000001 -x:119867136", both).assignees
    assert held.unit == both.units[-1]


def test_the_order_of_the_text_is_kept_on_both_lists() -> None:
    found = resolved("B-1 A-7 <@99> me <@&5> steam:new", CURRENT)
    assert [one.unit or one.api_id for one in found.assignees] == [ALICE, PAT, "steam:new"]
    assert [one.target.text for one in found.left_out] == ["B-1", "<@99>", "<@&5>"]


def test_a_unit_without_a_number_is_not_everybodys() -> None:
    assert resolved("-", Roster((NAMELESS,), is_current=True)).assignees == ()


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ('dept:"los santos PD"', ["A-03", "A-4"]),
        ("DEPT:“Los Santos  pd”", ["A-03", "A-4"]),
        ("group:car-51", ["A-03"]),
        ("sub:k-9", ["A-4"]),
        ("A-1..A-9", ["A-7", "A-03", "A-4"]),
        ("a-03..4", ["A-03", "A-4"]),
        ("A-12..A-13 A-7", ["A-12", "A-7"]),
        ("<@&5:11,12,13,99>", ["A-03", "A-4"]),
        ("<#6:12> <@&5:11,12>", ["A-4", "A-03"]),
        ("me <@7> <@&5:11> A-4 steam:b", ["A-12", "A-7", "A-03", "A-4"]),
    ],
)
def test_many_at_once(text: str, units: list[str]) -> None:
    assert numbers(text) == units
    assert reasons(text) == []


def test_of_a_range_everyone_is_named_who_cannot_be_told_apart() -> None:
    roster = Roster((PAT, TWIN, unit(10, "A-13"), unit(11, "A-14", "steam:e")), is_current=True)
    assert numbers("A-12..A-14", roster) == ["A-14"]
    assert reasons("A-12..A-14", roster) == [
        ("A-12", SkipReason.AMBIGUOUS),
        ("a-12", SkipReason.AMBIGUOUS),
        ("A-13", SkipReason.NO_API_ID),
    ]


def test_of_a_department_two_units_with_one_number_are_two() -> None:
    both = tuple(replace(one, department="X") for one in (PAT, TWIN))
    assert numbers("dept:x", Roster(both, is_current=True)) == ["A-12", "a-12"]


def test_of_a_crowd_the_others_are_only_counted() -> None:
    many = ",".join(map(str, range(1000, 1190)))
    found = resolve(parse(f"<@&5:11,12,13,99,{many}>", actor_id=ME), LINKS | CREW_LINKS, CREW)
    assert found.left_out == ()
    assert [one.discord_id for one in found.assignees] == [11, 12]
    assert found.attendances == (MemberGroupSummary(Target("<@&5>"), 194, 191, 1),)
    whole = resolve(parse("<@&5:11,12>", actor_id=ME), LINKS | CREW_LINKS, CREW)
    assert whole.attendances == ()


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
        ("<@8> A-7 -<@8>", ["A-7"]),
        ("<@99> A-7 -<@99>", ["A-7"]),
        ("<@&5:12,99> -<@99>", ["A-4"]),
        # An exclusion that matches no unit is not reported.
        ("A-7 -A-4", ["A-7"]),
        ("A-7 -<@13>", ["A-7"]),
        ("A-7 -<#6:>", ["A-7"]),
        ("A-7 -B-1..B-9", ["A-7"]),
    ],
)
def test_whoever_is_excluded_is_not_there(text: str, units: list[str]) -> None:
    assert numbers(text) == units
    assert reasons(text) == []


def test_whoever_is_excluded_with_a_role_is_not_there_under_an_id_either() -> None:
    """Even if the CAD does not list them on duty."""
    assert numbers("steam:c A-7 -<@&5:12>", Roster((ALICE,), is_current=False)) == ["A-7"]


def test_of_two_units_with_an_excluded_number_neither_goes() -> None:
    roster = Roster((PAT, TWIN, ALICE), is_current=True)
    assert numbers("1100001343a206f steam:3 A-7 -A-12", roster) == ["A-7"]


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


def test_fifty_people_and_no_more() -> None:
    crowd = tuple(unit(one, f"U-{one}", f"id:{one}", department="X") for one in range(1, 61))
    fifty = resolve(parse("dept:X -U-1..U-10", actor_id=ME), {}, Roster(crowd, is_current=True))
    assert len(fifty.assignees) == ASSIGNEE_LIMIT == 50
    assert fifty.too_many == 0
    more = resolve(parse("dept:X -U-1..U-9", actor_id=ME), {}, Roster(crowd, is_current=True))
    assert (more.assignees, more.too_many) == ((), 51)


NAMES = (
    *("me", "<@7>", "<@8>", "<@99>", "A-12", "a-7", "A-03", "S-1", "Z-9", "steam:c", "steam:new"),
    *("<@&5:7,11,12,99>", "<#6:11,13>", "<@&7:hidden>", "A-1..A-9", "A-4..A-3", "B-1..B-2"),
    *('dept:"Los Santos PD"', "group:CAR-51", "sub:K-9", "dept:x", "@everyone", "<:e:1>"),
)
name_lists = st.lists(st.sampled_from(NAMES), min_size=1, max_size=8)
crews = st.lists(st.sampled_from([PAT, ALICE, TWIN, BOB, CARL, DORA, SHY]), unique=True)


@given(name_lists, name_lists, crews, st.booleans(), st.randoms())
def test_exclusions_take_out_whom_they_mean_and_nobody_else(
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


@given(name_lists, crews, st.booleans())
def test_every_term_leads_to_somebody_or_has_a_reason(texts, units, current) -> None:
    roster, links = Roster(units, is_current=current), LINKS | CREW_LINKS
    for term in parse(" , ".join(texts), actor_id=ME):
        found = resolve([term], links, roster)
        assert found.assignees or found.left_out
        assert not found.excluded
