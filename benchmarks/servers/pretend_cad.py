"""`python -m benchmarks.servers.pretend_cad`: a minimal v1 CAD, in a process of its own.

Every request takes the same time and needs hardly any work, so that the figures show the bots.
The sandbox's CAD checks its requests and is slower.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiohttp import web

CALL_COUNT = 20
FIRST_CALL_ID = 100


def api_id(number: int) -> str:
    """Return the API id of the unit of this number, from 0."""
    return f"{0x110000100000000 + number:x}"


class PretendCad:
    """Accepts every attach request after a delay, and keeps the units on each call.

    Args:
        units: the number of units on duty.
        delay: the seconds before each answer.
    """

    def __init__(self, units: int, delay: float) -> None:
        self._units = [_unit(number) for number in range(units)]
        self._idents = {api_id(number): number + 1 for number in range(units)}
        self._calls: dict[int, set[int]] = {
            FIRST_CALL_ID + number: set() for number in range(CALL_COUNT)
        }
        self._delay = delay

    def app(self) -> web.Application:
        """Build the web application."""
        app = web.Application()
        app.router.add_post("/emergency", self._attach)
        app.router.add_post("/emergency/get_calls", self._show_calls)
        app.router.add_post("/emergency/get_active_units", self._show_units)
        return app

    async def _attach(self, request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(self._delay)
        for order in body["data"]:
            idents = {self._idents[one] for one in order["units"]}
            for on_call in self._calls.values():
                on_call.difference_update(idents)
            self._calls[order["callId"]] |= idents
        return web.Response(text="UNITS ATTACHED")

    async def _show_calls(self, _: web.Request) -> web.Response:
        await asyncio.sleep(self._delay)
        calls = [
            {"callId": call_id, "title": "Traffic Stop", "code": "10-38", "idents": sorted(idents)}
            for call_id, idents in self._calls.items()
        ]
        return web.json_response({"activeCalls": calls})

    async def _show_units(self, request: web.Request) -> web.Response:
        # All of them on the first page: how long the list takes is not measured here.
        offset = (await request.json())["data"][0]["offset"]
        return web.json_response(self._units if offset == 0 else [])


def _unit(number: int) -> dict[str, object]:
    return {
        "id": number + 1,
        "accId": f"account-{number}",
        "status": 2,
        "data": {"apiId1": api_id(number), "unitNum": f"A-{number}", "name": f"Officer {number}"},
    }


def running_cad(units: int, delay: float) -> AbstractAsyncContextManager[str]:
    """Run the CAD in another process and yield its address."""
    return running_server("benchmarks.servers.pretend_cad", units, delay)


@asynccontextmanager
async def running_server(module: str, *arguments: float) -> AsyncIterator[str]:
    """Run a module that calls `serve` in another process, and yield its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *map(str, arguments)), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError(f"{module} has no output")
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.communicate()


async def serve(app: web.Application) -> None:
    """Serve on a free port and print the address; until terminated."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.servers.pretend_cad", description=__doc__
    )
    parser.add_argument("units", type=int)
    parser.add_argument("delay", type=float)
    options = parser.parse_args()
    asyncio.run(serve(PretendCad(options.units, options.delay).app()))


if __name__ == "__main__":
    main()
