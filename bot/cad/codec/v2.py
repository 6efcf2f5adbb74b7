"""The v2 API: orders to requests, responses to models. Pure.

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
from bot.cad.http.rate_limits import Limit
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import (
    Account,
    Attachment,
    Calls,
    CurrentCall,
    Detachment,
    NewCall,
    Receipt,
    Subject,
    UnitsPage,
)

ATTACH = "attach"
DETACH = "detach"
CALLS, UNITS = "calls", "units"
NEW_CALL = "new dispatch"
CLOSE = "close"
NOTE = "note"
STATUS = "status"
REMOVE_911 = "remove 911"
ACCOUNT = "account"
LINK = "link"
CURRENT_CALL = "current call"
INFO, VERSION, SERVERS = "info", "version", "servers"
# Published, per API key. The game server uses the same key: see Limit.shared.
LIMITS: Mapping[str, Limit] = {
    ATTACH: Limit(10, 60.0),
    DETACH: Limit(10, 60.0),
    CALLS: Limit(5, 60.0),
    UNITS: Limit(3, 60.0),
    NEW_CALL: Limit(20, 60.0),
    CLOSE: Limit(20, 60.0),
    NOTE: Limit(60, 60.0),
    STATUS: Limit(30, 60.0),
    REMOVE_911: Limit(10, 60.0),
    ACCOUNT: Limit(10, 60.0),
    LINK: Limit(30, 60.0),
    CURRENT_CALL: Limit(10, 60.0),
    **dict.fromkeys((INFO, VERSION, SERVERS), Limit(10, 60.0)),
}
UNITS_PER_PAGE = 100  # the default; a maximum is documented for v1 only

_ALL_KINDS_OF_CALLS = 100
_NOT_ENABLED = re.compile(r"\bnot enabled\b|\bplan\b|\bsubscription\b", re.IGNORECASE)
_WRONG_PLACE = re.compile(r"\b(server|route|endpoint|path|url)", re.IGNORECASE)


def attach(who: Credentials, attachment: Attachment) -> tuple[Request, ...]:
    """Build the requests that put people on a call: at most one by ident, one by API id.

    Two, because no document says that kinds of targets may be mixed.
    """
    path = (
        f"/v2/emergency/servers/{attachment.server_id}"
        f"/dispatch-calls/{attachment.call_id}/attachments"
    )
    return tuple(
        _request(who, ATTACH, "POST", path, target) for target in _targets(attachment.subjects)
    )


def detach(who: Credentials, detachment: Detachment) -> tuple[Request, ...]:
    """Build the requests that take people off their calls, as `attach` does."""
    path = f"/v2/emergency/servers/{detachment.server_id}/dispatch-calls/attachments"
    return tuple(
        _request(who, DETACH, "DELETE", path, target) for target in _targets(detachment.subjects)
    )


def new_dispatch(who: Credentials, new: NewCall) -> Request:
    """Build a request that creates a dispatch call.

    It can name people in one way only: by ident, where anybody has one, for only units on duty
    can be on a call; otherwise by API id.
    """
    targets = _targets(new.subjects) or ({"communityUserIds": []},)  # one is required
    path = f"/v2/emergency/servers/{new.server_id}/dispatch-calls"
    return _request(who, NEW_CALL, "POST", path, {**writers.new_call(new), **targets[0]})


def close_call(who: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that closes a dispatch call."""
    path = f"/v2/emergency/servers/{server_id}/dispatch-calls/close"
    return _request(who, CLOSE, "POST", path, {"callIds": [call_id]})


def add_note(who: Credentials, server_id: int, call_id: int, text: str, label: str) -> Request:
    """Build a request that writes a line into the log of a dispatch call."""
    path = f"/v2/emergency/servers/{server_id}/dispatch-calls/{call_id}/notes"
    return _request(who, NOTE, "POST", path, {"note": text, "noteType": "text", "label": label})


def remove_911(who: Credentials, server_id: int, call_id: int) -> Request:
    """Build a request that takes a 911 call off the list."""
    path = f"/v2/emergency/servers/{server_id}/calls/911/{call_id}"
    return _request(who, REMOVE_911, "DELETE", path)


def set_status(who: Credentials, server_id: int, subject: Subject, status: int) -> Request:
    """Build a request that sets the status of one unit, or of all that an API id means."""
    (target,) = _targets((subject,))
    path = f"/v2/emergency/servers/{server_id}/units/status"
    return _request(who, STATUS, "PATCH", path, {**target, "status": status})


def get_calls(who: Credentials, server_id: int) -> Request:
    """Build a request for the open calls of one server; of the closed ones, as few as may be."""
    query = {"closedLimit": 1, "closedOffset": 0, "type": _ALL_KINDS_OF_CALLS}
    return _question(who, CALLS, f"/v2/emergency/servers/{server_id}/calls", query)


def get_units(who: Credentials, server_id: int, *, offset: int = 0) -> Request:
    """Build a request for one page, `UNITS_PER_PAGE` units, of those on duty."""
    query = {
        "includeOffline": "false",
        "onlyUnits": "true",
        "limit": UNITS_PER_PAGE,
        "offset": offset,
    }
    return _question(who, UNITS, f"/v2/emergency/servers/{server_id}/units", query)


