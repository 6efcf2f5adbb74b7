"""The v2 API: builds requests and reads responses. Pure.

Reference: docs/sonoran-cad.md, "v2: resources, bearer token, JSON".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from bot.cad.codec import readers
from bot.cad.errors import (
    ApiForbidden,
    CadRefused,
    CadUnreadable,
    InvalidApiKey,
    UnitNotAddressable,
)
from bot.cad.http import wire
from bot.cad.http.rate_limits import RateLimit
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import (
    AttachRequest,
    CurrentCall,
    DetachRequest,
    Receipt,
    UnitRef,
    UnitsPage,
)

ATTACH, DETACH = "attach", "detach"
CALLS, UNITS, CURRENT_CALL = "calls", "units", "current call"
NEW_CALL, CLOSE, NOTE, PRIMARY = "new dispatch", "close", "note", "primary"
STATUS, REMOVE_911 = "status", "remove 911"
ACCOUNT, LINK, PERMISSIONS, LAYOUTS = "account", "link", "permissions", "layouts"
INFO, VERSION, SERVERS = "info", "version", "servers"
# Published, per API key. The game server uses the same key: see `RateLimit.scaled`.
LIMITS: Mapping[str, RateLimit] = {
    ATTACH: RateLimit(10, 60.0),
    DETACH: RateLimit(10, 60.0),
    CALLS: RateLimit(5, 60.0, reserved_for_members=1),
    UNITS: RateLimit(3, 60.0, reserved_for_members=1),
    NEW_CALL: RateLimit(20, 60.0),
    CLOSE: RateLimit(20, 60.0),
    NOTE: RateLimit(60, 60.0),
    PRIMARY: RateLimit(10, 60.0),
    STATUS: RateLimit(30, 60.0),
    REMOVE_911: RateLimit(10, 60.0),
    ACCOUNT: RateLimit(10, 60.0, reserved_for_members=4),
    LINK: RateLimit(30, 60.0, reserved_for_members=10),
    PERMISSIONS: RateLimit(10, 60.0),  # none is published; that of the account
    LAYOUTS: RateLimit(10, 60.0),  # none is published; that of other general data
    CURRENT_CALL: RateLimit(10, 60.0),
    **dict.fromkeys((INFO, VERSION, SERVERS), RateLimit(10, 60.0)),
}
UNITS_PER_PAGE = 100  # the default; a maximum is documented for v1 only


_NOT_ENABLED = re.compile(r"\bnot enabled\b|\bplan\b|\bsubscription\b", re.IGNORECASE)
_WRONG_ADDRESS = re.compile(r"\b(server|route|endpoint|path|url)", re.IGNORECASE)


def attach(credentials: Credentials, attachment: AttachRequest) -> list[Request]:
    """Build the requests that attach units: one with idents, one with API ids, others by account.

    No document says that one request may name units in both ways.
    """
    calls = f"/v2/emergency/servers/{attachment.server_id}/dispatch-calls"
    path = f"{calls}/{attachment.call_id}/attachments"
    return [
        build_request(credentials, ATTACH, "POST", path, target)
        for target in _targets(attachment.units)
    ]


def detach(credentials: Credentials, detachment: DetachRequest) -> list[Request]:
    """Build the requests that detach units from their calls, as `attach` does."""
    path = f"/v2/emergency/servers/{detachment.server_id}/dispatch-calls/attachments"
    return [
        build_request(credentials, DETACH, "DELETE", path, target)
        for target in _targets(detachment.units)
    ]


def remove_911(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that removes a 911 call from the list."""
    path = f"/v2/emergency/servers/{server_id}/calls/911/{call_id}"
    return build_request(credentials, REMOVE_911, "DELETE", path)


