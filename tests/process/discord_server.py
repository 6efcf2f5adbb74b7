"""The least of Discord that a bot can connect to: a few of its answers, and a gateway."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

TOKEN = "a-token.that-is.right"  # Discord's have three parts too
INTERACTION_TOKEN = "a-token-to-answer-with"
APPLICATION_ID = 1200000000000000001
GUILD_ID = 1100000000000000001

_HELLO = {"op": 10, "d": {"heartbeat_interval": 45_000}}
_ACKNOWLEDGED = {"op": 11}

_USER = {
    "id": str(APPLICATION_ID),
    "username": "dispatch",
    "discriminator": "0",
    "avatar": None,
    "bot": True,
}
APPLICATION = {
    "id": str(APPLICATION_ID),
    "name": "dispatch",
    "description": "",
    "icon": None,
    "bot_public": False,
    "bot_require_code_grant": False,
    "verify_key": "",
    "owner": _USER,
    "flags": 0,
}
_READY = {
    "v": 10,
    "user": _USER,
    "guilds": [],
    "session_id": "a-session",
    "resume_gateway_url": "ws://127.0.0.1:9/",
    "application": {"id": str(APPLICATION_ID), "flags": 0},
}
_MESSAGE: dict[str, Any] = {
    "id": "1300000000000000009",
    "channel_id": "1300000000000000002",
    "author": _USER,
    "content": "",
    "timestamp": "2026-01-01T00:00:00+00:00",
    "edited_timestamp": None,
    "tts": False,
    "mention_everyone": False,
    "mentions": [],
    "mention_roles": [],
    "attachments": [],
    "embeds": [],
    "pinned": False,
    "type": 0,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that was received."""

    method: str
    path: str
    body: Any


