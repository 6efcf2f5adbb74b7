"""Linking, conflicts about one id, and the notices about changes."""

from __future__ import annotations

import asyncio

import pytest

from bot.services.errors import RoleRequired
from bot.services.link_errors import IdAlreadyLinked, RequestNotFound
from bot.services.links.link_changes import IdConflict, LinkChangeKind
from bot.services.links.link_service import LinkResult
from tests.services.conftest import v1
from tests.services.link_fixture import BOB, DANA, HEX, MAX, PASTED, PAT, REPLY, LinkFixture
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import GUILD, actor

pytestmark = v1

SPELLINGS = [HEX, HEX.upper(), f"steam:{HEX}", f"STEAM:{HEX.upper()}"]


@pytest.fixture
def link_fixture(queue_fixture: QueueFixture) -> LinkFixture:
    return LinkFixture(queue_fixture)


def told(link_fixture: LinkFixture) -> list[tuple[LinkChangeKind, int, int | None]]:
    return [
        (one.kind, one.before.discord_id, one.other_id) for one in link_fixture.notifier.notified
    ]


def reported(link_fixture: LinkFixture) -> list[tuple[LinkChangeKind, int, int | None]]:
    return [(one.kind, one.before.discord_id, one.other_id) for one in link_fixture.notifier.logged]


@pytest.mark.parametrize("stored", SPELLINGS)
@pytest.mark.parametrize("pasted", [PASTED, f"Steam:{HEX.upper()}"])
async def test_another_spelling_takes_no_id_away(
    link_fixture: LinkFixture, stored: str, pasted: str
) -> None:
    await link_fixture.put_link(BOB, stored)
    with pytest.raises(IdAlreadyLinked) as refusal:
        await link_fixture.workflow.link(PAT, 7, pasted, REPLY)
    assert refusal.value.holders == frozenset()  # the actor may not see them
    assert await link_fixture.api_ids() == {8: stored}
    assert link_fixture.notifier.notified == link_fixture.notifier.logged == []


async def test_another_server_is_another_matter(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB, guild_id=GUILD + 1)
    assert isinstance(await link_fixture.workflow.link(PAT, 7, PASTED, REPLY), LinkResult)


async def test_members_who_may_link_are_asked(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB)
    question = await link_fixture.create_conflict(DANA, 7)
    assert (question.discord_id, question.holders) == (7, frozenset({8}))
    assert await link_fixture.api_ids() == {8: HEX}


async def test_sharing(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB, f"steam:{HEX}")
    question = await link_fixture.create_conflict(DANA, 7)
    linked = await link_fixture.workflow.share(DANA, question.id, REPLY)
    assert isinstance(linked, LinkResult)
    assert ([one.discord_id for one in linked.holders], linked.is_moved) == ([8], False)
    assert await link_fixture.api_ids() == {7: HEX, 8: f"steam:{HEX}"}
    assert told(link_fixture) == reported(link_fixture) == [(LinkChangeKind.SHARED, 8, 7)]
    # A member who shares an id may link it again in another spelling.
    assert isinstance(
        await link_fixture.workflow.link(PAT, 7, f"STEAM:{HEX.upper()}", REPLY), LinkResult
    )


async def test_moving(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB)
    await link_fixture.put_link(PAT, "steam:old")
    question = await link_fixture.create_conflict(DANA, 7)
    linked = await link_fixture.workflow.move(DANA, question.id, REPLY)
    assert isinstance(linked, LinkResult)
    assert linked.is_moved
    assert await link_fixture.api_ids() == {7: HEX}
    assert (
        told(link_fixture)
        == reported(link_fixture)
        == [(LinkChangeKind.CHANGED, 7, None), (LinkChangeKind.MOVED, 8, 7)]
    )


async def test_moving_takes_it_from_all_holders(link_fixture: LinkFixture) -> None:
    for who, spelling in zip((BOB, PAT, MAX), SPELLINGS, strict=False):
        await link_fixture.put_link(who, spelling)
    question = await link_fixture.create_conflict(DANA, 42)
    await link_fixture.workflow.move(DANA, question.id, REPLY)
    assert await link_fixture.api_ids() == {42: HEX}


