"""Records of the changes in the pretend CAD and of the requests that it received."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sandbox.cad.state.models import Account, Json, Server


class Actor(StrEnum):
    """The source of a change: a person in the CAD's user interface, or a program over the API."""

    PERSON = "person"
    API = "api"


class ChangeKind(StrEnum):
    """The kinds of changes."""

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
    GROUP_ADD = "group add"
    GROUP_REMOVE = "group remove"
    GROUP_RENAME = "group rename"
    LINK_VERIFIED = "link verified"


@dataclass(frozen=True, slots=True)
class Change:
    """A change, with the call, the units, the account or the group that it affects."""

    kind: ChangeKind
    server: Server
    call_id: int | None = None
    idents: tuple[int, ...] = ()
    actor: Actor = Actor.PERSON
    account: Account | None = None
    group: str = ""
    new_group: str = ""


Observer = Callable[[Change], None]


@dataclass(slots=True)
class ReceivedRequest:
    """A request that arrived; `status` is None until it is answered.

    `fault` names the faults that were applied to it. The API key is not recorded.
    """

    at: datetime
    path: str
    type: str = ""
    community: str = ""
    objects: tuple[Json, ...] = ()
    status: int | None = None
    text: str = ""
    fault: str = ""
