"""The CAD's SignalR hub: the JSON hub protocol over websockets, without negotiation.

It follows the protocol's specification (dotnet/aspnetcore, HubProtocol.md) and, for the methods,
docs/sonoran-cad.md: `authenticatev2` or `authenticate` opens a session for one server id, and the
hub sends events as `pushEvent`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from sandbox.cad.api.v1 import INVALID_COMMUNITY, INVALID_KEY
from sandbox.cad.json_object import read_object
from sandbox.cad.state.models import Json
from sandbox.cad.state.world import INVALID_SERVER, CadWorld

HUB_PATH = "/apiWsHub"
SEPARATOR = "\x1e"
PING_SECONDS = 15.0  # the platform's default

INVOCATION, COMPLETION, PING, CLOSE = 1, 3, 6, 7

# Frames that a client must ignore: not JSON, not a message, not text, empty.
GARBAGE: tuple[str | bytes, ...] = (
    "<html>502</html>",
    '{"type":1,"target":["pushEvent"],"arguments":7}\x1e[]\x1e{"type":99}\x1enull\x1e',
    '{"type":1,"target":"pushEvent","arguments":["{not json"]}\x1e',
    '{"type":3,"invocationId":"none","result":1}\x1e{"type":1,"target":"other","arguments":[]}\x1e',
    b"\xff\xfe\x00",
    "",
)


@dataclass(slots=True)
class HubFaults:
    """The hub's faults; a test may switch them at any time."""

    silent: bool = False  # no answer, no event, no ping
    refuse_keys: bool = False
    missing_methods: set[str] = field(default_factory=set)  # in lower case
    payload_as_text: bool = False  # pushEvent carries a string of JSON


@dataclass(frozen=True, slots=True)
class Authentication:
    """An attempt to open a session; `error` is empty if it succeeded."""

    method: str
    community: str
    server_id: int
    error: str


@dataclass(eq=False, slots=True)
class _Client:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None

    async def records(self) -> AsyncGenerator[Json]:
        """Yield the client's records; yield {} for one that is not a JSON object."""
        rest = ""
        async for message in self.socket:
            if message.type is WSMsgType.TEXT:
                *whole, rest = (rest + message.data).split(SEPARATOR)
                for record in whole:
                    yield read_object(record)


class SignalRHub:
    """The connected clients and their sessions.

    Attributes:
        authentications: every attempt to open a session, in order.
        ping_seconds: the time between two pings.
    """

    def __init__(self, world: CadWorld) -> None:
        self.faults = HubFaults()
        self.authentications: list[Authentication] = []
        self.ping_seconds = PING_SECONDS
        self._world = world
        self._clients: set[_Client] = set()
        self._sessions: dict[tuple[str, int], _Client] = {}

    @property
    def sessions(self) -> tuple[tuple[str, int], ...]:
        """The community and server id of every session."""
        return tuple(self._sessions)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get(HUB_PATH, self._serve)]

    async def push(self, community: str, server_id: int, event: Json) -> bool:
        """Send an event to the session of a server; False if there is no session."""
        client = self._sessions.get((community, server_id))
        if client is None:
            return False
        payload = json.dumps(event) if self.faults.payload_as_text else event
        message = {"type": INVOCATION, "target": "pushEvent", "arguments": [payload]}
        return await self._send(client, message)

    async def send_garbage(self) -> None:
        """Send all clients frames that are not messages."""
        for client in self._clients:
            for frame in GARBAGE:
                if isinstance(frame, bytes):
                    await client.socket.send_bytes(frame)
                else:
                    await client.socket.send_str(frame)

    async def disconnect_all(self, reason: str) -> None:
        """Close every connection with a close message."""
        for client in list(self._clients):
            await self._send(client, {"type": CLOSE, "error": reason})
            await client.socket.close()

    def abort_all(self) -> None:
        """Abort every connection without a close message."""
        self._sessions.clear()
        for client in self._clients:
            if client.transport is not None:
                client.transport.abort()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        client = _Client(socket, request.transport)
        self._clients.add(client)
        try:
            async with contextlib.aclosing(client.records()) as records:
                if await self._handshake(client, records):
                    await self._run_session(client, records)
        finally:
            self._clients.discard(client)
            for place, holder in list(self._sessions.items()):
                if holder is client:
                    del self._sessions[place]
            await socket.close()
        return socket

    async def _handshake(self, client: _Client, records: AsyncGenerator[Json]) -> bool:
        hello: Json = await anext(records, {})
        if hello.get("protocol") == "json":
            await self._send(client, {})
            return True
        await self._send(client, {"error": f"{hello.get('protocol')} is not supported."})
        return False

    async def _run_session(self, client: _Client, records: AsyncGenerator[Json]) -> None:
        # Pings start after the handshake: a client reads the first message as its answer.
        pinging = asyncio.create_task(self._ping(client))
        try:
            async for message in records:
                if message.get("type") == CLOSE:
                    return
                if message.get("type") == INVOCATION:
                    await self._on_invocation(client, message)
        finally:
            pinging.cancel()
            await asyncio.gather(pinging, return_exceptions=True)

    async def _on_invocation(self, client: _Client, message: Json) -> None:
        target, arguments = str(message.get("target")), message.get("arguments")
        known = {"authenticatev2", "authenticate"} - self.faults.missing_methods
        answer: Json
        if target.lower() not in known or not isinstance(arguments, list) or len(arguments) < 2:
            answer = {"error": f"Failed to invoke '{target}' due to an error on the server."}
        else:
            answer = {"result": self._authenticate(client, target, arguments)}
        if "invocationId" in message:
            whole = {"type": COMPLETION, "invocationId": message["invocationId"], **answer}
            await self._send(client, whole)

    def _authenticate(self, client: _Client, method: str, arguments: list[object]) -> Json:
        community_id, key, server_id = str(arguments[0]), arguments[1], 1
        if len(arguments) > 2 and isinstance(arguments[2], int):
            server_id = arguments[2]
        error = self._authentication_error(community_id, key, server_id)
        self.authentications.append(Authentication(method, community_id, server_id, error))
        if error:
            return {"success": False, "error": error, "count": 0}
        # One session per server id. It is a guess that a newer session replaces the older one.
        self._sessions[community_id, server_id] = client
        return {"success": True, "error": "", "count": 1}

    def _authentication_error(self, community_id: str, key: object, server_id: int) -> str:
        community = self._world.communities.get(community_id)
        if community is None:
            return INVALID_COMMUNITY
        if self.faults.refuse_keys or key != community.key:
            return INVALID_KEY
        return "" if server_id in community.servers else INVALID_SERVER

    async def _ping(self, client: _Client) -> None:
        while True:
            await asyncio.sleep(self.ping_seconds)
            await self._send(client, {"type": PING})

    async def _send(self, client: _Client, message: Json) -> bool:
        if self.faults.silent:
            return True
        try:
            await client.socket.send_str(json.dumps(message) + SEPARATOR)
        except ConnectionError:  # disconnected; the reading loop ends as well
            return False
        return True
