"""`python -m sandbox.cad`: the pretend CAD alone, with its page."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from sandbox.cad.seed import API_KEY, COMMUNITY_ID, build_world
from sandbox.cad.server import CadServer


async def serve(host: str, port: int) -> None:
    """Run the seeded CAD until the task is cancelled."""
    async with CadServer(build_world(), host=host, port=port) as server:
        print(f"Pretend Sonoran CAD: {server.url}/  (community {COMMUNITY_ID}, key {API_KEY})")
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve until Ctrl+C."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.cad", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 picks a free one")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.host, options.port))


if __name__ == "__main__":
    main()
