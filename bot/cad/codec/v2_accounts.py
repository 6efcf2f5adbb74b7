"""The v2 API under `/v2/general`: accounts and the community itself. Pure.

Reference: docs/sonoran-cad.md, "v2: resources, bearer token, JSON" and "Who is who".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from bot.cad.codec import account_readers, v2
from bot.cad.errors import CadUnreadable
from bot.cad.http import wire
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import Account
from bot.cad.permissions import GranularPermissions
from bot.cad.values import str_or_empty


def account_by_discord(credentials: Credentials, discord_id: int) -> Request:
    """Build a request for the account that is linked to a Discord id."""
    return _account(credentials, "discord", str(discord_id))


def account_by_uuid(credentials: Credentials, account: str) -> Request:
    """Build a request for the account with this UUID."""
    return _account(credentials, "accountUuid", account)


def account_by_community_user(credentials: Credentials, api_id: str) -> Request:
    """Build a request for the account with this community user id (v1: API id)."""
    return _account(credentials, "communityUserId", api_id)


def granular_permissions(credentials: Credentials, account: str) -> Request:
    """Build a request for the granular permissions of the account with this UUID."""
    path = f"/v2/general/permissions/accounts/{quote(account, safe='')}"
    return v2.build_get(credentials, v2.PERMISSIONS, path)


def permission_catalog(credentials: Credentials) -> Request:
    """Build a request for the list of the granular permissions that the community has."""
    return v2.build_get(credentials, v2.PERMISSIONS, "/v2/general/permissions/catalog")


def check_link(credentials: Credentials, api_id: str) -> Request:
    """Build a request for the UUID of the account that has a community user id."""
    return v2.build_request(
        credentials, v2.LINK, "POST", "/v2/general/links/check", {"communityUserId": api_id}
    )


def general(credentials: Credentials, endpoint: str) -> Request:
    """Build a request for data of the community: `v2.INFO`, `v2.VERSION` or `v2.SERVERS`."""
    return v2.build_get(credentials, endpoint, f"/v2/general/{endpoint}")


def read_account(response: Response) -> Account | None:
    """Read the answer to a request for an account; None if there is no such account."""
    if v2.is_unknown_account(response):
        return None
    return account_readers.read_account(wire.read_json(v2.check(response)))


def read_granular_permissions(response: Response) -> GranularPermissions | None:
    """Read the answer to `granular_permissions`; None if there is no such account."""
    if v2.is_unknown_account(response):
        return None
    return account_readers.read_granular_permissions(wire.read_json(v2.check(response)))


def read_permission_catalog(response: Response) -> frozenset[str]:
    """Read the ids in the answer to `permission_catalog`, as the CAD spells them."""
    data = wire.read_json(v2.check(response))
    listed = data.get("permissions") if isinstance(data, Mapping) else None
    entries = listed if isinstance(listed, list) else []
    found = {str_or_empty(one.get("id")) for one in entries if isinstance(one, Mapping)} - {""}
    if not found:
        raise CadUnreadable("the answer lists no permissions")
    return frozenset(found)


def read_linked_account(response: Response) -> str | None:
    """Read the answer to `check_link`: the account's UUID; None if no account has the id."""
    if v2.is_unknown_account(response):
        return None
    return account_readers.read_linked_account(wire.read_json(v2.check(response)))


def read_general(response: Response) -> object:
    """Read the answer to `general` as JSON, for the reader of that endpoint."""
    return wire.read_json(v2.check(response))


def _account(credentials: Credentials, kind: str, value: str) -> Request:
    return v2.build_get(credentials, v2.ACCOUNT, "/v2/general/accounts/account", {kind: value})
