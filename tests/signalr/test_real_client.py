"""The pretend CAD's hub works with the client of the SignalR platform itself.

`npm ci` in this folder installs the client; only this test needs it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.cad.events.signalr_hub import HUB_PATH
from sandbox.cad.server import CadServer
from sandbox.cad.state.seed import API_KEY, ARMED_ROBBERY, COMMUNITY_ID, build_world
from tests.deadlines import HANG_TIMEOUT

HERE = Path(__file__).parent

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def node() -> str:
    """Find node and the client. Without them, skip the test, except in CI."""
    found = shutil.which("node")
    installed = (HERE / "node_modules" / "@microsoft" / "signalr").is_dir()
    if found and installed:
        return found
    missing = "`npm ci` has not been run in tests/signalr" if found else "node is not installed"
    if "CI" in os.environ:
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
async def cad() -> AsyncIterator[CadServer]:
    async with CadServer(build_world()) as server:
        server.hub.ping_seconds = 0.01  # so that it has to live with some
        yield server


@asynccontextmanager
async def client(node: str, cad: CadServer, key: str, method: str) -> AsyncIterator[Process]:
    url = cad.url + HUB_PATH
    process = await asyncio.create_subprocess_exec(
        *(node, "client.js", url, COMMUNITY_ID, key, "1", method),
        cwd=HERE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(HANG_TIMEOUT):
            yield process
            _, errors = await process.communicate()
        assert (process.returncode, errors.decode()) == (0, "")
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def step(process: Process) -> tuple[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        _, errors = await process.communicate()
        pytest.fail(errors.decode())
    told = json.loads(line)
    return told["step"], told["value"]


@pytest.mark.parametrize("method", ["authenticatev2", "authenticate"])
@pytest.mark.parametrize("as_text", [False, True])
async def test_the_client_is_authenticated_and_gets_events(
    node: str, cad: CadServer, method: str, as_text: bool
) -> None:
    cad.hub.faults.payload_as_text = as_text
    async with client(node, cad, API_KEY, method) as process:
        name, words = await step(process)
        assert name == "unknown"
        assert "unitLocationOfNobody" in words
        told = {"success": True, "error": "", "count": 1}
        assert await step(process) == ("authenticated", told)
        cad.world.add_note(cad.world.server(COMMUNITY_ID), ARMED_ROBBERY, "Shots fired")
        name, payload = await step(process)
        event = json.loads(payload) if as_text else payload
        assert (name, event["type"]) == ("pushed", "EVENT_DISPATCH_NOTE")
        assert event["data"]["note"]["content"] == "Shots fired"
        assert await step(process) == ("stopped", "Disconnected")


async def test_a_wrong_key_is_refused(node: str, cad: CadServer) -> None:
    async with client(node, cad, "wrong", "authenticatev2") as process:
        await step(process)
        told = {"success": False, "error": "INVALID API KEY", "count": 0}
        assert await step(process) == ("authenticated", told)
        assert await step(process) == ("stopped", "Disconnected")


async def test_the_client_learns_that_the_server_stops(node: str, cad: CadServer) -> None:
    async with client(node, cad, API_KEY, "authenticatev2") as process:
        await step(process)
        await step(process)
        await cad.hub.disconnect_all("maintenance")
        assert await step(process) == (
            "closed",
            "Server returned an error on close: maintenance",
        )
        assert await step(process) == ("stopped", "Disconnected")
