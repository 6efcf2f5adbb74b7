"""Handles one object of `data` for the v1 request types about accounts; see `v1_types`."""

from __future__ import annotations

from sandbox.cad.api import request_fields
from sandbox.cad.api.v1_types import Action, Answer
from sandbox.cad.state.models import CadRefusal, Community, Json
from sandbox.cad.state.world import CadWorld

NOT_LINKED = "API ID NOT LINKED TO AN ACCOUNT IN THIS COMMUNITY"


def check_apiid(world: CadWorld, community: Community, data: Json) -> Action:
    """CHECK_APIID: return the name of the account that has this id."""
    account = world.find_account(community, request_fields.text(data, "apiId"))
    if account is None:
        raise CadRefusal(404, NOT_LINKED)
    username = account.username
    return lambda: username


def get_account(world: CadWorld, community: Community, data: Json) -> Action:
    """GET_ACCOUNT: return an account with its permissions, by API id, UUID or user name.

    An expired, removed or banned account is answered with its old permissions; reference:
    docs/sonoran-cad.md, "Account". The text for an unknown account is that of CHECK_APIID: no
    document gives one.
    """
    api_id = request_fields.text(data, "apiId", "")
    uuid = request_fields.text(data, "account", "")
    username = request_fields.text(data, "username", "")

    def action() -> Answer:
        found = world.find_account(community, api_id) if api_id else None
        if uuid:
            found = community.accounts.get(uuid)
        if username:
            known = community.accounts.values()
            found = next((one for one in known if one.username == username), None)
        if found is None:
            raise CadRefusal(404, NOT_LINKED)
        return {
            "uuid": found.uuid,
            "username": found.username,
            "status": found.status,
            "permissions": dict.fromkeys(sorted(found.permissions), True),
            "apiIds": list(found.api_ids),
        }

    return action
