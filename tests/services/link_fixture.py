"""The link services on a real SQLite file, with a fake CAD and a recording notifier."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from bot.services.access.policy import Access, Actor
from bot.services.cad_accounts import CadAccounts
from bot.services.links.approvals import LinkApprovals
from bot.services.links.cad_links import CadLinks
from bot.services.links.link_changes import (
    IdConflict,
    LinkChange,
    MessageRef,
    RequestNotice,
    SubmittedRequest,
)
from bot.services.links.link_pace import LinkPace
from bot.services.links.link_service import LinkService
from bot.services.links.link_workflow import LinkWorkflow
from bot.services.orders import outcomes
from bot.services.records.erasure import MemberErasure
from bot.services.records.my_data import MyData, Retention
from bot.services.reply import ReplyAddress
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestStore
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import ImportCounts, LinkStore
from bot.storage.stores.order_store import OrderState, OrderStore
from bot.storage.stores.personal_data_store import PersonalDataStore
from tests.services.links.test_link_service import Cad
from tests.services.queue_fixture import QueueFixture, new_verifier
from tests.services.samples import DISPATCH_ROLE, GUILD, ONE_SERVER, actor
from tests.stored_links import put_link

DANA = actor(DISPATCH_ROLE, user_id=42)
MAX = actor(DISPATCH_ROLE, user_id=43)
PAT = actor(user_id=7)
BOB = actor(user_id=8)
PASTED, HEX = "76561198836490351", "1100001343a206f"
REPLY = ReplyAddress(6, "a-token")
BUTTON = MessageRef(900, 1)  # the message of the pressed button: the first that is posted


class RecordingLinkNotifier:
    """A LinkNotifier that records its calls.

    Attributes:
        can_post: whether a request can be posted.
    """

    def __init__(self) -> None:
        self.can_post = True
        self.posted: list[RequestNotice] = []
        self.closed: list[LinkRequest] = []
        self.stripped: list[MessageRef] = []
        self.answered: list[LinkRequest] = []
        self.notified: list[LinkChange] = []
        self.logged: list[LinkChange] = []
        self.imports: list[tuple[int, ImportCounts]] = []

    async def post_request(self, notice: RequestNotice) -> MessageRef | None:
        self.posted.append(notice)
        return MessageRef(900, len(self.posted)) if self.can_post else None

    async def close_request(self, request: LinkRequest) -> None:
        self.closed.append(request)

    async def remove_buttons(self, message: MessageRef) -> None:
        self.stripped.append(message)

    async def answer_requester(self, request: LinkRequest) -> None:
        self.answered.append(request)

    async def notify_owner(self, change: LinkChange) -> None:
        self.notified.append(change)

    async def log_change(self, change: LinkChange) -> None:
        self.logged.append(change)

    async def log_import(self, imported_by: int, counts: ImportCounts) -> None:
        self.imports.append((imported_by, counts))


class LinkFixture:
    """Builds the services on a QueueFixture, also after a restart of it."""

    def __init__(
        self,
        queue_fixture: QueueFixture,
        notifier: RecordingLinkNotifier | None = None,
        *,
        needs_approval: bool = False,
    ) -> None:
        self.queue_fixture = queue_fixture
        self.notifier = notifier or RecordingLinkNotifier()
        self.cad = Cad(queue_fixture.time, 1, queue_fixture.lifetime)
        self.cad.accounts, self.cad.names, self.cad.answers = {}, {HEX: "patdoe"}, deque()
        access = Access(frozenset({DISPATCH_ROLE}))
        self.links = LinkStore(queue_fixture.database)
        self.requests = LinkRequestStore(queue_fixture.database, self.links)
        accounts = CadAccounts(self.cad, clock=queue_fixture.time)
        self.cad_links = CadLinks(self.links, accounts, clock=queue_fixture.time)
        self.link_service = LinkService(
            access,
            self.links,
            self.cad_links,
            new_verifier(queue_fixture, self.cad, server_id=3),
            id_format="{hex}",
            clock=queue_fixture.time,
        )
        self.approvals = LinkApprovals(
            access,
            self.link_service,
            self.links,
            self.requests,
            self.notifier,
            needs_approval=needs_approval,
            clock=queue_fixture.time,
        )
        self.workflow = LinkWorkflow(
            self.link_service,
            self.approvals,
            LinkPace(access, clock=queue_fixture.time),
            self.notifier,
        )
        personal_data = PersonalDataStore(queue_fixture.database)
        self.erasure = MemberErasure(
            self.links, personal_data, self.approvals, clock=queue_fixture.time
        )
        retention = Retention(order_days=90, erase_on_leave=True)
        self.my_data = MyData(
            self.links,
            self.requests,
            OrderStore(queue_fixture.database),
            personal_data,
            retention,
            server_labels=ONE_SERVER.labels,
        )

    async def put_link(self, who: Actor, api_id: str = HEX, **more: object) -> Link:
        """Store a link directly."""
        link = Link(GUILD, who.user_id, api_id, who.user_id, self.queue_fixture.time.now())
        link = replace(link, **more)  # type: ignore[arg-type]
        await put_link(self.links, link)
        return link

    async def request_link(self, who: Actor = PAT, pasted: str = PASTED) -> LinkRequest:
        """Let a member request their own link."""
        asked = await self.workflow.link(who, who.user_id, pasted, REPLY)
        assert isinstance(asked, SubmittedRequest)
        return asked.request

    async def create_conflict(
        self, who: Actor, member_id: int, pasted: str = PASTED
    ) -> LinkRequest:
        """Let an actor create a conflict about an id of another member."""
        held = await self.workflow.link(who, member_id, pasted, REPLY)
        assert isinstance(held, IdConflict)
        return held.request

    async def closed_order(self, *people: int, by: int = 42, guild_id: int = GUILD) -> int:
        """Store a closed order about these members; return its id."""
        assignees = tuple(Assignee(f"steam:{one}", one, None, True) for one in people)
        order = await self.queue_fixture.accept(
            " ".join(f"<@{one}>" for one in people), actor_id=by, guild_id=guild_id
        )
        done = replace(
            order,
            state=OrderState.DONE,
            people=frozenset(people),
            resolution=outcomes.RESOLUTION_JSON.dump_json(Resolution(assignees)).decode(),
            answered=True,
            finished_at=self.queue_fixture.time.now(),
        )
        await self.queue_fixture.store.save([done])
        return order.id

    async def api_ids(self) -> dict[int, str]:
        """Return the ids of all members."""
        return {one.discord_id: one.api_id for one in await self.links.all(GUILD)}
