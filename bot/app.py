"""The composition root: builds the services from the settings, and the bot on top of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import discord
from discord.ext import commands

from bot.cad import v1
from bot.cad.client_v1 import V1Client
from bot.cad.sender import Sender
from bot.cad.transport import Transport
from bot.cad.v1 import Credentials, Dialect
from bot.services.access import Access
from bot.services.attach import AttachService
from bot.services.board import Board
from bot.services.linking import LinkingService
from bot.services.suggestions import Suggestions
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.facts import CommandSyncStore
from bot.storage.links import LinkStore
from bot.ui.tree import DispatchTree
from cogs.attach import AttachCog
from cogs.links import LinksCog

GRACE = 10.0  # seconds for commands under way when the bot is told to stop

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What the bot needs, open and ready."""

    attaching: AttachService
    linking: LinkingService
    suggestions: Suggestions
    board: Board
    syncs: CommandSyncStore


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    transport: Callable[[str], Transport] = Transport,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Services]:
    """Open the database and the connection to the CAD; close them in the reverse order.

    Args:
        transport: makes the connection to an address.
        clock: monotonic seconds, by which lists grow old and attempts at the CAD end.
        sleep: waits between two attempts at the CAD.

    Raises:
        StorageError: the database cannot be used.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url)
        stack.push_async_callback(database.close)
        cad = V1Client(
            Sender(transport(str(settings.sonoran_api_url)), v1.LIMITS, clock=clock, sleep=sleep),
            Credentials(settings.sonoran_community_id, settings.sonoran_api_key.get_secret_value()),
            on_dialect=_log_dialect,
        )
        stack.push_async_callback(cad.close)
        access = Access(settings.dispatch_role_ids)
        links = LinkStore(database)
        server_id = settings.sonoran_server_id
        board = Board(cad, clock=clock)
        stack.push_async_callback(board.close)
        linking = LinkingService(
            access,
            links,
            cad,
            id_format=settings.api_id_format,
            server_id=server_id,
            clock=clock,
        )
        stack.push_async_callback(linking.close)
        # So that the first person who types or attaches finds the calls and units known.
        board.look(server_id)
        yield Services(
            attaching=AttachService(access, links, board, cad, server_id),
            linking=linking,
            suggestions=Suggestions(access, board, linking, server_id),
            board=board,
            syncs=CommandSyncStore(database),
        )


class DispatchBot(commands.Bot):
    """The Discord side: commands on top of services that are open already."""

    def __init__(self, services: Services, guild_id: int | None = None) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True, voice_states=True),
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=DispatchTree,
        )
        self._services = services
        self._home = discord.Object(guild_id) if guild_id else None
        self._dispatch_tree.guild_id = guild_id

    @property
    def _dispatch_tree(self) -> DispatchTree:
        tree = self.tree
        if not isinstance(tree, DispatchTree):
            raise TypeError(tree)
        return tree

    async def setup_hook(self) -> None:
        """Load the commands and tell Discord about them."""
        services = self._services
        await self.add_cog(AttachCog(services.attaching, services.suggestions))
        await self.add_cog(LinksCog(services.linking))
        if self._home:
            self.tree.copy_global_to(guild=self._home)
            self.tree.clear_commands(guild=None)
        for scope in (None, self._home) if self._home else (None,):
            await self._sync(scope)

    async def on_ready(self) -> None:
        """Say that the bot can be used."""
        _log.info("ready as %s on %d servers", self.user, len(self.guilds))

    async def drain(self) -> None:
        """Take no more commands and let those under way finish."""
        await self._dispatch_tree.drain(GRACE)

    async def _sync(self, scope: discord.abc.Snowflake | None) -> None:
        """Tell Discord about the commands where it does not know them as they are."""
        commands_here = self.tree.get_commands(guild=scope)
        payload = [command.to_dict(self.tree) for command in commands_here]
        text = json.dumps(payload, sort_keys=True, default=str)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        key = f"{self.application_id}:{scope.id if scope else 'global'}"
        known = {command.name for command in await self.tree.fetch_commands(guild=scope)}
        is_known = known == {command.name for command in commands_here}
        if is_known and await self._services.syncs.get(key) == fingerprint:
            return
        await self.tree.sync(guild=scope)
        await self._services.syncs.put(key, fingerprint)
        _log.info("told Discord about %d commands (%s)", len(payload), key)


def _log_dialect(dialect: Dialect) -> None:
    _log.info("this CAD takes attachments as %s at %s", dialect.type, dialect.path)
