"""What the overview of the open calls says, and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.cad.models import Call, EmergencyCall
from bot.services.cards.card_content import CallUnit, CardContent
from bot.services.cards.overview import Overview, OverviewCall, PanickingUnit, build_overview
from bot.storage.stores.card_store import CardKind
from tests.services.samples import call, unit

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROBBERY = Call(100, "Robbery", "211", (1,), priority=1, block="100", address="Grove Street")
SHOTS = EmergencyCall(7, True, "Jane Doe", "Vinewood", "Three shots")


def card(shown: Call | EmergencyCall | None, *, seen: int = 0, **more: object) -> CardContent:
    is_emergency = isinstance(shown, EmergencyCall)
    content = CardContent(
        CardKind.EMERGENCY if is_emergency else CardKind.CALL,
        1,
        shown.call_id if shown else 99,
        shown,
        (),
        NOON + timedelta(minutes=seen),
        NOON,
        is_urgent=is_emergency or (isinstance(shown, Call) and shown.priority == 1),
    )
    return replace(content, **more)  # type: ignore[arg-type]


def numbers(*cards: CardContent) -> list[int]:
    return [one.number for one in build_overview([(one, None) for one in cards], []).calls]


def test_911_calls_first_then_the_most_urgent_and_oldest() -> None:
    low, high = replace(call(1), priority=3), replace(call(2), priority=2)
    named = replace(call(3), priority=3, priority_text="Second alarm")
    assert numbers(
        card(low, seen=1),
        card(high),
        card(named, is_urgent=True),
        card(replace(low, call_id=4)),
        card(ROBBERY),
        card(SHOTS, seen=9),
        card(replace(SHOTS, call_id=8)),
    ) == [8, 7, 100, 3, 2, 4, 1]


def test_what_is_said_of_a_call() -> None:
    units = (CallUnit(1, "A-12", "Pat"), CallUnit(2))
    found = build_overview(
        [(card(ROBBERY, units=units, server="Los Santos"), 55), (card(SHOTS), None)], []
    )
    assert found.calls == (
        OverviewCall(7, True, "Jane Doe", "Vinewood", "", (), NOON, None, ""),
        OverviewCall(
            *(100, False, "Robbery", "100 Grove Street", "P1", ("A-12", "2"), NOON, 55),
            "Los Santos",
        ),
    )


def test_closed_calls_are_left_out_and_unknown_ones_are_stale() -> None:
    closed = card(call(1), closed_at=NOON)
    assert build_overview([(closed, 5)], []) == Overview()
    unknown = card(None, is_stale=True)
    assert build_overview([(unknown, 5)], []) == Overview(is_stale=True)


def test_notes_and_statuses_cause_no_edit() -> None:
    before = card(ROBBERY, units=(CallUnit(1, "A-12", status=2),))
    after = card(replace(ROBBERY, description="!"), units=(CallUnit(1, "A-12", status=4),))
    assert build_overview([(before, 5)], []) == build_overview([(after, 5)], [])


def test_units_in_panic() -> None:
    found = build_overview([], [(unit(2, "B-1", name="Bo"), ROBBERY), (unit(1, ""), None)])
    assert found.panics == (PanickingUnit("1", "", None), PanickingUnit("B-1", "Bo", 100))
