"""A pretend Discord for a bot that is killed: it keeps what users saw, whichever run sent it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from aiohttp import web

from tests.process.discord_server import _MESSAGE, APPLICATION_ID, GUILD_ID, DiscordServer

MANAGE_SERVER = 1 << 5
DEFERRED_UPDATE = 6
LOG_CHANNEL_ID = "1300000000000000003"
CALLS_CHANNEL_ID = "1300000000000000002"
UNKNOWN_WEBHOOK = 404, {"code": 10015, "message": "Unknown Webhook"}
ALREADY_ACKNOWLEDGED = 400, {"code": 40060, "message": "Already acknowledged"}
UNKNOWN_INTERACTION = 404, {"code": 10062, "message": "Unknown interaction"}
INVALID_TOKEN = 401, {"code": 50027, "message": "Invalid Webhook Token"}


class Moment(Enum):
    """When a bot can be killed: something is about to happen, or just has, elsewhere."""

    PRESSED = auto()
    ACKNOWLEDGING = auto()
    ACKNOWLEDGED = auto()
    TELLING = auto()
    TOLD = auto()
    ORDERING = auto()
    ORDERED = auto()


# Returns whether the bot has just died: what was about to happen then has never been asked for.
Watch = Callable[[Moment], bool]


@dataclass(slots=True)
class Pressed:
    """A command, press or form of a member, and what the member sees of it.

    Attributes:
        call_id: None for a detach.
        form: the custom id of the form that it opened.
        is_in_place: the press was acknowledged without a reply; the answer replaces the message
            that was pressed.
        acknowledged: whether they see "thinking…" or an answer instead of a failure.
        text: the private reply; empty while it is "thinking…".
        message: what they were told by a message, last.
        beside: the further private messages; they can be found only by the one who sent them.
    """

    number: int
    unit: str
    call_id: int | None
    acknowledged: bool = False
    text: str = ""
    message: str = ""
    form: str = ""
    is_in_place: bool = False
    beside: list[str] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """What they know."""
        if self.is_in_place:
            return self.text or self.message
        return self.text if self.acknowledged else self.message

    @property
    def token(self) -> str:
        return f"token-of-interaction-{self.number}"

    @property
    def user_id(self) -> str:
        return str(1_400_000_000_000_000_000 + self.number)

    @property
    def reply_id(self) -> str:
        return str(1_700_000_000_000_000_000 + self.number)


@dataclass
class BusyDiscord(DiscordServer):
    """Identifies members by their press; each presses once.

    Attributes:
        logged: what stands in the log channel.
        lost_answers: how many of the next acknowledgements are taken and answered by an error.
        refusal: the answer to each acknowledgement; None where they are taken.
        tokens_are_old: whether replies cannot be edited any more.
        cards: the titles of the cards, by the nonce: Discord takes each nonce once.
        on_card: called before Discord answers that it has taken a card.
        changed: set whenever there is something new to read.
    """

    pressed: list[Pressed] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    lost_answers: int = 0
    refusal: tuple[int, Any] | None = None
    tokens_are_old: bool = False
    cards: dict[str, str] = field(default_factory=dict)
    on_card: Callable[[], None] = field(default=lambda: None)
    watch: Watch = field(default=lambda _: False)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def press(self, orders: Sequence[tuple[str, int | None]]) -> None:
        """Let people give orders, unit and call each, one right after the other."""
        for unit, call_id in orders:
            one = self.new_press(unit, call_id)
            options = {"units": unit} | ({"call": str(call_id)} if call_id is not None else {})
            await self.type(one, "detach" if call_id is None else "attach", options)
            if self.watch(Moment.PRESSED):
                return

    def new_press(self, unit: str = "", call_id: int | None = None) -> Pressed:
        """Have a further member, who is about to press."""
        one = Pressed(len(self.pressed), unit, call_id)
        self.pressed.append(one)
        return one

    async def type(self, one: Pressed, command: str, options: Mapping[str, str]) -> None:
        """Let a member type a command, or one of a group: `call new`."""
        group, _, command = command.rpartition(" ")
        typed: list[Any] = [{"name": one, "type": 3, "value": options[one]} for one in options]
        if group:
            typed = [{"name": command, "type": 1, "options": typed}]
        data = {"id": "1600000000000000000", "name": group or command, "type": 1, "options": typed}
        await self._send_event(one, 2, data | {"guild_id": str(GUILD_ID)})  # whose command it is

    async def click(
        self, one: Pressed, custom_id: str, value: str = "", *, on: Pressed | None = None
    ) -> None:
        """Let a member press a button of a card or a reply, or pick a value in a select."""
        place = {"id": LOG_CHANNEL_ID, "type": 0, "name": "calls", "position": 0}
        item: dict[str, Any] = {"type": 3 if value else 2, "custom_id": custom_id}
        shown = item | ({"options": []} if value else {"style": 1, "label": "A button"})
        data = {"component_type": item["type"], "custom_id": custom_id}
        message = _MESSAGE | {"components": [{"type": 1, "components": [shown]}]}
        message |= {"id": on.reply_id if on else str(1_900_000_000_000_000_000 + one.number)}
        await self._send_event(
            one,
            3,
            data | ({"values": [value]} if value else {}),
            channel_id=LOG_CHANNEL_ID,
            channel=place,
            message=message,
        )

    async def submit(self, one: Pressed, form: str, fields: Mapping[str, str]) -> None:
        """Let a member send a form."""
        rows = [
            {"type": 1, "components": [{"type": 4, "custom_id": name, "value": text}]}
            for name, text in fields.items()
        ]
        await self._send_event(one, 5, {"custom_id": form, "components": rows})

    async def _send_event(self, one: Pressed, kind: int, data: Any, **more: Any) -> None:
        assert self._socket is not None
        event = _event(one) | {"type": kind, "data": data} | more
        with contextlib.suppress(ConnectionError):  # a bot that is dead hears nothing
            await self._socket.send_json(
                {"op": 0, "s": 2 + one.number, "t": "INTERACTION_CREATE", "d": event}
            )

    def _reply(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        match request.method, path.split("/")[1:]:
            case "POST", ["interactions", id_, token, "callback"]:
                answer = self._acknowledge(id_, token, body)
            case "PATCH", ["webhooks", _, token, "messages", message]:
                answer = self._edit(token, message, body["content"])
            case "POST", ["webhooks", _, token]:
                answer = self._send_beside(token, body["content"])
            case "GET", ["users", user_id] if user_id != "@me":
                answer = 200, _user(self._find("user_id", user_id))
            case "POST", ["users", "@me", "channels"]:
                user = _user(self._find("user_id", str(body["recipient_id"])))
                answer = 200, {"id": user["id"], "type": 1, "recipients": [user]}
            case "POST", ["channels", channel_id, "messages"] if channel_id == CALLS_CHANNEL_ID:
                answer = self._post_card(body)
            case "PATCH", ["channels", channel_id, "messages", id_] if (
                channel_id == CALLS_CHANNEL_ID
            ):
                answer = 200, _MESSAGE | {"id": id_}
            case "POST", ["channels", channel_id, "messages"]:
                answer = self._send(channel_id, body["content"])
            case _:
                answer = super()._reply(request, path, body)
        return answer

    def _acknowledge(self, interaction_id: str, token: str, body: Any) -> tuple[int, Any]:
        one, data = self._find("token", token), body.get("data", {})
        if self.refusal is not None:
            return self.refusal
        if one.acknowledged:
            return ALREADY_ACKNOWLEDGED
        if not self.watch(Moment.ACKNOWLEDGING):
            one.acknowledged = True
            one.text = data.get("content", "")
            one.form = data.get("custom_id", "")
            one.is_in_place = body["type"] == DEFERRED_UPDATE
            self._happened(Moment.ACKNOWLEDGED)
        if self.lost_answers:
            self.lost_answers -= 1
            return 503, {"code": 0, "message": "Service Unavailable"}
        known = {"id": interaction_id, "type": 2, "response_message_id": one.reply_id}
        return 200, {"interaction": known}

    def _edit(self, token: str, message_id: str, content: str) -> tuple[int, Any]:
        one = self._find("token", token)
        if self.tokens_are_old:
            return INVALID_TOKEN
        if not one.acknowledged or not (
            one.is_in_place or message_id in {"@original", one.reply_id}
        ):
            return UNKNOWN_WEBHOOK
        if not self.watch(Moment.TELLING):
            one.text = content
            self._happened(Moment.TOLD)
        return 200, _MESSAGE | {"content": content}

    def _send_beside(self, token: str, content: str) -> tuple[int, Any]:
        one = self._find("token", token)
        if not self.watch(Moment.TELLING):
            one.beside.append(content)
            self._happened(Moment.TOLD)
        return 200, _MESSAGE | {"content": content}

    def _send(self, channel_id: str, content: str) -> tuple[int, Any]:
        if channel_id == LOG_CHANNEL_ID:
            self.logged.append(content)
            self.changed.set()
        elif not self.watch(Moment.TELLING):
            self._find("user_id", channel_id).message = content
            self._happened(Moment.TOLD)
        return 200, _MESSAGE | {"content": content}

    def _post_card(self, body: Any) -> tuple[int, Any]:
        """Take a card; return the message that has its nonce."""
        self.cards.setdefault(body["nonce"], body["embeds"][0]["title"])
        number = [*self.cards].index(body["nonce"])
        self.on_card()
        self.changed.set()
        return 200, _MESSAGE | {"id": str(1_800_000_000_000_000_000 + number)}

    def _happened(self, moment: Moment) -> None:
        self.watch(moment)
        self.changed.set()

    def _find(self, name: str, value: str) -> Pressed:
        return next(one for one in self.pressed if getattr(one, name) == value)


def _user(one: Pressed) -> dict[str, Any]:
    return {
        "id": one.user_id,
        "username": f"dispatcher{one.number}",
        "discriminator": "0",
        "avatar": None,
    }


def _event(one: Pressed) -> dict[str, Any]:
    """Build the INTERACTION_CREATE of a member who may dispatch, without what the member did."""
    return {
        "id": str(1_500_000_000_000_000_000 + one.number),
        "application_id": str(APPLICATION_ID),
        "token": one.token,
        "version": 1,
        "attachment_size_limit": 0,
        "guild_id": str(GUILD_ID),
        "guild": {"id": str(GUILD_ID), "features": [], "locale": "en-US"},
        "member": {
            "user": _user(one),
            "roles": [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "permissions": str(MANAGE_SERVER),
            "flags": 0,
            "deaf": False,
            "mute": False,
        },
    }
