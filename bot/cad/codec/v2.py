"""The v2 API: builds requests and reads responses. Pure.

Reference: docs/sonoran-cad.md, "v2: resources, bearer token, JSON".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from bot.cad.codec import readers, writers
from bot.cad.errors import ApiNotEnabled, CadRefused, CadUnnumbered, CadUnreadable, InvalidApiKey
from bot.cad.http import wire
from bot.cad.http.rate_limits import RateLimit
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import (
    Account,
    AttachRequest,
    Calls,
    CurrentCall,
    DetachRequest,
    NewCall,
    Receipt,
    UnitRef,
    UnitsPage,
)

ATTACH, DETACH = "attach", "detach"
CALLS, UNITS, CURRENT_CALL = "calls", "units", "current call"
NEW_CALL, CLOSE, NOTE = "new dispatch", "close", "note"
STATUS, REMOVE_911 = "status", "remove 911"
ACCOUNT, LINK = "account", "link"
INFO, VERSION, SERVERS = "info", "version", "servers"
# Published, per API key. The game server uses the same key: see `RateLimit.scaled`.
LIMITS: Mapping[str, RateLimit] = {
    ATTACH: RateLimit(10, 60.0),
    DETACH: RateLimit(10, 60.0),
    CALLS: RateLimit(5, 60.0, reserved_for_acts=1),
    UNITS: RateLimit(3, 60.0, reserved_for_acts=1),
    NEW_CALL: RateLimit(20, 60.0),
    CLOSE: RateLimit(20, 60.0),
    NOTE: RateLimit(60, 60.0),
    STATUS: RateLimit(30, 60.0),
    REMOVE_911: RateLimit(10, 60.0),
    ACCOUNT: RateLimit(10, 60.0),
    LINK: RateLimit(30, 60.0),
    CURRENT_CALL: RateLimit(10, 60.0),
    **dict.fromkeys((INFO, VERSION, SERVERS), RateLimit(10, 60.0)),
}
UNITS_PER_PAGE = 100  # the default; a maximum is documented for v1 only

_ALL_CALL_TYPES = 100
_NOT_ENABLED = re.compile(r"\bnot enabled\b|\bplan\b|\bsubscription\b", re.IGNORECASE)
_WRONG_ADDRESS = re.compile(r"\b(server|route|endpoint|path|url)", re.IGNORECASE)


def attach(credentials: Credentials, attachment: AttachRequest) -> tuple[Request, ...]:
    """Build the requests that attach units: at most one with idents and one with API ids.

    No document says that one request may name units in both ways.
    """
    calls = f"/v2/emergency/servers/{attachment.server_id}/dispatch-calls"
    path = f"{calls}/{attachment.call_id}/attachments"
    return tuple(
        _request(credentials, ATTACH, "POST", path, target) for target in _targets(attachment.units)
    )


def detach(credentials: Credentials, detachment: DetachRequest) -> tuple[Request, ...]:
    """Build the requests that detach units from their calls, as `attach` does."""
    path = f"/v2/emergency/servers/{detachment.server_id}/dispatch-calls/attachments"
    return tuple(
        _request(credentials, DETACH, "DELETE", path, target)
        for target in _targets(detachment.units)
    )


def new_dispatch(credentials: Credentials, new: NewCall) -> Request:
    """Build a request that creates a dispatch call.

    It can name units in one way only: by ident if any unit has one, because only units on duty
    can be on a call; otherwise by API id.
    """
    targets = _targets(new.units) or ({"communityUserIds": []},)  # the CAD requires one target
    path = f"/v2/emergency/servers/{new.server_id}/dispatch-calls"
    body = {**writers.new_call_json(new), **targets[0]}
    return _request(credentials, NEW_CALL, "POST", path, body)


def close_call(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that closes a dispatch call."""
    path = f"/v2/emergency/servers/{server_id}/dispatch-calls/close"
    return _request(credentials, CLOSE, "POST", path, {"callIds": [call_id]})


def add_note(
    credentials: Credentials, server_id: int, call_id: int, text: str, label: str
) -> Request:
    """Build a request that adds a note to a dispatch call."""
    path = f"/v2/emergency/servers/{server_id}/dispatch-calls/{call_id}/notes"
    body = {"note": text, "noteType": "text", "label": label}
    return _request(credentials, NOTE, "POST", path, body)


