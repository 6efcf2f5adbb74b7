"""The part of the wiring that has to do with people: proving links, requests, forgetting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.cad.client import CadClient
from bot.common.clock import Clock
from bot.config.settings import Settings
from bot.services.access.policy import Access
from bot.services.link_files.import_export import LinkImportExport
from bot.services.links.approvals import LinkApprovals
from bot.services.links.bulk_verification import BulkVerifier, CheckAnnouncer
from bot.services.links.link_changes import LinkNotifier
from bot.services.links.link_service import LinkService
from bot.services.links.link_workflow import LinkWorkflow
from bot.services.records.erasure import MemberErasure
from bot.services.records.my_data import MyData, Retention
from bot.services.verification.background_verifier import BackgroundVerifier
from bot.services.verification.verifier import LinkVerifier
from bot.storage.database import Database
from bot.storage.stores.link_check_store import LinkCheckStore
from bot.storage.stores.link_request_store import LinkRequestStore
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderStore
from bot.storage.stores.personal_data_store import PersonalDataStore
from bot.storage.stores.verification_store import VerificationStore


@dataclass(frozen=True, slots=True)
class VerificationServices:
    """What proves links.

    Attributes:
        background: goes on by itself between its start and its close.
        open_checks: makes what checks all links, once there is somebody who can tell people.
    """

    verifier: LinkVerifier
    background: BackgroundVerifier
    open_checks: Callable[[CheckAnnouncer], BulkVerifier]


def build_verification(
    settings: Settings,
    database: Database,
    cad: CadClient,
    access: Access,
    *,
    clock: Clock,
) -> VerificationServices:
    """Build it; nothing is asked yet."""
    store = VerificationStore(database)
    prover = LinkVerifier(
        cad,
        store,
        id_format=settings.api_id_format,
        server_id=settings.sonoran_server_id,
        clock=clock,
    )
    checks = LinkCheckStore(database)
    return VerificationServices(
        prover,
        BackgroundVerifier(prover, store, clock=clock),
        partial(BulkVerifier, access, prover, store, checks, clock=clock),
    )


@dataclass(frozen=True, slots=True)
class LinkServices:
    """What has to do with people; leaving is None where nobody is forgotten on leaving."""

    desk: LinkWorkflow
    requests: LinkApprovals
    files: LinkImportExport
    mine: MyData
    leaving: MemberErasure | None


def open_people(
    settings: Settings,
    database: Database,
    access: Access,
    linking: LinkService,
    herald: LinkNotifier,
    *,
    clock: Clock,
) -> LinkServices:
    """Build it, once there is somebody who can tell people."""
    links, forgetting = LinkStore(database), PersonalDataStore(database)
    store = LinkRequestStore(database, links)
    requests = LinkApprovals(
        access, linking, links, store, herald, needs_approval=settings.link_approval, clock=clock
    )
    keeping = Retention(settings.audit_days, settings.forget_on_leave)
    return LinkServices(
        desk=LinkWorkflow(linking, requests, herald),
        requests=requests,
        files=LinkImportExport(
            access, links, herald, id_format=settings.api_id_format, clock=clock
        ),
        mine=MyData(links, store, OrderStore(database), forgetting, keeping),
        leaving=MemberErasure(links, forgetting, requests, clock=clock)
        if settings.forget_on_leave
        else None,
    )
