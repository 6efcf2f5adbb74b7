"""The v1 API: builds requests and reads responses. Pure.

Reference: docs/sonoran-cad.md, "v1: one POST, plain text back".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.cad.codec import readers, writers
from bot.cad.errors import (
    ApiNotEnabled,
    CadRefused,
    CadUnnumbered,
    CadUnreadable,
    InvalidApiKey,
    InvalidCommunity,
    InvalidRequestType,
    UnitNotAddressable,
)
from bot.cad.http import wire
from bot.cad.http.rate_limits import BurstLimit
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import Account, AttachRequest, Calls, DetachRequest, NewCall, UnitRef, UnitsPage

ENDPOINT = "v1"  # all requests share one rate limit
# One per second on average, five at once; queries leave one of them to the next command.
LIMITS = {ENDPOINT: BurstLimit(requests=5, seconds=1.0, reserved_for_orders=1)}
UNITS_PER_PAGE = 100

_ALL_CALL_TYPES = 100
_NEW_ID = re.compile(r"(?:\b|call)ID\W{0,5}(\d{1,18})\b", re.IGNORECASE | re.ASCII)
_DOCUMENTED_REFUSALS: tuple[tuple[str, type[CadRefused]], ...] = (
    ("INVALID REQUEST TYPE", InvalidRequestType),
    ("INVALID COMMUNITY ID", InvalidCommunity),
    ("INVALID API KEY", InvalidApiKey),
    ("API IS NOT ENABLED", ApiNotEnabled),
    ("API ENDPOINT IS", ApiNotEnabled),
)


@dataclass(frozen=True, slots=True)
class AttachVariant:
    """One form of the attach request; the documents have changed it over the years."""

    path: str
    type: str

    def __str__(self) -> str:
        """Return the type and the path, as the CAD's documents name them."""
        return f"{self.type} at {self.path}"


ATTACH_VARIANTS = (
    AttachVariant("/emergency", "ATTACH_UNITS"),  # May 2020
    AttachVariant("/emergency", "ATTACH_UNIT"),  # June 2020
    AttachVariant("/emergency/attach_unit", "ATTACH_UNIT"),  # September 2020 to today
)


def attach(
    credentials: Credentials, attachments: Sequence[AttachRequest], variant: AttachVariant
) -> Request:
    """Build an attach request, one data object per attachment.

    Where a unit has no API id, the object names all units by ident, if they have one: no document
    says that one object may name units in two ways. Only today's variant knows idents.

    Raises:
        UnitNotAddressable: a unit has neither an API id nor an ident nor an account.
    """
    objects = [
        {"serverId": order.server_id, "callId": order.call_id, **target}
        for order in attachments
        for target in _attach_targets(order.units)
    ]
    return _post(credentials, variant.path, variant.type, *objects)


def needs_idents(attachments: Sequence[AttachRequest]) -> bool:
    """Return True if an attach request names units otherwise than by API id."""
    return any(not unit.api_id for order in attachments for unit in order.units)


def empty_attach(credentials: Credentials, variant: AttachVariant) -> Request:
    """Build an attach request without calls and units; it tests whether the CAD knows the type."""
    return attach(credentials, (), variant)


def detach(credentials: Credentials, detachments: Sequence[DetachRequest]) -> Request:
    """Build a detach request, one data object per detachment and account.

    A detach takes no idents: a unit without an API id is detached through its account, together
    with the other units of that account.

    Raises:
        UnitNotAddressable: a unit has neither an API id nor an account.
    """
    objects = [
        {"serverId": order.server_id, **target}
        for order in detachments
        for target in _detach_targets(order.units)
    ]
    return _post(credentials, "/emergency/detach_unit", "DETACH_UNIT", *objects)


def new_dispatch(credentials: Credentials, new: NewCall) -> Request:
    """Build a request that creates a dispatch call; the first unit becomes the primary unit."""
    data = {"serverId": new.server_id, **writers.new_call_json(new), "units": _api_ids(new.units)}
    return _post(credentials, "/emergency/new_dispatch", "NEW_DISPATCH", data)


