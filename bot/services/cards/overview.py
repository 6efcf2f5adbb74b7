"""All open calls of a channel at a glance; equal overviews need no edit. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.cad.models import Call, EmergencyCall, Unit
from bot.services.board.call_layouts import complete
from bot.services.cards.card_content import CardContent, priority_label


@dataclass(frozen=True, slots=True)
class OverviewCall:
    """An open call or 911 call.

    Attributes:
        title: of a 911 call, its caller.
        priority: as in `priority_label`; empty for a 911 call.
        units: the numbers of its units; an ident where the number is not known.
        message_id: that of its card; None until it is posted.
    """

    number: int
    is_emergency: bool
    title: str
    place: str
    priority: str
    units: tuple[str, ...]
    first_seen_at: datetime
    message_id: int | None
    server: str


@dataclass(frozen=True, slots=True)
class PanickingUnit:
    """A unit in panic; call_id is None if it is on no call."""

    number: str
    name: str
    call_id: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The open calls, the most urgent first, and the units in panic.

    Attributes:
        is_stale: whether the CAD has not confirmed some of it for a while, see `CardContent`.
    """

    calls: tuple[OverviewCall, ...] = ()
    panics: tuple[PanickingUnit, ...] = ()
    is_stale: bool = False


def build_overview(
    cards: Iterable[tuple[CardContent, int | None]], panics: Iterable[tuple[Unit, Call | None]]
) -> Overview:
    """Return the overview of some cards: 911 calls first, then by urgency, priority and age.

    Args:
        cards: the content of each card, and its message.
        panics: the units in panic, each with the call that it is on.
    """
    still_open = [one for one in cards if not one[0].is_closed]
    known = [one for one in still_open if one[0].call is not None]
    units = (
        PanickingUnit(unit.number or str(unit.ident), unit.name, call.call_id if call else None)
        for unit, call in panics
    )
    return Overview(
        tuple(_overview_call(*one) for one in sorted(known, key=_urgency)),
        tuple(sorted(units, key=lambda one: one.number)),
        any(content.is_stale for content, _ in still_open),
    )


def _overview_call(content: CardContent, message_id: int | None) -> OverviewCall:
    title = place = priority = ""
    match content.call:
        case Call() as call:
            call = complete(call, content.details)
            title, priority = call.title, priority_label(call)
            place = f"{call.block} {call.address}".strip()
        case EmergencyCall() as call:
            title, place = call.caller, call.location
    return OverviewCall(
        content.call_id,
        content.is_emergency,
        title,
        place,
        priority,
        tuple(one.number or str(one.ident) for one in content.units),
        content.first_seen_at,
        message_id,
        content.server,
    )


def _urgency(card: tuple[CardContent, int | None]) -> tuple[bool, bool, int, datetime]:
    content, _ = card
    priority = content.call.priority if isinstance(content.call, Call) else 0
    return not content.is_emergency, not content.is_urgent, priority, content.first_seen_at