def remove_911(credentials: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that removes a 911 call from the list."""
    path = f"/v2/emergency/servers/{server_id}/calls/911/{call_id}"
    return _request(credentials, REMOVE_911, "DELETE", path)


def set_status(credentials: Credentials, server_id: int, unit: UnitRef, status: int) -> Request:
    """Build a request that sets the status of one unit, or of all units with its API id."""
    (target,) = _targets((unit,))
    path = f"/v2/emergency/servers/{server_id}/units/status"
    return _request(credentials, STATUS, "PATCH", path, {**target, "status": status})


def get_calls(credentials: Credentials, server_id: int) -> Request:
    """Build a request for the open calls of one server, with as few closed calls as possible."""
    query = {"closedLimit": 1, "closedOffset": 0, "type": _ALL_CALL_TYPES}
    return _get(credentials, CALLS, f"/v2/emergency/servers/{server_id}/calls", query)


def get_units(credentials: Credentials, server_id: int, *, offset: int = 0) -> Request:
    """Build a request for one page (`UNITS_PER_PAGE` units) of the units on duty."""
    query = {
        "includeOffline": "false",
        "onlyUnits": "true",
        "limit": UNITS_PER_PAGE,
        "offset": offset,
    }
    return _get(credentials, UNITS, f"/v2/emergency/servers/{server_id}/units", query)


def account_by_discord(credentials: Credentials, discord_id: int) -> Request:
    """Build a request for the account that is linked to a Discord id."""
    return _account(credentials, "discord", str(discord_id))


def account_by_uuid(credentials: Credentials, account: str) -> Request:
    """Build a request for the account with this UUID."""
    return _account(credentials, "accountUuid", account)


def account_by_community_user(credentials: Credentials, api_id: str) -> Request:
    """Build a request for the account with this community user id (v1: API id)."""
    return _account(credentials, "communityUserId", api_id)


def check_link(credentials: Credentials, api_id: str) -> Request:
    """Build a request for the UUID of the account that has a community user id."""
    return _request(
        credentials, LINK, "POST", "/v2/general/links/check", {"communityUserId": api_id}
    )


def current_call(credentials: Credentials, account: str) -> Request:
    """Build a request for the call of the unit that an account has selected."""
    path = f"/v2/emergency/accounts/{quote(account, safe='')}/current-call"
    return _get(credentials, CURRENT_CALL, path)


def general(credentials: Credentials, endpoint: str) -> Request:
    """Build a request for data of the community: `INFO`, `VERSION` or `SERVERS`."""
    return _get(credentials, endpoint, f"/v2/general/{endpoint}")


def read_receipt(response: Response) -> Receipt | None:
    """Read the answer to an attach or detach request; None if it names no units."""
    response = _checked(response)
    try:
        return readers.read_receipt(wire.read_json(response))
    except CadUnreadable:
        # The status says that the CAD has done it; an error would say that it may not have.
        return None


def read_done(response: Response) -> None:
    """Read the answer to a command; raise its error if it failed."""
    _checked(response)


def read_new_call(response: Response) -> int:
    """Read the number of a new call."""
    response = _checked(response)
    try:
        return readers.read_new_call(wire.read_json(response))
    except CadUnreadable as error:
        # The status says that the call exists; another error would cause a duplicate.
        raise CadUnnumbered(error.text, status=response.status) from error


def read_calls(response: Response) -> Calls:
    """Read the answer to `get_calls`."""
    return readers.read_calls(wire.read_json(_checked(response)))


def read_units(response: Response) -> UnitsPage:
    """Read the answer to `get_units`."""
    return readers.read_units_page(wire.read_json(_checked(response)), UNITS_PER_PAGE)


def read_account(response: Response) -> Account | None:
    """Read the answer to a request for an account; None if there is no such account."""
    if _is_unknown_account(response):
        return None
    return readers.read_account(wire.read_json(_checked(response)))


def read_linked_account(response: Response) -> str | None:
    """Read the answer to `check_link`: the account's UUID; None if no account has the id."""
    if _is_unknown_account(response):
        return None
    return readers.read_linked_account(wire.read_json(_checked(response)))


def read_current_call(response: Response) -> CurrentCall | None:
    """Read the answer to `current_call`; None if the account has no unit on any call."""
    if _is_unknown_account(response):
        return None
    return readers.read_current_call(wire.read_json(_checked(response)))


def read_general(response: Response) -> object:
    """Read the answer to `general` as JSON, for the reader of that endpoint."""
    return wire.read_json(_checked(response))


def _targets(units: tuple[UnitRef, ...]) -> tuple[dict[str, list[Any]], ...]:
    idents = [unit.ident for unit in units if unit.ident is not None]
    others = [unit.api_id for unit in units if unit.ident is None]
    targets: dict[str, list[Any]] = {"identIds": idents, "communityUserIds": others}
    return tuple({kind: values} for kind, values in targets.items() if values)


def _account(credentials: Credentials, kind: str, value: str) -> Request:
    return _get(credentials, ACCOUNT, "/v2/general/accounts/account", {kind: value})


def _get(
    credentials: Credentials, endpoint: str, path: str, query: Mapping[str, Any] | None = None
) -> Request:
    return _request(credentials, endpoint, "GET", f"{path}?{urlencode(query)}" if query else path)


def _request(
    credentials: Credentials,
    endpoint: str,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
) -> Request:
    headers = {"Authorization": f"Bearer {credentials.api_key}", "Accept": "application/json"}
    return Request(endpoint, method, path, body, headers)


def _checked(response: Response) -> Response:
    return wire.check_response(response, _classified)


def _classified(refusal: CadRefused) -> CadRefused:
    """Return a refusal that affects every request as an error of its own class."""
    if refusal.status == 401:
        return InvalidApiKey(refusal.text, status=refusal.status)
    if refusal.status in {400, 402, 403} and _NOT_ENABLED.search(refusal.text):
        return ApiNotEnabled(refusal.text, status=refusal.status)
    return refusal


def _is_unknown_account(response: Response) -> bool:
    """Return True for the 404 of an unknown account, False for that of a wrong address."""
    if response.status != 404:
        return False
    texts = wire.problem_texts(response)
    text = " ".join(texts.get(key, "") for key in ("title", "detail"))
    # Only the CAD itself answers with problem details; if they name no address, the account is
    # unknown.
    return bool(text.strip()) and not _WRONG_ADDRESS.search(text)
