"""Builds the services from the settings, and closes them in the reverse order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import discord

from bot.cad.http.transport import Transport
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.config.settings import Settings
from bot.services.access.cad_permissions import CadPermissions
from bot.services.access.policy import Access
from bot.services.board.live_board import Board
from bot.services.board.push_listener import PushListener
from bot.services.calls.call_actions import CallActions
from bot.services.calls.call_listing import CallListing
from bot.services.cards.guild_cards import GuildCards
from bot.services.links.approvals import LinkApprovals
from bot.services.orders.confirmation import ConfirmationService
from bot.services.orders.intake import OrderIntake
from bot.services.orders.order_resolver import TargetResolver
from bot.services.pickers.suggestions import Suggestions
from bot.services.pickers.unit_picker import UnitPicker
from bot.services.queue.board_check import FollowUp
from bot.services.queue.order_queue import OrderQueue
from bot.services.records.audit_log import AuditLog
from bot.services.records.erasure import MemberErasure
from bot.services.records.maintenance import Maintenance
from bot.storage.database import Database
from bot.storage.stores.card_store import CardStore
from bot.storage.stores.command_sync_store import CommandSyncStore
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderStore
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.member_directory import DiscordMembers
from bot.ui.orders.order_announcer import DiscordOrderAnnouncer
from bot.wiring import cad_connection, doctor_checks
from bot.wiring.card_services import build_cards, cad_servers
from bot.wiring.link_services import build_link_services


@dataclass(frozen=True, slots=True)
class Services(GuildServices):
    """All services of a bot: those of its interactions, and those that run beside them.

    Attributes:
        erasure: None where a member's data is kept when they leave.
    """

    board: Board
    approvals: LinkApprovals
    erasure: MemberErasure | None
    cards: GuildCards
    maintenance: Maintenance
    command_syncs: CommandSyncStore


@asynccontextmanager
async def open_services(
    settings: Settings,
    client: discord.Client,
    *,
    transport: Callable[[str], Transport] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[Services]:
    """Open the database and the connection to the CAD, and build the services on them.

    Args:
        client: announces what happens; it is used once it is connected.
        transport: makes the connection to an address; None for the usual one.

    Raises:
        StorageError: the database cannot be used.
        ListenError: PUSH_LISTEN names an address that cannot be had.
    """
    server_id = settings.default_server_id
    servers = cad_servers(settings)
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url)
        stack.push_async_callback(database.close)
        url = str(settings.sonoran_api_url)
        connection = transport(url) if transport else Transport(url, clock=clock)
        cad = cad_connection.build_client(settings, connection, clock=clock)
        stack.push_async_callback(cad.close)
        board = Board(cad, clock=clock)
        stack.push_async_callback(board.close)
        access = _access(settings)
        link_store, orders = LinkStore(database), OrderStore(database)
        people = build_link_services(settings, client, database, cad, access, clock=clock)
        stack.push_async_callback(people.links.close)
        stack.push_async_callback(people.background_verifier.close)
        people.background_verifier.start()
        listener = PushListener(
            board,
            cad_connection.build_feeds(settings),
            servers,
            people.background_verifier.on_events,
            clock=clock,
        )
        stack.push_async_callback(listener.close)
        await listener.start()

        permissions = CadPermissions(access, cad, link_store, clock=clock).require
        resolver = TargetResolver(
            link_store,
            people.links,
            board,
            check_cad_permission=permissions if settings.require_cad_permission else None,
        )
        intake = OrderIntake(access, orders, server_id, clock=clock)
        doctor_parts = doctor_checks.LiveParts(access, cad, board, database, listener, clock)
        cards = build_cards(settings, client, CardStore(database), board, people.links, clock=clock)
        audit_log = AuditLog(
            access, link_store, orders, timedelta(days=settings.audit_days), clock=clock
        )
        members = DiscordMembers(client)
        maintenance = Maintenance(audit_log, people.approvals, people.erasure, members, clock=clock)
        stack.push_async_callback(maintenance.close)
        services = Services(
            intake=intake,
            confirmation=ConfirmationService(access, orders, clock=clock),
            queue=OrderQueue(
                orders,
                cad,
                board,
                resolver,
                DiscordOrderAnnouncer(client, settings.log_channel_id),
                follow_up=FollowUp(cad, board, settings.status_on_attach),
                clock=clock,
            ),
            call_actions=CallActions(
                access,
                cad,
                board,
                intake=intake,
                resolver=resolver,
                links=people.links,
                clock=clock,
                check_cad_permission=permissions,
            ),
            call_listing=CallListing(access, board, servers),
            suggestions=Suggestions(access, board, people.links, servers),
            unit_picker=UnitPicker(access, board),
            links=people.links,
            link_workflow=people.workflow,
            bulk_verifier=people.bulk_verifier,
            link_files=people.files,
            audit_log=audit_log,
            my_data=people.my_data,
            doctor=doctor_checks.build_doctor(settings, doctor_parts, client),
            board=board,
            approvals=people.approvals,
            erasure=people.erasure,
            cards=cards,
            maintenance=maintenance,
            command_syncs=CommandSyncStore(database),
        )
        # So that the first member who types or attaches finds the calls and units known.
        for one in servers.names:
            board.refresh(one)
        yield services


def _access(settings: Settings) -> Access:
    return Access(
        settings.dispatch_role_ids,
        settings.self_dispatch_role_ids,
        settings.link_role_ids,
        settings.admin_role_ids,
        settings.require_cad_permission,
    )
