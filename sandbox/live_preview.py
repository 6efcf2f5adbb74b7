"""Makes the preview a live page: its time passes, and late answers appear by themselves.

simcord's time is virtual, and its page shows only what was last published. It refuses a second
operation at the same time, which the page shows as a lost connection. So this module runs all
operations one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import simcord
from simcord.preview import Preview
from simcord.preview._markdown import _FIELD_POLICIES

from sandbox import typed_command
from sandbox.environment import TICK_SECONDS, Environment
from sandbox.preview_time import sync_time

Body = Mapping[str, Any]
Action = Callable[[str | None, Body], Awaitable[dict[str, Any]]]

# Requests of the bot that change nothing on the page: GET requests, and acknowledgements. Those
# belong to an action of the page, and an action publishes its own result.
_INVISIBLE_REQUESTS = re.compile(r"GET |POST /interactions/\d+/[^/]+/callback")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows: a channel, and the members as which it can be viewed."""

    channel: simcord.ChannelHandle
    viewers: tuple[simcord.MemberActor, ...]


@asynccontextmanager
async def live_preview(environment: Environment, shown: Shown, port: int) -> AsyncIterator[Preview]:
    """Serve a channel as a page on this port, 0 for a free one, and keep it up to date."""
    # Discord shows names for mentions in a card's fields; simcord's page would show the id.
    _FIELD_POLICIES["embed_field_value"]["mentions"] = True
    preview = environment.simcord_env.preview(
        shown.channel,
        viewers=shown.viewers,
        layout="channel",
        port=port,
    )
    async with preview:
        serialiser = _Serialiser(environment, preview)
        ticking = asyncio.create_task(serialiser.run_clock())
        try:
            yield preview
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)


class _Serialiser:
    """Runs one operation at a time: an action of the page, or a tick."""

    def __init__(self, environment: Environment, preview: Preview) -> None:
        self._environment = environment
        self._preview = preview
        self._lock = asyncio.Lock()
        self._published = len(environment.simcord_env.http_requests)
        self._original_action: Action = preview._action  # noqa: SLF001  # simcord has no hook here; it is pinned
        preview._action = self.run_action  # type: ignore[assignment, method-assign]  # noqa: SLF001

    async def run_action(self, page_id: str | None, body: Body) -> dict[str, Any]:
        """Carry out an action that a user did on the page."""
        async with self._lock:
            sent = self._normalised(page_id, body)
            receipt = await self._original_action(page_id, sent)
            if isinstance(sent, dict) and sent.get("kind") != "autocomplete_command":
                self._published = len(self._environment.simcord_env.http_requests)
            return receipt

    async def run_clock(self) -> None:
        """Advance the time and publish the bot's changes, in an endless loop."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if not self._lock.locked():
                async with self._lock:
                    # The bot is waiting, or simcord runs another operation: the next tick
                    # follows.
                    with contextlib.suppress(TimeoutError, simcord.SetupError):
                        await self._tick()

    async def _tick(self) -> None:
        env = self._environment.simcord_env
        await sync_time(env)
        sent = env.http_requests[self._published :]
        if any(not _INVISIBLE_REQUESTS.match(f"{one.method} {one.path}") for one in sent):
            await self._preview.refresh()
        self._published = len(env.http_requests)

    def _normalised(self, page_id: str | None, body: Body) -> Body:
        """Add what a Discord client does and the preview's page does not do.

        A pasted command becomes a command, and `@Pat` in a text becomes a mention. An action on a
        page that was refreshed meanwhile gets the new revision, so that it is not refused.
        """
        page = self._preview._pages.get(page_id or "")  # noqa: SLF001
        if page is None or not isinstance(body, dict):
            return body  # the preview refuses it
        sent = dict(body)
        if "published_revision" in sent:
            sent["published_revision"] = page.revision
        if sent.get("kind") == "send_message" and isinstance(sent.get("content"), str):
            sent["content"] = self._environment.with_mentions(sent["content"])
            catalog = page.command_catalog.get("entries", ())
            sent |= typed_command.parse_command(sent["content"], catalog) or {}
        elif isinstance(sent.get("options"), dict):
            sent["options"] = {
                name: self._environment.with_mentions(value) if isinstance(value, str) else value
                for name, value in sent["options"].items()
            }
        return sent
