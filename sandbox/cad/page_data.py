"""What the page of the pretend CAD shows, as JSON. Pure."""

from __future__ import annotations

import itertools

from sandbox.cad.state.account_states import AccountStatus
from sandbox.cad.state.change_log import ReceivedRequest
from sandbox.cad.state.models import (
    Account,
    Community,
    DispatchCall,
    Json,
    Server,
    Unit,
    UnitStatus,
)
from sandbox.cad.state.world import CadWorld

POLLS = ("GET_", "v2 calls", "v2 units")  # the first letters of the types of polling requests
MAX_ROWS = 40


def board_data(world: CadWorld, community: Community, *, polls: bool) -> Json:
    """Return what the servers of a community have, and the requests that the CAD received.

    Args:
        polls: whether the many polling requests are among them.
    """
    servers = community.servers.values()
    return {
        "community": community.id,
        "key": community.key,
        "servers": [{"id": one.id, "name": _server_name(one)} for one in servers],
        "plan": community.plan.name,
        "api": world.behaviour.spoken_api.value,
        "calls": [
            {
                **_call(server, call),
                "shownNumber": community.number_format.format(call.call_id),
            }
            for server in servers
            for call in server.calls.values()
        ],
        "emergencies": [
            {"serverId": server.id, "server": _server_name(server), **call.as_json()}
            for server in servers
            for call in server.emergencies.values()
        ],
        "units": [
            _unit(server, unit)
            for server in servers
            for unit in server.units.values()
            if unit.on_duty
        ],
        "accounts": [_account(one) for one in community.accounts.values()],
        "requests": _requests(community, world.history, polls=polls),
    }


def _server_name(server: Server) -> str:
    return server.name or f"Server {server.id}"


def _call(server: Server, call: DispatchCall) -> Json:
    form = call.form
    units = [server.units[ident] for ident in call.idents if ident in server.units]
    return {
        **call.as_json(),
        "serverId": server.id,
        "server": _server_name(server),
        "place": " ".join(part for part in (form.block, form.address) if part),
        "units": [_unit(server, unit) for unit in units],
    }


def _unit(server: Server, unit: Unit) -> Json:
    on = next((call.call_id for call in server.calls.values() if unit.id in call.idents), None)
    known = {status.value for status in UnitStatus}
    status = UnitStatus(unit.status).name if unit.status in known else str(unit.status)
    return {
        "serverId": server.id,
        "server": _server_name(server),
        "group": unit.badge.group,
        "ident": unit.id,
        "unitNum": unit.badge.unit_num,
        "name": unit.badge.name,
        "department": unit.badge.department,
        "status": status.replace("_", " "),
        "isDispatch": unit.is_dispatch,
        "callId": on,
    }


def _account(account: Account) -> Json:
    known = {status.value for status in AccountStatus}
    status = AccountStatus(account.status).name if account.status in known else account.status
    granted = account.permissions if account.grants is None else account.grants
    return {
        "uuid": account.uuid,
        "username": account.username,
        "hasDiscord": account.discord_id is not None,
        "isOwner": account.is_owner,
        "permissions": sorted(granted),
        "status": str(status).lower(),
    }


def _requests(community: Community, history: list[ReceivedRequest], *, polls: bool) -> list[Json]:
    """Return the requests, latest first; leave out the many polls unless `polls` is set."""
    wanted = (entry for entry in reversed(history) if polls or not entry.type.startswith(POLLS))
    return [
        {
            "at": entry.at.strftime("%H:%M:%S"),
            "path": entry.path,
            "type": entry.type,
            "community": entry.community if entry.community != community.id else "",
            "objects": list(entry.objects),
            "status": entry.status,
            "text": entry.text[:200],
            "fault": entry.fault,
        }
        for entry in itertools.islice(wanted, MAX_ROWS)
    ]
