"""`python -m benchmarks.servers.busy_cad CALLS UNITS`: a CAD that pushes events at a given rate.

It runs in a process of its own. Its events and its lists agree: every other event sets the title
of a call to `Event <number>`, the others set the status of a unit. Events of one call go over one
connection, one after the other, as a CAD would send them.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks.servers.pretend_cad import running_server, serve

FIRST_CALL_ID = 100
KEY = "sandbox-key"
CONNECTIONS = 16
QUEUE_SIZE = 100  # events that wait for a connection

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PushedEvent:
    """An event that was pushed.

    Attributes:
        call_id: None for an event about a unit.
        at: seconds of this machine's monotonic clock, which all processes share.
        status: the receiver's HTTP status.
    """

    number: int
    call_id: int | None
    at: float
    status: int


class BusyCad:
    """Calls and units with random changes, the same in each run."""

    def __init__(self, calls: int, units: int) -> None:
        self._random = random.Random(1)
        self._calls = {
            FIRST_CALL_ID + number: _call(FIRST_CALL_ID + number, units) for number in range(calls)
        }
        self._units = [_unit(number) for number in range(1, units + 1)]
        self._number = 0

    def app(self) -> web.Application:
        """Build the web application."""
        app = web.Application()
        app.router.add_post("/emergency/get_calls", self._show_calls)
        app.router.add_post("/emergency/get_active_units", self._show_units)
        app.router.add_post("/push", self._push)
        return app

    async def _show_calls(self, _: web.Request) -> web.Response:
        return web.json_response({"activeCalls": list(self._calls.values())})

    async def _show_units(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["data"][0]
        begin = wanted["offset"]
        return web.json_response(self._units[begin : begin + wanted["limit"]])

    async def _push(self, request: web.Request) -> web.Response:
        """Push events at random times with an average rate per second; 0 for no limit."""
        load = await request.json()
        queues: list[asyncio.Queue[Json | None]] = [
            asyncio.Queue(QUEUE_SIZE) for _ in range(CONNECTIONS)
        ]
        sent: list[PushedEvent] = []
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for queue in queues:
                group.create_task(_deliver(session, load["url"], queue, sent))
            moment = time.monotonic()
            for _ in range(load["count"]):
                if load["rate"]:
                    moment += self._random.expovariate(load["rate"])
                    await asyncio.sleep(moment - time.monotonic())
                lane, event = self._next_event(only_calls=load["only_calls"])
                await queues[lane % CONNECTIONS].put(event)
            for queue in queues:
                await queue.put(None)
        return web.json_response([[one.number, one.call_id, one.at, one.status] for one in sent])

    def _next_event(self, *, only_calls: bool) -> tuple[int, Json]:
        self._number += 1
        if only_calls or self._number % 2:
            call_id = self._random.choice(list(self._calls))
            call = self._calls[call_id]
            call["title"] = f"Event {self._number}"
            return call_id, _event("EVENT_DISPATCH_EDIT", {"dispatch": dict(call)}, self._number)
        unit = self._random.choice(self._units)
        unit["status"] = self._random.randint(0, 4)
        data = {"identIds": [unit["id"]], "status": unit["status"]}
        return unit["id"], _event("EVENT_UNIT_STATUS", data, self._number)


async def _deliver(
    session: aiohttp.ClientSession,
    url: str,
    queue: asyncio.Queue[Json | None],
    sent: list[PushedEvent],
) -> None:
    while (event := await queue.get()) is not None:
        number, at = event.pop("number"), time.monotonic()
        async with session.post(url, json=event) as response:
            call = event["data"].get("dispatch")
            sent.append(PushedEvent(number, call["callId"] if call else None, at, response.status))


def _event(kind: str, data: Json, number: int) -> Json:
    return {"key": KEY, "type": kind, "data": data, "number": number}


def _call(call_id: int, units: int) -> Json:
    # Four units on each call, as long as there are units.
    begin = 4 * (call_id - FIRST_CALL_ID)
    return {
        "callId": call_id,
        "title": "Traffic Stop",
        "code": "10-38",
        "status": 1,
        "priority": call_id % 3 + 1,
        "address": "Route 68",
        "postal": "3021",
        "description": "Blue sedan, XP123BS, two occupants.",
        "idents": list(range(begin + 1, min(begin + 4, units) + 1)),
        "notes": [],
        "metaData": {},
    }


def _unit(number: int) -> Json:
    return {
        "id": number,
        "accId": f"account-{number}",
        "status": 2,
        "data": {
            "apiId1": f"{0x110000100000000 + number:x}",
            "unitNum": f"A-{number}",
            "name": f"Officer {number}",
            "department": "LSPD",
        },
    }


def running_cad(calls: int, units: int) -> AbstractAsyncContextManager[str]:
    """Run the CAD in another process and yield its address."""
    return running_server("benchmarks.servers.busy_cad", calls, units)


async def push(
    cad: str, receiver: str, *, count: int, rate: float, only_calls: bool = False
) -> list[PushedEvent]:
    """Let the CAD push events to a receiver; return them when all are answered.

    Args:
        cad: the address of the CAD.
        receiver: the address for the events.
        rate: events per second on average; 0 for no limit.
        only_calls: send no events about units.
    """
    order = {"url": receiver, "count": count, "rate": rate, "only_calls": only_calls}
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{cad}/push", json=order) as response,
    ):
        response.raise_for_status()
        return [PushedEvent(*one) for one in await response.json()]


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.servers.busy_cad", description=__doc__
    )
    parser.add_argument("calls", type=int)
    parser.add_argument("units", type=int)
    options = parser.parse_args()
    asyncio.run(serve(BusyCad(options.calls, options.units).app()))


if __name__ == "__main__":
    main()
