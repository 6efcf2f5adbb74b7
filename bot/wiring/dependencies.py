"""Opens what all services are built on: the database, and each guild's connection to the CAD."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import discord

from bot.cad.client import InspectableCad
from bot.cad.http.transport import Transport
from bot.common.clock import Clock, ServerClock
from bot.config.guild_settings import GuildSettings
from bot.config.settings import OperatorSettings
from bot.services.access.policy import Access
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.cad_accounts import CadAccounts
from bot.services.cad_servers import CadServers
from bot.services.cards.discord_budget import DiscordBudget
from bot.storage.database import Database
from bot.wiring.cad_connection import CadConnections, build_client
from bot.wiring.push_server import open_push_server

if TYPE_CHECKING:
    from bot.cad.push.http_push import HttpPushServer

# The part of the CAD's limits that another bot is taken to have used within the last minute.
SPENT_BEFORE = 0.5


@dataclass(frozen=True, slots=True)
class SharedDependencies:
    """What the services of all guilds share; the client is used once it is connected.

    Attributes:
        connections: those to the CAD, for all guilds.
        discord: the requests to Discord that answer no interaction.
        push_server: takes the push events of all guilds; None without PUSH_LISTEN.
    """

    operator: OperatorSettings
    client: discord.Client
    clock: Clock
    database: Database
    connections: CadConnections
    discord: DiscordBudget
    push_server: HttpPushServer | None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the services of one guild are built on."""

    shared: SharedDependencies
    guild_id: int
    settings: GuildSettings
    servers: CadServers
    cad: InspectableCad
    accounts: CadAccounts
    board: Board
    layouts: CallLayouts
    access: Access

    @property
    def operator(self) -> OperatorSettings:
        """What the operator decides for all guilds."""
        return self.shared.operator

    @property
    def client(self) -> discord.Client:
        """The connection to Discord."""
        return self.shared.client

    @property
    def clock(self) -> Clock:
        """The source of time."""
        return self.shared.clock

    @property
    def database(self) -> Database:
        """The database of all guilds."""
        return self.shared.database


async def open_shared(
    stack: AsyncExitStack,
    operator: OperatorSettings,
    client: discord.Client,
    transport: Callable[[str], Transport] | None,
    clock: Clock,
) -> SharedDependencies:
    """Open what all guilds share, once no other process owns the database; the stack closes it.

    Args:
        transport: opens a connection to an address; None for the usual one.

    Raises:
        StorageError: the database cannot be used.
        ListenError: PUSH_LISTEN names an address that cannot be had.
    """

    def open_usual(url: str) -> Transport:
        ownership = database.ownership
        return Transport(url, trusted_for=ownership.trusted_for, quiet=ownership.quiet, clock=clock)

    database = await Database.open(operator.database_url, is_owner=True, stands_by=True)
    stack.push_async_callback(database.close)
    if database.ownership.now is not None:
        clock = ServerClock(database.ownership.now)
    push_server = await open_push_server(stack, operator.push_address, clock)
    connections = CadConnections(
        partial(transport or open_usual, str(operator.sonoran_api_url)),
        budget_share=operator.sonoran_budget_share,
        spent=SPENT_BEFORE if database.ownership.follows else 0.0,
        clock=clock,
    )
    return SharedDependencies(
        operator, client, clock, database, connections, DiscordBudget(clock), push_server
    )


async def open_dependencies(
    stack: AsyncExitStack, shared: SharedDependencies, guild_id: int, settings: GuildSettings
) -> Dependencies:
    """Open a guild's connection to the CAD; the stack closes it."""
    clock = shared.clock
    connection = await stack.enter_async_context(shared.connections.connect(settings))
    cad = build_client(settings, connection)
    layouts = CallLayouts(cad.layouts, clock=clock)
    stack.push_async_callback(layouts.close)
    servers = CadServers(
        settings.default_server_id, {one.server_id: one.name for one in settings.servers}
    )
    board = Board(
        cad,
        clock=clock,
        complete_call=layouts.complete,
        server_label=servers.labels.__getitem__,
        turns=connection.turns,
    )
    stack.push_async_callback(board.close)
    accounts = CadAccounts(cad, clock=clock)
    return Dependencies(
        shared,
        guild_id,
        settings,
        servers,
        cad,
        accounts,
        board,
        layouts,
        _build_access(settings),
    )


def _build_access(settings: GuildSettings) -> Access:
    return Access(
        settings.dispatch_role_ids,
        settings.self_dispatch_role_ids,
        settings.link_role_ids,
        settings.admin_role_ids,
        settings.require_cad_permission,
    )
