"""Link requests that wait for an approval, on a real SQLite file."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.cad.errors import CadTimeout
from bot.services.errors import (
    ApprovalPending,
    ApprovalUnavailable,
    IdAlreadyLinked,
    InvalidApiId,
    RequestDecided,
    RequestNotFound,
    RoleRequired,
)
from bot.services.links.approvals import REQUEST_LIFETIME, IdConflict, SubmittedRequest
from bot.services.links.link_service import LinkResult
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestState
from tests.services.conftest import v1
from tests.services.link_stage import (
    BOB,
    BUTTON,
    DANA,
    HEX,
    MAX,
    PASTED,
    PAT,
    REPLY,
    LinkStage,
)
from tests.services.office import Office
from tests.services.samples import DISPATCH_ROLE, GUILD, actor

pytestmark = v1

STRANGER = actor(DISPATCH_ROLE, user_id=44, guild_id=GUILD + 1)


@pytest.fixture
def stage(office: Office) -> LinkStage:
    return LinkStage(office, needs_approval=True)


async def test_a_member_asks_and_somebody_approves(stage: LinkStage) -> None:
    request = await stage.ask()
    assert await stage.linked() == {}
    (asking,) = stage.people.asked
    assert (asking.request.id, asking.request.discord_id, asking.request.api_id) == (
        request.id,
        7,
        HEX,
    )
    assert (asking.request.account_name, asking.replaces, asking.error) == ("patdoe", None, None)
    approved = await stage.desk.approve(DANA, request.id, BUTTON)
    assert isinstance(approved, LinkRequest)
    assert (approved.state, approved.decided_by) == (LinkRequestState.APPROVED, 42)
    (link,) = await stage.links.all(GUILD)
    assert (link.discord_id, link.api_id, link.set_by) == (7, HEX, 42)
    assert stage.people.closed == stage.people.answered == [approved]
    assert approved.token == REPLY.token
    stored = await stage.store.get(request.id)
    assert stored is not None
    assert stored.token is None  # it is not needed any more


async def test_a_member_asks_and_somebody_denies(stage: LinkStage) -> None:
    before = await stage.put(PAT, "steam:old")
    request = await stage.ask()
    assert stage.people.asked[0].replaces == before
    denied = await stage.desk.deny(DANA, request.id, BUTTON)
    assert denied.state is LinkRequestState.DENIED
    assert await stage.linked() == {7: "steam:old"}
    assert stage.people.answered == [denied]


@pytest.mark.parametrize("second", ["approve", "deny"])
async def test_the_second_press_is_told_who_was_first(stage: LinkStage, second: str) -> None:
    request = await stage.ask()
    await stage.desk.deny(DANA, request.id, BUTTON)
    with pytest.raises(RequestDecided) as told:
        await getattr(stage.desk, second)(MAX, request.id, BUTTON)
    assert (told.value.state, told.value.decided_by) == (LinkRequestState.DENIED, 42)
    assert await stage.linked() == {}
    # The buttons that were still visible are removed.
    assert len(stage.people.closed) == 2
    assert len(stage.people.answered) == 1


async def test_two_press_at_once(stage: LinkStage) -> None:
    request = await stage.ask()
    ends = await asyncio.gather(
        stage.desk.approve(DANA, request.id, BUTTON),
        stage.desk.deny(MAX, request.id, BUTTON),
        stage.desk.approve(MAX, request.id, BUTTON),
        return_exceptions=True,
    )
    done = [one for one in ends if isinstance(one, LinkRequest)]
    late = [one for one in ends if isinstance(one, RequestDecided)]
    assert (len(done), len(late)) == (1, 2)
    assert {(one.state, one.decided_by) for one in late} == {(done[0].state, done[0].decided_by)}
    assert bool(await stage.linked()) is (done[0].state is LinkRequestState.APPROVED)
    assert stage.people.answered == done


@pytest.mark.parametrize("press", ["approve", "deny"])
async def test_only_linkers_of_this_server_decide(stage: LinkStage, press: str) -> None:
    request = await stage.ask()
    with pytest.raises(RoleRequired):
        await getattr(stage.desk, press)(BOB, request.id, BUTTON)
    with pytest.raises(RequestNotFound):
        await getattr(stage.desk, press)(STRANGER, request.id, BUTTON)
    with pytest.raises(RequestNotFound):
        await getattr(stage.desk, press)(DANA, request.id + 1, BUTTON)
    assert await stage.linked() == {}
    assert stage.people.closed == []
    assert await stage.desk.deny(DANA, request.id, BUTTON)


async def test_a_second_request_takes_the_place_of_the_first(stage: LinkStage) -> None:
    first = await stage.ask()
    second = await stage.desk.link(PAT, 7, "license:abc", REPLY)
    assert isinstance(second, SubmittedRequest)
    assert second.has_replaced
    assert [(one.id, one.state) for one in stage.people.closed] == [
        (first.id, LinkRequestState.REPLACED)
    ]
    assert stage.people.closed[0].message_id == 1
    with pytest.raises(RequestDecided):
        await stage.desk.approve(DANA, first.id, BUTTON)
    await stage.desk.approve(DANA, second.request.id, BUTTON)
    assert await stage.linked() == {7: "license:abc"}


async def test_many_requests_at_once_leave_one(stage: LinkStage) -> None:
    await asyncio.gather(*(stage.ask(PAT, f"license:{one}") for one in range(8)))
    found = await stage.store.for_person(GUILD, 7)
    assert [one.state for one in found].count(LinkRequestState.PENDING) == 1
    assert len(stage.people.closed) == 7


async def test_whoever_may_link_does_not_ask(stage: LinkStage) -> None:
    assert isinstance(await stage.desk.link(DANA, 42, PASTED, REPLY), LinkResult)
    assert stage.people.asked == []


async def test_another_spelling_of_the_own_id_is_no_request(stage: LinkStage) -> None:
    await stage.put(PAT, f"steam:{HEX.upper()}")
    assert isinstance(await stage.desk.link(PAT, 7, PASTED, REPLY), LinkResult)
    assert await stage.linked() == {7: HEX}


async def test_there_is_no_asking_for_what_somebody_else_has(stage: LinkStage) -> None:
    await stage.put(BOB, f"STEAM:{HEX.upper()}")
    with pytest.raises(IdAlreadyLinked) as told:
        await stage.ask()
    assert told.value.holders == frozenset()
    assert stage.people.asked == []


async def test_nonsense_is_no_request(stage: LinkStage) -> None:
    with pytest.raises(InvalidApiId):
        await stage.ask(PAT, "hello there")
    with pytest.raises(RoleRequired):
        await stage.desk.link(PAT, 8, PASTED, REPLY)
    assert stage.people.asked == []


async def test_an_id_that_was_taken_meanwhile_is_a_question(stage: LinkStage) -> None:
    request = await stage.ask()
    await stage.put(BOB)
    held = await stage.desk.approve(DANA, request.id, BUTTON)
    assert isinstance(held, IdConflict)
    assert (held.request.discord_id, held.request.holders) == (7, frozenset({8}))
    assert await stage.linked() == {8: HEX}
    assert stage.people.closed == []
    assert isinstance(await stage.desk.move(DANA, held.request.id), LinkResult)
    assert await stage.linked() == {7: HEX}
    (ended,) = stage.people.answered
    assert (ended.id, ended.state, ended.decided_by) == (request.id, LinkRequestState.APPROVED, 42)


@pytest.mark.parametrize(
    ("pasted", "state"),
    [(PASTED, LinkRequestState.APPROVED), ("license:other", LinkRequestState.REPLACED)],
)
async def test_linking_whoever_asks_settles_it(
    stage: LinkStage, pasted: str, state: LinkRequestState
) -> None:
    await stage.ask()
    await stage.desk.link(DANA, 7, pasted, REPLY)
    assert [(one.state, one.decided_by) for one in stage.people.answered] == [(state, 42)]
    assert stage.people.closed == stage.people.answered


@pytest.mark.parametrize(("who", "told"), [(PAT, 0), (DANA, 1)])
async def test_unlinking_withdraws_the_request(stage: LinkStage, who, told: int) -> None:
    await stage.put(PAT, "steam:old")
    request = await stage.ask()
    done = await stage.desk.unlink(who, 7)
    assert (done.link is not None, done.had_request) == (True, True)
    assert await stage.store.for_person(GUILD, 7) == []
    assert [one.state for one in stage.people.closed] == [LinkRequestState.WITHDRAWN]
    assert len(stage.people.answered) == told
    with pytest.raises(RequestNotFound):
        await stage.desk.approve(DANA, request.id, BUTTON)
    done = await stage.desk.unlink(who, 7)
    assert (done.link, done.had_request) == (None, False)


async def test_a_request_that_nobody_can_be_shown(stage: LinkStage) -> None:
    stage.people.hears = False
    with pytest.raises(ApprovalUnavailable):
        await stage.ask()
    assert [one.state for one in await stage.store.for_person(GUILD, 7)] == [
        LinkRequestState.WITHDRAWN
    ]


async def test_a_cad_that_does_not_answer_hinders_no_request(stage: LinkStage) -> None:
    stage.cad.question_fault = CadTimeout()
    await stage.ask()
    assert isinstance(stage.people.asked[0].error, CadTimeout)


@pytest.mark.parametrize("steps", [5, 6], ids=["stored", "about to ask the CAD"])
async def test_a_request_is_shown_after_a_crash(
    stage: LinkStage, office: Office, steps: int
) -> None:
    office.life.left = steps
    asking = asyncio.create_task(stage.ask())
    await office.settle()
    office.life.left = 0
    await office.close()
    assert asking.cancelled()
    await office.open()
    again = LinkStage(office, needs_approval=True)
    await again.requests.resume()
    (asked,) = again.people.asked
    await again.requests.resume()
    assert len(again.people.asked) == 1
    await again.desk.approve(DANA, asked.request.id, BUTTON)
    assert await again.linked() == {7: HEX}


async def test_before_an_order_there_is_a_link_or_a_reason(stage: LinkStage) -> None:
    with pytest.raises(ApprovalPending):
        await stage.desk.link_now(PAT, PASTED, REPLY)
    assert len(stage.people.asked) == 1
    linked = await stage.desk.link_now(DANA, "license:dana", REPLY)
    assert linked.link.api_id == "license:dana"
    with pytest.raises(IdAlreadyLinked) as told:
        await stage.desk.link_now(MAX, "LICENSE:DANA", REPLY)
    assert told.value.holders == frozenset({42})


async def test_a_request_expires(stage: LinkStage, office: Office) -> None:
    request = await stage.ask()
    await office.passes(REQUEST_LIFETIME.total_seconds() - 60)
    await stage.requests.expire()
    assert stage.people.closed == []
    await office.passes(61)
    await stage.requests.expire()
    (ended,) = stage.people.closed
    assert (ended.state, ended.decided_by) == (LinkRequestState.EXPIRED, None)
    assert stage.people.answered == [ended]
    with pytest.raises(RequestDecided):
        await stage.desk.approve(DANA, request.id, BUTTON)
    await office.passes(REQUEST_LIFETIME.total_seconds() + 1)
    await stage.requests.expire()
    with pytest.raises(RequestNotFound):
        await stage.desk.approve(DANA, request.id, BUTTON)
    assert await stage.store.for_person(GUILD, 7) == []


async def test_no_token_is_kept_for_more_than_a_quarter_of_an_hour(
    stage: LinkStage, office: Office
) -> None:
    request = await stage.ask()

    async def token() -> str | None:
        stored = await stage.store.get(request.id)
        assert stored is not None
        return stored.token

    await office.passes(timedelta(minutes=14).total_seconds())
    await stage.requests.expire()
    assert await token() == REPLY.token
    assert REPLY.token not in repr(request)
    await office.passes(61)
    await stage.requests.expire()
    assert await token() is None
