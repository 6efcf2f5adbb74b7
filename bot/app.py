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
from datetime import datetime, timedelta
from functools import partial

import discord
from discord.ext import commands

from bot import connect, examining
from bot.cad.transport import Transport
from bot.people import People, open_people
from bot.proofs import build_proofs
from bot.services.access import Access
from bot.services.acts import Acts
from bot.services.aftermath import Aftermath
from bot.services.asking import Asking
from bot.services.attach import AttachService
from bot.services.audit import AuditService
from bot.services.board import Board, utc_now
from bot.services.call_list import CallList
from bot.services.cards import CardKeeper
from bot.services.checking import CheckAnnouncer, LinkChecks
from bot.services.doctor import Doctor
from bot.services.link_files import LinkFiles
from bot.services.link_news import Herald
from bot.services.linking import LinkingService
from bot.services.orders import OrderQueue
from bot.services.permissions import CadPermissions
from bot.services.picking import Picking
from bot.services.suggestions import Suggestions
from bot.services.telling import Announcer
from bot.services.watching import Watch
from bot.settings import Settings
from bot.storage.cards import CardStore
from bot.storage.database import Database
from bot.storage.facts import CommandSyncStore
from bot.storage.links import LinkStore
from bot.storage.orders import OrderStore
from bot.ui.call_items import CALL_BUTTONS, buttons_for_card
from bot.ui.call_picker import CallPicker
from bot.ui.card_host import ChannelHost
from bot.ui.checks import CheckDelivery, StopCheck
from bot.ui.delivery import Delivery
from bot.ui.items import BUTTONS
from bot.ui.link_delivery import LinkDelivery
from bot.ui.link_files import ImportButton
from bot.ui.link_items import LINK_BUTTONS
from bot.ui.tree import DispatchTree
from cogs.attach import AttachCog
from cogs.audit import AuditCog
from cogs.calls import CallsCog
from cogs.doctor import DoctorCog
from cogs.links import LinksCog
from cogs.people import PeopleCog

