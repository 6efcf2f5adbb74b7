"""The page of the pretend CAD: its state, the requests received, and buttons that set faults."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from sandbox.cad.events.silent_connections import SilentConnections
from sandbox.cad.state import account_states, extra_units, groups
from sandbox.cad.state.account_states import AccountStatus
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.change_log import Change, ReceivedRequest
from sandbox.cad.state.faults import BAD_GATEWAY, Fault, Faults, RateLimited, Slow
from sandbox.cad.state.models import (
    Account,
    Community,
    DispatchCall,
    Json,
    Plan,
    Server,
    Unit,
    UnitStatus,
)
from sandbox.cad.state.sample_calls import SAMPLE_CALLS, SAMPLE_EMERGENCIES
from sandbox.cad.state.world import CadWorld

# The buttons that set a fault. "down", "plan" and "normal" are handled separately.
FAULTS: dict[str, Fault] = {
    "slow": Slow(3.0),
    "rate_limited": RateLimited(5),
    "bad_gateway": BAD_GATEWAY,
}
DOWN_SECONDS = 10.0
MORE_UNITS = 100
POLLS = ("GET_", "v2 calls", "v2 units")  # the first letters of the types of polling requests
MAX_ROWS = 40

_FOLDER = Path(__file__).parent
_SECURITY = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "no-store"}


def is_page_request(request: web.Request) -> bool:
    """Return True if a request is for the page and not for the API."""
    at_root = request.path == "/" and request.method == "GET"
    return at_root or request.path.startswith("/board")


class BoardPage:
    """Serves the page, its data and its buttons."""

    def __init__(
        self,
        world: CadWorld,
        faults: Faults,
        silent: SilentConnections,
        go_down: Callable[[float], object],
    ) -> None:
        self._world = world
        self._faults = faults
        self._silent = silent
        self._go_down = go_down
        self._community = next(iter(world.communities.values()))
        self._plan = self._community.plan
        self._changes: deque[Json] = deque(maxlen=MAX_ROWS)
        self._calls = itertools.cycle(SAMPLE_CALLS)
        self._emergencies = itertools.cycle(SAMPLE_EMERGENCIES)
        world.on_change(self._record_change)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the page."""
        return [
            web.get("/", self._file),
            web.get("/board/page.css", self._file),
            web.get("/board/page.js", self._file),
            web.get("/board.json", self._board_json),
            web.post("/board/faults/{name}", self._set_fault),
            web.post("/board/api/{name}", self._set_api),
            web.post("/board/accounts/{uuid}/ban", self._toggle_ban),
            web.post("/board/calls", self._new_call),
            web.post("/board/emergencies", self._new_emergency),
            web.post("/board/groups", self._change_group),
            web.post("/board/units", self._more_units),
            web.post("/board/silent-connections", self._open_silent),
        ]

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = "page.html" if request.path == "/" else Path(request.path).name
        return web.FileResponse(_FOLDER / name, headers=_SECURITY)

    async def _board_json(self, request: web.Request) -> web.Response:
        polls = request.query.get("polls") == "1"
        return web.json_response(self._board_data(polls=polls), headers=_SECURITY)

    async def _set_fault(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in {*FAULTS, "down", "plan", "normal"}:
            raise web.HTTPNotFound
        # One fault at a time, so that the user knows its effect.
        self._faults.clear()
        self._community.plan = Plan.STANDARD if name == "plan" else self._plan
        if name in FAULTS:
            self._faults.set(FAULTS[name])
        elif name == "down":
            self._go_down(DOWN_SECONDS)
        return web.json_response({"switched": name})

    async def _set_api(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in set(SpokenApi):
            raise web.HTTPNotFound
        self._world.behaviour.spoken_api = SpokenApi(name)
        return web.json_response({"api": name})

    async def _toggle_ban(self, request: web.Request) -> web.Response:
        uuid = request.match_info["uuid"]
        if uuid not in self._community.accounts:
            raise web.HTTPNotFound
        account = account_states.toggle_ban(self._world, self._community, uuid)
        return web.json_response({"status": account.status})

    async def _new_call(self, request: web.Request) -> web.Response:
        call = self._world.new_dispatch(self._server_of(request), next(self._calls))
        return web.json_response({"callId": call.call_id}, status=201)

    async def _new_emergency(self, request: web.Request) -> web.Response:
        call = self._world.call_911(self._server_of(request), next(self._emergencies))
        return web.json_response({"callId": call.call_id}, status=201)

    async def _change_group(self, request: web.Request) -> web.Response:
        groups.change_group(self._world, self._server_of(request))
        return web.json_response({}, status=201)

    async def _more_units(self, request: web.Request) -> web.Response:
        server = self._server_of(request)
        extra_units.add_numbered_units(self._world, self._community, server, MORE_UNITS)
        return web.json_response({}, status=201)

    async def _open_silent(self, request: web.Request) -> web.Response:
        url = self._server_of(request).push_url
        if not url:
            raise web.HTTPConflict(text="no address for push events")
        await self._silent.open(url)
        return web.json_response({"open": self._silent.open_count}, status=201)

    def _server_of(self, request: web.Request) -> Server:
        """Return the server that a button of the page means; without one, the first."""
        servers = self._community.servers
        number = request.query.get("server") or str(next(iter(servers)))
        try:
            return servers[int(number)]
        except (ValueError, KeyError):
            raise web.HTTPNotFound from None

    def _board_data(self, *, polls: bool) -> Json:
        servers = self._community.servers.values()
        return {
            "community": self._community.id,
            "servers": [{"id": one.id, "name": _server_name(one)} for one in servers],
            "plan": self._community.plan.name,
            "faults": [repr(fault) for fault in self._faults.active],
            "switched": self._active_switches(),
            "api": self._world.behaviour.spoken_api.value,
            "silentConnections": self._silent.open_count,
            "calls": [
                {
                    **_call(server, call),
                    "shownNumber": self._community.number_format.format(call.call_id),
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
            "accounts": [_account(one) for one in self._community.accounts.values()],
            "requests": _requests(self._community, self._world.history, polls=polls),
            "changes": list(self._changes),
        }

    def _active_switches(self) -> list[str]:
        names = [name for name, fault in FAULTS.items() if fault in self._faults.active]
        if self._community.plan != self._plan:
            names.append("plan")
        return names or ["normal"]

    def _record_change(self, change: Change) -> None:
        units = change.server.units
        self._changes.appendleft(
            {
                "at": self._world.now().strftime("%H:%M:%S"),
                "kind": change.kind.value,
                "callId": change.call_id,
                "units": [units[ident].badge.unit_num for ident in change.idents],
            }
        )


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