def account_by_discord(who: Credentials, discord_id: int) -> Request:
    """Build the question which account a Discord person has linked in the CAD."""
    return _account(who, "discord", str(discord_id))


def account_by_uuid(who: Credentials, account: str) -> Request:
    """Build the question for an account by its own id."""
    return _account(who, "accountUuid", account)


def account_by_community_user(who: Credentials, api_id: str) -> Request:
    """Build the question for an account by its community user id, which v1 calls API id."""
    return _account(who, "communityUserId", api_id)


def check_link(who: Credentials, api_id: str) -> Request:
    """Build the question whose account a community user id is."""
    return _request(who, LINK, "POST", "/v2/general/links/check", {"communityUserId": api_id})


def current_call(who: Credentials, account: str) -> Request:
    """Build the question on which call the selected unit of an account is."""
    path = f"/v2/emergency/accounts/{quote(account, safe='')}/current-call"
    return _question(who, CURRENT_CALL, path)


def general(who: Credentials, what: str) -> Request:
    """Build a question about the community: `INFO`, `VERSION` or `SERVERS`."""
    return _question(who, what, f"/v2/general/{what}")


def read_receipt(response: Response) -> Receipt | None:
    """Read the answer to an order; None if it succeeded without naming units."""
    response = _read(response)
    try:
        return readers.read_receipt(wire.read_json(response))
    except CadUnreadable:
        # The status says that it was done; raising would say that it may not have been.
        return None


def read_done(response: Response) -> None:
    """Read the answer to an order; returning is success."""
    _read(response)


def read_new_call(response: Response) -> int:
    """Read the number of a new call."""
    response = _read(response)
    try:
        return readers.read_new_call(wire.read_json(response))
    except CadUnreadable as error:
        # The status says that it was created; anything else would invite a twin.
        raise CadUnnumbered(error.text, status=response.status) from error


def read_calls(response: Response) -> Calls:
    """Read the answer to `get_calls`."""
    return readers.read_calls(wire.read_json(_read(response)))


def read_units(response: Response) -> UnitsPage:
    """Read the answer to `get_units`."""
    return readers.read_units_page(wire.read_json(_read(response)), UNITS_PER_PAGE)


def read_account(response: Response) -> Account | None:
    """Read the answer to the questions for an account; None if there is none."""
    if _is_none(response):
        return None
    return readers.read_account(wire.read_json(_read(response)))


def read_linked_account(response: Response) -> str | None:
    """Read the answer to `check_link`: the account's UUID, None if the id is nobody's."""
    if _is_none(response):
        return None
    return readers.read_linked_account(wire.read_json(_read(response)))


def read_current_call(response: Response) -> CurrentCall | None:
    """Read the answer to `current_call`; None if the account has no unit on any call."""
    if _is_none(response):
        return None
    return readers.read_current_call(wire.read_json(_read(response)))


def read_general(response: Response) -> object:
    """Read the answer to `general` as JSON, for the reader of its kind."""
    return wire.read_json(_read(response))


def _targets(subjects: tuple[Subject, ...]) -> tuple[dict[str, list[Any]], ...]:
    idents = [subject.ident for subject in subjects if subject.ident is not None]
    others = [subject.api_id for subject in subjects if subject.ident is None]
    targets: dict[str, list[Any]] = {"identIds": idents, "communityUserIds": others}
    return tuple({kind: values} for kind, values in targets.items() if values)


def _account(who: Credentials, kind: str, value: str) -> Request:
    return _question(who, ACCOUNT, "/v2/general/accounts/account", {kind: value})


def _question(
    who: Credentials, endpoint: str, path: str, query: Mapping[str, Any] | None = None
) -> Request:
    return _request(who, endpoint, "GET", f"{path}?{urlencode(query)}" if query else path)


def _request(
    who: Credentials,
    endpoint: str,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
) -> Request:
    headers = {"Authorization": f"Bearer {who.api_key}", "Accept": "application/json"}
    return Request(endpoint, method, path, body, headers)


def _read(response: Response) -> Response:
    return wire.accepted(response, _named)


def _named(refusal: CadRefused) -> CadRefused:
    """Give the refusals that concern every request their own kinds."""
    if refusal.status == 401:
        return InvalidApiKey(refusal.text, status=refusal.status)
    if refusal.status in {400, 402, 403} and _NOT_ENABLED.search(refusal.text):
        return ApiNotEnabled(refusal.text, status=refusal.status)
    return refusal


def _is_none(response: Response) -> bool:
    """Tell the 404 that means "there is no such account" from that of a wrong address."""
    if response.status != 404:
        return False
    told = wire.problem(response)
    words = " ".join(told.get(key, "") for key in ("title", "detail"))
    # Only the CAD itself answers with a problem; one without words is about what was asked for.
    return bool(words.strip()) and not _WRONG_PLACE.search(words)
