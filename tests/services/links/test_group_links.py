"""Members of roles and channels are looked up in the background, on a real SQLite file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.cad.errors import CadRateLimited, CadUnreachable
from bot.cad.models import Account
from bot.cad.push.events import LinkVerified
from bot.services.cad_accounts import CadAccounts
from bot.services.links.cad_links import CadLinks
from bot.services.links.group_links import BACKOFF, KNOWN_FOR, PAUSE, GroupLinks
from bot.storage.stores.link_store import LinkStore
from tests.services.conftest import v2
from tests.services.links.test_cad_links import ALICE, Cad, cad, links
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import GUILD

__all__ = ["cad", "links"]
pytestmark = v2


@pytest.fixture
async def group_links(
    queue_fixture: QueueFixture, cad: Cad, links: LinkStore
) -> AsyncIterator[GroupLinks]:
    time = queue_fixture.time
    accounts = CadAccounts(cad, clock=time)
    found = GroupLinks(CadLinks(links, accounts, clock=time), accounts, guild_id=GUILD, clock=time)
    yield found
    await found.close()


async def test_each_is_looked_up_once_and_stored(
    group_links: GroupLinks, cad: Cad, links: LinkStore, queue_fixture: QueueFixture
) -> None:
    cad.accounts[8] = ALICE
    assert group_links.pending([9, 8]) == {8, 9}
    assert group_links.pending([8, 10]) == {8, 10}
    await queue_fixture.advance(3 * PAUSE)
    assert await links.api_ids_of(GUILD, [8, 9, 10]) == {8: "steam:8"}
    assert group_links.pending([9, 10]) == frozenset()
    assert [cad.asked[f"account of {one}"] for one in (8, 9, 10)] == [1, 1, 1]


async def test_members_are_looked_up_one_after_the_other(
    group_links: GroupLinks, cad: Cad, queue_fixture: QueueFixture
) -> None:
    group_links.pending([8, 9])
    await queue_fixture.advance(PAUSE - 1)
    assert cad.asked["account of 9"] == 0
    await queue_fixture.advance(1)
    assert cad.asked["account of 9"] == 1


async def test_a_member_without_an_account_is_looked_up_again_after_hours_or_an_event(
    group_links: GroupLinks, cad: Cad, queue_fixture: QueueFixture
) -> None:
    group_links.pending([8])
    await queue_fixture.advance(KNOWN_FOR - 1)
    assert group_links.pending([8]) == frozenset()
    await queue_fixture.advance(1)
    assert group_links.pending([8]) == {8}
    await queue_fixture.advance(PAUSE)
    assert group_links.pending([8]) == frozenset()
    group_links.on_events([])
    assert group_links.pending([8]) == frozenset()
    group_links.on_events([LinkVerified("steam:8", "u-8")])
    assert group_links.pending([8]) == {8}


async def test_a_limit_is_waited_for(
    group_links: GroupLinks, cad: Cad, queue_fixture: QueueFixture, caplog
) -> None:
    cad.answers.extend([CadRateLimited(retry_after=40.0), CadRateLimited()])
    group_links.pending([8])
    await queue_fixture.advance(39)
    assert cad.asked["account of 8"] == 1
    await queue_fixture.advance(1 + PAUSE)
    assert cad.asked["account of 8"] == 3
    assert caplog.text == ""
    assert group_links.pending([8]) == frozenset()


async def test_an_outage_is_logged_once_and_passes(
    group_links: GroupLinks, cad: Cad, queue_fixture: QueueFixture, caplog
) -> None:
    caplog.set_level("INFO", "bot.services.background")
    cad.answers.extend([CadUnreachable("Connection refused")] * 3)
    group_links.pending([8])
    waits = [BACKOFF.delay(number) for number in (1, 2, 3)]
    await queue_fixture.advance(sum(waits) - 1)
    assert cad.asked["account of 8"] == 3
    assert group_links.pending([8]) == {8}
    await queue_fixture.advance(1)
    assert group_links.pending([8]) == frozenset()
    assert caplog.text.count("the lookup of members") == 2


async def test_nothing_is_asked_where_the_cad_finds_no_account_by_discord(
    group_links: GroupLinks, cad: Cad, queue_fixture: QueueFixture
) -> None:
    cad.has_discord_links = False
    assert group_links.pending([8]) == frozenset()
    cad.has_discord_links = True
    cad.answers.append(CadRateLimited(retry_after=9.0))
    assert group_links.pending([8]) == {8}
    await queue_fixture.advance(1)
    cad.has_discord_links = False  # the other API of the CAD is used by now
    await queue_fixture.advance(60)
    assert cad.asked["account of 8"] == 1


async def test_the_lookup_ends_with_the_bot(
    group_links: GroupLinks, cad: Cad, queue_fixture: QueueFixture
) -> None:
    cad.accounts[8] = Account("u-8", "alice", "steam:8")
    group_links.pending([8, 9])
    await group_links.close()
    assert group_links.pending([8]) == {8}
    await queue_fixture.advance(60)
    assert cad.asked["account of 9"] == 0
