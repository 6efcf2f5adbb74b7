"""Linking, conflicts about one id, and the notices about changes."""

from __future__ import annotations

import asyncio

import pytest

from bot.services.errors import IdAlreadyLinked, RequestNotFound, RoleRequired
from bot.services.links.approvals import IdConflict
from bot.services.links.link_changes import LinkChangeKind
from bot.services.links.link_service import LinkResult
from bot.storage.stores.link_row import LinkSource
from tests.services.conftest import v1
from tests.services.link_stage import BOB, DANA, HEX, MAX, PASTED, PAT, REPLY, LinkStage
from tests.services.office import Office
from tests.services.samples import GUILD, actor

pytestmark = v1

SPELLINGS = [HEX, HEX.upper(), f"steam:{HEX}", f"STEAM:{HEX.upper()}"]


@pytest.fixture
def stage(office: Office) -> LinkStage:
    return LinkStage(office)


def told(stage: LinkStage) -> list[tuple[LinkChangeKind, int, int | None]]:
    return [(one.kind, one.before.discord_id, one.other_id) for one in stage.people.told]


def reported(stage: LinkStage) -> list[tuple[LinkChangeKind, int, int | None]]:
    return [(one.kind, one.before.discord_id, one.other_id) for one in stage.people.reported]


@pytest.mark.parametrize("stored", SPELLINGS)
@pytest.mark.parametrize("pasted", [PASTED, f"Steam:{HEX.upper()}"])
async def test_nobody_takes_an_id_in_another_spelling(
    stage: LinkStage, stored: str, pasted: str
) -> None:
    await stage.put(BOB, stored)
    with pytest.raises(IdAlreadyLinked) as refusal:
        await stage.desk.link(PAT, 7, pasted, REPLY)
    assert refusal.value.holders == frozenset()  # the actor may not see them
    assert await stage.linked() == {8: stored}
    assert stage.people.told == stage.people.reported == []


async def test_another_server_is_another_matter(stage: LinkStage) -> None:
    await stage.put(BOB, guild_id=GUILD + 1)
    assert isinstance(await stage.desk.link(PAT, 7, PASTED, REPLY), LinkResult)


async def test_whoever_may_link_is_asked(stage: LinkStage) -> None:
    await stage.put(BOB)
    question = await stage.held(DANA, 7)
    assert (question.discord_id, question.holders) == (7, frozenset({8}))
    assert await stage.linked() == {8: HEX}


async def test_sharing(stage: LinkStage) -> None:
    await stage.put(BOB, f"steam:{HEX}")
    question = await stage.held(DANA, 7)
    linked = await stage.desk.share(DANA, question.id)
    assert isinstance(linked, LinkResult)
    assert ([one.discord_id for one in linked.holders], linked.is_moved) == ([8], False)
    assert await stage.linked() == {7: HEX, 8: f"steam:{HEX}"}
    assert told(stage) == reported(stage) == [(LinkChangeKind.SHARED, 8, 7)]
    # A member who shares an id may link it again in another spelling.
    assert isinstance(await stage.desk.link(PAT, 7, f"STEAM:{HEX.upper()}", REPLY), LinkResult)


async def test_moving(stage: LinkStage) -> None:
    await stage.put(BOB)
    await stage.put(PAT, "steam:old")
    question = await stage.held(DANA, 7)
    linked = await stage.desk.move(DANA, question.id)
    assert isinstance(linked, LinkResult)
    assert linked.is_moved
    assert await stage.linked() == {7: HEX}
    assert (
        told(stage)
        == reported(stage)
        == [(LinkChangeKind.CHANGED, 7, None), (LinkChangeKind.MOVED, 8, 7)]
    )


async def test_moving_takes_it_from_everybody(stage: LinkStage) -> None:
    for who, spelling in zip((BOB, PAT, MAX), SPELLINGS, strict=False):
        await stage.put(who, spelling)
    question = await stage.held(DANA, 42)
    await stage.desk.move(DANA, question.id)
    assert await stage.linked() == {42: HEX}


async def test_leaving_it_as_it_is(stage: LinkStage) -> None:
    await stage.put(BOB)
    question = await stage.held(DANA, 7)
    left = await stage.desk.keep(DANA, question.id)
    assert left.holders == frozenset({8})
    for press in (stage.desk.share, stage.desk.move, stage.desk.keep):
        with pytest.raises(RequestNotFound):
            await press(DANA, question.id)
    assert await stage.linked() == {8: HEX}


