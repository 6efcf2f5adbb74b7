"""What each v2 endpoint under `/v2/general` does: accounts and the community itself."""

from __future__ import annotations

from sandbox.cad.api import request_fields
from sandbox.cad.api.v2_emergency import NO_ACCOUNT
from sandbox.cad.api.v2_request import Asked, account_of_discord
from sandbox.cad.state.models import Account, CadRefusal, Json

NO_IDENTIFIER = "Provide exactly one identifier."
PERMISSIONS = ("police", "dispatch", "selfDispatch")

_JOINED = "2026-01-14T18:22:00Z"
_LAST_LOGIN = "2026-04-08T20:55:00Z"


def account(asked: Asked) -> Json:
    """Find an account by exactly one of its identifiers."""
    if len(asked.query) != 1:
        raise CadRefusal(400, NO_IDENTIFIER)
    found = _found(asked, *next(iter(asked.query.items())))
    if found is None:
        raise CadRefusal(404, NO_ACCOUNT)
    return {
        "uuid": found.uuid,
        "username": found.username,
        "communityUserId": (*found.api_ids, "")[0],
        "status": 1,
        "joined": _JOINED,
        "lastLogin": _LAST_LOGIN,
        "permissions": {name: name in found.permissions for name in PERMISSIONS},
    }


def check_link(asked: Asked) -> Json:
    """Tell whose a community user id is."""
    user_id = request_fields.text(asked.body, "communityUserId")
    found = asked.world.account_of(asked.community, user_id)
    return {
        "communityUserId": user_id,
        "linked": found is not None,
        "accountUuid": found.uuid if found else None,
    }


def info(asked: Asked) -> Json:
    """Describe the community."""
    community = {
        "comId": asked.community.id,
        "name": asked.community.id.title(),
        "timezone": "Etc/UTC",
        "customLoginUrl": "",
    }
    return {"uuid": "00000000-0000-4000-8000-000000000000", "community": community, "codes": []}


def servers(asked: Asked) -> Json:
    """List the game servers."""
    return {
        "servers": [
            {"id": server.id, "name": f"Server {server.id}", "description": ""}
            for server in asked.community.servers.values()
        ]
    }


def version(asked: Asked) -> Json:
    """Tell what the community pays for."""
    return {"version": int(asked.community.plan), "name": asked.community.plan.name}


def _found(asked: Asked, kind: str, value: str) -> Account | None:
    accounts = asked.community.accounts
    match kind:
        case "communityUserId":
            return asked.world.account_of(asked.community, value)
        case "accountUuid":
            return accounts.get(value)
        case "discord":
            return account_of_discord(asked.community, value)
        case "username":
            return next((one for one in accounts.values() if one.username == value), None)
        case _:
            raise CadRefusal(400, NO_IDENTIFIER)