def close_call(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that closes a dispatch call."""
    data = {"serverId": server_id, "callId": call_id}
    return _post(credentials, "/emergency/close_call", "CLOSE_CALL", data)


def add_note(
    credentials: Credentials, server_id: int, call_id: int, text: str, label: str
) -> Request:
    """Build a request that adds a note to a dispatch call."""
    data = {"serverId": server_id, "callId": call_id, "note": text, "label": label}
    return _post(credentials, "/emergency/add_call_note", "ADD_CALL_NOTE", data)


def remove_911(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that removes a 911 call from the list."""
    data = {"serverId": server_id, "callId": call_id}
    return _post(credentials, "/emergency/remove_911", "REMOVE_911", data)


def set_status(credentials: Credentials, server_id: int, unit: UnitRef, status: int) -> Request:
    """Build a request that sets the status of one unit, or of all units with its API id.

    Raises:
        UnitNotAddressable: the unit has neither an ident, an API id nor an account.
    """
    known: Mapping[str, Any]
    if unit.ident is not None:
        known = {"identIds": [unit.ident]}
    elif unit.api_id:
        known = {"apiId": unit.api_id}
    else:
        known = _account(unit)
    data = {"serverId": server_id, **known, "status": status}
    return _post(credentials, "/emergency/unit_status", "UNIT_STATUS", data)


def get_calls(credentials: Credentials, server_id: int) -> Request:
    """Build a request for the open calls of one server, with as few closed calls as possible."""
    data = {"serverId": server_id, "closedLimit": 1, "type": _ALL_CALL_TYPES}
    return _post(credentials, "/emergency/get_calls", "GET_CALLS", data)


def get_active_units(credentials: Credentials, server_id: int, *, offset: int = 0) -> Request:
    """Build a request for one page (`UNITS_PER_PAGE`) of the units and dispatchers on duty."""
    data = {"serverId": server_id, "onlyUnits": False, "limit": UNITS_PER_PAGE, "offset": offset}
    return _post(credentials, "/emergency/get_active_units", "GET_ACTIVE_UNITS", data)


def check_api_id(credentials: Credentials, server_id: int, api_id: str) -> Request:
    """Build a request for the name of the account that has an API id."""
    data = {"serverId": server_id, "apiId": api_id}
    return _post(credentials, "/general/check_apiid", "CHECK_APIID", data)


def get_account(credentials: Credentials, server_id: int, api_id: str) -> Request:
    """Build a request for the account that has an API id, with its permissions."""
    data = {"serverId": server_id, "apiId": api_id}
    return _post(credentials, "/general/get_account", "GET_ACCOUNT", data)


def read_done(response: Response) -> None:
    """Read the answer to a command; raise its error if it failed."""
    _checked(response)


def read_new_call(response: Response) -> int:
    """Read the number of a new call from `NEW DISPATCH CREATED - ID: 100`."""
    response = _checked(response)
    found = _NEW_ID.search(response.text)
    if found is None:
        raise CadUnnumbered(wire.error_text(response), status=response.status)
    return int(found[1])


def read_calls(response: Response) -> Calls:
    """Read the answer to `get_calls`."""
    return readers.read_calls(wire.read_json(_checked(response)))


def read_units(response: Response) -> UnitsPage:
    """Read the answer to `get_active_units`."""
    return readers.read_units_page(wire.read_json(_checked(response)), UNITS_PER_PAGE)


def read_account_name(response: Response) -> str | None:
    """Read the answer to `check_api_id`: the account's user name; None for an unknown id."""
    # The 404 of an unknown id contains this text; any other 404 means a wrong address.
    if response.status == 404 and "NOT LINKED" in response.text.upper():
        return None
    return _checked(response).text.strip('"')


def read_account(response: Response) -> Account | None:
    """Read the answer to `get_account`; None for an unknown id."""
    if response.status == 404 and "NOT LINKED" in response.text.upper():
        return None
    return readers.read_v1_account(wire.read_json(_checked(response)))


def is_unknown_variant(error: CadRefused | CadUnreadable) -> bool:
    """Return True if an error means that this CAD does not know this variant.

    A wrong address answers 200 `Backend Service Reached`, a server in front of it a web page.
    """
    return isinstance(error, InvalidRequestType | CadUnreadable) or error.status in {404, 405}


def _post(credentials: Credentials, path: str, type_: str, *data: Mapping[str, Any]) -> Request:
    body = {
        "id": credentials.community_id,
        "key": credentials.api_key,
        "type": type_,
        "data": list(data),
    }
    return Request(ENDPOINT, "POST", path, body)


def _attach_targets(units: Sequence[UnitRef]) -> list[Mapping[str, Any]]:
    api_ids = _api_ids(units)
    if len(api_ids) == len(units):
        return [{"units": api_ids}]
    idents = [unit.ident for unit in units if unit.ident is not None]
    if len(idents) == len(units):
        return [{"identIds": idents}]
    others = [unit for unit in units if not unit.api_id]
    lists = {"units": api_ids, "identIds": [one.ident for one in others if one.ident is not None]}
    return [
        *({kind: values} for kind, values in lists.items() if values),
        *_accounts([unit for unit in others if unit.ident is None]),
    ]


def _detach_targets(units: Sequence[UnitRef]) -> list[Mapping[str, Any]]:
    api_ids = _api_ids(units)
    named = [{"units": api_ids}] if api_ids or not units else []
    return [*named, *_accounts([unit for unit in units if not unit.api_id])]


def _accounts(units: Sequence[UnitRef]) -> list[Mapping[str, str]]:
    """Return a target for each account of these units; the CAD takes one in an object."""
    return list({unit.account: _account(unit) for unit in units}.values())


def _account(unit: UnitRef) -> Mapping[str, str]:
    if not unit.account:
        raise UnitNotAddressable("" if unit.ident is None else str(unit.ident))
    return {"account": unit.account}


def _api_ids(units: Sequence[UnitRef]) -> list[str]:
    return [unit.api_id for unit in units if unit.api_id]


def _checked(response: Response) -> Response:
    return wire.check_response(response, _classified)


def _classified(refusal: CadRefused) -> CadRefused:
    """Return a documented refusal as an error of its own class."""
    for text, kind in _DOCUMENTED_REFUSALS:
        if text in refusal.text.upper():
            return kind(refusal.text, status=refusal.status)
    return refusal
