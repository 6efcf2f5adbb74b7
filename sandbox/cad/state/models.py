"""The data of a CAD: communities, servers, accounts, units and calls, with their v1 JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

Json = dict[str, Any]


class Plan(IntEnum):
    """The plan of a community; each endpoint needs a minimum plan."""

    BASIC = 0
    STANDARD = 1
    PLUS = 2
    PRO = 3


class UnitStatus(IntEnum):
    """The default unit status codes; communities may rename them."""

    UNAVAILABLE = 0
    BUSY = 1
    AVAILABLE = 2
    ENROUTE = 3
    ON_SCENE = 4
    OFFLINE = 100


class CallStatus(IntEnum):
    """The state of a dispatch call."""

    PENDING = 0
    ACTIVE = 1
    CLOSED = 2


class Page(IntEnum):
    """The page of the CAD that a unit works on."""

    POLICE = 0
    FIRE = 1
    EMS = 2
    DISPATCH = 3


class CadRefusal(Exception):
    """The CAD refuses a request, with an HTTP status and a plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account in a community, with the API ids from its CAD settings.

    Reference: docs/sonoran-cad.md, "Account".
    """

    uuid: str
    username: str
    discord_id: int | None = None
    api_ids: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    status: int = 1  # 0 pending, 1 validated, 2 expired, 3 removed, 4 banned
    is_owner: bool = False
    grants: frozenset[str] | None = None  # granular permissions; None: not moved to them


@dataclass(frozen=True, slots=True)
class Badge:
    """The number, name and department of a unit: its `data` in the JSON."""

    unit_num: str
    name: str
    department: str
    district: str = ""
    subdivision: str = ""
    rank: str = ""
    group: str = ""
    page: Page = Page.POLICE


@dataclass(slots=True)
class Unit:
    """A unit of an account on one server; it is on duty unless its status is OFFLINE."""

    id: int
    account: Account
    badge: Badge
    status: int = UnitStatus.AVAILABLE
    location: str = ""
    aop: str = ""
    coordinates: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    is_dispatch: bool = False
    is_panic: bool = False

    @property
    def on_duty(self) -> bool:
        """Whether the unit is logged in."""
        return self.status != UnitStatus.OFFLINE

    def as_json(self) -> Json:
        """Build the unit as GET_ACTIVE_UNITS shows it."""
        first, second = (*self.account.api_ids, "", "")[:2]
        badge = self.badge
        return {
            "id": self.id,
            "accId": self.account.uuid,
            "status": int(self.status),
            "isPanic": self.is_panic,
            "location": self.location,
            "aop": self.aop,
            "isDispatch": self.is_dispatch,
            "data": {
                "apiId1": first,
                "apiId2": second,
                "unitNum": badge.unit_num,
                "name": badge.name,
                "district": badge.district,
                "department": badge.department,
                "subdivision": badge.subdivision,
                "rank": badge.rank,
                "group": badge.group,
                "page": int(badge.page),
            },
        }


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a call; `time` is a time of day, as the CAD shows it."""

    time: str
    label: str
    content: str
    type: str = "text"

    def as_json(self) -> Json:
        """Build the note object."""
        return {
            "time": self.time,
            "label": self.label,
            "type": self.type,
            "content": self.content,
        }


@dataclass(frozen=True, slots=True)
class CallForm:
    """The input for a new dispatch call."""

    title: str
    code: str = ""
    priority: int = 3
    block: str = ""
    address: str = ""
    postal: str = ""
    description: str = ""
    origin: int = 0
    status: int = CallStatus.ACTIVE
    primary: int = 0
    track_primary: bool = False
    notes: tuple[Note, ...] = ()
    meta_data: dict[str, str] = field(default_factory=dict)
    # The fields of a custom layout: `template`, `values`, `statusId`, and `priority` as a text.
    layout: Json = field(default_factory=dict)


@dataclass(slots=True)
class DispatchCall:
    """A dispatch call; `idents` are the attached units' ids, in the order of attachment."""

    call_id: int
    form: CallForm
    status: int
    primary: int
    updated: str
    notes: list[Note] = field(default_factory=list)
    idents: list[int] = field(default_factory=list)

    def as_json(self) -> Json:
        """Build the call as GET_CALLS shows it."""
        form = self.form
        return {
            "callId": self.call_id,
            "origin": form.origin,
            "status": int(self.status),
            "priority": form.priority,
            "block": form.block,
            "address": form.address,
            "postal": form.postal,
            "title": form.title,
            "code": form.code,
            "primary": self.primary,
            "trackPrimary": form.track_primary,
            "description": form.description,
            "notes": [note.as_json() for note in self.notes],
            "idents": list(self.idents),
            "metaData": dict(form.meta_data),
            "updated": self.updated,
            **form.layout,
        }


@dataclass(frozen=True, slots=True)
class EmergencyForm:
    """The input for a new 911 call (or a call to the civil line, if it is not an emergency)."""

    caller: str
    location: str
    description: str
    is_emergency: bool = True
    meta_data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EmergencyCall:
    """A 911 call; 911 calls and dispatch calls are numbered independently."""

    call_id: int
    form: EmergencyForm

    def as_json(self) -> Json:
        """Build the call as GET_CALLS shows it."""
        form = self.form
        return {
            "callId": self.call_id,
            "isEmergency": form.is_emergency,
            "caller": form.caller,
            "location": form.location,
            "description": form.description,
            "metaData": dict(form.meta_data),
        }


@dataclass(slots=True)
class Server:
    """One game server of a community, with its units and calls.

    `push_url` is the address that the CAD sends push events to; empty for none. A server without
    a name is shown by its number.
    """

    id: int = 1
    push_url: str = ""
    name: str = ""
    units: dict[int, Unit] = field(default_factory=dict)
    calls: dict[int, DispatchCall] = field(default_factory=dict)
    closed: list[DispatchCall] = field(default_factory=list)
    emergencies: dict[int, EmergencyCall] = field(default_factory=dict)
    next_call_id: int = 100
    next_emergency_id: int = 1


@dataclass(slots=True)
class Community:
    """A community: its id, API key, plan, accounts, servers and layouts."""

    id: str
    key: str
    plan: Plan = Plan.PLUS
    api_enabled: bool = True
    accounts: dict[str, Account] = field(default_factory=dict)
    servers: dict[int, Server] = field(default_factory=lambda: {1: Server()})
    layouts: list[Json] = field(default_factory=list)  # of dispatch calls
    # How the screens show the number of a call, which the API never does; reference:
    # docs/sonoran-cad.md, "Call".
    number_format: str = "2026-{:04}"
