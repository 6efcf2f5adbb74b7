"""Links between a real SQLite file and the pretend CAD over real HTTP, with a fake clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from bot.cad.client import InspectableCad
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.codec import v1, v2
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials, Request, Response
from bot.services.verification.background_verifier import BackgroundVerifier
from bot.services.verification.verifier import LinkVerifier, Verification
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.verification_store import VerificationStore
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.models import Account, Community
from tests.fake_time import FakeTime
from tests.services.queue_fixture import Lifetime, WatchedDatabase
from tests.services.samples import GUILD
from tests.stored_links import put_link

T = TypeVar("T")

RILEY = seed.RILEY
CREDENTIALS = Credentials(seed.COMMUNITY_ID, seed.API_KEY)
_QUIET = 25  # iterations of the event loop without activity
_SHARE = 0.8


class WatchedTransport(Transport):
    """Knows whether a request is under way."""

    busy = 0

    async def send(self, request: Request, *, within: float | None = None) -> Response:
        self.busy += 1
        try:
            return await super().send(request, within=within)
        finally:
            self.busy -= 1


@dataclass
class VerifierFixture:
    """The verifier with its stores, the pretend CAD and the clock."""

    file: Path
    version: int
    cad: CadServer
    time: FakeTime = field(default_factory=FakeTime)
    id_format: str = "{hex}"

    async def open(self) -> None:
        """Start on the file."""
        opened = await WatchedDatabase.open(f"sqlite+aiosqlite:///{self.file}")
        assert isinstance(opened, WatchedDatabase)
        opened.lifetime = Lifetime()
        self.database = opened
        self.transport = WatchedTransport(self.cad.url)
        self.client = self._client()
        self.links, self.verification_store = LinkStore(opened), VerificationStore(opened)
        self.verifier = self._verifier()
        self.background = BackgroundVerifier(
            self.verifier, self.verification_store, guild_id=GUILD, clock=self.time
        )

    async def close(self) -> None:
        """End everything that still goes on."""
        await self.run(self.background.close())
        await self.client.close()
        await self.database.close()

    def set_id_format(self, id_format: str) -> None:
        """Set `API_ID_FORMAT`."""
        self.id_format = id_format
        self.verifier = self._verifier()

    @property
    def community(self) -> Community:
        return self.cad.world.communities[seed.COMMUNITY_ID]

    def add_account(self, username: str, *api_ids: str, discord_id: int | None = None) -> Account:
        """Let the CAD have an account of this name, in place of one that it has."""
        account = self.account(username)
        account = replace(account, api_ids=api_ids, discord_id=discord_id)
        self.community.accounts[account.uuid] = account
        return account

    def account(self, username: str) -> Account:
        found = [one for one in self.community.accounts.values() if one.username == username]
        return found[0] if found else Account(f"u-{username}", username)

    def count_requests(self) -> Counter[str]:
        """Count the questions that have reached the CAD, by type."""
        return Counter(one.type for one in self.cad.world.history)

    def checked_ids(self) -> list[str]:
        """List the ids that the CAD was asked about, in order."""
        wanted = ("CHECK_APIID", "v2 link")
        found = [one.objects[0] for one in self.cad.world.requests(*wanted)]
        return [one.get("apiId") or one["communityUserId"] for one in found]

    def new_link(self, api_id: str, person: int = 7, **more: Any) -> Link:
        return replace(Link(GUILD, person, api_id, person, self.time.now()), **more)

    async def put_link(self, api_id: str, person: int = 7, **more: Any) -> Link:
        """Store a link as it stands."""
        link = self.new_link(api_id, person, **more)
        await put_link(self.links, link)
        return link

    async def stored_link(self, person: int = 7) -> Link:
        return (await self.links.find(GUILD, [person]))[person]

    async def link_member(self, pasted: str, person: int = 7) -> tuple[Link, Verification]:
        """Link a member as `/link` does."""

        async def save_and_verify() -> tuple[Link, Verification]:
            known = await self.links.find(GUILD, [person])
            link = await self.verifier.prepare(self.new_link(pasted, person), known.get(person))
            await put_link(self.links, link)
            return await self.verifier.verify(link, pasted)

        return await self.run(save_and_verify())

    async def run(self, work: Coroutine[None, None, T]) -> T:
        """Run `work`, and advance the time until it is done."""
        task = asyncio.create_task(work)
        await self.settle()
        while not task.done():
            await self.advance(0.5)
        return task.result()

    async def settle(self) -> None:
        """Wait until all tasks wait for time to pass."""
        quiet = 0
        while quiet < _QUIET:
            await asyncio.sleep(0)
            quiet = 0 if self.database.busy or self.transport.busy else quiet + 1

    async def advance(self, seconds: float) -> None:
        """Advance the time."""
        await self.time.advance(seconds, self.settle)

    def _client(self) -> InspectableCad:
        if self.version == 1:
            return V1Client(RequestSender(self.transport, v1.LIMITS, clock=self.time), CREDENTIALS)
        limits = {one: limit.scaled(_SHARE) for one, limit in v2.LIMITS.items()}
        return V2Client(RequestSender(self.transport, limits, clock=self.time), CREDENTIALS)

    def _verifier(self) -> LinkVerifier:
        return LinkVerifier(
            self.client,
            self.verification_store,
            id_format=self.id_format,
            server_id=seed.SERVER_ID,
            clock=self.time,
        )
