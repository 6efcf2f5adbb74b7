"""A pretend Discord with a channel for cards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.servers.discord_payloads import CHANNEL_ID
from benchmarks.servers.pretend_discord import PretendDiscord

_MESSAGES = re.compile(rf"/channels/{CHANNEL_ID}/messages(?:/(?P<message>\d+))?$")
_TITLE = re.compile(r"Call #(?P<call>\d+) (?:Event (?P<event>\d+))?")


@dataclass(frozen=True, slots=True)
class CardWrite:
    """A message with a card that the bot created or edited.

    Attributes:
        event: the number of the event that it shows, 0 for none.
        at: the time of the write, in seconds of the bot's clock.
    """

    message_id: int
    call_id: int
    event: int
    at: float


class PretendCardChannel(PretendDiscord):
    """Accepts every message, and records the event that its card shows.

    Args:
        clock: the bot's monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.writes: list[CardWrite] = []
        self._clock = clock

    @property
    def shown_events(self) -> dict[int, int]:
        """The event that the card of each call shows now."""
        return {one.call_id: one.event for one in self.writes}

    def request(self, method: str, url: str, data: str | None = None, **others: object) -> Any:  # noqa: ANN401
        """Answer a request of discord.py."""
        found = _MESSAGES.search(url.partition("?")[0])
        if found is None:
            return super().request(method, url, data, **others)
        sent = json.loads(data or "{}")
        message_id = int(found["message"] or len(self.writes) + 1)
        title = _TITLE.search(sent["embeds"][0]["title"])
        if title is None:
            raise ValueError(sent)
        event = int(title["event"] or 0)
        self.writes.append(CardWrite(message_id, int(title["call"]), event, self._clock()))
        answer = super().request("GET", "")
        return replace(answer, body=json.dumps(_message(message_id, sent)))


def _message(message_id: int, sent: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(message_id),
        "channel_id": str(CHANNEL_ID),
        "author": {"id": "1", "username": "dispatch", "discriminator": "0", "avatar": None},
        "content": "",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": sent["embeds"],
        "components": sent.get("components", []),
        "pinned": False,
        "type": 0,
    }
