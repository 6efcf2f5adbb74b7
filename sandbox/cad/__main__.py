"""`python -m sandbox.cad`: runs the pretend CAD alone, with its page."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Sequence

from sandbox.cad.server import CadServer
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.extra_units import add_numbered_units
from sandbox.cad.state.second_server import add_second_server
from sandbox.cad.state.seed import API_KEY, COMMUNITY_ID, SERVER_ID, build_world
from sandbox.cad.state.simulation import Simulation
from sandbox.cad.state.world import CadWorld


async def serve(world: CadWorld, host: str, port: int, *, simulate: bool = False) -> None:
    """Run the CAD until the task is cancelled.

    Args:
        simulate: whether simulated users work in it.
    """
    home_server = world.server(COMMUNITY_ID, SERVER_ID)
    async with CadServer(world, host=host, port=port) as server:
        print(f"Pretend Sonoran CAD: {server.url}/  (community {COMMUNITY_ID}, key {API_KEY})")
        await (Simulation(world, home_server).run() if simulate else asyncio.Event().wait())


def main() -> None:
    """Read the command line and serve until Ctrl+C."""
    options = parse_options()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            serve(build_world_of(options), options.host, options.port, simulate=options.life)
        )


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options; None reads those of the process."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.cad", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 picks a free one")
    parser.add_argument(
        "--api",
        choices=[one.value for one in SpokenApi],
        default=SpokenApi.V1.value,
        help="the API that it speaks; its page switches it",
    )
    parser.add_argument("--second-server", action="store_true", help="add a second server")
    parser.add_argument("--units", type=int, default=0, help="further units on duty")
    parser.add_argument("--life", action="store_true", help="simulate users of the CAD")
    parser.add_argument(
        "--push-url", default="", help="where push events are sent; /2 is added for server 2"
    )
    return parser.parse_args(arguments)


def build_world_of(options: argparse.Namespace) -> CadWorld:
    """Build the seeded world, with what the options add."""
    world = build_world()
    world.behaviour.spoken_api = SpokenApi(options.api)
    home_server = world.server(COMMUNITY_ID, SERVER_ID)
    home_server.push_url = options.push_url
    if options.second_server:
        second = add_second_server(world)
        # No event names its server: each needs an address of its own.
        second.push_url = options.push_url and f"{options.push_url}/{second.id}"
    add_numbered_units(world, world.communities[COMMUNITY_ID], home_server, options.units)
    return world


if __name__ == "__main__":
    main()
