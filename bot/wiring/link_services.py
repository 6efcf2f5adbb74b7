"""The part of the wiring that has to do with people: proving links, requests, forgetting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.cad.client import CadClient
from bot.common.clock import Clock
from bot.config.settings import Settings
from bot.services.access.policy import Access
from bot.services.link_files.import_export import LinkFiles
from bot.services.links.approvals import LinkRequests
from bot.services.links.bulk_verification import CheckAnnouncer, LinkChecks
from bot.services.links.link_changes import Herald
from bot.services.links.link_service import LinkingService
from bot.services.links.link_workflow import LinkDesk
from bot.services.records.erasure import Leaving
from bot.services.records.my_data import Keeping, Mine
from bot.services.verification.background_verifier import Reproving
from bot.services.verification.verifier import Prover
from bot.storage.database import Database
from bot.storage.stores.link_check_store import CheckStore
from bot.storage.stores.link_request_store import LinkRequestStore
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderStore
from bot.storage.stores.personal_data_store import ForgettingStore
from bot.storage.stores.verification_store import ProofStore


@dataclass(frozen=True, slots=True)
class Proofs:
    """What proves links.

    Attributes:
        background: goes on by itself between its start and its close.
        open_checks: makes what checks all links, once there is somebody who can tell people.
    """

    prover: Prover
    background: Reproving
    open_checks: Callable[[CheckAnnouncer], LinkChecks]


def build_proofs(
    settings: Settings,
    database: Database,
    cad: CadClient,
    access: Access,
    *,
    clock: Clock,
) -> Proofs:
    """Build it; nothing is asked yet."""
    store = ProofStore(database)
    prover = Prover(
        cad,
        store,
        id_format=settings.api_id_format,
        server_id=settings.sonoran_server_id,
        clock=clock,
    )
    checks = CheckStore(database)
    return Proofs(
        prover,
        Reproving(prover, store, clock=clock),
        partial(LinkChecks, access, prover, store, checks, clock=clock),
    )


@dataclass(frozen=True, slots=True)
class People:
    """What has to do with people; leaving is None where nobody is forgotten on leaving."""

    desk: LinkDesk
    requests: LinkRequests
    files: LinkFiles
    mine: Mine
    leaving: Leaving | None


def open_people(
    settings: Settings,
    database: Database,
    access: Access,
    linking: LinkingService,
    herald: Herald,
    *,
    clock: Clock,
) -> People:
    """Build it, once there is somebody who can tell people."""
    links, forgetting = LinkStore(database), ForgettingStore(database)
    store = LinkRequestStore(database, links)
    requests = LinkRequests(
        access, linking, links, store, herald, needs_approval=settings.link_approval, clock=clock
    )
    keeping = Keeping(settings.audit_days, settings.forget_on_leave)
    return People(
        desk=LinkDesk(linking, requests, herald),
        requests=requests,
        files=LinkFiles(access, links, herald, id_format=settings.api_id_format, clock=clock),
        mine=Mine(links, store, OrderStore(database), forgetting, keeping),
        leaving=Leaving(links, forgetting, requests, clock=clock)
        if settings.forget_on_leave
        else None,
    )
