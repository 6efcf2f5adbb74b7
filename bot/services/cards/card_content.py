"""What a card shows, and nothing else: two equal faces need no edit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.cad.models import Call, EmergencyCall, Unit
from bot.common.steam_id import identity
from bot.services.board.snapshot import BoardSnapshot
from bot.storage.stores.card_store import CardKind
from bot.storage.stores.link_row import Link

NOTES_SHOWN = 3
HIGHEST_PRIORITY = 1


@dataclass(frozen=True, slots=True)
class CallUnit:
    """A unit on a call, as far as it is known.

    Attributes:
        number: empty where the CAD lists no such unit on duty.
        status: as of a unit; -1 unknown.
        discord_id: whose unit it is, None where nobody is linked to it.
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
        call: None where only its number is known any more, after a restart.
        confirmed_at: when the CAD last showed it like this.
        is_stale: nothing has confirmed it for too long.
        ping_role_id: whom to ping; set for the first post only.
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

    @property
    def is_closed(self) -> bool:
        """Tell whether the call is over."""
        return self.closed_at is not None

    @property
    def is_emergency(self) -> bool:
        """Tell a 911 call from a dispatch call."""
        return self.kind is CardKind.EMERGENCY

    @property
    def is_urgent(self) -> bool:
        """Tell whether people are to be pinged for it when it is new."""
        is_first = isinstance(self.call, Call) and self.call.priority == HIGHEST_PRIORITY
        return self.is_emergency or is_first

    def looks_like(self, other: CardContent) -> bool:
        """Tell whether the two differ in nothing but when they were confirmed."""
        return replace(self, confirmed_at=other.confirmed_at) == other


class UnitOwners:
    """Whose unit it is. The links are sorted anew only where they were read anew."""

    def __init__(self) -> None:
        self._links: Sequence[Link] = ()
        self._by_id: dict[str, int] = {}

    def update(self, links: Sequence[Link]) -> None:
        """Take the links as they are now."""
        if links is not self._links:
            self._links = links
            self._by_id = {identity(link.api_id): link.discord_id for link in links}

    def owner_of(self, unit: Unit) -> int | None:
        """Return whose unit it is; all spellings of one id count as the same."""
        owners = (self._by_id.get(identity(one)) for one in unit.api_ids)
        return next((owner for owner in owners if owner is not None), None)


def call_units(
    call: Call | EmergencyCall | None, snapshot: BoardSnapshot, owners: UnitOwners
) -> tuple[CallUnit, ...]:
    """Return who is on a call, in the CAD's order; nobody is on a 911 call."""
    if not isinstance(call, Call):
        return ()

    def person(ident: int) -> CallUnit:
        is_primary = ident == call.primary
        unit = snapshot.units.get(ident)
        if unit is None:
            return CallUnit(ident, is_primary=is_primary)
        return CallUnit(
            ident, unit.number, unit.name, unit.status, owners.owner_of(unit), is_primary
        )

    return tuple(map(person, call.idents))


def visible_part(call: Call | EmergencyCall | None) -> Call | EmergencyCall | None:
    """Return a call without what no card shows, so that changes there cause no edit."""
    if isinstance(call, Call):
        return replace(call, meta={}, notes=call.notes[-NOTES_SHOWN:])
    return call
