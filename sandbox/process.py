"""Runs the sandbox in a process of its own, as a user starts it."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

START_SECONDS = 30.0
STOP_SECONDS = 15.0

_ADDRESSES = re.compile(r"Pretend Discord +(\S+)\s+Pretend CAD +(\S+)")


class SandboxFailed(Exception):
    """The process ended, or printed no addresses in time; `output` is all that it printed."""

    def __init__(self, output: str) -> None:
        super().__init__(f"the sandbox did not start or stop as it should:\n{output}")
        self.output = output


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of the two pages."""

    discord: str
    cad: str


@asynccontextmanager
async def running_sandbox(*options: str) -> AsyncIterator[Addresses]:
    """Run `python -m sandbox` with these options until the block ends.

    Raises:
        SandboxFailed: it did not start, or did not stop cleanly.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output: list[str] = []
    try:
        async with asyncio.timeout(START_SECONDS):
            addresses = await _read_addresses(process, output)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise SandboxFailed("".join(output)) from None
    reading = asyncio.create_task(_read_all(process, output))
    try:
        yield addresses
    finally:
        await _stop(process)
        await reading
    if process.returncode:
        raise SandboxFailed("".join(output))


async def _read_addresses(process: Process, output: list[str]) -> Addresses:
    """Read the output of the process until it contains the addresses."""
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        output.append(line)
        if found := _ADDRESSES.search("".join(output)):
            return Addresses(discord=found[1], cad=found[2])
    await process.wait()
    raise SandboxFailed("".join(output))


async def _read_all(process: Process, output: list[str]) -> None:
    """Read the rest of the output, so that the process never blocks on a full pipe."""
    assert process.stdout is not None
    output.append((await process.stdout.read()).decode())


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