GRACE = 10.0  # seconds for commands under way when the bot is told to stop

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What the bot needs, open and ready.

    Attributes:
        open_queue: makes the queue of orders, once there is somebody who can tell people.
        open_people: makes what has to do with links, likewise.
        open_cards: makes the keeper of the cards, once there is a channel for them.
        open_checks: makes what checks all links, likewise.
        open_doctor: makes the doctor, once there is somebody who can ask Discord.
    """

    attaching: AttachService
    asking: Asking
    acts: Acts
    picking: Picking
    linking: LinkingService
    link_files: LinkFiles
    suggestions: Suggestions
    call_list: CallList
    audit: AuditService
    board: Board
    syncs: CommandSyncStore
    open_queue: Callable[[Announcer], OrderQueue]
    open_people: Callable[[Herald], People]
    open_cards: Callable[..., CardKeeper]
    open_checks: Callable[[CheckAnnouncer], LinkChecks]
    open_doctor: Callable[[discord.Client], Doctor]


@dataclass(frozen=True, slots=True)
class Time:
    """Where the services get their time from.

    Attributes:
        clock: monotonic seconds.
        now: the present moment, aware.
        sleep: waits that many seconds.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    transport: Callable[[str], Transport] = Transport,
    time: Time = Time(),
) -> AsyncIterator[Services]:
    """Open the database and the connection to the CAD; close them in the reverse order.

    Args:
        transport: makes the connection to an address.

    Raises:
        StorageError: the database cannot be used.
        CannotListen: PUSH_LISTEN names an address that cannot be had.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url)
        stack.push_async_callback(database.close)
        cad = connect.client(
            settings,
            transport(str(settings.sonoran_api_url)),
            clock=time.clock,
            sleep=time.sleep,
        )
        stack.push_async_callback(cad.close)
        board = Board(cad, clock=time.clock, now=time.now)
        stack.push_async_callback(board.close)
        access = Access(
            settings.dispatch_role_ids,
            settings.self_dispatch_role_ids,
            settings.link_role_ids,
            settings.admin_role_ids,
            settings.require_cad_permission,
        )
        orders = OrderStore(database)
        server_id = settings.sonoran_server_id
        links = LinkStore(database)
        proofs = build_proofs(
            settings, database, cad, access, clock=time.clock, now=time.now, sleep=time.sleep
        )
        linking = LinkingService(
            access,
            links,
            cad,
            proofs.prover,
            id_format=settings.api_id_format,
            clock=time.clock,
            now=time.now,
        )
        stack.push_async_callback(linking.close)
        permitted = CadPermissions(access, cad, links, clock=time.clock).require
        attaching = AttachService(
            access, orders, linking, board, server_id, now=time.now, permitted=permitted
        )
        stack.push_async_callback(proofs.background.close)
        proofs.background.start()
        feeds = connect.feeds(settings)
        watch = Watch(board, feeds, server_id, proofs.background.hear, now=time.now)
        stack.push_async_callback(watch.close)
        await watch.start()
        # So that the first person who types or attaches finds the calls and units known.
        board.look(server_id)
        yield Services(
            attaching=attaching,
            asking=Asking(access, orders, now=time.now),
            acts=Acts(access, cad, board, attaching, linking, now=time.now, permitted=permitted),
            picking=Picking(access, board),
            linking=linking,
            link_files=LinkFiles(
                access,
                links,
                id_format=settings.api_id_format,
                clock=time.clock,
                now=time.now,
            ),
            suggestions=Suggestions(access, board, linking, server_id),
            call_list=CallList(access, board, server_id),
            audit=AuditService(
                access, links, orders, timedelta(days=settings.audit_days), now=time.now
            ),
            board=board,
            syncs=CommandSyncStore(database),
            open_queue=partial(
                OrderQueue,
                orders,
                cad,
                board,
                attaching.make_out,
                arrivals=attaching.arrivals,
                aftermath=Aftermath(cad, board, settings.status_on_attach),
                clock=time.clock,
                now=time.now,
                sleep=time.sleep,
            ),
            open_people=partial(open_people, settings, database, access, linking, now=time.now),
            open_cards=partial(
                CardKeeper,
                CardStore(database),
                board,
                server_id=server_id,
                keep=timedelta(minutes=settings.card_keep_minutes),
                ping_role_id=settings.ping_role_id,
                clock=time.clock,
                now=time.now,
                sleep=time.sleep,
            ),
            open_checks=proofs.open_checks,
            open_doctor=partial(
                examining.doctor,
                settings,
                examining.Running(access, cad, board, database, watch, time.now),
            ),
        )


class DispatchBot(commands.Bot):
    """The Discord side: commands on top of services that are open already."""

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
        self.link_files = services.link_files
        self.picking = services.picking
        self.orders = services.open_queue(Delivery(self, log_channel_id))
        self.checks = services.open_checks(CheckDelivery(self, log_channel_id))
        self._people = services.open_people(LinkDelivery(self, log_channel_id))
        self.link_desk = self._people.desk
        self._services = services
        self._cards = self._open_cards(calls_channel_id) if calls_channel_id else None
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
        await self.add_cog(AttachCog(self.attaching, self.orders, services.suggestions))
        await self.add_cog(AuditCog(services.audit))
        await self.add_cog(DoctorCog(services.open_doctor(self)))
        await self.add_cog(CallsCog(services.call_list, self._dispatch_tree))
        people = self._people
        links = LinksCog(
            services.linking,
            services.audit,
            desk=self.link_desk,
            mine=people.mine,
            checks=self.checks,
            files=self.link_files,
        )
        await self.add_cog(links)
        if self._home:
            self.tree.copy_global_to(guild=self._home)
            self.tree.clear_commands(guild=None)
        for scope in (None, self._home) if self._home else (None,):
            await self._sync(scope)
        self.add_dynamic_items(
            *BUTTONS, *CALL_BUTTONS, *LINK_BUTTONS, CallPicker, StopCheck, ImportButton
        )
        await self.orders.resume()
        await self.checks.resume()
        await people.requests.resume()
        await self.add_cog(PeopleCog(self, people.requests, people.leaving))
        if self._cards:
            self._cards.start()

    async def on_ready(self) -> None:
        """Say that the bot can be used."""
        _log.info("ready as %s on %d servers", self.user, len(self.guilds))

    async def drain(self) -> None:
        """Take no more commands and let those under way finish."""
        others = [self.checks.close(GRACE)]
        if self._cards:
            others.append(self._cards.close(GRACE))
        await asyncio.gather(self._dispatch_tree.drain(GRACE), self.orders.drain(GRACE), *others)

    def _open_cards(self, channel_id: int) -> CardKeeper:
        host = ChannelHost(self, channel_id, buttons_for_card)
        links = partial(host.links, self._services.linking)
        return self._services.open_cards(host, links, channel_id=channel_id)

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
