"""The part of the composition root that has to do with people: links, requests, forgetting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.services.access import Access
from bot.services.leaving import Leaving
from bot.services.link_desk import LinkDesk
from bot.services.link_news import Herald
from bot.services.link_requests import LinkRequests
from bot.services.linking import LinkingService
from bot.services.mine import Keeping, Mine
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.forgetting import ForgettingStore
from bot.storage.link_requests import LinkRequestStore
from bot.storage.links import LinkStore
from bot.storage.orders import OrderStore


@dataclass(frozen=True, slots=True)
class People:
    """What has to do with people; leaving is None where nobody is forgotten on leaving."""

    desk: LinkDesk
    requests: LinkRequests
    mine: Mine
    leaving: Leaving | None


def open_people(
    settings: Settings,
    database: Database,
    access: Access,
    linking: LinkingService,
    herald: Herald,
    *,
    now: Callable[[], datetime],
) -> People:
    """Build it, once there is somebody who can tell people."""
    links, forgetting = LinkStore(database), ForgettingStore(database)
    store = LinkRequestStore(database, links)
    requests = LinkRequests(
        access, linking, links, store, herald, needs_approval=settings.link_approval, now=now
    )
    keeping = Keeping(settings.audit_days, settings.forget_on_leave)
    return People(
        desk=LinkDesk(linking, requests, herald),
        requests=requests,
        mine=Mine(links, store, OrderStore(database), forgetting, keeping),
        leaving=Leaving(links, forgetting, requests, now=now) if settings.forget_on_leave else None,
    )
