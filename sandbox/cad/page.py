"""The page of the pretend CAD: its state, the requests received, and buttons that set faults."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from sandbox.cad import page_data
from sandbox.cad.events.silent_connections import SilentConnections
from sandbox.cad.state import account_states, extra_units, groups
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.change_log import Change
from sandbox.cad.state.faults import BAD_GATEWAY, Fault, Faults, RateLimited, Slow
from sandbox.cad.state.models import (
    Json,
    Plan,
    Server,
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
        self._changes: deque[Json] = deque(maxlen=page_data.MAX_ROWS)
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
        data = {
            **page_data.board_data(self._world, self._community, polls=polls),
            "faults": [repr(fault) for fault in self._faults.active],
            "switched": self._active_switches(),
            "silentConnections": self._silent.open_count,
            "changes": list(self._changes),
        }
        return web.json_response(data, headers=_SECURITY)

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
