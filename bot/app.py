"""The Discord bot: commands and buttons on top of the services that `wiring` builds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import discord
from discord.app_commands import AppCommandContext, AppInstallationType
from discord.ext import commands

from bot.cad.http.transport import Transport
from bot.command_sync import CommandSync
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.common.discord_limits import LONGEST_RATE_LIMIT
from bot.config.settings import Settings
from bot.ui.calls.call_select import CallSelect
from bot.ui.calls.card_buttons import CALL_ITEMS
from bot.ui.interactions.guild_services import DispatchClient
from bot.ui.interactions.handlers import DispatchTree, PersistentItem
from bot.ui.link_files.import_preview import IMPORT_BUTTONS
from bot.ui.links.link_buttons import LINK_BUTTONS
from bot.ui.links.verification_report import StopCheckButton
from bot.ui.orders.order_announcer import ORDER_BUTTONS
from bot.wiring.services import Services, open_services
from cogs.attach import AttachCog
from cogs.audit import AuditCog
from cogs.calls import CallsCog
from cogs.doctor import DoctorCog
from cogs.links import LinksCog
from cogs.member_leave import MemberLeaveCog

SHUTDOWN_GRACE = 10.0  # seconds in which running commands may finish when the bot stops

# Everything that can be pressed or chosen in a message, and works after a restart.
PERSISTENT_ITEMS: tuple[type[PersistentItem], ...] = (
    *ORDER_BUTTONS,
    *CALL_ITEMS,
    *LINK_BUTTONS,
    CallSelect,
    StopCheckButton,
    *IMPORT_BUTTONS,
)

_log = logging.getLogger(__name__)


class DispatchBot(DispatchClient):
    """The Discord side: commands on top of the services.

    Attributes:
        services: set before the bot connects, see `open_bot`.
    """

    services: Services

    def __init__(self, *, guild_id: int | None = None, members_intent: bool = False) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True, voice_states=True, members=members_intent),
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=DispatchTree,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT,
            # A member who installs the application for themselves would bring it to any server.
            allowed_contexts=AppCommandContext(guild=True, dm_channel=False, private_channel=False),
            allowed_installs=AppInstallationType(guild=True, user=False),
        )
        self._guild = discord.Object(guild_id) if guild_id else None
        self._dispatch_tree.guild_id = guild_id

    @property
    def _dispatch_tree(self) -> DispatchTree:
        tree = self.tree
        if not isinstance(tree, DispatchTree):
            raise TypeError(tree)
        return tree

    async def setup_hook(self) -> None:
        """Load the cogs, register the commands with Discord and resume stored work."""
        services = self.services
        for cog in (
            AttachCog(),
            AuditCog(),
            DoctorCog(),
            CallsCog(self.tree),
            LinksCog(),
        ):
            await self.add_cog(cog)
        if self._guild:
            self.tree.copy_global_to(guild=self._guild)
            self.tree.clear_commands(guild=None)
        await CommandSync(self.tree, services.command_syncs).run(
            self._guild.id if self._guild else None
        )
        self.add_dynamic_items(*PERSISTENT_ITEMS)
        await services.queue.resume()
        await services.bulk_verifier.resume()
        await services.approvals.resume()
        if services.erasure:
            await self.add_cog(MemberLeaveCog(services.erasure))
        services.maintenance.start()
        services.cards.start()

    async def on_ready(self) -> None:
        """Log that the bot is ready."""
        _log.info("ready as %s on %d servers", self.user, len(self.guilds))

    async def drain(self) -> None:
        """Accept no more commands; give running ones `SHUTDOWN_GRACE` seconds to finish."""
        services = self.services
        await asyncio.gather(
            self._dispatch_tree.drain(SHUTDOWN_GRACE),
            services.queue.drain(SHUTDOWN_GRACE),
            services.bulk_verifier.close(SHUTDOWN_GRACE),
            services.cards.close(SHUTDOWN_GRACE),
        )


@asynccontextmanager
async def open_bot(
    settings: Settings,
    *,
    transport: Callable[[str], Transport] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[DispatchBot]:
    """Build the bot and open its services; close those when done with it.

    The bot does not connect yet. Raises what `open_services` raises.
    """
    bot = DispatchBot(guild_id=settings.discord_guild_id, members_intent=settings.members_intent)
    async with open_services(settings, bot, transport=transport, clock=clock) as services:
        bot.services = services
        yield bot
