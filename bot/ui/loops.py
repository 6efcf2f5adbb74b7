"""Stop background loops."""

from __future__ import annotations

import asyncio
from typing import Any

from discord.ext import tasks


async def stop(loop: tasks.Loop[Any]) -> None:
    """Cancel a loop and wait until it has ended: until then it may still use the database."""
    loop.cancel()
    task = loop.get_task()
    if task is not None:
        await asyncio.wait({task})
