from __future__ import annotations

import pytest

from bot.services.targets import Assignee, LeftOut, Reason, Roster, parse, resolve
from tests.services.samples import unit

ME = 42
PAT = unit(1, "A-12", "1100001343a206f", "license:pat")
ALICE = unit(2, "A-7", "STEAM:11000010ABCDEF0")
TWIN = unit(3, "a-12", "steam:3")
NAMELESS = unit(4, "", "steam:4")
SHY = unit(5, "S-1")

ON_DUTY = (PAT, ALICE, NAMELESS, SHY)
CURRENT = Roster(ON_DUTY, current=True)
REMEMBERED = Roster(ON_DUTY, current=False)
SILENT = Roster((SHY, unit(6, "S-2")), current=True)  # a CAD that shows no API ids at all
EMPTY = Roster((), current=True)
UNKNOWN = Roster((), current=False)

LINKS = {ME: "steam:1100001343A206F", 7: "11000010abcdef0", 8: "steam:off-duty", 99: None}


def resolved(text: str, roster: Roster):
    return resolve(parse(text, me=ME), LINKS, roster)


@pytest.mark.parametrize("roster", [CURRENT, REMEMBERED])
@pytest.mark.parametrize(
    ("text", "assignee"),
    [
        # The id goes out as it is stored or typed, in whatever spelling the CAD shows it.
        ("me", Assignee("steam:1100001343A206F", ME, PAT, on_duty=True)),
        ("<@7>", Assignee("11000010abcdef0", 7, ALICE, on_duty=True)),
        ("A-12", Assignee("1100001343a206f", None, PAT, on_duty=True)),
        ("a-7", Assignee("STEAM:11000010ABCDEF0", None, ALICE, on_duty=True)),
        ("LICENSE:PAT", Assignee("LICENSE:PAT", None, PAT, on_duty=True)),
        ("1100001343A206F", Assignee("1100001343A206F", None, PAT, on_duty=True)),
        ("pat", Assignee("pat", None, PAT, on_duty=True)),
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
        ("<@99>", CURRENT, Reason.NOT_LINKED),
        ("<@99>", UNKNOWN, Reason.NOT_LINKED),
        ("<@5>", CURRENT, Reason.NOT_LOOKED_UP),
        ("<@&5>", CURRENT, Reason.NOT_UNDERSTOOD),
        ("<#5>", UNKNOWN, Reason.NOT_UNDERSTOOD),
        ("<:police:5>", CURRENT, Reason.NOT_UNDERSTOOD),
        ("<@99999999999999999999>", CURRENT, Reason.NOT_UNDERSTOOD),
        ("<@8>", CURRENT, Reason.NOT_ON_DUTY),
        ("<@8>", EMPTY, Reason.NOT_ON_DUTY),
        ("B-1", CURRENT, Reason.NO_SUCH_UNIT),
        ("@everyone", EMPTY, Reason.NO_SUCH_UNIT),
        ("B-1", REMEMBERED, Reason.NOT_LOOKED_UP),
        ("B-1", UNKNOWN, Reason.NOT_LOOKED_UP),
        ("S-1", CURRENT, Reason.NO_API_ID),
        ("a-12", Roster((PAT, TWIN), current=True), Reason.AMBIGUOUS),
    ],
)
def test_reasons_to_leave_somebody_out(text, roster, reason) -> None:
    found = resolved(text, roster)
    assert found.left_out == (LeftOut(parse(text, me=ME)[0], reason),)
    assert found.assignees == ()


def test_every_reason_is_tried_above() -> None:
    (mark,) = (
        one for one in test_reasons_to_leave_somebody_out.pytestmark if one.name == "parametrize"
    )
    later = {Reason.NOT_ON_CALL, Reason.NOT_TOLD}  # known once it comes to a detach
    about_the_giver = {Reason.NOT_PERMITTED, Reason.NO_CAD_ACCOUNT, Reason.PERMISSION_NOT_TOLD}
    assert {reason for *_, reason in mark.args[1]} == set(Reason) - later - about_the_giver


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
        ("A-12", Roster((PAT, TWIN), current=False), False),
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


def test_the_order_of_the_text_is_kept_on_both_lists() -> None:
    found = resolved("B-1 A-7 <@99> me <@&5> steam:new", CURRENT)
    assert [one.unit or one.api_id for one in found.assignees] == [ALICE, PAT, "steam:new"]
    assert [one.target.text for one in found.left_out] == ["B-1", "<@99>", "<@&5>"]


def test_a_unit_without_a_number_is_not_everybodys() -> None:
    assert resolved("-", Roster((NAMELESS,), current=True)).assignees == ()
