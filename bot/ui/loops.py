"""Ends what goes on by itself."""

from __future__ import annotations

import asyncio
from typing import Any

from discord.ext import tasks


async def stop(loop: tasks.Loop[Any]) -> None:
    """Cancel a loop and wait for its end: what it was writing may need the database until then."""
    loop.cancel()
    task = loop.get_task()
    if task is not None:
        await asyncio.wait({task})
