"""What the CAD knows, as frozen values. Raw JSON stops here.

Field names follow the CAD (reference: sonoran-cad.md, "Unit:" and "Call:"); keys arrive in lower
case from `wire.read_json`. A malformed entry is left out of its list: one bad unit must not hide
the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.cad.errors import CadUnreadable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody an order is about: by API id, and by the unit's ident where it is on duty."""

    api_id: str
    ident: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """An order: put these people on this dispatch call."""

    server_id: int
    call_id: int
    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class Detachment:
    """An order: take these people off whatever call each is on; the CAD takes no call here."""

    server_id: int
    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The units that the CAD says it has attached or detached; only v2 says so."""

    idents: frozenset[int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the CAD; api_id is its community user id, empty where none is linked."""

    uuid: str
    username: str
    api_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """An active dispatch call. idents are the ids of the units on it."""

    call_id: int
    title: str
    code: str
    idents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit on duty.

    Attributes:
        ident: the unit's id in the CAD, as calls list it.
        number: what is said on the radio, "A-12".
        account: the UUID of the unit's account.
        api_ids: every API id of the unit's account, the first one first.
    """

    ident: int
    account: str
    number: str
    name: str
    department: str
    status: int
    api_ids: tuple[str, ...]


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


def read_calls(data: object) -> tuple[Call, ...]:
    """Read the active dispatch calls from a GET_CALLS answer."""
    if not isinstance(data, Mapping) or not isinstance(data.get("activecalls"), list):
        raise CadUnreadable("the answer to GET_CALLS holds no activeCalls")
    return _read_each(data["activecalls"], _read_call)


def read_units(data: object) -> tuple[Unit, ...]:
    """Read the units from a GET_ACTIVE_UNITS answer."""
    if not isinstance(data, list):
        raise CadUnreadable("the answer to GET_ACTIVE_UNITS is not a list")
    return _read_each(data, _read_unit)


def read_units_page(data: object, page_size: int) -> UnitsPage:
    """Read one page of the units, which is the last one unless it is full."""
    units = read_units(data)
    size = len(data) if isinstance(data, list) else 0
    return UnitsPage(units, size, is_last=size < page_size)


def on_call(calls: Iterable[Call], call_id: int, units: Iterable[Unit]) -> frozenset[int]:
    """Return the idents of those of these units that are on this call."""
    on_it = {ident for call in calls if call.call_id == call_id for ident in call.idents}
    return frozenset(on_it.intersection(unit.ident for unit in units))


def read_receipt(data: object) -> Receipt | None:
    """Read the answer to an order, None where it names no units."""
    idents = data.get("identids") if isinstance(data, Mapping) else None
    return Receipt(frozenset(_idents(idents))) if isinstance(idents, list) else None


def read_account(data: object) -> Account:
    """Read an account."""
    uuid = _text(data.get("uuid")) if isinstance(data, Mapping) else ""
    if not isinstance(data, Mapping) or not uuid:
        raise CadUnreadable("the answer holds no account")
    return Account(uuid, _text(data.get("username")), _text(data.get("communityuserid")))


def read_linked_account(data: object) -> str | None:
    """Read whose API id it is: the UUID of the account, None if it is nobody's."""
    if not isinstance(data, Mapping) or not isinstance(data.get("linked"), bool):
        raise CadUnreadable("the answer does not say whether the API id is linked")
    return _text(data.get("accountuuid")) if data["linked"] else None


def read_current_call(data: object) -> CurrentCall | None:
    """Read the call that a unit is on, None (the CAD says -1) if it is on none."""
    if not isinstance(data, Mapping) or "callid" not in data:
        raise CadUnreadable("the answer holds no current call")
    ident, call_id = _int(data.get("identid")), _int(data["callid"])
    if ident is None or call_id is None or call_id <= 0:
        return None
    return CurrentCall(ident, call_id)


def _read_each(
    items: Sequence[Any], read: Callable[[Mapping[str, Any]], T | None]
) -> tuple[T, ...]:
    found = (read(item) for item in items if isinstance(item, Mapping))
    return tuple(item for item in found if item is not None)


def _read_call(raw: Mapping[str, Any]) -> Call | None:
    call_id = _int(raw.get("callid"))
    if call_id is None:
        return None
    idents = raw.get("idents")
    return Call(
        call_id=call_id,
        title=_text(raw.get("title")),
        code=_text(raw.get("code")),
        idents=_idents(idents if isinstance(idents, list) else []),
    )


def _read_unit(raw: Mapping[str, Any]) -> Unit | None:
    ident = _int(raw.get("id"))
    data = raw.get("data")
    if ident is None or not isinstance(data, Mapping):
        return None
    status = _int(raw.get("status"))
    return Unit(
        ident=ident,
        account=_text(raw.get("accid")),
        number=_text(data.get("unitnum")),
        name=_text(data.get("name")),
        department=_text(data.get("department")),
        status=-1 if status is None else status,
        api_ids=_api_ids(data),
    )


def _api_ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    listed = data.get("apiids")
    candidates = [data.get("apiid1"), data.get("apiid2")]
    candidates += listed if isinstance(listed, list) else []
    candidates.append(data.get("communityuserid"))
    return tuple(dict.fromkeys(text for text in map(_text, candidates) if text))


def _idents(entries: list[Any]) -> tuple[int, ...]:
    return tuple(ident for ident in map(_int, entries) if ident is not None)


def _int(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,18}\s*", value, re.ASCII):
        return int(value)
    return None


def _text(value: object) -> str:
    # JSON can spell half a surrogate pair, which nothing above could encode.
    return value.encode(errors="replace").decode().strip() if isinstance(value, str) else ""
