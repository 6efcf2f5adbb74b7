"""`python -m sandbox`: serves the pretend Discord and the pretend CAD as pages."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sandbox.cad.state import extra_units, seed
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.simulation import Simulation
from sandbox.environment import Environment, open_environment
from sandbox.live_preview import Shown, live_preview

CARDS_TIMEOUT = 5.0  # the longest wait for the first cards
VIEWERS = ("Dana", "Pat", "Charlie", "Vic")

EXAMPLES = (
    ("/attach call:100 units:@Pat", "Pat's unit goes on the armed robbery"),
    (
        "/attach call:101 units:@Alice @Charlie",
        "on API 1, Charlie is not linked",
    ),
    ("/detach units:@Pat", "and off again"),
    ("/attach call:100 units:#Patrol-2 dept:EMS", "a voice channel and a department"),
    ("/call new priority:1", "a form for a new call, then Attach… for its units"),
)

# In this order, on a server that is not set up.
SETUP = (
    ("/setup", "five parts; the page of the CAD shows the community ID and the API key"),
    ("/attach call:100 units:A-12", "once the CAD is connected"),
)

_SETUP_WELCOME = """\
Welcome. This server is not set up yet: I am Dana, and I may manage it. Type `/setup`.
The pretend CAD shows its community ID (`{id}`) and an API key: <{cad}/>. Choose this channel for \
the cards, and they appear here."""

_WELCOME = """\
Welcome to the sandbox. I am Dana, the dispatcher, and so are you.
Above are the CAD's open calls: press their buttons. Or type `/` and choose **/attach**, or paste \
this: `/attach call:100 units:@Pat`
Then look at the CAD: <{cad}/>. There you can also take it down and see what the bot says.
“Viewing as”, above, makes you another member: Pat and Charlie are officers, and Vic holds no \
role. Charlie has no link here, but has linked Discord in the CAD: API 2 finds Charlie by that, on \
API 1 Charlie needs **/link**."""


async def serve(
    cad_port: int,
    discord_port: int,
    *,
    simulate: bool,
    cad_permissions: bool = False,
    second_server: bool = False,
    new_server: bool = False,
    api: SpokenApi = SpokenApi.V1,
    units: int = 0,
) -> None:
    """Run the sandbox until SIGINT, SIGTERM, or the page's "End preview session".

    Args:
        simulate: whether simulated users work in the CAD.
        cad_permissions: whether members need the CAD's permission as well.
        second_server: whether to show the channel of the second server; the page shows one.
        new_server: whether to show a second Discord server instead, which is not set up.
        api: which of its two APIs the CAD speaks.
        units: the number of further units on duty.
    """
    stop = _stop_event()
    async with open_environment(
        cad_port=_free_port(cad_port),
        cards=True,
        pushes=True,
        cad_permissions=cad_permissions,
        new_server=new_server,
        api=api,
    ) as environment:
        extra_units.add_numbered_units(
            environment.cad.world, environment.community, environment.home_server, units
        )
        shown = await _shown(environment, second_server=second_server)
        async with (
            live_preview(environment, shown, _free_port(discord_port)) as preview,
            _simulation(environment, simulate),
        ):
            _print_addresses(preview.url, environment.cad.url, SETUP if new_server else EXAMPLES)
            # From here on, the bot's log is about the users' actions, not about the set-up.
            logging.getLogger("bot").setLevel(logging.INFO)
            await _wait_for_one(stop.wait(), preview.wait_closed())
    print("\nStopped. Nothing was kept.", flush=True)


def _stop_event() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl+C raises KeyboardInterrupt at once.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return stop


async def _wait_for_one(*ends: Coroutine[Any, Any, object]) -> None:
    """Wait until one of several coroutines has ended; cancel the others."""
    tasks = [asyncio.create_task(end) for end in ends]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


@asynccontextmanager
async def _simulation(environment: Environment, simulate: bool) -> AsyncIterator[None]:
    """Simulate other users of the CAD; they leave the seeded calls and the members' units alone."""
    if not simulate:
        yield
        return
    world, home_server = environment.cad.world, environment.home_server
    unit_numbers = extra_units.add_units(world, environment.community, home_server)
    simulation = Simulation(world, home_server, unit_numbers=unit_numbers, own_calls_only=True)
    # In a context of its own, because simcord's context has virtual time.
    running = contextvars.Context().run(asyncio.create_task, simulation.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _shown(environment: Environment, *, second_server: bool) -> Shown:
    """Return what the page shows, once it has its welcome message."""
    if new := environment.new_server:
        text = _SETUP_WELCOME.format(cad=environment.cad.url, id=seed.COMMUNITY_ID)
        await new.people["Dana"].send(new.channel, text)
        return Shown(new.channel, tuple(new.people.values()))
    await _welcome(environment)
    channel = environment.second_channel if second_server else environment.channel
    return Shown(channel, tuple(environment.people[name] for name in VIEWERS))


async def _welcome(environment: Environment) -> None:
    """Post the welcome message below the cards."""
    open_calls = len(environment.home_server.calls) + len(environment.home_server.emergencies)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CARDS_TIMEOUT):
            while len(environment.channel.history()) < open_calls:  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0.05)
    await environment.people["Dana"].send(
        environment.channel, _WELCOME.format(cad=environment.cad.url)
    )


def _print_addresses(discord_url: str, cad_url: str, examples: tuple[tuple[str, str], ...]) -> None:
    width = max(len(command) for command, _ in examples)
    lines = [
        "",
        f"  Pretend Discord   {discord_url}",
        f"  Pretend CAD       {cad_url}/",
        "",
        "Open both. In the pretend Discord you are Dana, the dispatcher. Worth trying:",
        *(f"  {command:<{width}}   {effect}" for command, effect in examples),
        "",
        "Press Ctrl+C to stop.",
    ]
    print("\n".join(lines), flush=True)


def _free_port(port: int) -> int:
    """Return the port, or 0 (any free port) if it is in use."""
    with socket.socket() as probe:
        if os.name == "posix":  # on Windows this option would let two processes share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
