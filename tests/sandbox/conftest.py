"""A running pretend CAD and a v1 client of it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, async_playwright

from sandbox.cad.server import CadServer
from sandbox.cad.state.models import Json
from sandbox.cad.state.seed import API_KEY, COMMUNITY_ID, build_world


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Posts envelopes, as a client of the real CAD would."""

    server: CadServer
    session: aiohttp.ClientSession

    async def post(
        self, path: str, type_: str, *objects: Json, id_: str = COMMUNITY_ID, key: str = API_KEY
    ) -> Reply:
        envelope: Any = {"id": id_, "key": key, "type": type_, "data": list(objects)}
        async with self.session.post(self.server.url + path, json=envelope) as response:
            return Reply(response.status, await response.text())

    async def attach(self, call_id: int, *api_ids: str) -> Reply:
        return await self.post(
            "/emergency", "ATTACH_UNITS", {"serverId": 1, "callId": call_id, "units": list(api_ids)}
        )


@pytest.fixture
async def cad() -> AsyncIterator[CadServer]:
    async with CadServer(build_world()) as server:
        yield server


@pytest.fixture
async def caller(cad: CadServer) -> AsyncIterator[Caller]:
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Caller(cad, session)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()
