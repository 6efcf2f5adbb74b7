"""Version 2 of the API over HTTP: resources, a bearer token, JSON requests and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from aiohttp import web

from sandbox.cad.api import v2_emergency, v2_general
from sandbox.cad.api.v2_request import V2Request
from sandbox.cad.api.wrong_address import wrong_address
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.change_log import Actor, ReceivedRequest
from sandbox.cad.state.models import CadRefusal, Community, Json
from sandbox.cad.state.rate_limits import RateLimit, RateLimiter
from sandbox.cad.state.world import CadWorld

# No document gives the texts of these refusals; these are guesses.
NO_KEY = "Missing or invalid bearer authentication."
NOT_ENABLED = "API IS NOT ENABLED FOR THIS COMMUNITY"
NO_OBJECT = "The body is not a JSON object."

_SERVER = r"/v2/emergency/servers/{serverId:\d{1,9}}"
_DISPATCH = f"{_SERVER}/dispatch-calls"
_CALL = r"{callId:\d{1,9}}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path, the function that serves them, and their limit per key and minute.

    `name` is its name in the history, after "v2 ". Every plan has all of them: docs/sonoran-cad.md,
    "Which API answers".
    """

    name: str
    method: str
    path: str
    answer: Callable[[V2Request], Json | list[Json]]
    per_minute: int
    status: int = 200


ENDPOINTS = (
    Endpoint("attach", "POST", f"{_DISPATCH}/{_CALL}/attachments", v2_emergency.attach, 10),
    Endpoint("detach", "DELETE", f"{_DISPATCH}/attachments", v2_emergency.detach, 10),
    Endpoint("calls", "GET", f"{_SERVER}/calls", v2_emergency.calls, 5),
    Endpoint("layouts", "GET", "/v2/emergency/dispatch-templates", v2_emergency.layouts, 10),
    Endpoint("units", "GET", f"{_SERVER}/units", v2_emergency.units, 3),
    Endpoint(
        "current call",
        "GET",
        "/v2/emergency/accounts/{accountUuid}/current-call",
        v2_emergency.current_call,
        10,
    ),
    Endpoint("new dispatch", "POST", _DISPATCH, v2_emergency.new_dispatch, 20, status=201),
    Endpoint("close", "POST", f"{_DISPATCH}/close", v2_emergency.close, 20),
    Endpoint("primary", "PATCH", f"{_DISPATCH}/{_CALL}/primary", v2_emergency.set_primary, 10),
    Endpoint("note", "POST", f"{_DISPATCH}/{_CALL}/notes", v2_emergency.add_note, 60),
    Endpoint("911", "POST", f"{_SERVER}/calls/911", v2_emergency.call_911, 10),
    Endpoint("remove 911", "DELETE", f"{_SERVER}/calls/911/{_CALL}", v2_emergency.remove_911, 10),
    Endpoint("status", "PATCH", f"{_SERVER}/units/status", v2_emergency.set_status, 30),
    Endpoint("account", "GET", "/v2/general/accounts/account", v2_general.account, 10),
    Endpoint(
        "permissions",
        "GET",
        "/v2/general/permissions/accounts/{accountUuid}",
        v2_general.granular_permissions,
        10,
    ),
    Endpoint(
        "permission catalog",
        "GET",
        "/v2/general/permissions/catalog",
        v2_general.permission_catalog,
        10,
    ),
    Endpoint("link", "POST", "/v2/general/links/check", v2_general.check_link, 30),
    Endpoint("info", "GET", "/v2/general/info", v2_general.info, 10),
    Endpoint("servers", "GET", "/v2/general/servers", v2_general.servers, 10),
    Endpoint("version", "GET", "/v2/general/version", v2_general.version, 10),
)


class V2Api:
    """Answers v2 requests from a world."""

    def __init__(self, world: CadWorld, rates: RateLimiter) -> None:
        self._world = world
        self._rate_limiter = rates

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; any other path under /v2 is a 404."""
        return [
            *(
                web.route(entry.method, entry.path, partial(self._handle, entry))
                for entry in ENDPOINTS
            ),
            web.route("*", "/v2/{tail:.*}", self._not_found),
        ]

    def describe(self, request: web.Request, body: Json, entry: ReceivedRequest) -> bool:
        """Add type, community and data to the record of a request; False if it is not for v2."""
        if not request.path.startswith("/v2/"):
            return False
        handler: object = request.match_info.handler
        name = handler.args[0].name if isinstance(handler, partial) else request.method
        entry.type = f"v2 {name}"
        community = self._find_community(request)
        entry.community = community.id if community else ""
        entry.objects = tuple(one for one in (dict(request.query), body) if one)
        return True

    async def _handle(self, endpoint: Endpoint, request: web.Request) -> web.Response:
        if self._world.behaviour.spoken_api is SpokenApi.V1:
            return wrong_address(self._world)
        try:
            community = self._authenticate(request)
            rate = RateLimit(endpoint.per_minute)
            if too_many := self._rate_limiter.count(community.key, f"v2 {endpoint.name}", rate):
                return too_many
            body = {} if request.method == "GET" else _object(await request.read())
            v2_request = V2Request(self._world, community, request.match_info, request.query, body)
            with self._world.acting_as(Actor.API):
                answer = endpoint.answer(v2_request)
            return web.json_response(answer, status=endpoint.status)
        except CadRefusal as refusal:
            return _problem(request, refusal)

    async def _not_found(self, request: web.Request) -> web.Response:
        if self._world.behaviour.spoken_api is SpokenApi.V1:
            return wrong_address(self._world)
        return _problem(request, CadRefusal(404, "No endpoint answers at this address."))

    def _authenticate(self, request: web.Request) -> Community:
        community = self._find_community(request)
        if community is None or not self._world.behaviour.v2_takes_key:
            raise CadRefusal(401, NO_KEY)
        if not community.api_enabled:
            raise CadRefusal(403, NOT_ENABLED)
        return community

    def _find_community(self, request: web.Request) -> Community | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        known = self._world.communities.values()
        return next((community for community in known if community.key == key), None)


def _object(body: bytes) -> Json:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        raise CadRefusal(400, NO_OBJECT) from None
    if not isinstance(found, dict):
        raise CadRefusal(400, NO_OBJECT)
    return found


def _problem(request: web.Request, refusal: CadRefusal) -> web.Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.text,
        "instance": request.path,
        "traceId": "00-5f0c1d5e2b7a4c3f8d9e0a1b2c3d4e5f-1a2b3c4d5e6f7081-00",
    }
    return web.json_response(body, status=refusal.status, content_type="application/problem+json")
