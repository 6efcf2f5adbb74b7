from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.services.access.policy import Access
from bot.services.cad_accounts import CadAccounts
from bot.services.links.cad_links import CadLinks
from bot.services.links.group_links import GroupLinks
from bot.services.links.link_service import LinkService
from bot.services.orders.intake import OrderIntake
from bot.services.orders.order_resolver import OrderResolver
from bot.services.orders.word_matcher import WordMatcher
from bot.services.targets.near_matches import NamedMember
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from tests.services.orders.order_fixture import ALICE, PAT, CadWithUnits, OrderFixture
from tests.services.queue_fixture import QueueFixture, new_verifier
from tests.services.samples import DISPATCH_ROLE, GUILD, unit
from tests.stored_links import put_link

NAMES = {
    (GUILD, "pat"): [NamedMember(PAT, is_whole=True)],
    (GUILD, "pa"): [NamedMember(PAT, is_whole=False)],
    (GUILD, "sam"): [NamedMember(PAT, is_whole=True), NamedMember(ALICE, is_whole=True)],
}


@pytest.fixture
async def order_fixture(queue_fixture: QueueFixture) -> AsyncIterator[OrderFixture]:
    """Link Pat and Alice, and put a unit of each on duty."""
    cad = CadWithUnits(queue_fixture.time, 1, queue_fixture.lifetime)
    cad.on_duty = [unit(1, "A-1", "steam:1"), unit(2, "A-2", "steam:2")]
    queue_fixture.cad = cad
    queue_fixture.board._cad = cad
    access = Access(frozenset({DISPATCH_ROLE}))
    links = LinkStore(queue_fixture.database)
    for number, member_id in enumerate((PAT, ALICE), 1):
        await put_link(
            links, Link(GUILD, member_id, f"STEAM:{number}", 1, queue_fixture.time.now())
        )
    prover = new_verifier(queue_fixture, cad)
    time = queue_fixture.time
    accounts = CadAccounts(cad, clock=time)
    cad_links = CadLinks(links, accounts, clock=time)
    group_links = GroupLinks(cad_links, accounts, guild_id=GUILD, clock=time)
    linking = LinkService(access, links, cad_links, prover, id_format="{hex}", clock=time)
    intake = OrderIntake(access, queue_fixture.store, queue_fixture.board, 5, clock=time)
    words = WordMatcher(links, lambda guild_id, word: NAMES.get((guild_id, word), []))
    resolver = OrderResolver(links, cad_links, group_links, queue_fixture.board, words)
    yield OrderFixture(queue_fixture, intake, resolver, links, cad.on_duty)
    await linking.close()
    await group_links.close()
