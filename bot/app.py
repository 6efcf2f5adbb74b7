"""The Discord bot: commands and buttons on top of the services that `wiring` builds."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import discord
from discord.app_commands import AppCommandContext, AppInstallationType
from discord.ext import commands

from bot.cad.http.transport import Transport
from bot.command_sync import CommandSync
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.common.discord_limits import LONGEST_RATE_LIMIT
from bot.common.request_guard import request_guard
from bot.config.settings import OperatorSettings, Settings
from bot.services.communities.departures import Departures
from bot.services.errors import ServiceError
from bot.services.guild_errors import GuildNotSetUp
from bot.services.records.erasure import MemberErasure
from bot.storage.ownership import Ownership
from bot.storage.stores.card_store import CardStore
from bot.storage.stores.command_sync_store import CommandSyncStore
from bot.ui.calls.call_select import CallSelect, CallsPageButton
from bot.ui.calls.card_buttons import CALL_ITEMS
from bot.ui.interactions.forms import handle_form
from bot.ui.interactions.guild_services import DispatchClient
from bot.ui.interactions.handlers import DispatchTree, GuardedItem
from bot.ui.link_files.import_preview import IMPORT_BUTTONS
from bot.ui.links.link_buttons import LINK_BUTTONS
from bot.ui.links.verification_report import StopCheckButton
from bot.ui.orders.order_announcer import ORDER_ITEMS
from bot.ui.setup.guild_presence import has_left
from bot.ui.setup.setup_items import SETUP_FORMS, SETUP_ITEMS
from bot.wiring.dependencies import open_shared
from bot.wiring.guild_registry import GuildRegistry
from bot.wiring.services import SHUTDOWN_GRACE, Services
from bot.wiring.setup_services import build_departures, build_guild_store, build_setup
from cogs.attach import AttachCog
from cogs.audit import AuditCog
from cogs.calls import CallsCog
from cogs.doctor import DoctorCog
from cogs.guild_membership import GuildMembershipCog
from cogs.links import LinksCog
from cogs.member_leave import MemberLeaveCog
from cogs.setup import SetupCog

# Everything that can be pressed or chosen in a message, and works after a restart.
PERSISTENT_ITEMS: tuple[type[GuardedItem], ...] = (
    *ORDER_ITEMS,
    *CALL_ITEMS,
    *LINK_BUTTONS,
    CallSelect,
    CallsPageButton,
    StopCheckButton,
    *IMPORT_BUTTONS,
    *SETUP_ITEMS,
)

_log = logging.getLogger(__name__)


class DispatchBot(DispatchClient):
    """The Discord side: commands on top of the services.

    Attributes:
        registry: opens the services of guilds; set before the bot connects, see `open_bot`.
        guild_services: those of the open guilds, by guild id.
        refusals: why other guilds that are set up are not served, by guild id.
        command_syncs: which commands Discord has.
        departures: what deletes the data of guilds; None where only one is served.
        ownership: whether this process may act for the database. Nothing is sent once it is over.

    Args:
        guild_id: the guild that gets the commands; None for all.
    """

    registry: GuildRegistry
    guild_services: Mapping[int, Services]
    refusals: Mapping[int, type[ServiceError]]
    command_syncs: CommandSyncStore
    ownership: Ownership
    departures: Departures | None = None

    def __init__(self, *, guild_id: int | None = None, members_intent: bool = False) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True, voice_states=True, members=members_intent),
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=DispatchTree,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT,
            http_trace=request_guard(self._trusted_for),
            # A member who installs the application for themselves would bring it to any server.
            allowed_contexts=AppCommandContext(guild=True, dm_channel=False, private_channel=False),
            allowed_installs=AppInstallationType(guild=True, user=False),
        )
        self._guild = discord.Object(guild_id) if guild_id else None

    @property
    def is_trusted(self) -> bool:
        """Whether certainly no other process acts in the place of this one."""
        return self._trusted_for() > 0

    def _trusted_for(self) -> float:
        trusted_for = self.ownership.trusted_for
        return math.inf if trusted_for is None else trusted_for()

    @property
    def _dispatch_tree(self) -> DispatchTree:
        tree = self.tree
        if not isinstance(tree, DispatchTree):
            raise TypeError(tree)
        return tree

    async def setup_hook(self) -> None:
        """Load the cogs, register the commands with Discord and resume stored work."""
        for cog in (
            AttachCog(),
            AuditCog(),
            DoctorCog(),
            CallsCog(self.tree),
            LinksCog(),
            MemberLeaveCog(self._erasure_for),
            SetupCog(),
        ):
            await self.add_cog(cog)
        if self._guild:
            self.tree.copy_global_to(guild=self._guild)
            self.tree.clear_commands(guild=None)
        await CommandSync(self.tree, self.command_syncs).run(
            self._guild.id if self._guild else None
        )
        self.add_dynamic_items(*PERSISTENT_ITEMS)
        if self.departures is not None:
            self.add_listener(self._handle_form, "on_interaction")
            await self.add_cog(GuildMembershipCog(self, self.departures))
            self.departures.start(partial(has_left, self))
        await self.registry.start()

    def _erasure_for(self, guild_id: int) -> MemberErasure | None:
        services = self.guild_services.get(guild_id)
        return services.erasure if services else None

    async def _handle_form(self, interaction: discord.Interaction) -> None:
        await handle_form(interaction, SETUP_FORMS)

    async def on_ready(self) -> None:
        """Log that the bot is ready."""
        _log.info("ready as %s on %d servers", self.user, len(self.guilds))

    async def drain(self, seconds: float = SHUTDOWN_GRACE) -> None:
        """Accept no more commands; give running ones some seconds to finish."""
        await asyncio.gather(
            self._dispatch_tree.drain(seconds),
            *(services.drain(seconds) for services in self.guild_services.values()),
        )

    async def abandon(self) -> None:
        """Leave everything under way to another process, at once and without a word."""
        self._dispatch_tree.abandon()
        for services in self.guild_services.values():
            services.queue.abandon()
        await self.drain(0)


@asynccontextmanager
async def open_bot(
    settings: OperatorSettings,
    *,
    transport: Callable[[str], Transport] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[DispatchBot]:
    """Build the bot and open the services of its guilds; close those afterwards.

    The bot does not connect yet. With SECRETS_KEYS it serves the guilds that are set up in the
    database and gives its commands to all. The guild of the settings is served as they say, unless
    it is set up in the database.

    Args:
        transport: opens a connection to an address; None for the usual one.

    Raises:
        StorageError: the database cannot be used.
        ListenError: PUSH_LISTEN names an address that cannot be had.
    """
    guild_id = settings.discord_guild_id
    bot = DispatchBot(
        guild_id=None if settings.secrets_keys else guild_id,
        members_intent=settings.members_intent,
    )
    async with AsyncExitStack() as stack:
        shared = await open_shared(stack, settings, bot, transport, clock)
        bot.ownership = shared.database.ownership
        bot.command_syncs = CommandSyncStore(shared.database)
        store = build_guild_store(shared)
        bot.registry = GuildRegistry(shared, store)
        if store is not None:
            bot.departures = build_departures(shared, bot.registry)
            stack.push_async_callback(bot.departures.close)
            bot.guild_setup = build_setup(shared, store, bot.registry, bot.departures)
            bot.usual_refusal = GuildNotSetUp
        stack.push_async_callback(bot.registry.close_all)
        bot.guild_services, bot.refusals = bot.registry.services, bot.registry.refusals
        if guild_id is not None:
            await CardStore(shared.database, guild_id).adopt()
        await bot.registry.open_stored()
        if guild_id is not None and isinstance(settings, Settings):
            await _open_own(bot.registry, guild_id, settings)
        yield bot


async def _open_own(registry: GuildRegistry, guild_id: int, settings: Settings) -> None:
    if guild_id not in registry.services.keys() | registry.refusals.keys():
        await registry.open(guild_id, settings)
        return
    _log.warning("guild %s is set up in the database, not by the settings here", guild_id)
