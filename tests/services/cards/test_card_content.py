"""What a card shows: which changes need an edit, and whose units are on the call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cad.models import Call, EmergencyCall, Note
from bot.services.board.snapshot import BoardSnapshot
from bot.services.cards.card_content import (
    NOTES_SHOWN,
    CallUnit,
    CardContent,
    UnitOwners,
    call_units,
    is_urgent,
    visible_part,
)
from bot.storage.stores.card_store import CardKind
from bot.storage.stores.link_row import Link
from tests.services.samples import call, unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Three shots", {"postal": "1"})


def content(shown: Call | EmergencyCall | None, kind: CardKind = CardKind.CALL) -> CardContent:
    return CardContent(kind, 1, 100, shown, (), NOW, NOW)


def link(discord_id: int, api_id: str) -> Link:
    return Link(10, discord_id, api_id, discord_id, NOW)


def owners(*links: Link) -> UnitOwners:
    found = UnitOwners()
    found.update(links)
    return found


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (replace(call(100), priority=1), True),
        (replace(call(100), priority=2), False),
        (replace(call(100), priority=3, priority_text="CODE 3"), True),
        (replace(call(100), priority=3, priority_text="Low"), False),
        (SHOTS, True),
        (None, False),
    ],
)
def test_911_calls_and_calls_of_the_named_priorities_are_urgent(
    shown: Call | EmergencyCall | None, expected: bool
):
    assert is_urgent(shown, {"1", "code 3"}) is expected


def test_a_911_call_is_no_dispatch_call():
    assert content(SHOTS, CardKind.EMERGENCY).is_emergency
    assert not content(call(100)).is_emergency


def test_a_call_is_closed_from_when_it_was_found_closed():
    assert not content(call(100)).is_closed
    assert replace(content(call(100)), closed_at=NOW).is_closed


def test_a_later_confirmation_looks_the_same_and_nothing_else_does():
    shown = content(call(100))
    later = NOW + timedelta(seconds=30)
    assert shown.looks_like(replace(shown, confirmed_at=later))
    for other in (
        replace(shown, call=call(100, "Robbery")),
        replace(shown, units=(CallUnit(1),)),
        replace(shown, closed_at=later),
        replace(shown, is_stale=True),
        replace(shown, first_seen_at=later),
        replace(shown, ping_role_id=1),
    ):
        assert not shown.looks_like(other)


@pytest.mark.parametrize("linked", ["steam:1100001343a206f", "1100001343A206F"])
def test_a_unit_belongs_to_the_member_linked_to_one_of_its_ids(linked: str):
    found = owners(link(41, "license:a"), link(42, linked))
    assert found.owner_of(unit(1, "A-12", "license:b", "steam:1100001343a206f")) == 42
    assert found.owner_of(unit(1, "A-12", "license:b")) is None
    assert found.owner_of(unit(1, "A-12")) is None


def test_the_first_id_of_a_unit_decides():
    found = owners(link(41, "license:a"), link(42, "license:b"))
    assert found.owner_of(unit(1, "A-12", "license:b", "license:a")) == 42


def test_changed_links_change_the_owners():
    found = owners(link(41, "license:a"))
    found.update((link(42, "license:a"),))
    assert found.owner_of(unit(1, "A-12", "license:a")) == 42
    found.update(())
    assert found.owner_of(unit(1, "A-12", "license:a")) is None


def test_the_units_of_a_call_in_the_cads_order():
    snapshot = BoardSnapshot().with_units([unit(1, "A-12", "license:a", name="Pat Moreno")])
    on_it = replace(call(100, "", 2, 1), primary=1)
    assert call_units(on_it, snapshot, owners(link(42, "license:a"))) == (
        CallUnit(2),
        CallUnit(1, "A-12", "Pat Moreno", 2, 42, is_primary=True),
    )


def test_a_primary_unit_that_the_cad_does_not_list():
    on_it = replace(call(100, "", 2), primary=2)
    assert call_units(on_it, BoardSnapshot(), owners()) == (CallUnit(2, is_primary=True),)


@pytest.mark.parametrize("shown", [SHOTS, None])
def test_a_911_call_has_no_units(shown: EmergencyCall | None):
    assert call_units(shown, BoardSnapshot().with_units([unit(7, "A-1")]), owners()) == ()


def test_what_no_card_shows_is_left_out():
    notes = tuple(Note("", "", f"note {number}") for number in range(NOTES_SHOWN + 2))
    shown = visible_part(replace(call(100), meta={"postal": "1"}, values={"a": "1"}, notes=notes))
    assert shown == replace(call(100), notes=notes[2:])
    assert visible_part(SHOTS) == SHOTS
    assert visible_part(None) is None
