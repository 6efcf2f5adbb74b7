"""CAD permissions are fetched seldom and never guessed."""

from __future__ import annotations

import asyncio

import pytest

from bot.cad.errors import CadError, CadUnavailable
from bot.cad.models import Account
from bot.services.access.cad_permissions import CACHE_TTL, REFUSAL_CACHE_TTL, CadPermissions
from bot.services.access.policy import CAD_DISPATCH, CAD_SELF_DISPATCH, Access
from bot.services.errors import CadPermissionMissing, CadPermissionUnknown, NoCadAccount
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
    fault: CadError | None

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        await self._ask("account_of")
        return self.by_discord.get(discord_id)

    async def get_account_by_api_id(self, api_id: str) -> Account | None:
        await self._ask("account_with")
        return self.by_api_id.get(api_id)


@pytest.fixture
def cad(queue_fixture: QueueFixture) -> Cad:
    cad = Cad(queue_fixture.time, 2, queue_fixture.lifetime)
    cad.by_discord, cad.by_api_id = {}, {}
    return cad


@pytest.fixture
def permissions(queue_fixture: QueueFixture, cad: Cad) -> CadPermissions:
    return CadPermissions(NEEDED, cad, LinkStore(queue_fixture.database), clock=queue_fixture.time)


def account(*permissions: str) -> Account:
    return Account("u-1", "pat", "steam:1", frozenset(permissions))


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
    links = LinkStore(queue_fixture.database)
    permissions = CadPermissions(Access(frozenset()), cad, links, clock=queue_fixture.time)
    await permissions.require(PAT, GUILD, only_self=False)
    assert not cad.asked
