"""The push events of the CAD, as frozen values.

Reference: docs/sonoran-cad.md, "Push events".
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.cad.models import Call, EmergencyCall, Note, Unit


@dataclass(frozen=True, slots=True)
class CallUpserted:
    """A dispatch call was created or edited.

    Attributes:
        missing: the names of the fields of `call` that the event does not carry. They keep the
            values that are known: an edit shows `notes: ""` and no `primary`.
    """

    call: Call
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CallsClosed:
    """Dispatch calls were closed."""

    call_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CallNoteAdded:
    """A note was added to a dispatch call."""

    call_id: int
    note: Note


@dataclass(frozen=True, slots=True)
class UnitsAttached:
    """Units were attached to a dispatch call."""

    call_id: int
    idents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitsDetached:
    """Units were detached from a dispatch call."""

    call_id: int
    idents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EmergencyUpserted:
    """A 911 call was created, in the game or through the API."""

    emergency: EmergencyCall


@dataclass(frozen=True, slots=True)
class EmergenciesRemoved:
    """911 calls were removed; their numbers are not those of dispatch calls."""

    call_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitLoggedIn:
    """A unit went on duty."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class UnitLoggedOut:
    """A unit went off duty."""

    ident: int


@dataclass(frozen=True, slots=True)
class UnitStatusChanged:
    """Units have a new status; the event holds no other data of them."""

    idents: tuple[int, ...]
    status: int


@dataclass(frozen=True, slots=True)
class UnitsUpdated:
    """Units were changed; `units` has all their data, and does not list all units."""

    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class UnitPanic:
    """The panic button of units was pressed or released."""

    idents: tuple[int, ...]
    is_panic: bool


@dataclass(frozen=True, slots=True)
class UnitsGrouped:
    """Units joined a group."""

    idents: tuple[int, ...]
    group: str


@dataclass(frozen=True, slots=True)
class UnitsUngrouped:
    """Units left a group; `group` is empty if the event does not name it."""

    idents: tuple[int, ...]
    group: str


@dataclass(frozen=True, slots=True)
class GroupRenamed:
    """A group has a new name; without idents it concerns every unit of the group."""

    idents: tuple[int, ...]
    old_name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class LinkVerified:
    """An API id (v2: community user id) was verified; `account` is the UUID of its account."""

    api_id: str
    account: str


Event = (
    CallUpserted
    | CallsClosed
    | CallNoteAdded
    | UnitsAttached
    | UnitsDetached
    | EmergencyUpserted
    | EmergenciesRemoved
    | UnitLoggedIn
    | UnitLoggedOut
    | UnitStatusChanged
    | UnitsUpdated
    | UnitPanic
    | UnitsGrouped
    | UnitsUngrouped
    | GroupRenamed
    | LinkVerified
)
