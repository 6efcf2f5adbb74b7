from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Call, Unit
from bot.common.account_id import account_id
from bot.services.access.policy import Access
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers
from bot.services.links.link_service import LinkService
from bot.services.pickers.suggestions import (
    CHOICE_LIMIT,
    OFF_DUTY_LIMIT,
    Suggestion,
    Suggestions,
    UnitGroupSuggestion,
    UnitSuggestion,
)
from bot.services.targets.grammar import parse
from bot.services.targets.terms import IdentTerm, TextTerm
from bot.storage.stores.link_row import Link
from tests.services.samples import DISPATCH_ROLE, GUILD, actor, call, unit

DANA = actor(DISPATCH_ROLE)
VIC = actor(3)


class StillBoard(Board):
    """A board with fixed lists that records the refreshes."""

    def __init__(self, calls: Sequence[Call], units: Sequence[Unit]) -> None:
        self.lists = (tuple(calls), tuple(units))
        self.looks: list[int] = []

    def calls(self, server_id: int) -> tuple[Call, ...]:
        return self.lists[0] if server_id == 1 else ()

    def units(self, server_id: int) -> tuple[Unit, ...]:
        return self.lists[1] if server_id == 1 else ()

    def refresh(self, server_id: int) -> None:
        self.looks.append(server_id)


class StillLinks(LinkService):
    """Links in memory, without a store."""

    def __init__(self, api_ids: dict[int, str]) -> None:
        now = datetime.now(UTC)
        self.links = [Link(GUILD, one, api_id, one, now) for one, api_id in api_ids.items()]

    def cached(self, guild_id: int) -> tuple[Link, ...]:
        return tuple(link for link in self.links if link.guild_id == guild_id)


CALLS = [
    call(100, "Armed Robbery", code="211"),
    call(101, "Traffic Stop", 2),
    call(1100, "Structure Fire", code="10-70"),
]
UNITS = [
    unit(1, "Z-9", "steam:Z", name="Zoe Zed", department="LSPD"),
    unit(2, "A-1", "steam:a", name="Al Adams"),
    unit(3, "M-3", name="Bob Okafor", department="EMS"),
    unit(4, "Adam 12", "license:x 1", "steam:x"),
    unit(5, "Engine 51", "steam:e"),
    unit(6, "two words"),
]
LINKS = {7: "STEAM:z", 8: "steam:off", 9: "steam:stranger", 10: "e"}
NAMES = {7: "Zoe of Discord", 8: "Olga", 10: "Ed"}

ONE = CadServers(1, {1: ""})
TWO = CadServers(1, {1: "Los Santos", 2: "Liberty City"})


def names(member_id: int) -> str:
    return NAMES.get(member_id, "")


@pytest.fixture
def board() -> StillBoard:
    return StillBoard(CALLS, UNITS)


@pytest.fixture
def suggestions(board: StillBoard) -> Suggestions:
    return Suggestions(Access(frozenset({DISPATCH_ROLE})), board, StillLinks(LINKS), ONE)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", [100, 101, 1100]),
        ("100", [100, 1100]),
        ("#101", [101]),
        ("ROBBERY", [100]),
        ("armed 211", [100]),
        ("10-70 fire", [1100]),
        ("flood", []),
    ],
)
def test_calls(suggestions, board, typed, expected) -> None:
    assert [one.call_id for one in suggestions.calls(DANA, typed)] == expected
    assert board.looks == [1]


@pytest.mark.parametrize(
    ("typed", "expected"), [("", [1, 2]), ("2", [2]), ("santos", [1]), ("7", [])]
)
def test_servers(board, typed, expected) -> None:
    suggestions = Suggestions(Access(frozenset()), board, StillLinks(LINKS), TWO)
    assert [number for number, _ in suggestions.servers(typed)] == expected


def words(found: list[Suggestion]) -> list[str]:
    return [one.token for one in found]


