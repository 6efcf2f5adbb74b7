"""Version 1 of the API over HTTP: POST requests, plain text answers."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aiohttp import web

from sandbox.cad.api import request_fields, v1_account_types, v1_types
from sandbox.cad.api.wrong_address import WRONG_ADDRESS, wrong_address
from sandbox.cad.state.behaviour import AttachVariant, Partial, SpokenApi, WrongAddress
from sandbox.cad.state.change_log import Actor
from sandbox.cad.state.models import CadRefusal, Community, Json, Plan
from sandbox.cad.state.rate_limits import RateLimit, RateLimiter
from sandbox.cad.state.world import CadWorld

INVALID_TYPE = "INVALID REQUEST TYPE"
INVALID_COMMUNITY = "INVALID COMMUNITY ID"
NOT_ENABLED = "API IS NOT ENABLED FOR THIS COMMUNITY"
INVALID_KEY = "INVALID API KEY"
# No limit is published: "no more than one call per second for an extended period".
RATE_LIMIT = RateLimit(requests=70, seconds=60.0)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path and a type, the function that serves them, and the plan that they need."""

    path: str
    type: str
    prepare: v1_types.Prepare
    plan: Plan = Plan.PLUS
    variant: AttachVariant | None = None


_ATTACH = {
    AttachVariant.MAY_2020: v1_types.attach_of_2020,
    AttachVariant.JUNE_2020: v1_types.attach_of_2020,
    AttachVariant.SEPTEMBER_2020: v1_types.attach,
}
ENDPOINTS = (
    *(Endpoint(*variant.value, prepare, variant=variant) for variant, prepare in _ATTACH.items()),
    Endpoint("/emergency/detach_unit", "DETACH_UNIT", v1_types.detach),
    Endpoint("/emergency/get_calls", "GET_CALLS", v1_types.get_calls),
    Endpoint("/emergency/get_active_units", "GET_ACTIVE_UNITS", v1_types.get_active_units),
    Endpoint("/emergency/new_dispatch", "NEW_DISPATCH", v1_types.new_dispatch),
    Endpoint("/emergency/close_call", "CLOSE_CALL", v1_types.close_call),
    Endpoint("/emergency/set_call_primary", "SET_CALL_PRIMARY", v1_types.set_call_primary),
    Endpoint("/emergency/add_call_note", "ADD_CALL_NOTE", v1_types.add_call_note),
    Endpoint("/emergency/call_911", "CALL_911", v1_types.call_911, Plan.STANDARD),
    Endpoint("/emergency/remove_911", "REMOVE_911", v1_types.remove_911, Plan.STANDARD),
    Endpoint("/emergency/unit_status", "UNIT_STATUS", v1_types.unit_status, Plan.STANDARD),
    Endpoint("/general/get_account", "GET_ACCOUNT", v1_account_types.get_account, Plan.STANDARD),
    Endpoint("/general/check_apiid", "CHECK_APIID", v1_account_types.check_apiid, Plan.STANDARD),
)


class V1Api:
    """Answers v1 requests from a world."""

    def __init__(self, world: CadWorld, rates: RateLimiter) -> None:
        self._world = world
        self._rate_limiter = rates

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; a POST to another path is a 404, a GET says that a server runs."""
        paths = dict.fromkeys(endpoint.path for endpoint in ENDPOINTS)
        return [
            *(web.post(path, self._post) for path in paths),
            web.get("/{tail:.*}", _backend_reached),
            web.post("/{tail:.*}", self._wrong_address),
        ]

    async def _post(self, request: web.Request) -> web.Response:
        if self._world.behaviour.spoken_api is SpokenApi.V2:
            return wrong_address(self._world)
        enabled = [endpoint for endpoint in ENDPOINTS if self._enabled(endpoint, request.path)]
        # `/emergency` exists even if its variants are off; the later path does not.
        oldest = request.path == AttachVariant.MAY_2020.value[0]
        strict = self._world.behaviour.wrong_address is WrongAddress.NOT_FOUND
        if not enabled and not (oldest and strict):
            return wrong_address(self._world)
        try:
            return self._answer(enabled, _envelope(await request.read()))
        except CadRefusal as refusal:
            return web.Response(status=refusal.status, text=refusal.text)

    async def _wrong_address(self, _request: web.Request) -> web.Response:
        return wrong_address(self._world)

    def _enabled(self, endpoint: Endpoint, path: str) -> bool:
        on = endpoint.variant is None or endpoint.variant in self._world.behaviour.attach_variants
        return on and endpoint.path == path

    def _answer(self, enabled: list[Endpoint], envelope: Json) -> web.Response:
        endpoint = next((entry for entry in enabled if entry.type == envelope.get("type")), None)
        if endpoint is None:
            raise CadRefusal(400, INVALID_TYPE)
        community = self._authenticate(envelope, endpoint.plan)
        if too_many := self._rate_limiter.count(community.key, "v1", RATE_LIMIT):
            return too_many
        objects = envelope.get("data")
        if not isinstance(objects, list) or not all(isinstance(one, dict) for one in objects):
            raise CadRefusal(400, f"{request_fields.INVALID_DATA}: data")
        answers = self._execute(endpoint, community, objects)
        if not answers or isinstance(answers[0], str):
            return web.Response(text=str(answers[0]) if answers else "")
        return web.json_response(answers[0], dumps=_compact)

    def _authenticate(self, envelope: Json, plan: Plan) -> Community:
        """Check community, plan and key, in the order in which the documents list the errors."""
        community = self._world.communities.get(str(envelope.get("id")))
        if community is None:
            raise CadRefusal(400, INVALID_COMMUNITY)
        if not community.api_enabled or community.plan < plan:
            raise CadRefusal(400, NOT_ENABLED)
        if envelope.get("key") != community.key:
            raise CadRefusal(400, INVALID_KEY)
        return community

    def _execute(
        self, endpoint: Endpoint, community: Community, objects: list[Json]
    ) -> list[v1_types.Answer]:
        ready: list[v1_types.Action] = []
        refusals: list[CadRefusal] = []
        if self._world.behaviour.partial is Partial.FIRST_ONLY:
            objects = objects[:1]
        for data in objects:
            try:
                ready.append(endpoint.prepare(self._world, community, data))
            except CadRefusal as refusal:
                refusals.append(refusal)
        if refusals and self._world.behaviour.partial is Partial.ALL_OR_NOTHING:
            raise refusals[0]
        with self._world.acting_as(Actor.API):
            answers = [action() for action in ready]
        if refusals:
            raise refusals[0]
        return answers


def _envelope(body: bytes) -> Json:
    try:
        envelope = json.loads(body)
    except ValueError:
        raise CadRefusal(400, INVALID_TYPE) from None
    if not isinstance(envelope, dict):
        raise CadRefusal(400, INVALID_TYPE)
    return envelope


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


async def _backend_reached(_: web.Request) -> web.Response:
    return web.Response(text=WRONG_ADDRESS)
