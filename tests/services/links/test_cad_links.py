"""Members who have linked Discord in the CAD need no link here, on a real SQLite file."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from bot.cad.errors import CadError, CadRateLimited, CadRefused, CadUnreachable
from bot.cad.models import Account
from bot.common.account_id import account_id
from bot.services.cad_accounts import CadAccounts
from bot.services.cad_lookup import CadLookup
from bot.services.links import cad_links as module
from bot.services.links.cad_links import CadLinks, MemberAccount
from bot.storage.stores.link_row import Link, LinkSource
from bot.storage.stores.link_store import LinkStore
from tests.deadlines import HANG_TIMEOUT
from tests.services.conftest import v2
from tests.services.queue_fixture import QueueFixture, ScriptedCad
from tests.services.samples import GUILD
from tests.stored_links import put_link

pytestmark = v2

ALICE = Account("u-8", "alice", "steam:8")


class Cad(ScriptedCad):
    """A CAD with accounts; the prepared `answers` come first, in their order."""

    accounts: dict[int, Account]
    answers: deque[CadError | None]

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        await self._ask(f"account of {discord_id}")
        fault = self.answers.popleft() if self.answers else None
        if fault:
            raise fault
        await self.gate.wait()
        return self.accounts.get(discord_id)


@pytest.fixture
def cad(queue_fixture: QueueFixture) -> Cad:
    cad = Cad(queue_fixture.time, 2, queue_fixture.lifetime)
    cad.accounts, cad.answers = {}, deque()
    return cad


@pytest.fixture
def links(queue_fixture: QueueFixture) -> LinkStore:
    return LinkStore(queue_fixture.database)


@pytest.fixture
def cad_links(queue_fixture: QueueFixture, cad: Cad, links: LinkStore) -> CadLinks:
    accounts = CadAccounts(cad, clock=queue_fixture.time)
    return CadLinks(links, accounts, clock=queue_fixture.time)


def link(queue_fixture: QueueFixture, discord_id: int, api_id: str) -> Link:
    return Link(GUILD, discord_id, api_id, discord_id, queue_fixture.time.now())


async def test_an_account_is_stored_as_a_link(cad_links, cad, links, queue_fixture) -> None:
    cad.accounts[8] = ALICE
    lookup = CadLookup()
    assert await cad_links.api_ids(GUILD, [8, 9], lookup) == {8: "steam:8", 9: None}
    assert lookup.was_asked
    now = queue_fixture.time.now()
    assert await links.find(GUILD, [8, 9]) == {
        8: Link(
            GUILD,
            8,
            "steam:8",
            0,
            now,
            LinkSource.CAD,
            account_name="alice",
            account_uuid="u-8",
            proven_at=now,
            checked_at=now,
        )
    }


async def test_the_same_question_again_is_answered_from_memory(cad_links, cad) -> None:
    cad.accounts[8] = ALICE
    await cad_links.api_ids(GUILD, [8, 9], CadLookup())
    lookup = CadLookup()
    assert await cad_links.api_ids(GUILD, [8, 9], lookup) == {8: "steam:8", 9: None}
    assert not lookup.was_asked
    assert (cad.asked["account of 8"], cad.asked["account of 9"]) == (1, 1)


async def test_an_account_without_a_player_is_named_by_its_uuid(cad_links, cad, links) -> None:
    cad.accounts[8] = Account("u-8", "", "")
    assert await cad_links.api_ids(GUILD, [8], CadLookup()) == {8: account_id("u-8")}
    stored = (await links.find(GUILD, [8]))[8]
    assert (stored.api_id, stored.account_uuid, stored.account_name) == ("account:u-8", "u-8", None)


async def test_an_id_of_another_member_is_used_and_not_stored(
    cad_links, cad, links, queue_fixture, caplog
) -> None:
    await put_link(links, link(queue_fixture, 7, "STEAM:8"))
    cad.accounts[8] = ALICE
    assert await cad_links.api_ids(GUILD, [8], CadLookup()) == {8: "steam:8"}
    assert list(await links.find(GUILD, [7, 8])) == [7]
    assert caplog.messages == ["the CAD links 8 to an id that another member has here"]


async def test_a_member_whom_the_cad_cannot_be_asked_about_is_not_called_unlinked(
    cad_links, cad
) -> None:
    cad.answers.extend([CadRefused("NO", status=400), None])
    lookup = CadLookup()
    assert await cad_links.api_ids(GUILD, [8, 9], lookup) == {9: None}
    assert lookup.error is None  # another attempt would end the same way


async def test_a_cad_that_does_not_answer_is_asked_once(cad_links, cad) -> None:
    cad.answers.extend([None, CadUnreachable("Connection refused"), None])
    lookup = CadLookup()
    assert await cad_links.api_ids(GUILD, [8, 9, 10, 11], lookup) == {8: None}
    assert list(cad.asked) == ["account of 8", "account of 9"]
    assert isinstance(lookup.error, CadUnreachable)


class TestMoved:
    """Linked members whose id no unit on duty has."""

    async def test_the_account_in_the_cad_is_stored_instead(
        self, cad_links, cad, links, queue_fixture
    ) -> None:
        await put_link(links, link(queue_fixture, 8, "1100001343a206f"))
        cad.accounts[8] = ALICE
        assert await cad_links.moved_ids(GUILD, [8]) == {8: "steam:8"}
        assert (await links.find(GUILD, [8]))[8].source is LinkSource.CAD

    async def test_the_link_here_stays(self, cad_links, cad, links, queue_fixture) -> None:
        kept = [link(queue_fixture, 8, "STEAM:8"), link(queue_fixture, 9, "steam:9")]
        for one in kept:
            await put_link(links, one)
        cad.accounts[8] = ALICE
        assert await cad_links.moved_ids(GUILD, [8, 9]) == {}
        assert [*(await links.find(GUILD, [8, 9])).values()] == kept

    async def test_a_cad_that_does_not_answer_changes_nothing(
        self, cad_links, cad, links, queue_fixture
    ) -> None:
        for one in (8, 9):
            await put_link(links, link(queue_fixture, one, f"license:{one}"))
        cad.accounts[8] = cad.accounts[9] = ALICE
        cad.answers.append(CadRateLimited(retry_after=30))
        assert await cad_links.moved_ids(GUILD, [8, 9]) == {}
        assert cad.asked["account of 9"] == 0

    async def test_api_1_is_not_asked(self, cad_links, cad, links, queue_fixture) -> None:
        await put_link(links, link(queue_fixture, 8, "license:8"))
        cad.has_discord_links = False
        assert await cad_links.moved_ids(GUILD, [8]) == {}
        assert not cad.asked


class TestIsLinked:
    """Whether a button can act for a member, within the time that Discord gives."""

    async def test_a_link_here(self, cad_links, cad, links, queue_fixture) -> None:
        await put_link(links, link(queue_fixture, 8, "license:8"))
        assert await cad_links.is_linked(GUILD, 8)
        assert not cad.asked

    async def test_a_link_in_the_cad(self, cad_links, cad) -> None:
        cad.accounts[8] = ALICE
        assert await cad_links.is_linked(GUILD, 8)
        assert not await cad_links.is_linked(GUILD, 9)

    async def test_a_slow_cad_counts_as_no(self, cad_links, cad, monkeypatch) -> None:
        monkeypatch.setattr(module, "FORM_TIMEOUT", 0.01)
        cad.accounts[8] = ALICE
        cad.gate.clear()
        assert not await cad_links.is_linked(GUILD, 8)
        cad.gate.set()
        assert await asyncio.wait_for(cad_links.is_linked(GUILD, 8), HANG_TIMEOUT)


class TestDescribe:
    """Who the CAD says a member is, asked anew."""

    async def test_the_account_becomes_the_link(self, cad_links, cad, links) -> None:
        assert await cad_links.describe(GUILD, 8) == MemberAccount(8, None, None)
        cad.accounts[8] = ALICE  # just linked: what was remembered does not count
        found = await cad_links.describe(GUILD, 8)
        assert (found.account, found.has_its_link) == (ALICE, True)
        assert found.link == (await links.find(GUILD, [8]))[8]

    async def test_a_link_to_the_same_id_stays(self, cad_links, cad, links, queue_fixture) -> None:
        kept = link(queue_fixture, 8, "STEAM:8")
        await put_link(links, kept)
        cad.accounts[8] = ALICE
        assert await cad_links.describe(GUILD, 8) == MemberAccount(8, ALICE, kept)

    async def test_the_cad_wins(self, cad_links, cad, links, queue_fixture) -> None:
        await put_link(links, link(queue_fixture, 8, "license:old"))
        cad.accounts[8] = ALICE
        found = await cad_links.describe(GUILD, 8)
        assert found.link is not None
        assert (found.link.api_id, found.link.source) == ("steam:8", LinkSource.CAD)

    async def test_an_id_of_another_member(self, cad_links, cad, links, queue_fixture) -> None:
        await put_link(links, link(queue_fixture, 7, "steam:8"))
        cad.accounts[8] = ALICE
        found = await cad_links.describe(GUILD, 8)
        assert (found.account, found.link, found.has_its_link) == (ALICE, None, False)

    async def test_an_error(self, cad_links, cad) -> None:
        cad.answers.append(CadUnreachable("Connection refused"))
        found = await cad_links.describe(GUILD, 8)
        assert (found.account, type(found.error), found.can_ask) == (None, CadUnreachable, True)
        assert not found.has_its_link

    async def test_api_1(self, cad_links, cad) -> None:
        cad.has_discord_links = False
        assert await cad_links.describe(GUILD, 8) == MemberAccount(8, None, None, can_ask=False)
