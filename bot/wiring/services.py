"""Builds the services from the settings, and closes them in the reverse order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import discord

from bot.cad.client import InspectableCad
from bot.cad.http.transport import Transport
from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.config.settings import Settings
from bot.services.access.cad_permissions import CadPermissionCheck, CadPermissions
from bot.services.access.policy import Access
from bot.services.board.live_board import Board
from bot.services.board.push_listener import PushListener
from bot.services.calls.call_actions import CallActions
from bot.services.calls.call_listing import CallListing
from bot.services.cards.card_publisher import CardPublisher
from bot.services.doctor.runner import Doctor
from bot.services.links.bulk_verification import BulkVerifier, CheckAnnouncer
from bot.services.links.link_changes import LinkNotifier
from bot.services.links.link_service import LinkService
from bot.services.orders.confirmation import ConfirmationService
from bot.services.orders.intake import OrderIntake
from bot.services.pickers.suggestions import Suggestions
from bot.services.pickers.unit_picker import UnitPicker
from bot.services.queue.board_check import FollowUp
from bot.services.queue.order_notifier import Announcer
from bot.services.queue.order_queue import OrderQueue
from bot.services.records.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.stores.card_store import CardStore
from bot.storage.stores.command_sync_store import CommandSyncStore
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderStore
from bot.wiring import cad_connection, doctor_checks
from bot.wiring.link_services import (
    LinkServices,
    VerificationServices,
    build_verification,
    open_people,
)


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

    attaching: OrderIntake
    asking: ConfirmationService
    acts: CallActions
    picking: UnitPicker
    linking: LinkService
    suggestions: Suggestions
    call_list: CallListing
    audit: AuditLog
    board: Board
    syncs: CommandSyncStore
    open_queue: Callable[[Announcer], OrderQueue]
    open_people: Callable[[LinkNotifier], LinkServices]
    open_cards: Callable[..., CardPublisher]
    open_checks: Callable[[CheckAnnouncer], BulkVerifier]
    open_doctor: Callable[[discord.Client], Doctor]


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    transport: Callable[[str], Transport] = Transport,
    clock: Clock = SYSTEM_CLOCK,
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
        connection = transport(str(settings.sonoran_api_url))
        cad = cad_connection.build_client(settings, connection, clock=clock)
        stack.push_async_callback(cad.close)
        base = await _started(settings, database, cad, clock, stack)
        # So that the first person who types or attaches finds the calls and units known.
        base.board.refresh(settings.sonoran_server_id)
        yield _services(settings, base, clock)


@dataclass(frozen=True, slots=True)
class _Base:
    """What the other services stand on; all of it runs that runs by itself."""

    database: Database
    cad: InspectableCad
    board: Board
    access: Access
    links: LinkStore
    orders: OrderStore
    proofs: VerificationServices
    linking: LinkService
    permitted: CadPermissionCheck
    attaching: OrderIntake
    watch: PushListener


async def _started(
    settings: Settings, database: Database, cad: InspectableCad, clock: Clock, stack: AsyncExitStack
) -> _Base:
    """Build it and start it; whoever closes the stack stops it."""
    server_id = settings.sonoran_server_id
    board = Board(cad, clock=clock)
    stack.push_async_callback(board.close)
    access = Access(
        settings.dispatch_role_ids,
        settings.self_dispatch_role_ids,
        settings.link_role_ids,
        settings.admin_role_ids,
        settings.require_cad_permission,
    )
    links, orders = LinkStore(database), OrderStore(database)
    proofs = build_verification(settings, database, cad, access, clock=clock)
    id_format = settings.api_id_format
    linking = LinkService(access, links, cad, proofs.verifier, id_format=id_format, clock=clock)
    stack.push_async_callback(linking.close)
    permitted = CadPermissions(access, cad, links, clock=clock).require
    attaching = OrderIntake(
        access, orders, linking, board, server_id, clock=clock, check_cad_permission=permitted
    )
    stack.push_async_callback(proofs.background.close)
    proofs.background.start()
    watch = PushListener(
        board,
        cad_connection.build_feeds(settings),
        server_id,
        proofs.background.on_events,
        clock=clock,
    )
    stack.push_async_callback(watch.close)
    await watch.start()
    return _Base(
        database, cad, board, access, links, orders, proofs, linking, permitted, attaching, watch
    )


def _services(settings: Settings, base: _Base, clock: Clock) -> Services:
    """Build what the bot needs on top; nothing of it runs by itself yet."""
    database, cad, board, access = base.database, base.cad, base.board, base.access
    links, orders, attaching, linking = base.links, base.orders, base.attaching, base.linking
    server_id = settings.sonoran_server_id
    return Services(
        attaching=attaching,
        asking=ConfirmationService(access, orders, clock=clock),
        acts=CallActions(
            access, cad, board, attaching, linking, clock=clock, check_cad_permission=base.permitted
        ),
        picking=UnitPicker(access, board),
        linking=linking,
        suggestions=Suggestions(access, board, linking, server_id),
        call_list=CallListing(access, board, server_id),
        audit=AuditLog(access, links, orders, timedelta(days=settings.audit_days), clock=clock),
        board=board,
        syncs=CommandSyncStore(database),
        open_queue=partial(
            OrderQueue,
            orders,
            cad,
            board,
            attaching,
            follow_up=FollowUp(cad, board, settings.status_on_attach),
            clock=clock,
        ),
        open_people=partial(open_people, settings, database, access, linking, clock=clock),
        open_cards=partial(
            CardPublisher,
            CardStore(database),
            board,
            server_id=server_id,
            keep_closed_for=timedelta(minutes=settings.card_keep_minutes),
            ping_role_id=settings.ping_role_id,
            clock=clock,
        ),
        open_checks=base.proofs.open_checks,
        open_doctor=partial(
            doctor_checks.build_doctor,
            settings,
            doctor_checks.LiveParts(access, cad, board, database, base.watch, clock),
        ),
    )