async def test_leaving_it_as_it_is(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB)
    question = await link_fixture.create_conflict(DANA, 7)
    left = await link_fixture.workflow.keep(DANA, question.id, REPLY)
    assert left.holders == frozenset({8})
    for press in (
        link_fixture.workflow.share,
        link_fixture.workflow.move,
        link_fixture.workflow.keep,
    ):
        with pytest.raises(RequestNotFound):
            await press(DANA, question.id, REPLY)
    assert await link_fixture.api_ids() == {8: HEX}


async def test_a_question_is_answered_once(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB)
    question = await link_fixture.create_conflict(DANA, 7)
    ends = await asyncio.gather(
        link_fixture.workflow.share(DANA, question.id, REPLY),
        link_fixture.workflow.move(DANA, question.id, REPLY),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in ends) == ["LinkResult", "RequestNotFound"]


async def test_only_linkers_of_this_server_answer(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB)
    question = await link_fixture.create_conflict(DANA, 7)
    stranger = actor(*DANA.role_ids, user_id=42, guild_id=GUILD + 1)
    for press in (
        link_fixture.workflow.share,
        link_fixture.workflow.move,
        link_fixture.workflow.keep,
    ):
        with pytest.raises(RoleRequired):
            await press(PAT, question.id, REPLY)
        with pytest.raises(RequestNotFound):
            await press(stranger, question.id, REPLY)
    assert await link_fixture.api_ids() == {8: HEX}


async def test_a_holder_who_was_not_in_the_question_is_asked_about(
    link_fixture: LinkFixture,
) -> None:
    await link_fixture.put_link(BOB)
    question = await link_fixture.create_conflict(DANA, 7)
    await link_fixture.put_link(MAX)
    again = await link_fixture.workflow.move(DANA, question.id, REPLY)
    assert isinstance(again, IdConflict)
    assert again.request.holders == frozenset({8, 43})
    assert await link_fixture.api_ids() == {8: HEX, 43: HEX}


async def test_a_holder_who_has_left_blocks_no_link(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(BOB)
    question = await link_fixture.create_conflict(DANA, 7)
    await link_fixture.workflow.unlink(BOB, 8)
    assert isinstance(await link_fixture.workflow.share(DANA, question.id, REPLY), LinkResult)
    assert await link_fixture.api_ids() == {7: HEX}


async def test_two_link_the_same_id_at_once(link_fixture: LinkFixture) -> None:
    ends = await asyncio.gather(
        *(
            link_fixture.workflow.link(actor(user_id=one), one, spelling, REPLY)
            for one, spelling in enumerate([PASTED, *SPELLINGS[2:]] * 3, start=1)
        ),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in ends].count("LinkResult") == 1
    assert [type(one).__name__ for one in ends].count("IdAlreadyLinked") == 8
    assert len(await link_fixture.api_ids()) == 1


async def test_a_change_by_another_member_is_told(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(PAT, "steam:old")
    await link_fixture.workflow.link(DANA, 7, PASTED, REPLY)
    (news,) = link_fixture.notifier.notified
    assert (news.kind, news.before.api_id, news.api_id, news.changed_by) == (
        LinkChangeKind.CHANGED,
        "steam:old",
        HEX,
        42,
    )
    await link_fixture.workflow.unlink(DANA, 7)
    assert told(link_fixture)[1:] == [(LinkChangeKind.REMOVED, 7, None)]
    assert link_fixture.notifier.logged == link_fixture.notifier.notified


async def test_a_change_of_ones_own_is_only_reported(link_fixture: LinkFixture) -> None:
    await link_fixture.put_link(PAT, "steam:old")
    await link_fixture.workflow.link(PAT, 7, PASTED, REPLY)
    await link_fixture.workflow.unlink(PAT, 7)
    assert link_fixture.notifier.notified == []
    assert [change for change, *_ in reported(link_fixture)] == [
        LinkChangeKind.CHANGED,
        LinkChangeKind.REMOVED,
    ]


@pytest.mark.parametrize("who", [PAT, DANA])
async def test_no_change_is_no_news(link_fixture: LinkFixture, who) -> None:
    await link_fixture.workflow.link(who, 7, PASTED, REPLY)
    await link_fixture.workflow.link(who, 7, PASTED, REPLY)
    await link_fixture.workflow.unlink(who, 7)
    await link_fixture.workflow.unlink(who, 7)
    assert [one.kind for one in link_fixture.notifier.logged] == [LinkChangeKind.REMOVED]
