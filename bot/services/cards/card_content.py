"""The content of a card; equal contents need no edit. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.cad.models import Call, EmergencyCall, Unit
from bot.common.steam_id import identity
from bot.services.board.call_layouts import NO_DETAILS, LayoutDetails
from bot.services.board.snapshot import BoardSnapshot
from bot.storage.stores.card_store import CardKind
from bot.storage.stores.link_row import Link

NOTES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CallUnit:
    """A unit on a call.

    Attributes:
        number: empty if the unit has not been seen on duty.
        status: the unit's status; -1 if unknown.
        discord_id: the linked member, None if there is none.
    """

    ident: int
    number: str = ""
    name: str = ""
    status: int = -1
    discord_id: int | None = None
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class CardContent:
    """A call or a 911 call as its card shows it.

    Attributes:
        call: None if only its id is known, after a restart.
        confirmed_at: when the CAD last confirmed this content.
        is_stale: whether the CAD has not confirmed it for `STALE_AFTER`.
        ping_role_id: the role to ping; set only for the first post of an urgent call.
        is_urgent: whether a new card for the call pings the role; see `is_urgent`.
        details: what only the layout of the call explains.
        server: the words for the CAD server; empty for the only server of a community.
        is_old: whether its message is too old to be kept stamped, so that it shows no stamp.
        units_as_of: how old the list of units is, if it is much older; see `Board`.
        answered_by: of a 911 call that is closed, the dispatch call that it became; None if none.
        answer_message_id: the card of that call; None if it has none.
    """

    kind: CardKind
    server_id: int
    call_id: int
    call: Call | EmergencyCall | None
    units: tuple[CallUnit, ...]
    first_seen_at: datetime
    confirmed_at: datetime
    closed_at: datetime | None = None
    is_stale: bool = False
    ping_role_id: int | None = None
    is_urgent: bool = False
    details: LayoutDetails = NO_DETAILS
    server: str = ""
    is_old: bool = False
    units_as_of: datetime | None = None
    answered_by: int | None = None
    answer_message_id: int | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the call is closed."""
        return self.closed_at is not None

    @property
    def is_emergency(self) -> bool:
        """Whether it is a 911 call and not a dispatch call."""
        return self.kind is CardKind.EMERGENCY

    def looks_like(self, other: CardContent) -> bool:
        """Return whether the contents differ at most in their age."""
        same_age = replace(self, confirmed_at=other.confirmed_at, units_as_of=other.units_as_of)
        return same_age == other

    def matters_after(self, shown: CardContent) -> bool:
        """Return whether it differs from a shown content in what dispatchers must not miss.

        Statuses and notes change often: they alone are no reason for a new message.
        """
        return self._essentials() != shown._essentials()

    def _essentials(self) -> tuple[object, ...]:
        call = replace(self.call, notes=()) if isinstance(self.call, Call) else self.call
        return call, self.is_urgent, tuple(unit.ident for unit in self.units)


class UnitOwners:
    """Finds the member that a unit is linked to."""

    def __init__(self) -> None:
        self._links: Sequence[Link] = ()
        self._by_id: dict[str, int] = {}

    def update(self, links: Sequence[Link]) -> None:
        """Rebuild the index if the links changed."""
        if links is not self._links:
            self._links = links
            self._by_id = {identity(link.api_id): link.discord_id for link in links}

    def owner_of(self, unit: Unit) -> int | None:
        """Return the Discord id of the linked member, None if none."""
        known = (*unit.api_ids, unit.account)
        owners = (self._by_id.get(identity(one)) for one in known)
        return next((owner for owner in owners if owner is not None), None)


def priority_name(call: Call) -> str:
    """Return the priority of a call, as the community calls it."""
    return call.priority_text or str(call.priority)


def priority_label(call: Call) -> str:
    """Return the priority of a call in few letters: `P1`, or the community's own name for it."""
    return call.priority_text or f"P{call.priority}"


def is_urgent(call: Call | EmergencyCall | None, urgent_priorities: Collection[str]) -> bool:
    """Return whether a call is urgent: 911 calls are, and calls of one of these priorities.

    Args:
        urgent_priorities: numbers and names of priorities, in lower case.
    """
    if isinstance(call, Call):
        return priority_name(call).casefold() in urgent_priorities
    return call is not None


def call_units(
    call: Call | EmergencyCall | None,
    snapshot: BoardSnapshot,
    owners: UnitOwners,
    before: Iterable[CallUnit] = (),
) -> tuple[CallUnit, ...]:
    """Return the units on a call, in the CAD's order; a 911 call has none.

    Args:
        before: the units as they were shown; one that has gone off duty keeps its number and name.
    """
    if not isinstance(call, Call):
        return ()
    known = {one.ident: one for one in before}

    def call_unit(ident: int) -> CallUnit:
        is_primary = ident == call.primary
        unit = snapshot.unit(ident)
        if unit is None:
            gone = known.get(ident, CallUnit(ident))
            return replace(gone, status=-1, is_primary=is_primary)
        return CallUnit(
            ident, unit.number, unit.name, unit.status, owners.owner_of(unit), is_primary
        )

    return tuple(map(call_unit, call.idents))


def visible_part(call: Call | EmergencyCall | None) -> Call | EmergencyCall | None:
    """Return a call without the parts that no card shows, so that they cause no edits."""
    if isinstance(call, Call):
        return replace(call, meta={}, values={}, layout=None, notes=call.notes[-NOTES_SHOWN:])
    return call
