"""`python -m sandbox.cad`: runs the pretend CAD alone, with its page."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from sandbox.cad.server import CadServer
from sandbox.cad.state.seed import API_KEY, COMMUNITY_ID, SERVER_ID, build_world
from sandbox.cad.state.simulation import Simulation


async def serve(host: str, port: int, *, simulate: bool = False, push_url: str = "") -> None:
    """Run the seeded CAD until the task is cancelled.

    Args:
        simulate: whether simulated users work in it.
        push_url: the address for push events while no client is connected to the hub.
    """
    world = build_world()
    home_server = world.server(COMMUNITY_ID, SERVER_ID)
    home_server.push_url = push_url
    async with CadServer(world, host=host, port=port) as server:
        print(f"Pretend Sonoran CAD: {server.url}/  (community {COMMUNITY_ID}, key {API_KEY})")
        await (Simulation(world, home_server).run() if simulate else asyncio.Event().wait())


def main() -> None:
    """Read the command line and serve until Ctrl+C."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.cad", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 picks a free one")
    parser.add_argument("--life", action="store_true", help="simulate users of the CAD")
    parser.add_argument("--push-url", default="", help="where push events are sent")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            serve(options.host, options.port, simulate=options.life, push_url=options.push_url)
        )


if __name__ == "__main__":
    main()
