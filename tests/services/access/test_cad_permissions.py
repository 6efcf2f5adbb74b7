"""CAD permissions are fetched seldom and never guessed."""

from __future__ import annotations

import asyncio

import pytest

from bot.cad.errors import CadError, CadUnavailable, CadUnreadable
from bot.cad.models import BANNED, EXPIRED, VALIDATED, Account
from bot.cad.permissions import GranularPermissions
from bot.common.account_id import account_id
from bot.services.access.cad_permissions import CACHE_TTL, REFUSAL_CACHE_TTL, CadPermissions
from bot.services.access.policy import CAD_DISPATCH, CAD_SELF_DISPATCH, Access
from bot.services.cad_accounts import CadAccounts
from bot.services.errors import (
    CadAccountBanned,
    CadAccountExpired,
    CadPermissionMissing,
    CadPermissionUnknown,
    NoCadAccount,
)
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from tests.services.conftest import v2
from tests.services.queue_fixture import QueueFixture, ScriptedCad
from tests.services.samples import GUILD
from tests.stored_links import put_link

PAT = 7
NEEDED = Access(frozenset(), checks_cad_permissions=True)

pytestmark = v2


class Cad(ScriptedCad):
    """Returns accounts by Discord id or by API id."""

    by_discord: dict[int, Account]
    by_api_id: dict[str, Account]
    granular: dict[str, GranularPermissions]
    granular_fault: CadError | None = None

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        await self._ask("account_of")
        return self.by_discord.get(discord_id)

    async def get_account_by_api_id(self, server_id: int, api_id: str) -> Account | None:
        assert server_id == 3
        await self._ask("account_with")
        return self.by_api_id.get(api_id)

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:
        await self._ask("full_account")
        known = self.by_api_id.values()
        return next((one for one in known if one.uuid == account.uuid), None)

    async def get_granular_permissions(self, account: str) -> GranularPermissions | None:
        await self._ask("granular")
        if self.granular_fault:
            raise self.granular_fault
        return self.granular.get(account)


@pytest.fixture
def cad(queue_fixture: QueueFixture) -> Cad:
    cad = Cad(queue_fixture.time, 2, queue_fixture.lifetime)
    cad.by_discord, cad.by_api_id, cad.granular = {}, {}, {}
    return cad


@pytest.fixture
def permissions(queue_fixture: QueueFixture, cad: Cad) -> CadPermissions:
    return new_permissions(NEEDED, queue_fixture, cad)


def new_permissions(access: Access, queue_fixture: QueueFixture, cad: Cad) -> CadPermissions:
    time = queue_fixture.time
    accounts = CadAccounts(cad, clock=time)
    links = LinkStore(queue_fixture.database)
    return CadPermissions(access, cad, accounts, links, server_id=3, clock=time)


def account(*permissions: str, status: int = VALIDATED) -> Account:
    return Account("u-1", "pat", "steam:1", frozenset(map(str.lower, permissions)), status)


async def test_the_account_is_the_one_with_this_discord(
    permissions: CadPermissions, cad: Cad, queue_fixture: QueueFixture
) -> None:
    cad.by_discord[PAT] = account(CAD_SELF_DISPATCH)
    # The link that the owner has made does not count then.
    cad.by_api_id["steam:9"] = account(CAD_DISPATCH)
    await put_link(
        LinkStore(queue_fixture.database),
        Link(GUILD, PAT, "steam:9", PAT, queue_fixture.time.now()),
    )
    await permissions.require(PAT, GUILD, only_self=True)
    with pytest.raises(CadPermissionMissing):
        await permissions.require(PAT, GUILD, only_self=False)
    assert cad.asked["account_with"] == 0


async def test_otherwise_it_is_the_one_that_is_linked_in_this_guild(
    permissions: CadPermissions, cad: Cad, queue_fixture: QueueFixture
) -> None:
    cad.by_api_id["steam:1"] = account(CAD_DISPATCH)
    await put_link(
        LinkStore(queue_fixture.database),
        Link(GUILD, PAT, "steam:1", PAT, queue_fixture.time.now()),
    )
    await permissions.require(PAT, GUILD, only_self=False)
    with pytest.raises(NoCadAccount):
        await permissions.require(PAT, GUILD + 1, only_self=True)


async def test_a_yes_is_remembered_for_minutes(
    permissions: CadPermissions, cad: Cad, queue_fixture: QueueFixture
) -> None:
    cad.by_discord[PAT] = account(CAD_DISPATCH)
    await permissions.require(PAT, GUILD, only_self=False)
    cad.by_discord.clear()
    await queue_fixture.advance(CACHE_TTL - 1)
    await permissions.require(PAT, GUILD, only_self=True)
    assert cad.asked["account_of"] == 1
    await queue_fixture.advance(1)
    with pytest.raises(NoCadAccount):
        await permissions.require(PAT, GUILD, only_self=True)