@dataclass
class DiscordServer:
    """Answers as Discord does to the right token.

    Attributes:
        answers: method and path → status and body that are given instead.
        hangs: a path that is not answered at all.
        vanishes: whether each connection is broken before an answer.
        gateway_is_down: whether the gateway takes no connection.
        close_code: what the gateway says to a bot that identifies itself, None to welcome it.
        identified: how often the gateway refused a bot that identified itself.
        hanging: set as soon as a request hangs.
        connected: set as soon as a bot is welcome.
        acknowledged: set as soon as an interaction is acknowledged.
        edits: what private answers have become, in order.
        edited: set as soon as one is edited.
        files: what members have uploaded, by name, at `/files/`.
        sent_file: set as soon as the bot has loaded one.
    """

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    hangs: str = ""
    vanishes: bool = False
    gateway_is_down: bool = False
    close_code: int | None = None
    identified: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    edits: list[str] = field(default_factory=list)
    edited: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[Seen] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    sent_file: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    _socket: web.WebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_route("*", "/api/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def interact(self, data: Any, token: str = INTERACTION_TOKEN) -> None:
        """Have a member who manages the server use a command.

        Args:
            token: what the bot answers with.
        """
        assert self._socket is not None
        user = _USER | {"id": "1400000000000000001", "username": "dana", "bot": False}
        interaction = {
            "id": "1500000000000000001",
            "application_id": str(APPLICATION_ID),
            "type": 2,
            "token": token,
            "version": 1,
            "attachment_size_limit": 0,
            "guild_id": str(GUILD_ID),
            "guild": {"id": str(GUILD_ID), "features": [], "locale": "en-US"},
            "member": {
                "user": user,
                "roles": [],
                "joined_at": "2026-01-01T00:00:00+00:00",
                "permissions": str(1 << 5),
                "flags": 0,
                "deaf": False,
                "mute": False,
            },
            "data": data,
        }
        await self._socket.send_json({"op": 0, "s": 2, "t": "INTERACTION_CREATE", "d": interaction})

    def acknowledged_tokens(self) -> set[str]:
        """Return the tokens of the interactions that were acknowledged."""
        paths = [one.path.split("/") for one in self.seen]
        return {path[3] for path in paths if path[1] == "interactions"}

    def replies(self, token: str) -> list[str]:
        """Return what the private answer to an interaction has become, in order."""
        path = f"/webhooks/{APPLICATION_ID}/{token}/messages/@original"
        return [one.body["content"] for one in self.seen if one.path == path]

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        if self.gateway_is_down:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(_HELLO)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            match message.json():
                case {"op": 1}:
                    await socket.send_json(_ACKNOWLEDGED)
                case {"op": 2} if self.close_code:
                    self.identified += 1
                    await socket.close(code=self.close_code)
                case {"op": 2}:
                    await socket.send_json({"op": 0, "s": 1, "t": "READY", "d": _READY})
                    self._socket = socket
                    self.connected.set()
        return socket

    async def _file(self, request: web.Request) -> web.StreamResponse:
        answer = web.Response(body=self.files[request.match_info["name"]])
        await answer.prepare(request)
        await answer.write_eof()
        self.sent_file.set()
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        body = await request.json() if request.can_read_body else None
        self.seen.append(Seen(request.method, path, body))
        if self.vanishes and request.transport is not None:
            request.transport.abort()
        if path == self.hangs:
            self.hanging.set()
            await asyncio.Event().wait()
        status, answer = self._reply(request, path, body)
        # discord.py wants the type without a charset, as Discord sends it.
        # discord.py takes a 429 without "Via" for one of Cloudflare, not of Discord.
        headers = {"Content-Type": "application/json", "Via": "1.1 google"}
        return web.Response(status=status, body=json.dumps(answer).encode(), headers=headers)

    def _reply(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        by_token = path.startswith(("/interactions/", "/webhooks/"))
        if (instead := self.answers.get(f"{request.method} {path}")) is not None:
            return instead
        if not by_token and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return 401, {"code": 0, "message": "401: Unauthorized"}
        answer: Any = []  # no command is known yet
        match request.method, path.split("/")[1:]:
            case "GET", ["users", "@me"]:
                answer = _USER
            case "GET", ["oauth2", "applications", "@me"]:
                answer = APPLICATION
            case "PUT", ["applications", *_, "commands"]:
                answer = [_stored(number, one) for number, one in enumerate(body)]
            case "POST", ["interactions", id_, _, "callback"]:
                answer = {"interaction": {"id": id_, "type": 2}}
                self.acknowledged.set()
            case "PATCH", ["webhooks", _, _, "messages", "@original"]:
                self.edits.append(body["content"])
                self.edited.set()
                answer = _MESSAGE | {"content": body["content"]}
        return 200, answer


def _stored(number: int, command: Any) -> Any:
    ids = {"id": str(1_600_000_000_000_000_000 + number), "application_id": str(APPLICATION_ID)}
    return {"description": "", **command, **ids, "version": "1"}


@dataclass
class Guild:
    """What Discord tells about a server that the bot is on, to be put among the answers.

    Attributes:
        rights: of the role that the bot has.
        overwrites: what the bot may not do in the text channel.
        global_commands: those that are listed for every server.
        overrides: what Integrations says, by the id of a command or of the application.
    """

    roles: dict[int, dict[str, Any]] = field(default_factory=dict)
    channels: list[dict[str, Any]] = field(default_factory=list)
    rights: int = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 16
    commands: tuple[str, ...] = ()
    global_commands: tuple[str, ...] = ()
    overrides: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def answers(self) -> dict[str, tuple[int, Any]]:
        """Return method and path → status and body."""
        here = f"GET /guilds/{GUILD_ID}"
        commands = f"GET /applications/{APPLICATION_ID}/guilds/{GUILD_ID}/commands"
        listed = _listed(self.commands)
        count = max(len(self.commands), len(self.global_commands))
        ids = [APPLICATION_ID, *(COMMAND_ID + number for number in range(count))]
        base_role = {"name": "@everyone", "permissions": str(self.rights)}
        roles = {GUILD_ID: base_role, **self.roles}
        return {
            "GET /users/@me/guilds": (200, [{"id": str(GUILD_ID), "name": "San Andreas"}]),
            here: (200, _GUILD | {"roles": [_role(*one) for one in roles.items()]}),
            f"{here}/members/{APPLICATION_ID}": (200, _MEMBER),
            f"{here}/channels": (200, self.channels),
            commands: (200, listed),
            f"GET /applications/{APPLICATION_ID}/commands": (200, _listed(self.global_commands)),
            **{f"{commands}/{one}/permissions": self._override(one) for one in ids},
        }

    def _override(self, id_: int) -> tuple[int, Any]:
        if id_ not in self.overrides:
            return 404, {"code": 10066, "message": "Unknown application command permissions"}
        return 200, {"id": str(id_), "permissions": self.overrides[id_]}


COMMAND_ID = 1_600_000_000_000_000_000
_GUILD: dict[str, Any] = {
    "id": str(GUILD_ID),
    "name": "San Andreas",
    "owner_id": "1400000000000000009",
    "emojis": [],
    "stickers": [],
    "features": [],
}
_MEMBER: dict[str, Any] = {
    "user": _USER,
    "roles": [],
    "joined_at": "2026-01-01T00:00:00+00:00",
    "flags": 0,
    "deaf": False,
    "mute": False,
}


def channel(id_: int, kind: int = 0, guild_id: int = GUILD_ID, denied: int = 0) -> dict[str, Any]:
    """Describe a channel: 0 is one for text, 2 one for voices."""
    overwrite = {"id": str(guild_id), "type": 0, "allow": "0", "deny": str(denied)}
    return {
        "id": str(id_),
        "type": kind,
        "guild_id": str(guild_id),
        "name": "dispatch",
        "position": 0,
        "permission_overwrites": [overwrite],
        "bitrate": 64000,
        "user_limit": 0,
    }


def _listed(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"id": str(COMMAND_ID + number), "name": name, "type": 1}
        for number, name in enumerate(names)
    ]


def _role(id_: int, changes: dict[str, Any]) -> dict[str, Any]:
    role = {
        "id": str(id_),
        "name": "Dispatch",
        "permissions": "0",
        "position": 1,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    return role | changes
