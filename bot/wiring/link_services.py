"""Builds the services of the links: who is who, verification, approvals, files, erasure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.link_files.import_export import LinkImportExport
from bot.services.links.approvals import LinkApprovals
from bot.services.links.bulk_verification import BulkVerifier
from bot.services.links.cad_links import CadLinks
from bot.services.links.group_links import GroupLinks
from bot.services.links.link_pace import LinkPace
from bot.services.links.link_service import LinkService
from bot.services.links.link_workflow import LinkWorkflow
from bot.services.records.erasure import MemberErasure
from bot.services.records.my_data import MyData, Retention
from bot.services.verification.background_verifier import BackgroundVerifier
from bot.services.verification.verifier import LinkVerifier
from bot.storage.stores.link_check_store import LinkCheckStore
from bot.storage.stores.link_request_store import LinkRequestStore
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderStore
from bot.storage.stores.personal_data_store import PersonalDataStore
from bot.storage.stores.verification_store import VerificationStore
from bot.ui.links.link_announcer import DiscordLinkNotifier
from bot.ui.links.verification_report import DiscordCheckAnnouncer
from bot.wiring.dependencies import Dependencies


@dataclass(frozen=True, slots=True)
class LinkServices:
    """The services of the links; none runs yet.

    Attributes:
        background_verifier: runs between its start and its close.
        erasure: None where a member's data is kept when they leave.
    """

    links: LinkService
    cad_links: CadLinks
    group_links: GroupLinks
    workflow: LinkWorkflow
    approvals: LinkApprovals
    files: LinkImportExport
    bulk_verifier: BulkVerifier
    background_verifier: BackgroundVerifier
    my_data: MyData
    erasure: MemberErasure | None


def build_link_services(needed: Dependencies) -> LinkServices:
    """Build them."""
    settings, client, clock = needed.settings, needed.client, needed.clock
    database, cad, access = needed.database, needed.cad, needed.access
    id_format, log_channel_id = settings.api_id_format, settings.log_channel_id
    store, verifications = LinkStore(database), VerificationStore(database)
    requests, personal_data = LinkRequestStore(database, store), PersonalDataStore(database)
    notifier = DiscordLinkNotifier(client, log_channel_id, needed.shared.discord)
    server_id = settings.default_server_id
    verifier = LinkVerifier(
        cad, verifications, id_format=id_format, server_id=server_id, clock=clock
    )
    cad_links = CadLinks(store, needed.accounts, clock=clock)
    links = LinkService(access, store, cad_links, verifier, id_format=id_format, clock=clock)
    approvals = LinkApprovals(
        access,
        links,
        store,
        requests,
        notifier,
        needs_approval=settings.link_approval,
        clock=clock,
    )
    erasure = MemberErasure(store, personal_data, approvals, clock=clock)
    return LinkServices(
        links=links,
        cad_links=cad_links,
        group_links=GroupLinks(cad_links, needed.accounts, guild_id=needed.guild_id, clock=clock),
        workflow=LinkWorkflow(links, approvals, LinkPace(access, clock=clock), notifier),
        approvals=approvals,
        files=LinkImportExport(access, store, notifier, id_format=id_format, clock=clock),
        bulk_verifier=_build_bulk_verifier(needed, verifier, verifications),
        background_verifier=BackgroundVerifier(
            verifier, verifications, guild_id=needed.guild_id, clock=clock
        ),
        my_data=_build_my_data(needed, store, requests, personal_data),
        erasure=erasure if settings.forget_on_leave else None,
    )


def _build_bulk_verifier(
    needed: Dependencies, verifier: LinkVerifier, verifications: VerificationStore
) -> BulkVerifier:
    return BulkVerifier(
        needed.access,
        verifier,
        verifications,
        LinkCheckStore(needed.database),
        DiscordCheckAnnouncer(needed.client, needed.settings.log_channel_id, needed.shared.discord),
        clock=needed.clock,
    )


def _build_my_data(
    needed: Dependencies,
    store: LinkStore,
    requests: LinkRequestStore,
    personal_data: PersonalDataStore,
) -> MyData:
    retention = Retention(needed.operator.audit_days, needed.settings.forget_on_leave)
    return MyData(
        store,
        requests,
        OrderStore(needed.database),
        personal_data,
        retention,
        server_labels=needed.servers.labels,
    )