def set_status(credentials: Credentials, server_id: int, unit: UnitRef, status: int) -> Request:
    """Build a request that sets the status of one unit, or of all units with its API id.

    Raises:
        UnitNotAddressable: the unit has neither an ident, an API id nor an account.
    """
    targets = _targets((unit,))
    if not targets:
        raise UnitNotAddressable
    (target,) = targets
    path = f"/v2/emergency/servers/{server_id}/units/status"
    return build_request(credentials, STATUS, "PATCH", path, {**target, "status": status})


def get_units(credentials: Credentials, server_id: int, *, offset: int = 0) -> Request:
    """Build a request for one page (`UNITS_PER_PAGE`) of the units and dispatchers on duty."""
    query = {
        "includeOffline": "false",
        "onlyUnits": "false",
        "limit": UNITS_PER_PAGE,
        "offset": offset,
    }
    return build_get(credentials, UNITS, f"/v2/emergency/servers/{server_id}/units", query)


def current_call(credentials: Credentials, account: str) -> Request:
    """Build a request for the call of the unit that an account has selected."""
    path = f"/v2/emergency/accounts/{quote(account, safe='')}/current-call"
    return build_get(credentials, CURRENT_CALL, path)


def read_receipt(response: Response) -> Receipt | None:
    """Read the answer to an attach or detach request; None if it names no units."""
    response = check(response)
    try:
        return readers.read_receipt(wire.read_json(response))
    except CadUnreadable:
        # The status says that the CAD has done it; an error would say that it may not have.
        return None


def read_done(response: Response) -> None:
    """Read the answer to a command; raise its error if it failed."""
    check(response)


def read_units(response: Response) -> UnitsPage:
    """Read the answer to `get_units`."""
    return readers.read_units_page(wire.read_json(check(response)), UNITS_PER_PAGE)


def read_current_call(response: Response) -> CurrentCall | None:
    """Read the answer to `current_call`; None if the account has no unit on any call."""
    if is_unknown_account(response):
        return None
    return readers.read_current_call(wire.read_json(check(response)))


def _targets(units: tuple[UnitRef, ...]) -> tuple[dict[str, Any], ...]:
    idents = [unit.ident for unit in units if unit.ident is not None]
    others = [unit for unit in units if unit.ident is None]
    api_ids = [unit.api_id for unit in others if unit.api_id]
    lists: dict[str, list[Any]] = {"identIds": idents, "communityUserIds": api_ids}
    accounts = dict.fromkeys(unit.account for unit in others if unit.account and not unit.api_id)
    return (
        *({kind: values} for kind, values in lists.items() if values),
        *({"accountUuid": account} for account in accounts),  # one in a request
    )


def build_get(
    credentials: Credentials, endpoint: str, path: str, query: Mapping[str, Any] | None = None
) -> Request:
    """Build a GET request of v2."""
    return build_request(
        credentials, endpoint, "GET", f"{path}?{urlencode(query)}" if query else path
    )


def build_request(
    credentials: Credentials,
    endpoint: str,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
) -> Request:
    """Build a request of v2 with its headers."""
    headers = {"Authorization": f"Bearer {credentials.api_key}", "Accept": "application/json"}
    return Request(endpoint, method, path, body, headers)


def check(response: Response) -> Response:
    """Return a successful response; raise the error of any other, in the words of v2."""
    return wire.check_response(response, _classified)


def _classified(refusal: CadRefused) -> CadRefused:
    """Return a refusal that affects every request as an error of its own class."""
    if refusal.status == 401:
        return InvalidApiKey(refusal.text, status=refusal.status)
    if refusal.status in {400, 402, 403} and _NOT_ENABLED.search(refusal.text):
        return ApiForbidden(refusal.text, status=refusal.status)
    return refusal


def is_unknown_account(response: Response) -> bool:
    """Return True for the 404 of an unknown account, False for that of a wrong address."""
    if response.status != 404:
        return False
    texts = wire.problem_texts(response)
    text = " ".join(texts.get(key, "") for key in ("title", "detail"))
    # Only the CAD itself answers with problem details; if they name no address, the account is
    # unknown.
    return bool(text.strip()) and not _WRONG_ADDRESS.search(text)