def test_free_units_come_first_then_busy_ones_then_linked_members(suggestions) -> None:
    found = suggestions.units(DANA, "", names)
    # A number that is not a single token becomes an API id, a mention or the unit's ident.
    assert words(found) == ["steam:x", "<@10>", "M-3", "Z-9", "ident:6", "A-1", "<@8>"]
    assert [one.discord_id for one in found] == [None, 10, None, 7, None, None, 8]
    assert [one.call.call_id if one.call else None for one in found] == [None] * 5 + [101, None]
    assert found[-1] == UnitSuggestion("", 8, None, None)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a", ["A-10", "AB-1", "A-1", "KA-9", "M-3", "Z-9"]),
        ("A1", ["A-1", "A-10"]),
        ("k9", []),
        ("ka9", ["KA-9"]),
        ("9", ["KA-9", "Z-9"]),
        ("anna", ["M-3"]),
        ("b-", ["AB-1"]),
        ("!", []),
    ],
)
def test_numbers_come_before_names(typed: str, expected: list[str]) -> None:
    units = [
        unit(1, "M-3", name="Anna"),
        unit(2, "Z-9", department="Alpha"),
        unit(3, "KA-9"),
        unit(4, "A-10"),
        unit(5, "AB-1"),
        unit(6, "A-1"),
    ]
    suggestions = suggesting(units, call(100, "", 6), links=StillLinks({}))
    assert words(suggestions.units(DANA, typed, names)) == expected


def test_units_that_share_a_number_are_told_apart() -> None:
    units = [unit(1, "A-1", "steam:z"), unit(2, "a-1", "steam:b"), unit(3, "A-1"), unit(4, "A-2")]
    access = Access(frozenset({DISPATCH_ROLE}))
    found = Suggestions(access, StillBoard([], units), StillLinks(LINKS), ONE)
    suggested = words(found.units(DANA, "A-", names))
    assert suggested == ["<@7>", "ident:3", "A-2", "steam:b"]


def test_a_unit_is_its_members_in_any_spelling_of_the_id() -> None:
    board = StillBoard([], [unit(1, "two words", "1100001343a206f")])
    for spelling in ("76561198836490351", "STEAM_0:1:438112311", "STEAM:1100001343A206F"):
        access = Access(frozenset({DISPATCH_ROLE}))
        found = Suggestions(access, board, StillLinks({8: spelling, 9: "x:438112311"}), ONE)
        assert found.units(DANA, "olga", names) == [UnitSuggestion("", 8, board.lists[1][0], None)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("z-9", ["Z-9"]),
        ("okafor", ["M-3"]),
        ("ems", ["M-3"]),
        ("discord", ["Z-9"]),
        ("@olga", ["<@8>"]),
        ("engine", ["<@10>"]),
        ("stranger", []),
    ],
)
def test_units_by_what_people_call_them(suggestions, board, typed, expected) -> None:
    assert words(suggestions.units(DANA, typed, names)) == expected
    assert board.looks == [1]


@pytest.mark.parametrize("before", ["", "me ", "me,", "me;\t", "<@5>|", "A-7  ,  "])
def test_only_the_last_word_is_completed(suggestions, before) -> None:
    (found,) = suggestions.units(DANA, before + "z-", names)
    assert found.value == before + "Z-9"


def test_who_may_not_dispatch_sees_nothing_and_causes_nothing(suggestions, board) -> None:
    assert suggestions.calls(VIC, "") == []
    assert suggestions.units(VIC, "", names) == []
    assert board.looks == []


def test_another_server_has_its_own_calls_and_units(suggestions, board) -> None:
    assert suggestions.calls(DANA, "", 2) == []
    assert words(suggestions.units(DANA, "", names, 2)) == ["<@7>", "<@8>", "<@10>"]
    assert board.looks == [2, 2]


def suggesting(crew: Sequence[Unit], *calls: Call, links: LinkService) -> Suggestions:
    return Suggestions(Access(frozenset({DISPATCH_ROLE})), StillBoard(calls, crew), links, ONE)


def test_units_that_cannot_be_sent_come_after_the_free_ones() -> None:
    crew = [replace(unit(one, f"U-{one}"), status=one) for one in range(5)]
    suggestions = suggesting(crew, call(100, "", 2), links=StillLinks({}))
    assert words(suggestions.units(DANA, "", names)) == ["U-3", "U-4", "U-0", "U-1", "U-2"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Z-9 ", ["steam:x", "<@10>", "M-3", "ident:6", "A-1", "<@8>"]),
        ("-z-9,", ["steam:x", "<@10>", "M-3", "Z-9", "ident:6", "A-1", "<@8>"]),
        ("<@7> ", ["steam:x", "<@10>", "M-3", "ident:6", "A-1", "<@8>"]),
    ],
)
def test_a_named_unit_is_not_suggested_again(suggestions, typed, expected) -> None:
    assert words(suggestions.units(DANA, typed, names)) == expected


