"""Link requests that wait for an approval, on a real SQLite file."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.cad.errors import CadTimeout
from bot.services.errors import RoleRequired
from bot.services.link_errors import (
    ApprovalPending,
    ApprovalUnavailable,
    IdAlreadyLinked,
    InvalidApiId,
    RequestDecided,
    RequestNotFound,
)
from bot.services.links.approvals import REQUEST_LIFETIME
from bot.services.links.link_changes import IdConflict, MessageRef, RequestNotice, SubmittedRequest
from bot.services.links.link_pace import LINKS_PER_HOUR
from bot.services.links.link_service import LinkResult
from bot.services.reply import ReplyAddress
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestState
from tests.services.conftest import v1
from tests.services.link_fixture import (
    BOB,
    BUTTON,
    DANA,
    HEX,
    MAX,
    PASTED,
    PAT,
    REPLY,
    LinkFixture,
    RecordingLinkNotifier,
)
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import DISPATCH_ROLE, GUILD, actor

pytestmark = v1

STRANGER = actor(DISPATCH_ROLE, user_id=44, guild_id=GUILD + 1)


@pytest.fixture
def link_fixture(queue_fixture: QueueFixture) -> LinkFixture:
    return LinkFixture(queue_fixture, needs_approval=True)


async def test_a_member_asks_and_a_dispatcher_approves(link_fixture: LinkFixture) -> None:
    request = await link_fixture.request_link()
    assert await link_fixture.api_ids() == {}
    (asking,) = link_fixture.notifier.posted
    assert (asking.request.id, asking.request.discord_id, asking.request.api_id) == (
        request.id,
        7,
        HEX,
    )
    assert (asking.request.account_name, asking.replaces, asking.error) == ("patdoe", None, None)
    approved = await link_fixture.workflow.approve(DANA, request.id, BUTTON, REPLY)
    assert isinstance(approved, LinkRequest)
    assert (approved.state, approved.decided_by) == (LinkRequestState.APPROVED, 42)
    (link,) = await link_fixture.links.all(GUILD)
    assert (link.discord_id, link.api_id, link.set_by) == (7, HEX, 42)
    assert link_fixture.notifier.closed == link_fixture.notifier.answered == [approved]
    assert approved.token == REPLY.token
    stored = await link_fixture.requests.get(request.id)
    assert stored is not None
    assert stored.token is None  # it is not needed any more


async def test_a_member_asks_and_a_dispatcher_denies(link_fixture: LinkFixture) -> None:
    before = await link_fixture.put_link(PAT, "steam:old")
    request = await link_fixture.request_link()
    assert link_fixture.notifier.posted[0].replaces == before
    denied = await link_fixture.workflow.deny(DANA, request.id, BUTTON)
    assert denied.state is LinkRequestState.DENIED
    assert await link_fixture.api_ids() == {7: "steam:old"}
    assert link_fixture.notifier.answered == [denied]


@pytest.mark.parametrize(("second", "more"), [("approve", [REPLY]), ("deny", [])])
async def test_the_second_press_is_told_who_was_first(
    link_fixture: LinkFixture, second: str, more: list[ReplyAddress]
) -> None:
    request = await link_fixture.request_link()
    await link_fixture.workflow.deny(DANA, request.id, BUTTON)
    with pytest.raises(RequestDecided) as told:
        await getattr(link_fixture.workflow, second)(MAX, request.id, BUTTON, *more)
    assert (told.value.state, told.value.decided_by) == (LinkRequestState.DENIED, 42)
    assert await link_fixture.api_ids() == {}
    # The buttons that were still visible are removed.
    assert len(link_fixture.notifier.closed) == 2
    assert len(link_fixture.notifier.answered) == 1


async def test_two_press_at_once(link_fixture: LinkFixture) -> None:
    request = await link_fixture.request_link()
    ends = await asyncio.gather(
        link_fixture.workflow.approve(DANA, request.id, BUTTON, REPLY),
        link_fixture.workflow.deny(MAX, request.id, BUTTON),
        link_fixture.workflow.approve(MAX, request.id, BUTTON, REPLY),
        return_exceptions=True,
    )
    done = [one for one in ends if isinstance(one, LinkRequest)]
    late = [one for one in ends if isinstance(one, RequestDecided)]
    assert (len(done), len(late)) == (1, 2)
    assert {(one.state, one.decided_by) for one in late} == {(done[0].state, done[0].decided_by)}
    assert bool(await link_fixture.api_ids()) is (done[0].state is LinkRequestState.APPROVED)
    assert link_fixture.notifier.answered == done


@pytest.mark.parametrize(("press", "more"), [("approve", [REPLY]), ("deny", [])])
async def test_only_linkers_of_this_server_decide(
    link_fixture: LinkFixture, press: str, more: list[ReplyAddress]
) -> None:
    request = await link_fixture.request_link()
    with pytest.raises(RoleRequired):
        await getattr(link_fixture.workflow, press)(BOB, request.id, BUTTON, *more)
    with pytest.raises(RequestNotFound):
        await getattr(link_fixture.workflow, press)(STRANGER, request.id, BUTTON, *more)
    with pytest.raises(RequestNotFound):
        await getattr(link_fixture.workflow, press)(DANA, request.id + 1, BUTTON, *more)
    assert await link_fixture.api_ids() == {}
    assert link_fixture.notifier.closed == []
    assert await link_fixture.workflow.deny(DANA, request.id, BUTTON)


async def test_a_second_request_takes_the_place_of_the_first(link_fixture: LinkFixture) -> None:
    first = await link_fixture.request_link()
    second = await link_fixture.workflow.link(PAT, 7, "license:abc", REPLY)
    assert isinstance(second, SubmittedRequest)
    assert second.has_replaced
    assert [(one.id, one.state) for one in link_fixture.notifier.closed] == [
        (first.id, LinkRequestState.REPLACED)
    ]
    assert link_fixture.notifier.closed[0].message_id == 1
    with pytest.raises(RequestDecided):
        await link_fixture.workflow.approve(DANA, first.id, BUTTON, REPLY)
    # Only the message of a request decides about it.
    with pytest.raises(RequestNotFound):
        await link_fixture.workflow.approve(DANA, second.request.id, BUTTON, REPLY)
    assert link_fixture.notifier.stripped == [BUTTON]
    await link_fixture.workflow.approve(DANA, second.request.id, MessageRef(900, 2), REPLY)
    assert await link_fixture.api_ids() == {7: "license:abc"}


async def test_many_requests_at_once_leave_one(link_fixture: LinkFixture) -> None:
    asking = [link_fixture.request_link(PAT, f"license:{one}") for one in range(LINKS_PER_HOUR)]
    ends = await asyncio.gather(*asking, return_exceptions=True)
    found = await link_fixture.requests.for_person(GUILD, 7)
    assert [one.state for one in found].count(LinkRequestState.PENDING) == 1
    assert len(link_fixture.notifier.closed) == LINKS_PER_HOUR - 1
    # A request that was replaced before it was posted is not posted any more.
    assert {type(one) for one in ends} <= {LinkRequest, RequestDecided}


async def test_members_who_may_link_need_no_approval(link_fixture: LinkFixture) -> None:
    assert isinstance(await link_fixture.workflow.link(DANA, 42, PASTED, REPLY), LinkResult)
    assert link_fixture.notifier.posted == []


async def test_another_spelling_of_the_own_id_is_no_request(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(PAT, f"steam:{HEX.upper()}")
    assert isinstance(await link_fixture.workflow.link(PAT, 7, PASTED, REPLY), LinkResult)
    assert await link_fixture.api_ids() == {7: HEX}


async def test_the_id_of_another_member_cannot_be_requested(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB, f"STEAM:{HEX.upper()}")
    with pytest.raises(IdAlreadyLinked) as told:
        await link_fixture.request_link()
    assert told.value.holders == frozenset()
    assert link_fixture.notifier.posted == []


async def test_nonsense_is_no_request(link_fixture: LinkFixture) -> None:
    with pytest.raises(InvalidApiId):
        await link_fixture.request_link(PAT, "hello there")
    with pytest.raises(RoleRequired):
        await link_fixture.workflow.link(PAT, 8, PASTED, REPLY)
    assert link_fixture.notifier.posted == []


async def test_an_id_that_was_taken_meanwhile_is_a_question(link_fixture: LinkFixture) -> None:
    request = await link_fixture.request_link()
    await link_fixture.put_link(BOB)
    held = await link_fixture.workflow.approve(DANA, request.id, BUTTON, REPLY)
    assert isinstance(held, IdConflict)
    assert (held.request.discord_id, held.request.holders) == (7, frozenset({8}))
    assert await link_fixture.api_ids() == {8: HEX}
    assert link_fixture.notifier.closed == []
    assert isinstance(await link_fixture.workflow.move(DANA, held.request.id, REPLY), LinkResult)
    assert await link_fixture.api_ids() == {7: HEX}
    (ended,) = link_fixture.notifier.answered
    assert (ended.id, ended.state, ended.decided_by) == (request.id, LinkRequestState.APPROVED, 42)


@pytest.mark.parametrize(
    ("pasted", "state"),
    [(PASTED, LinkRequestState.APPROVED), ("license:other", LinkRequestState.REPLACED)],
)
async def test_linking_the_requester_settles_it(
    link_fixture: LinkFixture, pasted: str, state: LinkRequestState
) -> None:
    await link_fixture.request_link()
    await link_fixture.workflow.link(DANA, 7, pasted, REPLY)
    assert [(one.state, one.decided_by) for one in link_fixture.notifier.answered] == [(state, 42)]
    assert link_fixture.notifier.closed == link_fixture.notifier.answered


@pytest.mark.parametrize(("who", "told"), [(PAT, 0), (DANA, 1)])
async def test_unlinking_withdraws_the_request(link_fixture: LinkFixture, who, told: int) -> None:
    await link_fixture.put_link(PAT, "steam:old")
    request = await link_fixture.request_link()
    done = await link_fixture.workflow.unlink(who, 7)
    assert (done.link is not None, done.had_request) == (True, True)
    assert await link_fixture.requests.for_person(GUILD, 7) == []
    assert [one.state for one in link_fixture.notifier.closed] == [LinkRequestState.WITHDRAWN]
    assert len(link_fixture.notifier.answered) == told
    with pytest.raises(RequestNotFound):
        await link_fixture.workflow.approve(DANA, request.id, BUTTON, REPLY)
    done = await link_fixture.workflow.unlink(who, 7)
    assert (done.link, done.had_request) == (None, False)


async def test_a_request_that_was_withdrawn_while_it_was_posted_has_no_buttons(
    link_fixture: LinkFixture,
) -> None:
    class Withdrawing(RecordingLinkNotifier):
        async def post_request(self, notice: RequestNotice) -> MessageRef | None:
            await link_fixture.workflow.unlink(PAT, 7)
            return await super().post_request(notice)

    fixture = LinkFixture(link_fixture.queue_fixture, Withdrawing(), needs_approval=True)
    with pytest.raises(RequestNotFound):
        await fixture.request_link()
    assert fixture.notifier.stripped == [MessageRef(900, 1)]


async def test_a_request_that_cannot_be_posted(link_fixture: LinkFixture) -> None:
    link_fixture.notifier.can_post = False
    with pytest.raises(ApprovalUnavailable):
        await link_fixture.request_link()
    assert [one.state for one in await link_fixture.requests.for_person(GUILD, 7)] == [
        LinkRequestState.WITHDRAWN
    ]


async def test_a_cad_that_does_not_answer_hinders_no_request(link_fixture: LinkFixture) -> None:
    link_fixture.cad.query_fault = CadTimeout()
    await link_fixture.request_link()
    assert isinstance(link_fixture.notifier.posted[0].error, CadTimeout)


@pytest.mark.parametrize("steps", [5, 6], ids=["stored", "about to ask the CAD"])
async def test_a_request_is_shown_after_a_crash(
    link_fixture: LinkFixture, queue_fixture: QueueFixture, steps: int
) -> None:
    queue_fixture.lifetime.steps_left = steps
    asking = asyncio.create_task(link_fixture.request_link())
    await queue_fixture.settle()
    queue_fixture.lifetime.steps_left = 0
    await queue_fixture.close()
    assert asking.cancelled()
    await queue_fixture.open()
    again = LinkFixture(queue_fixture, needs_approval=True)
    await again.approvals.resume(GUILD)
    (asked,) = again.notifier.posted
    await again.approvals.resume(GUILD)
    assert len(again.notifier.posted) == 1
    await again.workflow.approve(DANA, asked.request.id, BUTTON, REPLY)
    assert await again.api_ids() == {7: HEX}


async def test_before_an_order_there_is_a_link_or_a_reason(link_fixture: LinkFixture) -> None:
    with pytest.raises(ApprovalPending):
        await link_fixture.workflow.link_now(PAT, PASTED, REPLY)
    assert len(link_fixture.notifier.posted) == 1
    linked = await link_fixture.workflow.link_now(DANA, "license:dana", REPLY)
    assert linked.link.api_id == "license:dana"
    with pytest.raises(IdAlreadyLinked) as told:
        await link_fixture.workflow.link_now(MAX, "LICENSE:DANA", REPLY)
    assert told.value.holders == frozenset({42})


async def test_a_request_expires(link_fixture: LinkFixture, queue_fixture: QueueFixture) -> None:
    request = await link_fixture.request_link()
    await queue_fixture.advance(REQUEST_LIFETIME.total_seconds() - 60)
    await link_fixture.approvals.expire(GUILD)
    assert link_fixture.notifier.closed == []
    await queue_fixture.advance(61)
    await link_fixture.approvals.expire(GUILD)
    (ended,) = link_fixture.notifier.closed
    assert (ended.state, ended.decided_by) == (LinkRequestState.EXPIRED, None)
    assert link_fixture.notifier.answered == [ended]
    with pytest.raises(RequestDecided):
        await link_fixture.workflow.approve(DANA, request.id, BUTTON, REPLY)
    await queue_fixture.advance(REQUEST_LIFETIME.total_seconds() + 1)
    await link_fixture.approvals.expire(GUILD)
    with pytest.raises(RequestNotFound):
        await link_fixture.workflow.approve(DANA, request.id, BUTTON, REPLY)
    assert await link_fixture.requests.for_person(GUILD, 7) == []


async def test_no_token_is_kept_for_more_than_a_quarter_of_an_hour(
    link_fixture: LinkFixture, queue_fixture: QueueFixture
) -> None:
    request = await link_fixture.request_link()

    async def token() -> str | None:
        stored = await link_fixture.requests.get(request.id)
        assert stored is not None
        return stored.token

    await queue_fixture.advance(timedelta(minutes=14).total_seconds())
    await link_fixture.approvals.expire(GUILD)
    assert await token() == REPLY.token
    assert REPLY.token not in repr(request)
    await queue_fixture.advance(61)
    await link_fixture.approvals.expire(GUILD)
    assert await token() is None
