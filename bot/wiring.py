"""Builds the services from the settings, and closes them in the reverse order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import discord

from bot import connect, examining
from bot.cad.client import KnownCad
from bot.cad.transport import Transport
from bot.people import People, Proofs, build_proofs, open_people
from bot.services.access import Access
from bot.services.acts import Acts
from bot.services.aftermath import Aftermath
from bot.services.asking import Asking
from bot.services.attach import AttachService
from bot.services.audit import AuditService
from bot.services.board import Board, utc_now
from bot.services.call_list import CallList
from bot.services.cards import CardKeeper
from bot.services.doctor import Doctor
from bot.services.link_checks import CheckAnnouncer, LinkChecks
from bot.services.link_news import Herald
from bot.services.linking import LinkingService
from bot.services.orders import OrderQueue
from bot.services.permissions import CadPermissions, Permitted
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
        connection = transport(str(settings.sonoran_api_url))
        cad = connect.client(settings, connection, clock=time.clock, sleep=time.sleep)
        stack.push_async_callback(cad.close)
        base = await _started(settings, database, cad, time, stack)
        # So that the first person who types or attaches finds the calls and units known.
        base.board.look(settings.sonoran_server_id)
        yield _services(settings, base, time)


@dataclass(frozen=True, slots=True)
class _Base:
    """What the other services stand on; all of it runs that runs by itself."""

    database: Database
    cad: KnownCad
    board: Board
    access: Access
    links: LinkStore
    orders: OrderStore
    proofs: Proofs
    linking: LinkingService
    permitted: Permitted
    attaching: AttachService
    watch: Watch


async def _started(
    settings: Settings, database: Database, cad: KnownCad, time: Time, stack: AsyncExitStack
) -> _Base:
    """Build it and start it; whoever closes the stack stops it."""
    clock, now, server_id = time.clock, time.now, settings.sonoran_server_id
    board = Board(cad, clock=clock, now=now)
    stack.push_async_callback(board.close)
    access = Access(
        settings.dispatch_role_ids,
        settings.self_dispatch_role_ids,
        settings.link_role_ids,
        settings.admin_role_ids,
        settings.require_cad_permission,
    )
    links, orders = LinkStore(database), OrderStore(database)
    proofs = build_proofs(settings, database, cad, access, clock=clock, now=now, sleep=time.sleep)
    id_format = settings.api_id_format
    linking = LinkingService(
        access, links, cad, proofs.prover, id_format=id_format, clock=clock, now=now
    )
    stack.push_async_callback(linking.close)
    permitted = CadPermissions(access, cad, links, clock=clock).require
    attaching = AttachService(
        access, orders, linking, board, server_id, now=now, permitted=permitted
    )
    stack.push_async_callback(proofs.background.close)
    proofs.background.start()
    watch = Watch(board, connect.feeds(settings), server_id, proofs.background.hear, now=now)
    stack.push_async_callback(watch.close)
    await watch.start()
    return _Base(
        database, cad, board, access, links, orders, proofs, linking, permitted, attaching, watch
    )


def _services(settings: Settings, base: _Base, time: Time) -> Services:
    """Build what the bot needs on top; nothing of it runs by itself yet."""
    clock, now, sleep = time.clock, time.now, time.sleep
    database, cad, board, access = base.database, base.cad, base.board, base.access
    links, orders, attaching, linking = base.links, base.orders, base.attaching, base.linking
    server_id = settings.sonoran_server_id
    return Services(
        attaching=attaching,
        asking=Asking(access, orders, now=now),
        acts=Acts(access, cad, board, attaching, linking, now=now, permitted=base.permitted),
        picking=Picking(access, board),
        linking=linking,
        suggestions=Suggestions(access, board, linking, server_id),
        call_list=CallList(access, board, server_id),
        audit=AuditService(access, links, orders, timedelta(days=settings.audit_days), now=now),
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
            clock=clock,
            now=now,
            sleep=sleep,
        ),
        open_people=partial(open_people, settings, database, access, linking, clock=clock, now=now),
        open_cards=partial(
            CardKeeper,
            CardStore(database),
            board,
            server_id=server_id,
            keep=timedelta(minutes=settings.card_keep_minutes),
            ping_role_id=settings.ping_role_id,
            clock=clock,
            now=now,
            sleep=sleep,
        ),
        open_checks=base.proofs.open_checks,
        open_doctor=partial(
            examining.doctor,
            settings,
            examining.Running(access, cad, board, database, base.watch, now),
        ),
    )
