"""Stopping a loop waits for its end."""

from __future__ import annotations

import asyncio

from discord.ext import tasks

from bot.ui.loops import stop


async def test_a_loop_has_ended_when_it_is_stopped():
    started, ended = asyncio.Event(), asyncio.Event()

    @tasks.loop(hours=1)
    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # what it was writing is finished
            ended.set()

    work.start()
    await started.wait()
    await stop(work)
    assert ended.is_set()
    assert not work.is_running()


async def test_a_loop_that_never_ran_can_be_stopped():
    @tasks.loop(hours=1)
    async def work() -> None: ...

    await stop(work)
    assert not work.is_running()
