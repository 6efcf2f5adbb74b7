"""Which assignees a text resolves to, which targets are skipped, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Unit, UnitRef
from bot.common.account_id import account_id
from bot.services.targets.grammar import parse
from bot.services.targets.resolution import (
    ASSIGNEE_LIMIT,
    Assignee,
    MemberGroupSummary,
    Resolution,
    Roster,
)
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.services.targets.target_resolver import resolve
from bot.services.targets.terms import MemberTerm
from tests.services.samples import unit
from tests.services.targets.samples import (
    ALICE,
    CREW,
    CREW_LINKS,
    CURRENT,
    DORA,
    EMPTY,
    LINKS,
    ME,
    NAMELESS,
    PAT,
    REMEMBERED,
    SHY,
    SILENT,
    TWIN,
    UNKNOWN,
    crews,
    name_lists,
    numbers,
    reasons,
    resolved,
)


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
        ("a7", Assignee("STEAM:11000010ABCDEF0", None, ALICE, on_duty=True)),
        ("A.12", Assignee("1100001343a206f", None, PAT, on_duty=True)),
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
        ("ident:99", CURRENT, SkipReason.NOT_ON_DUTY),
        ("ident:99", REMEMBERED, SkipReason.NOT_LOOKED_UP),
        ("d-1", CURRENT, SkipReason.DISPATCHER),
        ("D-1", REMEMBERED, SkipReason.DISPATCHER),
        ("steam:d", CURRENT, SkipReason.DISPATCHER),
        ("<@9>", CURRENT, SkipReason.DISPATCHER),
        ("a-12", Roster((PAT, TWIN), is_current=True), SkipReason.AMBIGUOUS),
        ("a.12", Roster((PAT, TWIN), is_current=True), SkipReason.AMBIGUOUS),
        ("d1", CURRENT, SkipReason.DISPATCHER),
        ("A-112", CURRENT, SkipReason.NO_SUCH_UNIT),
        ("!", CURRENT, SkipReason.NO_SUCH_UNIT),
    ],
)
def test_reasons_to_skip_a_target(text, roster, reason) -> None:
    found = resolved(text, roster)
    (term,) = parse(text, actor_id=ME)
    member_id = term.meaning.id if isinstance(term.meaning, MemberTerm) else None
    assert found.left_out == (SkippedTarget(Target(term.text, member_id), reason),)
    assert found.assignees == ()


def test_every_reason_is_tried_above() -> None:
    (mark,) = (one for one in test_reasons_to_skip_a_target.pytestmark if one.name == "parametrize")
    later = {
        SkipReason.NOT_ON_CALL,  # set only by a detach
        SkipReason.RESULT_UNKNOWN,
        SkipReason.NOT_ADDRESSABLE,  # set when the order is sent
        SkipReason.NO_API_ID,  # set by earlier versions only
        SkipReason.PRIMARY_CHANGED,
        SkipReason.STATUS_CHANGED,  # set when a status waited
        SkipReason.ON_ANOTHER_CALL,  # set when an order waited or is undone
        SkipReason.FORMER_CALL_CLOSED,
        SkipReason.MOVED_BY_LATER_ORDER,
        SkipReason.NEVER_ON_CALL,
        SkipReason.NOT_OWN_UNIT,  # set when an officer names a number, see below
        SkipReason.ON_NO_CALL,
        SkipReason.ON_NEW_CALL,
        SkipReason.LIST_INCOMPLETE,  # see test_group_lookup
        SkipReason.MEMBERS_PENDING,
        SkipReason.EMERGENCY_GONE,  # set when a response or a dismissal is sent
    }
    about_the_giver = {
        SkipReason.CAD_PERMISSION_MISSING,
        SkipReason.NO_CAD_ACCOUNT,
        SkipReason.CAD_PERMISSION_UNKNOWN,
        SkipReason.CAD_ACCOUNT_EXPIRED,
        SkipReason.CAD_ACCOUNT_REMOVED,
        SkipReason.CAD_ACCOUNT_BANNED,
    }
    assert {reason for *_, reason in mark.args[1]} == set(SkipReason) - later - about_the_giver


@pytest.mark.parametrize(
    ("roster", "on_duty"),
    [(CURRENT, False), (EMPTY, False), (REMEMBERED, None), (UNKNOWN, None), (SILENT, None)],
)
def test_a_whole_id_is_taken_as_typed(roster, on_duty) -> None:
    (assignee,) = resolved("steam:new", roster).assignees
    assert assignee == Assignee("steam:new", None, None, on_duty)


def test_a_member_who_is_on_duty_twice_goes_with_the_unit_and_not_as_the_dispatcher() -> None:
    car = unit(10, "A-30", "steam:d")
    roster = Roster((car,), is_current=True, dispatchers=(DORA,))
    for text in ("<@9>", "steam:d", "A-30"):
        assert [one.unit for one in resolved(text, roster).assignees] == [car]


@pytest.mark.parametrize("roster", [REMEMBERED, UNKNOWN, SILENT])
def test_a_list_that_is_old_or_without_ids_shows_no_unit_off_duty(roster) -> None:
    (assignee,) = resolved("<@8>", roster).assignees
    assert assignee == Assignee("steam:off-duty", 8, None, on_duty=None)


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


def test_a_unit_without_a_number_is_not_found_by_a_dash() -> None:
    assert resolved("-", Roster((NAMELESS,), is_current=True)).assignees == ()


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ('dept:"los santos PD"', ["A-03", "A-4"]),
        ("DEPT:“Los Santos  pd”", ["A-03", "A-4"]),
        ("group:car-51", ["A-03"]),
        ("sub:k-9", ["A-4"]),
        ("sub:k9", ["A-4"]),
        ("group:car51", ["A-03"]),
        ("A-1..A-9", ["A-7", "A-03", "A-4"]),
        ("a-03..4", ["A-03", "A-4"]),
        ("a3..a4", ["A-03", "A-4"]),
        ("A-12..A-13 A-7", ["A-12", "A-7"]),
        ("<@&5:11,12,13,99>", ["A-03", "A-4"]),
        ("<#6:12> <@&5:11,12>", ["A-4", "A-03"]),
        ("me <@7> <@&5:11> A-4 steam:b", ["A-12", "A-7", "A-03", "A-4"]),
    ],
)
def test_many_at_once(text: str, units: list[str]) -> None:
    assert numbers(text) == units
    assert reasons(text) == []


def test_of_two_spellings_of_a_number_the_one_that_was_typed_counts() -> None:
    plain = unit(10, "A12", "steam:plain")
    roster = Roster((PAT, plain), is_current=True)
    assert numbers("A-12", roster) == ["A-12"]
    assert numbers("a12", roster) == ["A12"]
    assert numbers("A-12..A-13", roster) == ["A-12"]
    assert numbers("A12..A13", roster) == ["A12"]
    for text in ("A.12", "A.12..A.13"):
        assert numbers(text, roster) == []
        assert {reason for _, reason in reasons(text, roster)} == {SkipReason.AMBIGUOUS}


def test_of_two_groups_that_are_spelled_alike_neither_is_guessed() -> None:
    crew = [replace(PAT, subdivision="K-9"), replace(ALICE, subdivision="K 9")]
    roster = Roster(crew, is_current=True)
    assert reasons("sub:k9", roster) == [("sub:k9", SkipReason.NO_SUCH_UNIT_GROUP)]
    assert numbers('sub:"k 9"', roster) == ["A-7"]


def test_an_id_that_was_typed_is_never_taken_for_a_similar_number() -> None:
    roster = Roster((unit(11, "S-AM"), unit(10, "X-1", "sam")), is_current=True)
    assert numbers("sam", roster) == ["X-1"]


def test_the_own_unit_by_its_number() -> None:
    (own,) = resolved("me:a12", CURRENT).assignees
    assert (own.discord_id, own.unit) == (ME, PAT)
    other = resolved("me:A-7", CURRENT)
    assert other.assignees == ()
    assert other.left_out == (SkippedTarget(Target("A-7"), SkipReason.NOT_OWN_UNIT),)
    # A list that does not show the unit says nothing about its number.
    assert resolved("me:A-7", UNKNOWN).assignees[0].discord_id == ME


def test_a_range_names_each_unit_that_is_ambiguous() -> None:
    roster = Roster((PAT, TWIN, unit(10, "A-13"), unit(11, "A-14", "steam:e")), is_current=True)
    assert numbers("A-12..A-14", roster) == ["A-13", "A-14"]
    assert reasons("A-12..A-14", roster) == [
        ("A-12", SkipReason.AMBIGUOUS),
        ("a-12", SkipReason.AMBIGUOUS),
    ]


@pytest.mark.parametrize("text", ["S-1", "s-1", "ident:5", "IDENT:5", "S-1..S-3", "dept:ghosts"])
def test_a_unit_without_an_api_id_is_named_by_its_ident(text) -> None:
    ghost = replace(SHY, department="Ghosts", account="uuid-5")
    (found,) = resolved(text, Roster((PAT, ghost), is_current=True)).assignees
    assert (found.unit, found.api_id, found.on_duty) == (ghost, "", True)
    assert (found.reference, found.key, found.ref) == (
        "ident:5",
        "unit 5",
        UnitRef("", 5, "uuid-5"),
    )


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


def test_fifty_people_and_no_more() -> None:
    crowd = tuple(unit(one, f"U-{one}", f"id:{one}", department="X") for one in range(1, 61))
    fifty = resolve(parse("dept:X -U-1..U-10", actor_id=ME), {}, Roster(crowd, is_current=True))
    assert len(fifty.assignees) == ASSIGNEE_LIMIT == 50
    assert fifty.too_many == 0
    more = resolve(parse("dept:X -U-1..U-9", actor_id=ME), {}, Roster(crowd, is_current=True))
    assert (more.assignees, more.too_many) == ((), 51)


@given(name_lists, crews, st.booleans())
def test_every_term_finds_an_assignee_or_has_a_reason(texts, units, current) -> None:
    roster, links = Roster(units, is_current=current), LINKS | CREW_LINKS
    for term in parse(" , ".join(texts), actor_id=ME):
        found = resolve([term], links, roster)
        assert found.assignees or found.left_out
        assert not found.excluded


class TestAccounts:
    """Members whose id names the account itself, for its units show no other id."""

    UNIT = replace(unit(20, "A-20"), account="u-20")
    LINKS = {20: account_id("u-20"), 21: account_id("u-21")}  # noqa: RUF012 - not changed

    def find(self, text: str, *units: Unit, is_current: bool = True) -> Resolution:
        roster = Roster(units or (self.UNIT, PAT), is_current=is_current)
        return resolve(parse(text, actor_id=20), self.LINKS | LINKS, roster)

    def test_the_unit_of_the_account(self) -> None:
        (found,) = self.find("me").assignees
        assert found == Assignee(account_id("u-20"), 20, self.UNIT, on_duty=True)
        assert found.ref == UnitRef("", 20, "u-20")
        assert self.find("me A-20").assignees == (found,)

    def test_a_typed_account(self) -> None:
        (found,) = self.find("account:u-20").assignees
        assert (found.unit, found.reference) == (self.UNIT, "account:u-20")

    def test_off_duty(self) -> None:
        (skipped,) = self.find("<@21>").left_out
        assert skipped.reason is SkipReason.NOT_ON_DUTY

    @pytest.mark.parametrize("units", [(PAT,), (SHY,)])
    def test_a_list_without_accounts_proves_nothing(self, units: tuple[Unit, ...]) -> None:
        (found,) = self.find("<@21>", *units).assignees
        assert (found.on_duty, found.ref) == (None, UnitRef("", account="u-21"))

    def test_exclusion(self) -> None:
        second = replace(self.UNIT, ident=21, number="B-20")
        found = self.find("A-20 B-20 A-12 -<@20>", self.UNIT, second, PAT)
        assert [one.unit for one in found.assignees] == [PAT]

    def test_a_dispatcher(self) -> None:
        dispatcher = replace(self.UNIT, is_dispatch=True)
        roster = Roster((PAT,), is_current=True, dispatchers=(dispatcher,))
        (skipped,) = resolve(parse("me", actor_id=20), self.LINKS, roster).left_out
        assert skipped.reason is SkipReason.DISPATCHER