async def test_a_no_is_asked_about_again_soon(
    permissions: CadPermissions, cad: Cad, queue_fixture: QueueFixture
) -> None:
    for _ in range(3):
        with pytest.raises(NoCadAccount):
            await permissions.require(PAT, GUILD, only_self=True)
    assert cad.asked["account_of"] == 1
    cad.by_discord[PAT] = account(CAD_DISPATCH)
    await queue_fixture.advance(REFUSAL_CACHE_TTL)
    await permissions.require(PAT, GUILD, only_self=False)


async def test_many_at_once_share_a_question(permissions: CadPermissions, cad: Cad) -> None:
    cad.by_discord[PAT] = account(CAD_DISPATCH)
    await asyncio.gather(*(permissions.require(PAT, GUILD, only_self=False) for _ in range(20)))
    assert cad.asked["account_of"] == 1


async def test_without_an_answer_of_the_cad_no_member_is_permitted(
    permissions: CadPermissions, cad: Cad, queue_fixture: QueueFixture
) -> None:
    cad.by_discord[PAT] = account(CAD_DISPATCH)
    cad.query_fault = CadUnavailable(status=502)
    with pytest.raises(CadPermissionUnknown):
        await permissions.require(PAT, GUILD, only_self=False)
    cad.query_fault = None
    await permissions.require(PAT, GUILD, only_self=False)
    # The cached answer counts until it expires.
    cad.query_fault = CadUnavailable(status=502)
    await permissions.require(PAT, GUILD, only_self=False)
    await queue_fixture.advance(CACHE_TTL)
    with pytest.raises(CadPermissionUnknown):
        await permissions.require(PAT, GUILD, only_self=False)


async def test_the_cad_is_not_asked_where_it_is_not_needed(
    cad: Cad, queue_fixture: QueueFixture
) -> None:
    permissions = new_permissions(Access(frozenset()), queue_fixture, cad)
    await permissions.require(PAT, GUILD, only_self=False)
    assert not cad.asked


class TestGranularPermissions:
    """They count where the CAD has moved the account to them."""

    GRANTED = GranularPermissions(frozenset({"global.dispatch"}))

    async def test_granular_permissions_replace_those_of_the_account(
        self, permissions, cad
    ) -> None:
        cad.by_discord[PAT] = account("police")
        cad.granular["u-1"] = self.GRANTED
        await permissions.require(PAT, GUILD, only_self=False)

    async def test_what_the_account_has_kept_counts_no_more(self, permissions, cad) -> None:
        cad.by_discord[PAT] = account(CAD_DISPATCH)
        cad.granular["u-1"] = GranularPermissions(frozenset({"police.dispatch"}))
        with pytest.raises(CadPermissionMissing):
            await permissions.require(PAT, GUILD, only_self=False)

    async def test_an_account_that_was_not_moved_keeps_its_own(self, permissions, cad) -> None:
        cad.by_discord[PAT] = account(CAD_DISPATCH)
        cad.granular["u-1"] = GranularPermissions(frozenset(), is_migrated=False)
        await permissions.require(PAT, GUILD, only_self=False)

    @pytest.mark.parametrize("is_migrated", [True, False])
    async def test_owners_have_all(self, permissions, cad, is_migrated: bool) -> None:
        cad.by_discord[PAT] = account()
        cad.granular["u-1"] = GranularPermissions(
            frozenset(), is_owner=True, is_migrated=is_migrated
        )
        await permissions.require(PAT, GUILD, only_self=False)

    async def test_a_failed_read_is_not_none(self, permissions, cad) -> None:
        cad.by_discord[PAT] = account(CAD_DISPATCH)
        cad.granular_fault = CadUnreadable("the answer holds no permissions")
        with pytest.raises(CadPermissionUnknown):
            await permissions.require(PAT, GUILD, only_self=False)
        cad.granular_fault, cad.granular["u-1"] = None, self.GRANTED
        await permissions.require(PAT, GUILD, only_self=False)

    async def test_a_barred_account_may_do_nothing(self, permissions, cad, queue_fixture) -> None:
        cad.by_discord[PAT] = account(CAD_DISPATCH, status=BANNED)
        with pytest.raises(CadAccountBanned):
            await permissions.require(PAT, GUILD, only_self=True)
        cad.by_discord[PAT] = account(CAD_DISPATCH)
        cad.granular["u-1"] = GranularPermissions(frozenset(), is_owner=True, status=EXPIRED)
        await queue_fixture.advance(REFUSAL_CACHE_TTL)
        with pytest.raises(CadAccountExpired):
            await permissions.require(PAT, GUILD, only_self=True)


async def test_a_link_may_name_the_account_itself(
    permissions: CadPermissions, cad: Cad, queue_fixture: QueueFixture
) -> None:
    cad.by_api_id["steam:1"] = account(CAD_DISPATCH)
    link = Link(GUILD, PAT, account_id("u-1"), PAT, queue_fixture.time.now())
    await put_link(LinkStore(queue_fixture.database), link)
    await permissions.require(PAT, GUILD, only_self=False)
    assert cad.asked["account_with"] == 0
