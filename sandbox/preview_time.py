"""The virtual time of simcord: kept at the real time, and declared to it where the bot waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import simcord

from bot.common.clock import Clock
from sandbox.fake_time import Wait


class LiveClock(Clock):
    """The preview's virtual time, for the work that simcord watches and for all other work.

    It declares each sleep as an external wait. So an action on the page ends when the bot only
    sleeps, and does not wait for the end of the sleeps.
    """

    def __init__(self, env: simcord.Env) -> None:
        self._env = env

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._env.now().timestamp()

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return self._env.now()

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of the preview's seconds."""
        try:
            await self._env.external_wait(asyncio.sleep(seconds), reason="the bot sleeps")
        except simcord.SetupError:  # work that simcord does not watch
            await asyncio.sleep(seconds)

    async def wait_for(self, future: asyncio.Future[Any], seconds: float | None = None) -> None:
        """Wait until a future is done, at most for a number of the preview's seconds."""
        try:
            waiting = asyncio.wait([future], timeout=seconds)
            await self._env.external_wait(waiting, reason="the bot waits")
        except simcord.SetupError:  # work that simcord does not watch
            await asyncio.wait([future], timeout=seconds)


def external_wait(env: simcord.Env) -> Wait:
    """Declare the bot's sleeps to simcord as waits for the outside, not as unfinished work."""

    async def wait(sleeping: Awaitable[None]) -> None:
        try:
            await env.external_wait(sleeping, reason="time stands still")
        except simcord.SetupError:  # work that simcord does not watch
            await sleeping

    return wait


async def sync_time(env: simcord.Env) -> None:
    """Advance the virtual time to the real time, and run what is due."""
    behind = (datetime.now(UTC) - env.now()).total_seconds()
    if behind > 0:
        await env.advance_time(behind)