async def test_a_question_is_answered_once(stage: LinkStage) -> None:
    await stage.put(BOB)
    question = await stage.held(DANA, 7)
    ends = await asyncio.gather(
        stage.desk.share(DANA, question.id),
        stage.desk.move(DANA, question.id),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in ends) == ["LinkResult", "RequestNotFound"]


async def test_only_linkers_of_this_server_answer(stage: LinkStage) -> None:
    await stage.put(BOB)
    question = await stage.held(DANA, 7)
    stranger = actor(*DANA.role_ids, user_id=42, guild_id=GUILD + 1)
    for press in (stage.desk.share, stage.desk.move, stage.desk.keep):
        with pytest.raises(RoleRequired):
            await press(PAT, question.id)
        with pytest.raises(RequestNotFound):
            await press(stranger, question.id)
    assert await stage.linked() == {8: HEX}


async def test_whoever_was_not_in_the_question_is_asked_about(stage: LinkStage) -> None:
    await stage.put(BOB)
    question = await stage.held(DANA, 7)
    await stage.put(MAX)
    again = await stage.desk.move(DANA, question.id)
    assert isinstance(again, IdConflict)
    assert again.request.holders == frozenset({8, 43})
    assert await stage.linked() == {8: HEX, 43: HEX}


async def test_a_holder_who_has_gone_is_in_nobodys_way(stage: LinkStage) -> None:
    await stage.put(BOB)
    question = await stage.held(DANA, 7)
    await stage.desk.unlink(BOB, 8)
    assert isinstance(await stage.desk.share(DANA, question.id), LinkResult)
    assert await stage.linked() == {7: HEX}


async def test_two_link_the_same_id_at_once(stage: LinkStage) -> None:
    ends = await asyncio.gather(
        *(
            stage.desk.link(actor(user_id=one), one, spelling, REPLY)
            for one, spelling in enumerate([PASTED, *SPELLINGS[2:]] * 3, start=1)
        ),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in ends].count("LinkResult") == 1
    assert [type(one).__name__ for one in ends].count("IdAlreadyLinked") == 8
    assert len(await stage.linked()) == 1


async def test_the_cads_own_links_share_nothing(stage: LinkStage) -> None:
    from bot.cad.models import Account

    await stage.put(BOB)
    stage.cad.accounts[7] = Account("u-7", "pat", f"steam:{HEX}")
    stage.cad.accounts[9] = Account("u-9", "eve", "steam:9")
    assert await stage.linking.api_ids(GUILD, [7, 9]) == {7: f"steam:{HEX}", 9: "steam:9"}
    assert await stage.linked() == {8: HEX, 9: "steam:9"}
    (learned,) = [one for one in await stage.links.all(GUILD) if one.discord_id == 9]
    assert learned.source is LinkSource.CAD


async def test_a_change_by_somebody_else_is_told(stage: LinkStage) -> None:
    await stage.put(PAT, "steam:old")
    await stage.desk.link(DANA, 7, PASTED, REPLY)
    (news,) = stage.people.told
    assert (news.kind, news.before.api_id, news.api_id, news.changed_by) == (
        LinkChangeKind.CHANGED,
        "steam:old",
        HEX,
        42,
    )
    await stage.desk.unlink(DANA, 7)
    assert told(stage)[1:] == [(LinkChangeKind.REMOVED, 7, None)]
    assert stage.people.reported == stage.people.told


async def test_a_change_of_ones_own_is_only_reported(stage: LinkStage) -> None:
    await stage.put(PAT, "steam:old")
    await stage.desk.link(PAT, 7, PASTED, REPLY)
    await stage.desk.unlink(PAT, 7)
    assert stage.people.told == []
    assert [change for change, *_ in reported(stage)] == [
        LinkChangeKind.CHANGED,
        LinkChangeKind.REMOVED,
    ]


@pytest.mark.parametrize("who", [PAT, DANA])
async def test_no_change_is_no_news(stage: LinkStage, who) -> None:
    await stage.desk.link(who, 7, PASTED, REPLY)
    await stage.desk.link(who, 7, PASTED, REPLY)
    await stage.desk.unlink(who, 7)
    await stage.desk.unlink(who, 7)
    assert [one.kind for one in stage.people.reported] == [LinkChangeKind.REMOVED]
