"""Builds the services of the orders: intake, confirmation, the queue and acts on calls."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.access.cad_permissions import CadPermissions
from bot.services.calls.call_actions import CallActions
from bot.services.orders.confirmation import ConfirmationService
from bot.services.orders.intake import OrderIntake
from bot.services.orders.order_resolver import OrderResolver
from bot.services.orders.word_matcher import WordMatcher
from bot.services.queue.board_check import DoneHandler
from bot.services.queue.order_queue import OrderQueue
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderAction, OrderStore
from bot.ui.calls.new_call import NewCallItems
from bot.ui.member_directory import DiscordMembers
from bot.ui.orders.order_announcer import DiscordOrderAnnouncer
from bot.wiring.dependencies import Dependencies
from bot.wiring.link_services import LinkServices


@dataclass(frozen=True, slots=True)
class OrderServices:
    """The services of the orders."""

    intake: OrderIntake
    confirmation: ConfirmationService
    queue: OrderQueue
    call_actions: CallActions


def build_order_services(needed: Dependencies, people: LinkServices) -> OrderServices:
    """Build them."""
    settings, access, clock = needed.settings, needed.access, needed.clock
    cad, board = needed.cad, needed.board
    link_store, orders = LinkStore(needed.database), OrderStore(needed.database)
    permissions = CadPermissions(
        access,
        cad,
        needed.accounts,
        link_store,
        server_id=settings.default_server_id,
        clock=clock,
    )
    check_permission = permissions.require if settings.require_cad_permission else None
    resolver = OrderResolver(
        link_store,
        people.cad_links,
        people.group_links,
        board,
        WordMatcher(link_store, DiscordMembers(needed.client).search),
        check_cad_permission=check_permission,
    )
    intake = OrderIntake(access, orders, board, needed.servers.default_id, clock=clock)
    return OrderServices(
        intake=intake,
        confirmation=ConfirmationService(
            access,
            orders,
            check_cad_permission=check_permission,
            server_labels=needed.servers.labels,
            clock=clock,
        ),
        queue=_build_queue(needed, orders, resolver),
        call_actions=CallActions(access, board, intake=intake, links=people.links),
    )


def _build_queue(needed: Dependencies, orders: OrderStore, resolver: OrderResolver) -> OrderQueue:
    settings, cad, board = needed.settings, needed.cad, needed.board
    channels = {one.server_id: one.channel_id for one in settings.servers}
    return OrderQueue(
        orders,
        cad,
        board,
        resolver.resolve_order,
        DiscordOrderAnnouncer(
            needed.client,
            settings.log_channel_id,
            needed.shared.discord,
            result_items={OrderAction.CREATE: NewCallItems(channels)},
        ),
        on_done=DoneHandler(cad, board, settings.status_on_attach),
        server_labels=needed.servers.labels,
        clock=needed.clock,
    )
