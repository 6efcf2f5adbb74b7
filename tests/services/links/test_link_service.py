"""The link service on a real SQLite file."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.cad.errors import CadError, CadTimeout
from bot.cad.models import Account
from bot.services.access.policy import Access
from bot.services.cad_accounts import CadAccounts
from bot.services.errors import RoleRequired
from bot.services.link_errors import InvalidApiId, ReplacesProvenLink
from bot.services.links.cad_links import CadLinks
from bot.services.links.link_service import PAGE_SIZE, LinkService
from bot.services.verification.verifier import Verification
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from tests.services.conftest import v1
from tests.services.queue_fixture import QueueFixture, ScriptedCad, new_verifier
from tests.services.samples import DISPATCH_ROLE, GUILD, actor
from tests.stored_links import put_link

DANA = actor(DISPATCH_ROLE, user_id=42)
PAT = actor(user_id=7)
PASTED, HEX = "76561198836490351", "1100001343a206f"

pytestmark = v1


class Cad(ScriptedCad):
    """A CAD with accounts; the prepared `answers` come first, in their order."""

    accounts: dict[int, Account]
    names: dict[str, str]
    answers: deque[CadError | None]

    async def check_api_id(self, server_id: int, api_id: str) -> Account | None:
        assert server_id == 3
        await self._ask("account_behind")
        return Account("", self.names[api_id], api_id) if api_id in self.names else None

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:
        return account

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        await self._ask(f"account of {discord_id}")
        fault = self.answers.popleft() if self.answers else None
        if fault:
            raise fault
        return self.accounts.get(discord_id)


@pytest.fixture
def cad(queue_fixture: QueueFixture) -> Cad:
    cad = Cad(queue_fixture.time, 1, queue_fixture.lifetime)
    cad.accounts, cad.names, cad.answers = {}, {HEX: "patdoe"}, deque()
    return cad


@pytest.fixture
def links(queue_fixture: QueueFixture) -> LinkStore:
    return LinkStore(queue_fixture.database)


@pytest.fixture
async def linking(
    queue_fixture: QueueFixture, links: LinkStore, cad: Cad
) -> AsyncIterator[LinkService]:
    service = LinkService(
        Access(frozenset({DISPATCH_ROLE})),
        links,
        CadLinks(links, CadAccounts(cad, clock=queue_fixture.time), clock=queue_fixture.time),
        new_verifier(queue_fixture, cad, server_id=3),
        id_format="{hex}",
        clock=queue_fixture.time,
    )
    yield service
    await service.close()


def link(queue_fixture: QueueFixture, discord_id: int = 7, api_id: str = HEX, **more: Any) -> Link:
    return replace(Link(GUILD, discord_id, api_id, discord_id, queue_fixture.time.now()), **more)


def proven(queue_fixture: QueueFixture, discord_id: int = 7, **more: Any) -> Link:
    now = queue_fixture.time.now()
    return link(
        queue_fixture, discord_id, account_name="patdoe", proven_at=now, checked_at=now, **more
    )


async def test_people_link_themselves(linking, queue_fixture, links) -> None:
    linked = await linking.link(PAT, 7, PASTED)
    assert linked.link == proven(queue_fixture)
    assert linked.replaced is None
    assert linked.verification == Verification(HEX, is_verified=True)  # without the name
    assert await links.find(GUILD, [7]) == {7: linked.link}


async def test_what_is_linked_anew_is_replaced(linking, queue_fixture) -> None:
    await linking.link(PAT, 7, PASTED)
    with pytest.raises(ReplacesProvenLink) as raised:
        await linking.link(DANA, 7, "license:abc")
    assert (raised.value.api_id, raised.value.was_asked) == ("license:abc", True)
    linked = await linking.assign(DANA, 7, "license:abc", may_replace_proven=True)
    assert linked.replaced == proven(queue_fixture)
    now = queue_fixture.time.now()
    assert linked.link == link(queue_fixture, api_id="license:abc", set_by=42, checked_at=now)
    assert linked.verification == Verification("license:abc")


async def test_a_cad_that_does_not_answer_hinders_no_link(
    linking, cad, links, queue_fixture
) -> None:
    cad.query_fault = CadTimeout()
    linked = await linking.link(PAT, 7, PASTED)
    assert isinstance(linked.verification.error, CadTimeout)
    assert not linked.verification.is_verified
    assert await links.find(GUILD, [7]) == {7: link(queue_fixture)}


@pytest.mark.parametrize(("who", "allowed"), [(DANA, True), (actor(user_id=8), False)])
async def test_others_are_linked_by_dispatchers(linking, who, allowed: bool) -> None:
    if allowed:
        await linking.link(who, 7, PASTED)
        assert await linking.unlink(who, 7)
        return
    with pytest.raises(RoleRequired):
        await linking.link(who, 7, PASTED)
    with pytest.raises(RoleRequired):
        await linking.unlink(who, 7)


async def test_what_is_no_id_is_not_stored(linking, links) -> None:
    with pytest.raises(InvalidApiId):
        await linking.link(PAT, 7, "hello there")
    assert await links.find(GUILD, [7]) == {}


async def test_people_unlink_themselves(linking, queue_fixture, links) -> None:
    await linking.link(PAT, 7, PASTED)
    assert await linking.unlink(PAT, 7) == proven(queue_fixture)
    assert await linking.unlink(PAT, 7) is None
    assert await links.find(GUILD, [7]) == {}


async def test_the_id_does_not_reach_the_log(linking, caplog) -> None:
    caplog.set_level(logging.INFO)
    await linking.link(PAT, 7, PASTED)
    await linking.unlink(PAT, 7)
    assert caplog.messages == ["7 linked 7 in guild 10", "7 unlinked 7 in guild 10"]


@pytest.mark.parametrize(("asked", "number"), [(-1, 1), (1, 1), (2, 2), (9, 2)])
async def test_pages(linking, links, queue_fixture, asked: int, number: int) -> None:
    total, shown = PAGE_SIZE + 5, PAGE_SIZE if number == 1 else 5
    await links.put_many([link(queue_fixture, one, f"steam:{one}") for one in range(1, total + 1)])
    page = await linking.page(DANA, asked)
    assert (page.number, page.count, page.total, len(page.items)) == (number, 2, total, shown)
    first = 1 + (number - 1) * PAGE_SIZE
    assert [one.discord_id for one in page.items] == list(range(first, first + shown))


async def test_an_empty_page(linking) -> None:
    page = await linking.page(DANA, 1)
    assert (page.items, page.number, page.count, page.total) == ([], 1, 1, 0)


async def test_whose_an_id_is(linking, links, queue_fixture) -> None:
    spelled = [HEX, HEX.upper(), f"STEAM:{HEX.upper()}", PASTED, f"steam:{PASTED}", "steam:9"]
    await links.put_many([link(queue_fixture, *one) for one in enumerate(spelled, 7)])
    for asked in (PASTED, HEX, f"Steam:{HEX}", f"https://steamcommunity.com/profiles/{PASTED}"):
        found = await linking.owners(DANA, asked)
        assert [one.discord_id for one in found] == [7, 8, 9, 10, 11]
    await put_link(links, link(queue_fixture, 20, "License:AbC"))
    assert [one.discord_id for one in await linking.owners(DANA, "license:AbC")] == [20]


async def test_only_dispatchers_look(linking) -> None:
    with pytest.raises(RoleRequired):
        await linking.page(PAT, 1)
    with pytest.raises(RoleRequired):
        await linking.owners(PAT, PASTED)


async def test_the_known_links_are_read_in_the_background(linking, links, queue_fixture) -> None:
    await put_link(links, link(queue_fixture))
    assert linking.cached(GUILD) == ()
    await queue_fixture.settle()
    assert linking.cached(GUILD) == (link(queue_fixture),)
    assert linking.cached(GUILD + 1) == ()
    await linking.close()


async def test_closing_without_having_read_anything(linking) -> None:
    await asyncio.gather(linking.close(), linking.close())


async def test_only_dispatchers_ask_who_another_member_is(linking) -> None:
    assert (await linking.describe(PAT, PAT.user_id)).discord_id == PAT.user_id
    assert (await linking.describe(DANA, PAT.user_id)).link is None
    with pytest.raises(RoleRequired):
        await linking.describe(PAT, DANA.user_id)
