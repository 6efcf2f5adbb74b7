"""Builds the services of a guild from its settings, and closes them in the reverse order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.cad.push.events import Event
from bot.config.guild_settings import GuildSettings
from bot.services.board.live_board import Board
from bot.services.board.push_listener import PushListener
from bot.services.calls.call_listing import CallListing
from bot.services.cards.guild_cards import GuildCards
from bot.services.links.approvals import LinkApprovals
from bot.services.pickers.suggestions import Suggestions
from bot.services.pickers.unit_picker import UnitPicker
from bot.services.records.audit_log import AuditLog
from bot.services.records.erasure import MemberErasure
from bot.services.records.maintenance import Maintenance
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderStore
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.member_directory import DiscordMembers
from bot.wiring import cad_connection, doctor_checks
from bot.wiring.card_services import build_cards
from bot.wiring.dependencies import Dependencies, SharedDependencies, open_dependencies
from bot.wiring.link_services import LinkServices, build_link_services
from bot.wiring.order_services import build_order_services

SHUTDOWN_GRACE = 10.0  # seconds in which running commands may finish when the bot stops


@dataclass(frozen=True, slots=True)
class Services(GuildServices):
    """All services of a guild: those of its interactions, and those that run beside them.

    Attributes:
        erasure: None where a member's data is kept when they leave.
    """

    guild_id: int
    board: Board
    approvals: LinkApprovals
    erasure: MemberErasure | None
    cards: GuildCards
    maintenance: Maintenance

    async def start(self) -> None:
        """Resume what was left when the bot stopped, and start what runs beside interactions."""
        await self.queue.resume(self.guild_id)
        await self.bulk_verifier.resume(self.guild_id)
        await self.approvals.resume(self.guild_id)
        self.maintenance.start()
        self.cards.start()

    async def drain(self, seconds: float) -> None:
        """Give what is under way some seconds to finish."""
        await asyncio.gather(
            self.queue.drain(seconds),
            self.bulk_verifier.close(seconds),
            self.cards.close(seconds),
        )


@asynccontextmanager
async def open_services(
    shared: SharedDependencies, guild_id: int, settings: GuildSettings
) -> AsyncIterator[Services]:
    """Open a guild's connection to the CAD, and build its services."""
    async with AsyncExitStack() as stack:
        needed = await open_dependencies(stack, shared, guild_id, settings)
        people = build_link_services(needed)

        def on_events(events: Sequence[Event]) -> None:
            needed.accounts.on_events(events)
            people.background_verifier.on_events(events)
            people.group_links.on_events(events)

        stack.push_async_callback(people.links.close)
        stack.push_async_callback(people.background_verifier.close)
        stack.push_async_callback(people.group_links.close)
        feeds = cad_connection.build_feeds(needed.operator, settings, shared.push_server)
        listener = PushListener(needed.board, feeds, needed.servers, on_events, clock=needed.clock)
        stack.push_async_callback(listener.close)
        services = _build_services(needed, people, listener)
        stack.push_async_callback(services.maintenance.close)
        people.background_verifier.start()
        await listener.start()
        # So that the first member who types or attaches finds the calls and units known.
        for server_id in needed.servers.names:
            needed.board.poll(server_id)
        yield services


def _build_services(needed: Dependencies, people: LinkServices, listener: PushListener) -> Services:
    access, board, clock = needed.access, needed.board, needed.clock
    orders = build_order_services(needed, people)
    audit_log = AuditLog(
        access,
        LinkStore(needed.database),
        OrderStore(needed.database),
        timedelta(days=needed.operator.audit_days),
        partial(board.find_call_id, needed.servers.default_id),
        server_labels=needed.servers.labels,
        clock=clock,
    )
    members = DiscordMembers(needed.client)
    cards = build_cards(needed, people.links)
    return Services(
        guild_id=needed.guild_id,
        intake=orders.intake,
        confirmation=orders.confirmation,
        queue=orders.queue,
        call_actions=orders.call_actions,
        call_listing=CallListing(
            access,
            board,
            needed.servers,
            needed.layouts,
            needed.settings.urgent_priorities,
            find_card=cards.find,
        ),
        suggestions=Suggestions(access, board, people.links, needed.servers),
        unit_picker=UnitPicker(access, board),
        links=people.links,
        link_workflow=people.workflow,
        bulk_verifier=people.bulk_verifier,
        link_files=people.files,
        audit_log=audit_log,
        my_data=people.my_data,
        doctor=doctor_checks.build_doctor(needed, listener),
        board=board,
        approvals=people.approvals,
        erasure=people.erasure,
        cards=cards,
        maintenance=Maintenance(
            audit_log,
            people.approvals,
            people.erasure,
            members,
            guild_id=needed.guild_id,
            clock=clock,
        ),
    )
