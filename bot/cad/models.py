"""What the CAD knows and what it is told to do, as frozen values.

Field names follow the CAD (reference: docs/sonoran-cad.md, "Unit:", "Call:" and "Enums:").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PENDING, ACTIVE, CLOSED = range(3)  # the status of a call
LOWEST_PRIORITY = 3


@dataclass(frozen=True, slots=True)
class UnitRef:
    """Somebody an order is about: by API id, and by the unit's ident where it is on duty."""

    api_id: str
    ident: int | None = None


@dataclass(frozen=True, slots=True)
class AttachRequest:
    """An order: put these people on this dispatch call."""

    server_id: int
    call_id: int
    units: tuple[UnitRef, ...]


@dataclass(frozen=True, slots=True)
class DetachRequest:
    """An order: take these people off whatever call each is on; the CAD takes no call here."""

    server_id: int
    units: tuple[UnitRef, ...]


@dataclass(frozen=True, slots=True)
class NewCall:
    """An order: create a dispatch call, with these people on it; the fields are those of Call."""

    server_id: int
    title: str
    code: str = ""
    priority: int = LOWEST_PRIORITY
    status: int = ACTIVE
    block: str = ""
    address: str = ""
    postal: str = ""
    description: str = ""
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)
    units: tuple[UnitRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The units that the CAD says it has attached or detached; only v2 says so."""

    idents: frozenset[int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the CAD; api_id is its community user id, empty where none is linked.

    Attributes:
        permissions: what it may do, in lower case: "dispatch", "selfdispatch", "police".
    """

    uuid: str
    username: str
    api_id: str
    permissions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Community:
    """What the CAD says about whom the API key belongs to.

    Attributes:
        community_id: empty where the CAD does not say.
        plan: the name of what it pays for, in upper case; empty where the CAD does not say.
    """

    community_id: str
    plan: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line in a call's log; time is as the CAD writes it, often a time of day only."""

    time: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A dispatch call.

    Attributes:
        idents: the ids of the units on it.
        status: `PENDING`, `ACTIVE` or `CLOSED`.
        priority: 1 (highest) to `LOWEST_PRIORITY`.
        primary: the ident of the unit in charge; None if there is none.
        meta: what game servers and the CAD note beside the call. They look for the keys as
            they wrote them; whoever else does should not mind the letter case.
    """

    call_id: int
    title: str
    code: str
    idents: tuple[int, ...]
    status: int = ACTIVE
    priority: int = LOWEST_PRIORITY
    block: str = ""
    address: str = ""
    postal: str = ""
    description: str = ""
    primary: int | None = None
    notes: tuple[Note, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class EmergencyCall:
    """A 911 call; its number has nothing to do with those of dispatch calls.

    Attributes:
        is_emergency: False where somebody called the civil line.
        meta: as of a dispatch call.
    """

    call_id: int
    is_emergency: bool
    caller: str
    location: str
    description: str
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Calls:
    """The open calls of one server."""

    dispatch: tuple[Call, ...]
    emergency: tuple[EmergencyCall, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit on duty.

    Attributes:
        ident: the unit's id in the CAD, as calls list it.
        number: what is said on the radio, "A-12".
        account: the UUID of the unit's account.
        status: 0 unavailable, 1 busy, 2 available, 3 enroute, 4 on scene; -1 unknown.
        api_ids: every API id of the unit's account, the first one first.
        page: 0 police, 1 fire, 2 EMS, 3 dispatch; -1 unknown.
        is_dispatch: whether it sits at the dispatchers' screen.
    """

    ident: int
    account: str
    number: str
    name: str
    department: str
    status: int
    api_ids: tuple[str, ...]
    location: str = ""
    subdivision: str = ""
    rank: str = ""
    group: str = ""
    page: int = -1
    is_dispatch: bool = False
    is_panic: bool = False


@dataclass(frozen=True, slots=True)
class UnitsPage:
    """One page of the units on duty.

    Attributes:
        size: how many entries the page had, malformed ones included.
        is_last: whether no other page follows.
    """

    units: tuple[Unit, ...]
    size: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class CurrentCall:
    """The dispatch call that a unit is on."""

    ident: int
    call_id: int


def idents_on_call(calls: Iterable[Call], call_id: int, units: Iterable[Unit]) -> frozenset[int]:
    """Return the idents of those of these units that are on this call."""
    on_it = {ident for call in calls if call.call_id == call_id for ident in call.idents}
    return frozenset(on_it.intersection(unit.ident for unit in units))
