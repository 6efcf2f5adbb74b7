"""The v2 endpoints under `/v2/general`: accounts and the community itself."""

from __future__ import annotations

from sandbox.cad.api import request_fields
from sandbox.cad.api.v2_emergency import NO_ACCOUNT
from sandbox.cad.api.v2_request import V2Request, find_account_by_discord_id
from sandbox.cad.state.models import Account, CadRefusal, Json

NO_IDENTIFIER = "Provide exactly one identifier."
_COMMUNITY_UUID = "00000000-0000-4000-8000-000000000000"
PERMISSIONS = ("police", "dispatch", "selfDispatch")

# A record template of the community; the catalog lists its permissions too.
_TEMPLATE: Json = {"templateId": 4, "templateName": "Incident report"}

_JOINED = "2026-01-14T18:22:00Z"
_LAST_LOGIN = "2026-04-08T20:55:00Z"


def account(request: V2Request) -> Json:
    """Find an account by exactly one of its identifiers."""
    if len(request.query) != 1:
        raise CadRefusal(400, NO_IDENTIFIER)
    found = _find_account(request, *next(iter(request.query.items())))
    if found is None:
        raise CadRefusal(404, NO_ACCOUNT)
    return {
        "uuid": found.uuid,
        "username": found.username,
        "communityUserId": (*found.api_ids, "")[0],
        "status": found.status,
        "joined": _JOINED,
        "lastLogin": _LAST_LOGIN,
        "permissions": {name: name in found.permissions for name in PERMISSIONS},
    }


def granular_permissions(request: V2Request) -> Json:
    """Return the granular permissions of an account; without any, its old ones under `legacy`.

    Reference: docs/sonoran-cad.md, "Account".
    """
    found = request.community.accounts.get(request.path["accountUuid"])
    if found is None:
        raise CadRefusal(404, NO_ACCOUNT)
    legacy = {name: name in found.permissions for name in PERMISSIONS}
    return {
        "permissions": {"version": 2, "grants": sorted(found.grants or ()), "legacy": legacy},
        "owner": found.is_owner,
        "migrated": found.grants is not None,
        "status": found.status,
    }


def permission_catalog(_request: V2Request) -> Json:
    """List the granular permissions of the community, and those that each old flag stands for.

    Reference: docs/sonoran-cad.md, "Account". Which record permissions a flag stands for, no
    document says; here it is none.
    """
    whole = [_catalog_entry(f"global.{name}", name) for name in PERMISSIONS]
    record = {**_catalog_entry("record.4.read", "read"), **_TEMPLATE}
    return {
        "version": 2,
        "communityUuid": _COMMUNITY_UUID,
        "permissions": [*whole, record],
        "legacyGrants": {name.upper(): [f"global.{name}"] for name in PERMISSIONS},
    }


def check_link(request: V2Request) -> Json:
    """Return the UUID of the account that has a community user id."""
    user_id = request_fields.text(request.body, "communityUserId")
    found = request.world.find_account(request.community, user_id)
    return {
        "communityUserId": user_id,
        "linked": found is not None,
        "accountUuid": found.uuid if found else None,
    }


def info(request: V2Request) -> Json:
    """Describe the community."""
    community = {
        "comId": request.community.id,
        "name": request.community.id.title(),
        "timezone": "Etc/UTC",
        "customLoginUrl": "",
    }
    return {"uuid": _COMMUNITY_UUID, "community": community, "codes": []}


def servers(request: V2Request) -> Json:
    """List the game servers."""
    return {
        "servers": [
            {"id": server.id, "name": server.name or f"Server {server.id}", "description": ""}
            for server in request.community.servers.values()
        ]
    }


def version(request: V2Request) -> Json:
    """Return the plan of the community."""
    return {"version": int(request.community.plan), "name": request.community.plan.name}


def _catalog_entry(permission: str, action: str) -> Json:
    return {
        "id": permission,
        "label": action,
        "templateId": None,
        "templateName": None,
        "action": action,
    }


def _find_account(request: V2Request, kind: str, value: str) -> Account | None:
    accounts = request.community.accounts
    match kind:
        case "communityUserId":
            return request.world.find_account(request.community, value)
        case "accountUuid":
            return accounts.get(value)
        case "discord":
            return find_account_by_discord_id(request.community, value)
        case "username":
            return next((one for one in accounts.values() if one.username == value), None)
        case _:
            raise CadRefusal(400, NO_IDENTIFIER)
