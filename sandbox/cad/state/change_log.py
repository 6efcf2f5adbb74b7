"""What happened in the CAD, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sandbox.cad.state.models import Account, Json, Server


class Actor(StrEnum):
    """Who changes something: a person at the CAD's own screens, or a program through its API."""

    PERSON = "person"
    API = "api"


class ChangeKind(StrEnum):
    """What can happen in a CAD."""

    CALL_NEW = "call new"
    CALL_EDIT = "call edit"
    CALL_CLOSED = "call closed"
    NOTE = "note"
    ATTACH = "attach"
    DETACH = "detach"
    EMERGENCY_NEW = "911 new"
    EMERGENCY_REMOVED = "911 removed"
    UNIT_LOGIN = "login"
    UNIT_LOGOUT = "logout"
    UNIT_STATUS = "status"
    UNIT_UPDATE = "update"
    UNIT_PANIC = "panic"
    LINK_VERIFIED = "link verified"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened, to which call, units or account (where that applies)."""

    kind: ChangeKind
    server: Server
    call_id: int | None = None
    idents: tuple[int, ...] = ()
    actor: Actor = Actor.PERSON
    account: Account | None = None


Observer = Callable[[Change], None]


@dataclass(slots=True)
class ReceivedRequest:
    """One request that arrived; `status` is None until it was answered.

    `fault` names the faults that had a hand in it. The API key is not kept.
    """

    at: datetime
    path: str
    type: str = ""
    community: str = ""
    objects: tuple[Json, ...] = ()
    status: int | None = None
    text: str = ""
    fault: str = ""
