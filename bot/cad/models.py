"""The CAD's data and the bot's commands to it, as frozen values.

Field names follow the CAD (reference: docs/sonoran-cad.md, "Unit:", "Call:" and "Enums:").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.cad.layouts import Layout

PENDING, ACTIVE, CLOSED = range(3)  # the status of a call
LOWEST_PRIORITY = 3
ACCOUNT_PENDING, VALIDATED, EXPIRED, REMOVED, BANNED = range(5)  # the status of an account
BARRED = frozenset({EXPIRED, REMOVED, BANNED})


@dataclass(frozen=True, slots=True)
class UnitRef:
    """A unit that a command names: by its ident if it is on duty, its API id, or its account.

    Attributes:
        api_id: empty if the CAD shows no id of the unit's account.
        ident: None if the unit is not on duty, or not known to be.
        account: the UUID of the account; empty if it is not known. It stands for all its units.
    """

    api_id: str
    ident: int | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class AttachRequest:
    """A command: attach these units to this dispatch call."""

    server_id: int
    call_id: int
    units: tuple[UnitRef, ...]


@dataclass(frozen=True, slots=True)
class DetachRequest:
    """A command: detach these units from their calls; the CAD takes no call number here."""

    server_id: int
    units: tuple[UnitRef, ...]


@dataclass(frozen=True, slots=True)
class NewCall:
    """A command: create a dispatch call with these units on it; the fields are those of `Call`."""

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
    """The units that the CAD has attached or detached, as it reports them; v2 only."""

    idents: frozenset[int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the CAD.

    Attributes:
        api_id: its community user id; empty if none is linked.
        permissions: their names in lower case: "dispatch", "selfdispatch", "police". They may be
            out of date for accounts that have granular permissions.
        status: 0 pending, 1 validated, 2 expired, 3 removed, 4 banned. The CAD still shows the old
            permissions of an account that is expired, removed or banned.
    """

    uuid: str
    username: str
    api_id: str
    permissions: frozenset[str] = frozenset()
    status: int = VALIDATED

    @property
    def is_barred(self) -> bool:
        """Whether the account is expired, removed or banned."""
        return self.status in BARRED


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a call; `time` is a text of the CAD, often a time of day without a date."""

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
        primary: the ident of the primary unit; None if there is none.
        track_primary: whether the place of the call follows the primary unit.
        meta: further values that game servers and the CAD store with the call. The keys keep
            their letter case, because game servers need it. Compare them without letter case.
        priority_text: the priority of a call of a custom layout, as the community named it; empty
            if the priority is a number.
        status_id: the status within a custom layout; empty if there is none.
        template: the id of the custom layout; empty if there is none.
        values: the fields of the custom layout, by their ids.
        layout: the custom layout as it was when the call was created; None if the CAD does not
            show it with the call.
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
    track_primary: bool = False
    notes: tuple[Note, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)
    priority_text: str = ""
    status_id: str = ""
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict, hash=False)
    layout: Layout | None = None


@dataclass(frozen=True, slots=True)
class EmergencyCall:
    """A 911 call; 911 calls and dispatch calls are numbered independently.

    Attributes:
        is_emergency: False for a call to the civil line.
        meta: as in `Call`.
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
class Coordinates:
    """A place in the game's world, in its own units (metres); `heading` in degrees."""

    x: float
    y: float
    z: float = 0.0
    heading: float = 0.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit on duty.

    Attributes:
        ident: the unit's id in the CAD, as calls list it.
        number: the unit's name on the radio, "A-12".
        account: the UUID of the unit's account.
        status: 0 unavailable, 1 busy, 2 available, 3 enroute, 4 on scene; -1 unknown.
        api_ids: every API id of the unit's account, in the CAD's order.
        is_dispatch: whether it is logged in as a dispatcher.
        community_user_id: the id that the CAD knows the account's player by; also in `api_ids`.
        coordinates: None if the CAD shows none, or all are 0.
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
    group: str = ""
    is_dispatch: bool = False
    is_panic: bool = False
    community_user_id: str = ""
    coordinates: Coordinates | None = None


@dataclass(frozen=True, slots=True)
class UnitsPage:
    """One page of the units on duty.

    Attributes:
        size: the number of entries on the page, malformed ones included.
        is_last: whether this is the last page.
    """

    units: tuple[Unit, ...]
    size: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class UnitListPart:
    """What one load of the units has brought: all of them, or a part of a long list.

    Attributes:
        units: the units that this load fetched.
        is_complete: whether the end of the list is reached; otherwise the next load continues.
        listed: the idents of all units on duty; None as long as they are not known for certain.
            Units that are not among them are off duty.
        age: seconds since the oldest part of the list was fetched.
        retry_after: seconds until the rate limit allows the next part; None if it is complete.
        loaded: how many units and dispatchers have been fetched since the list was begun.
    """

    units: tuple[Unit, ...]
    is_complete: bool
    listed: frozenset[int] | None
    age: float = 0.0
    retry_after: float | None = None
    loaded: int = 0

    @classmethod
    def whole(cls, units: Iterable[Unit]) -> UnitListPart:
        """Return a list that was fetched as a whole."""
        units = tuple(units)
        return cls(units, is_complete=True, listed=frozenset(unit.ident for unit in units))


@dataclass(frozen=True, slots=True)
class CurrentCall:
    """The dispatch call that a unit is on."""

    ident: int
    call_id: int


def idents_on_call(calls: Iterable[Call], call_id: int, units: Iterable[Unit]) -> frozenset[int]:
    """Return the idents of those of these units that are on this call."""
    on_it = {ident for call in calls if call.call_id == call_id for ident in call.idents}
    return frozenset(on_it.intersection(unit.ident for unit in units))