def test_ends_of_ranges_by_number() -> None:
    crew = [unit(one, f"A-{one:02}", "x") for one in (10, 9, 2, 11)]
    suggestions = suggesting([*crew, unit(5, "B-3"), unit(6, "A-")], links=StillLinks({}))
    values = [one.value for one in suggestions.units(DANA, "me -a-1..", names)]
    assert values == [f"me -a-1..A-{one}" for one in ("02", "09", "10", "11")]
    found = suggestions.units(DANA, "A-1..A-1", names)
    assert [one.value for one in found] == ["A-1..A-10", "A-1..A-11"]


def test_teams_by_name_and_only_those_that_can_be_spelled() -> None:
    crew = [
        replace(unit(1, "1", department="Los  Santos PD"), status=1),
        unit(2, "2", department="los santos pd"),
        unit(3, "3", department='The "Best"'),
        unit(4, "4"),
    ]
    (one,) = suggesting(crew, links=StillLinks({})).units(DANA, "dept:", names)
    assert isinstance(one, UnitGroupSuggestion)
    assert (one.count, one.free_count) == (2, 1)
    assert one.value.casefold() == 'dept:"los santos pd"'


def test_many_links_are_read_once_and_not_all_looked_through() -> None:
    crew = [unit(one, f"U-{one}", f"steam:{one}") for one in range(1, 1001)]
    links = StillLinks({one: f"steam:{one}" for one in range(1, 50_001)})
    kept = tuple(links.links)
    links.cached = lambda guild_id: kept  # type: ignore[method-assign]
    suggestions = suggesting(crew, links=links)
    asked: list[int] = []

    def name(member_id: int) -> str:
        asked.append(member_id)
        return "Pat"

    assert suggestions.units(DANA, "unknown", name) == []
    assert len(asked) <= 1000 + OFF_DUTY_LIMIT
    owners = suggestions._owners[GUILD][1]
    suggestions.units(DANA, "U-9", name)
    assert suggestions._owners[GUILD][1] is owners
    kept = kept[:10]
    suggestions.units(DANA, "U-9", name)
    assert len(suggestions._owners[GUILD][1]) == 10


def test_another_guild_has_its_own_links(suggestions) -> None:
    elsewhere = actor(DISPATCH_ROLE, guild_id=GUILD + 1)
    found = suggestions.units(elsewhere, "", names)
    assert {one.discord_id for one in found} == {None}


def test_discord_shows_25() -> None:
    crowd = [unit(number, f"U-{number}") for number in range(40)]
    calls = [call(number) for number in range(1, 40)]
    suggestions = Suggestions(
        Access(frozenset({DISPATCH_ROLE})), StillBoard(calls, crowd), StillLinks(LINKS), ONE
    )
    assert len(suggestions.calls(DANA, "")) == CHOICE_LIMIT == 25
    assert len(suggestions.units(DANA, "", names)) == 25


numbers = st.text(st.sampled_from("A1 -,<@>me\u200bé|"), max_size=6)


@given(st.lists(numbers, max_size=5), st.sampled_from(["", "me ", "X-1,"]))
def test_what_is_suggested_is_read_back_as_what_was_meant(unit_numbers, before) -> None:
    units = [unit(ident, number, f"id:{ident}") for ident, number in enumerate(unit_numbers)]
    suggestions = Suggestions(
        Access(frozenset({DISPATCH_ROLE})), StillBoard([], units), StillLinks({}), ONE
    )
    found = suggestions.units(DANA, before, names)
    assert {one.unit for one in found if isinstance(one, UnitSuggestion)} == set(units)
    for one in found:
        last = parse(one.value, actor_id=1)[-1]
        assert last.text == one.token
        assert isinstance(one, UnitSuggestion)
        assert one.unit is not None
        # By its ident, if another unit has the same number or API id.
        is_ident = one.token.startswith("ident:")
        assert last.meaning == (IdentTerm(one.unit.ident) if is_ident else TextTerm(one.token))


def test_the_member_of_an_account_without_an_id() -> None:
    crew = [replace(unit(1, "A-1"), account="u-7")]
    found = suggesting(crew, links=StillLinks({7: account_id("u-7")})).units(DANA, "zoe", names)
    assert [one.discord_id for one in found if isinstance(one, UnitSuggestion)] == [7]
    assert [one.value for one in found] == ["A-1"]
