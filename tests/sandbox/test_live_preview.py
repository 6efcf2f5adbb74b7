"""The live page: late answers appear, names become mentions, no page loses its connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import aiohttp
from simcord.preview import Preview

from sandbox.cad.state.faults import Hang
from sandbox.environment import Environment, open_environment
from sandbox.live_preview import Shown, live_preview
from tests.deadlines import HANG_TIMEOUT


@dataclass
class Client:
    """Sends the same requests to the preview's server as its page."""

    session: aiohttp.ClientSession
    state: Any
    sequence: count[int]

    @classmethod
    async def open(cls, session: aiohttp.ClientSession) -> Client:
        async with session.post("/api/pages", json={}) as response:
            state = await response.json()
        session.headers["X-Simcord-Context"] = state["context"]["id"]
        return cls(session, state, count(1))

    async def refresh(self) -> list[str]:
        async with self.session.get("/api/state") as response:
            self.state = await response.json()
        return [str(one["content"]) for one in self.state["messages"].values()]

    async def run(self, command: str, **options: str) -> Any:
        async with self.session.get("/api/commands") as response:
            entries = (await response.json())["entries"]
        entry = next(one for one in entries if one["invocation"] == command)
        sequence = next(self.sequence)
        body = {
            "protocol_version": 3,
            "sequence": sequence,
            "request_id": f"request {sequence}",
            "generation": self.state["context"]["generation"],
            "bot_generation": self.state["botGeneration"],
            "published_revision": self.state["publishedRevision"],
            "kind": "run_command",
            "command_id": entry["commandId"],
            "path": entry["path"],
            "schema_fingerprint": entry["schemaFingerprint"],
            "options": options,
        }
        async with self.session.post("/api/action", json=body) as response:
            return await response.json()


@asynccontextmanager
async def opened(preview: Preview) -> AsyncIterator[Client]:
    """Open the page once more, as another user's browser does."""
    address, _, capability = preview.url.partition("#")
    headers = {"X-Simcord-Capability": capability}
    async with aiohttp.ClientSession(address, headers=headers) as session:
        yield await Client.open(session)


@asynccontextmanager
async def sandbox() -> AsyncIterator[tuple[Environment, Preview, Client]]:
    # No fixture: pytest closes one in another context than it opened it in, which simcord refuses.
    async with open_environment() as environment:
        viewers = environment.people["Dana"], environment.people["Vic"]
        async with (
            live_preview(environment, Shown(environment.channel, viewers), 0) as preview,
            opened(preview) as client,
        ):
            yield environment, preview, client


async def until(client: Client, text: str) -> None:
    async with asyncio.timeout(HANG_TIMEOUT):
        while not any(text in content for content in await client.refresh()):
            pass


async def test_a_name_typed_on_the_page_is_a_mention() -> None:
    async with sandbox() as (environment, _, client):
        receipt = await client.run("attach", call="100", units="@Pat")
        assert receipt["settlement"] == "settled"
        assert environment.units_on(100) == ("A-12",)
        await until(client, f"Armed Robbery: {environment.people['Pat'].mention}")


async def test_an_answer_that_comes_late_appears_by_itself() -> None:
    async with sandbox() as (environment, _, client):
        environment.simcord_env.settle_timeout = 0.2
        hang = Hang()
        environment.cad.faults.set(hang)
        receipt = await client.run("attach", call="100", units="@Pat")
        assert receipt["settlement"] == "timeout"
        assert hang.arrived.is_set()
        environment.cad.faults.clear()
        await until(client, "✅ **#100**")
        assert environment.units_on(100) == ("A-12",)


async def test_a_page_that_is_behind_is_not_refused() -> None:
    async with sandbox() as (_, _, client):
        await client.run("attach", call="100", units="@Pat")
        receipt = await client.run("detach", units="@Pat")  # with the previous revision
        assert receipt["rejected"] is False


async def test_two_people_at_once_wait_for_each_other() -> None:
    async with sandbox() as (environment, preview, client), opened(preview) as other:
        receipts = await asyncio.gather(
            client.run("attach", call="100", units="@Pat"),
            other.run("attach", call="101", units="@Bob"),
        )
        assert [one["settlement"] for one in receipts] == ["settled", "settled"]
        assert (environment.units_on(100), environment.units_on(101)) == (
            ("A-12",),
            ("B-21", "M-3"),
        )


async def test_time_passes() -> None:
    async with sandbox() as (environment, _, client), asyncio.timeout(HANG_TIMEOUT):
        begin = environment.simcord_env.now()
        while environment.simcord_env.now() == begin:
            await client.refresh()
