"""Opens what all services are built on: the database and the connection to the CAD."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import discord

from bot.cad.client import InspectableCad
from bot.cad.http.transport import Transport
from bot.common.clock import Clock
from bot.config.settings import Settings
from bot.services.access.policy import Access
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.cad_accounts import CadAccounts
from bot.services.cad_servers import CadServers
from bot.storage.database import Database
from bot.wiring import cad_connection


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What all services are built on; the client is used once it is connected.

    Attributes:
        guild_id: the guild that the services are for.
    """

    settings: Settings
    guild_id: int
    servers: CadServers
    client: discord.Client
    clock: Clock
    database: Database
    cad: InspectableCad
    accounts: CadAccounts
    board: Board
    layouts: CallLayouts
    access: Access


async def open_dependencies(
    stack: AsyncExitStack,
    settings: Settings,
    client: discord.Client,
    transport: Callable[[str], Transport] | None,
    clock: Clock,
) -> Dependencies:
    """Open the database and the connection to the CAD; the stack closes them.

    Args:
        transport: makes the connection to an address; None for the usual one.

    Raises:
        StorageError: the database cannot be used.
        ValueError: the settings name no guild.
    """
    if settings.discord_guild_id is None:
        raise ValueError("the settings name no guild")
    database = await Database.open(settings.database_url, is_owner=True)
    stack.push_async_callback(database.close)
    url = str(settings.sonoran_api_url)
    connection = transport(url) if transport else Transport(url, clock=clock)
    cad = cad_connection.build_client(settings, connection, clock=clock)
    stack.push_async_callback(cad.close)
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
    )
    stack.push_async_callback(board.close)
    accounts = CadAccounts(cad, clock=clock)
    return Dependencies(
        settings,
        settings.discord_guild_id,
        servers,
        client,
        clock,
        database,
        cad,
        accounts,
        board,
        layouts,
        _build_access(settings),
    )


def _build_access(settings: Settings) -> Access:
    return Access(
        settings.dispatch_role_ids,
        settings.self_dispatch_role_ids,
        settings.link_role_ids,
        settings.admin_role_ids,
        settings.require_cad_permission,
    )
