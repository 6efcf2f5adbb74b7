"""The Discord bot: commands and buttons on top of the services that `wiring` builds."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from functools import partial

import discord
from discord.ext import commands

from bot.services.cards.card_publisher import CardPublisher
from bot.ui.calls.call_select import CallSelect
from bot.ui.calls.card_buttons import CALL_ITEMS, buttons_for_card
from bot.ui.calls.card_channel import DiscordCardChannel
from bot.ui.interactions.command_tree import DispatchTree
from bot.ui.link_files.import_preview import ImportButton
from bot.ui.links.link_announcer import DiscordLinkNotifier
from bot.ui.links.link_buttons import LINK_BUTTONS
from bot.ui.links.verification_report import DiscordCheckAnnouncer, StopCheckButton
from bot.ui.orders.order_announcer import DiscordOrderAnnouncer
from bot.ui.orders.order_buttons import ORDER_BUTTONS
from bot.wiring.services import Services
from cogs.attach import AttachCog
from cogs.audit import AuditCog
from cogs.calls import CallsCog
from cogs.doctor import DoctorCog
from cogs.links import LinksCog
from cogs.maintenance import MaintenanceCog

SHUTDOWN_GRACE = 10.0  # seconds in which running commands may finish when the bot stops

_log = logging.getLogger(__name__)


class DispatchBot(commands.Bot):
    """The Discord client. Its services are open already."""

    def __init__(
        self,
        services: Services,
        *,
        guild_id: int | None = None,
        log_channel_id: int | None = None,
        calls_channel_id: int | None = None,
        members_intent: bool = False,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True, voice_states=True, members=members_intent),
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=DispatchTree,
        )
        self.attaching = services.attaching
        self.asking = services.asking
        self.acts = services.acts
        self.picking = services.picking
        self.orders = services.open_queue(DiscordOrderAnnouncer(self, log_channel_id))
        self.checks = services.open_checks(DiscordCheckAnnouncer(self, log_channel_id))
        self._link_services = services.open_people(DiscordLinkNotifier(self, log_channel_id))
        self.link_desk = self._link_services.desk
        self.link_files = self._link_services.files
        self._services = services
        self._cards = self._open_cards(calls_channel_id) if calls_channel_id else None
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
        services = self._services
        await self.add_cog(AttachCog(self.attaching, self.orders, services.suggestions))
        await self.add_cog(AuditCog(services.audit))
        await self.add_cog(DoctorCog(services.open_doctor(self)))
        await self.add_cog(CallsCog(services.call_list, self._dispatch_tree))
        people = self._link_services
        links = LinksCog(
            services.linking,
            services.audit,
            desk=self.link_desk,
            mine=people.mine,
            checks=self.checks,
            files=self.link_files,
        )
        await self.add_cog(links)
        if self._guild:
            self.tree.copy_global_to(guild=self._guild)
            self.tree.clear_commands(guild=None)
        for scope in (None, self._guild) if self._guild else (None,):
            await self._sync_commands(scope)
        self.add_dynamic_items(
            *ORDER_BUTTONS, *CALL_ITEMS, *LINK_BUTTONS, CallSelect, StopCheckButton, ImportButton
        )
        await self.orders.resume()
        await self.checks.resume()
        await people.requests.resume()
        await self.add_cog(MaintenanceCog(self, people.requests, people.leaving))
        if self._cards:
            self._cards.start()

    async def on_ready(self) -> None:
        """Log that the bot is ready."""
        _log.info("ready as %s on %d servers", self.user, len(self.guilds))

    async def drain(self) -> None:
        """Accept no more commands; give running ones `SHUTDOWN_GRACE` seconds to finish."""
        others = [self.checks.close(SHUTDOWN_GRACE)]
        if self._cards:
            others.append(self._cards.close(SHUTDOWN_GRACE))
        await asyncio.gather(
            self._dispatch_tree.drain(SHUTDOWN_GRACE), self.orders.drain(SHUTDOWN_GRACE), *others
        )

    def _open_cards(self, channel_id: int) -> CardPublisher:
        host = DiscordCardChannel(self, channel_id, buttons_for_card)
        links = partial(host.links, self._services.linking)
        return self._services.open_cards(host, links, channel_id=channel_id)

    async def _sync_commands(self, scope: discord.abc.Snowflake | None) -> None:
        """Register the commands with Discord, unless it has this version of them."""
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
        _log.info("registered %d commands with Discord (%s)", len(payload), key)
