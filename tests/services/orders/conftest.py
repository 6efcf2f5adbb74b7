from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.services.access.policy import Access
from bot.services.links.link_service import LinkService
from bot.services.orders.intake import OrderIntake
from bot.services.orders.order_resolver import TargetResolver
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore
from tests.services.office import Office, prover_of
from tests.services.orders.order_fixture import ALICE, PAT, CadWithUnits, OrderFixture
from tests.services.samples import DISPATCH_ROLE, GUILD, unit
from tests.stored_links import put_link


@pytest.fixture
async def order_fixture(office: Office) -> AsyncIterator[OrderFixture]:
    """Link Pat and Alice, and put a unit of each on duty."""
    cad = CadWithUnits(office.time, 1, office.life)
    cad.on_duty = [unit(1, "A-1", "steam:1"), unit(2, "A-2", "steam:2")]
    office.cad = cad
    office.board._cad = cad
    access = Access(frozenset({DISPATCH_ROLE}))
    links = LinkStore(office.database)
    for number, member_id in enumerate((PAT, ALICE), 1):
        await put_link(links, Link(GUILD, member_id, f"STEAM:{number}", 1, office.time.now()))
    prover = prover_of(office, cad)
    linking = LinkService(access, links, cad, prover, id_format="{hex}", clock=office.time)
    intake = OrderIntake(access, office.store, 5, clock=office.time)
    resolver = TargetResolver(links, linking, office.board)
    yield OrderFixture(office, intake, resolver, links, cad.on_duty)
    await linking.close()
