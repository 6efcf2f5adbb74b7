"""The v1 API: builds requests and reads responses. Pure.

Reference: docs/sonoran-cad.md, "v1: one POST, plain text back".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.cad import api_choice
from bot.cad.codec import readers
from bot.cad.errors import (
    ApiNotEnabled,
    CadRefused,
    CadUnreadable,
    InvalidApiKey,
    InvalidCommunity,
    InvalidRequestType,
    UnitNotAddressable,
)
from bot.cad.http import wire
from bot.cad.http.rate_limits import BurstLimit
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import AttachRequest, DetachRequest, UnitRef, UnitsPage

ENDPOINT = "v1"  # all requests share one rate limit
# One per second on average, five at once; queries leave one of them to the next command, and those
# in the background leave two more.
LIMITS = {
    ENDPOINT: BurstLimit(requests=5, seconds=1.0, reserved_for_orders=1, reserved_for_members=2)
}
UNITS_PER_PAGE = 100


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
    credentials: Credentials,
    attachments: Sequence[AttachRequest],
    variant: AttachVariant,
    *,
    by_ident: bool = False,
) -> list[Request]:
    """Build an attach request with one data object per attachment, and further ones if needed.

    Where a unit has no API id, the object names all units by ident, if they have one: no document
    says that one object may name units in two ways. Units that have to be named in another way
    follow in requests of their own. Only today's variant knows idents.

    Args:
        by_ident: name each unit by its ident, if it has one, although it has an API id.

    Raises:
        UnitNotAddressable: a unit has neither an API id nor an ident nor an account.
    """
    objects = [
        [
            {"serverId": order.server_id, "callId": order.call_id, **target}
            for target in _attach_targets(order.units, by_ident=by_ident)
        ]
        for order in attachments
    ]
    further = [[one] for of_call in objects for one in of_call[1:]]
    return [
        post(credentials, variant.path, variant.type, *data)
        for data in ([of_call[0] for of_call in objects], *further)
    ]


def without_api_id(attachments: Sequence[AttachRequest]) -> list[UnitRef]:
    """Return the units that an attach request cannot name by an API id."""
    return [unit for order in attachments for unit in order.units if not unit.api_id]


def not_addressable(units: Iterable[UnitRef]) -> UnitNotAddressable:
    """Return the error for units that a request cannot name."""
    idents = [unit.ident for unit in units if unit.ident is not None]
    return UnitNotAddressable(", ".join(map(str, idents)), idents=idents)


def empty_attach(credentials: Credentials, variant: AttachVariant) -> Request:
    """Build an attach request without calls and units; it tests whether the CAD knows the type."""
    (request,) = attach(credentials, (), variant)
    return request


def detach(credentials: Credentials, detachments: Sequence[DetachRequest]) -> list[Request]:
    """Build the detach requests, one per detachment and account.

    A detach takes no idents: a unit without an API id is detached through its account, together
    with the other units of that account.

    Raises:
        UnitNotAddressable: a unit has neither an API id nor an account.
    """
    return [
        post(
            credentials,
            "/emergency/detach_unit",
            "DETACH_UNIT",
            {"serverId": order.server_id, **target},
        )
        for order in detachments
        for target in _detach_targets(order.units)
    ]


def remove_911(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that removes a 911 call from the list."""
    data = {"serverId": server_id, "callId": call_id}
    return post(credentials, "/emergency/remove_911", "REMOVE_911", data)


def set_status(credentials: Credentials, server_id: int, unit: UnitRef, status: int) -> Request:
    """Build a request that sets the status of one unit, or of all units with its API id.

    Raises:
        UnitNotAddressable: the unit has neither an ident, an API id nor an account.
    """
    data = {"serverId": server_id, **_status_target(unit), "status": status}
    return post(credentials, "/emergency/unit_status", "UNIT_STATUS", data)


def get_active_units(credentials: Credentials, server_id: int, *, offset: int = 0) -> Request:
    """Build a request for one page (`UNITS_PER_PAGE`) of the units and dispatchers on duty."""
    data = {"serverId": server_id, "onlyUnits": False, "limit": UNITS_PER_PAGE, "offset": offset}
    return post(credentials, "/emergency/get_active_units", "GET_ACTIVE_UNITS", data)


def read_done(response: Response) -> None:
    """Read the answer to a command; raise its error if it failed."""
    check(response)


def read_units(response: Response) -> UnitsPage:
    """Read the answer to `get_active_units`."""
    return readers.read_units_page(wire.read_json(check(response)), UNITS_PER_PAGE)


def is_unknown_variant(error: CadRefused | CadUnreadable) -> bool:
    """Return True if an error means that this CAD does not know this variant.

    A wrong address answers 200 `Backend Service Reached`, a server in front of it a web page.
    """
    return api_choice.is_absent(error)


def post(credentials: Credentials, path: str, type_: str, *data: Mapping[str, Any]) -> Request:
    """Build a request of v1 with these data objects."""
    body = {
        "id": credentials.community_id,
        "key": credentials.api_key,
        "type": type_,
        "data": list(data),
    }
    return Request(ENDPOINT, "POST", path, body)


def _attach_targets(units: Sequence[UnitRef], *, by_ident: bool) -> list[Mapping[str, Any]]:
    """Return how an attach request names units: in one way if possible, else in several."""
    by_api_id = _api_ids(units)
    if len(by_api_id) == len(units) and not by_ident:
        return [{"units": by_api_id}]
    idents = [unit.ident for unit in units if unit.ident is not None]
    if len(idents) == len(units):
        return [{"identIds": idents}]
    others = [one for one in units if not one.api_id or (by_ident and one.ident is not None)]
    lists = {
        "units": _api_ids([unit for unit in units if unit not in others]),
        "identIds": [one.ident for one in others if one.ident is not None],
    }
    return [
        *({kind: values} for kind, values in lists.items() if values),
        *_accounts([unit for unit in others if unit.ident is None]),
    ]


def _detach_targets(units: Sequence[UnitRef]) -> list[Mapping[str, Any]]:
    by_api_id = _api_ids(units)
    named = [{"units": by_api_id}] if by_api_id or not units else []
    return [*named, *_accounts([unit for unit in units if not unit.api_id])]


def _status_target(unit: UnitRef) -> Mapping[str, Any]:
    if unit.ident is not None:
        return {"identIds": [unit.ident]}
    if unit.api_id:
        return {"apiId": unit.api_id}
    (target,) = _accounts([unit])
    return target


def _api_ids(units: Iterable[UnitRef]) -> list[str]:
    """Return the API ids of those units that have one."""
    return [unit.api_id for unit in units if unit.api_id]


def _accounts(units: Sequence[UnitRef]) -> list[Mapping[str, Any]]:
    """Return a target for each account of these units; a request takes one."""
    if unnamed := [unit for unit in units if not unit.account]:
        raise not_addressable(unnamed)
    return [{"account": account} for account in dict.fromkeys(unit.account for unit in units)]


def check(response: Response) -> Response:
    """Return a successful response; raise the error of any other, in the words of v1."""
    return wire.check_response(response, _classified)


def _classified(refusal: CadRefused) -> CadRefused:
    """Return a documented refusal as an error of its own class."""
    for text, kind in _DOCUMENTED_REFUSALS:
        if text in refusal.text.upper():
            return kind(refusal.text, status=refusal.status)
    return refusal
