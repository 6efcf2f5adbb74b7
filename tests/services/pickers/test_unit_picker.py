from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bot.cad.models import Call, Unit
from bot.services.access.policy import Access
from bot.services.errors import NothingSelected, NoUnitFree, RoleRequired
from bot.services.pickers.unit_picker import (
    UnitPicker,
    department_key,
    free_by_department,
    shared_words,
    unambiguous_token,
)
from tests.services.samples import DISPATCH_ROLE, actor, call, unit

UNITS = (
    unit(1, "B-2", "b", department="Fire"),
    unit(2, "A-1", "a", department="Fire"),
    replace(unit(3, "A-3", "c", department="Fire"), status=1),
    unit(4, "X-9", "d", department="Police"),
    unit(5, "X-9", "e", department="Police"),
    unit(6, "Z 1", department="Police"),  # its number is no word, and it has no API id
)


class StillBoard:
    def refresh(self, server_id: int) -> None: ...

    def units(self, server_id: int) -> tuple[Unit, ...]:
        return UNITS

    def calls(self, server_id: int) -> tuple[Call, ...]:
        return (call(100, "Fire", 1),)

    def call(self, server_id: int, call_id: int) -> Call | None:
        return call(100, "Fire", 4, 1) if call_id == 100 else None


@pytest.fixture
def picking() -> UnitPicker:
    return UnitPicker(Access(frozenset({DISPATCH_ROLE})), cast(Any, StillBoard()))


def test_the_units_on_a_call(picking: UnitPicker) -> None:
    dispatcher = actor(DISPATCH_ROLE)
    found = picking.units_on_call(dispatcher, 1, 100)
    assert [one.token for one in found] == ["B-2", "d"]
    assert picking.units_on_call(dispatcher, 1, 101) == []
    assert picking.units_on_call(actor(), 1, 100) == []


def test_free_units_come_first(picking: UnitPicker) -> None:
    found = picking.candidates(actor(DISPATCH_ROLE), 1)
    assert [(one.token, one.call_id, one.is_free) for one in found] == [
        ("A-1", None, True),
        ("d", None, True),  # another unit has the same number
        ("e", None, True),
        ("ident:6", None, True),
        ("A-3", None, False),
        ("B-2", 100, False),
    ]
    crews = free_by_department(found)
    assert {name: [one.token for one in crew] for name, crew in crews.items()} == {
        "Fire": ["A-1"],
        "Police": ["d", "e", "ident:6"],
    }


def test_units_that_are_on_the_call_are_left_out(picking: UnitPicker) -> None:
    found = picking.candidates(actor(DISPATCH_ROLE), 1, 100)
    assert "B-2" not in [one.token for one in found]
    assert len(found) == 5
    assert len(picking.candidates(actor(DISPATCH_ROLE), 1, 101)) == 6


def test_a_visitor_sees_no_unit(picking: UnitPicker) -> None:
    with pytest.raises(RoleRequired):
        picking.candidates(actor(), 1)


def test_what_was_picked_is_a_text_that_names_each_once(picking: UnitPicker) -> None:
    assert picking.to_units_text(1, [7], ["A-1", "B-2"], ["Fire", "Police"]) == (
        "<@7> A-1 B-2 d e ident:6"
    )


def test_no_unit_picked(picking: UnitPicker) -> None:
    with pytest.raises(NothingSelected):
        picking.to_units_text(1, [], [], [])
    with pytest.raises(NoUnitFree):
        picking.to_units_text(1, [], [], ["Harbour"])


def test_units_of_one_account_and_one_number_are_named_by_their_idents() -> None:
    twins = unit(1, "K-7", "id:a"), unit(2, "k-7", "ID:A"), unit(3, "B-1", "id:a")
    shared = shared_words(twins)
    assert [unambiguous_token(one, shared) for one in twins] == ["ident:1", "ident:2", "B-1"]


@pytest.mark.parametrize("number", ["", "\u200b", "A\u200b", "x" * 101, "two words"])
def test_a_number_that_no_option_can_show_is_no_word(number: str) -> None:
    assert unambiguous_token(unit(7, number)) == "ident:7"


@pytest.mark.parametrize("name", ["x" * 101, "\u3164", " LSPD"])
def test_the_key_of_a_department_that_is_no_value(name: str) -> None:
    assert department_key(name) != name
    assert department_key("LSPD") == "LSPD"
