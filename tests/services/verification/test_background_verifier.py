"""Links that could not be verified at once are verified in the background."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from bot.cad.codec import v1, v2
from bot.cad.push.events import CallsClosed, LinkVerified
from bot.services.verification.background_verifier import (
    BACKOFF,
    FIRST_DELAY,
    IDLE_INTERVAL,
    LINK_INTERVAL,
)
from bot.storage.stores.link_row import LinkSource
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY
from tests.services.verification.verifier_fixture import RILEY, VerifierFixture

HEX = RILEY.hex
UPPER = f"STEAM:{HEX.upper()}"
MINUTE, HOUR = 60.0, 3600.0


async def begin(verifier_fixture: VerifierFixture) -> None:
    verifier_fixture.background.start()
    await verifier_fixture.settle()


async def test_a_link_of_a_cad_that_was_away(verifier_fixture: VerifierFixture) -> None:
    await verifier_fixture.cad.pause()
    await verifier_fixture.link_member(HEX)
    verifier_fixture.add_account("riley", UPPER)
    await begin(verifier_fixture)
    await verifier_fixture.advance(FIRST_DELAY + MINUTE)
    assert (await verifier_fixture.stored_link()).proven_at is None
    await verifier_fixture.cad.resume()
    await verifier_fixture.advance(5 * MINUTE)
    link = await verifier_fixture.stored_link()
    assert (link.api_id, link.account_name) == (UPPER, "riley")
    assert link.proven_at


async def test_an_id_that_is_registered_later_becomes_verified(
    verifier_fixture: VerifierFixture,
) -> None:
    await verifier_fixture.link_member(seed.VIC.hex)
    await begin(verifier_fixture)
    await verifier_fixture.advance(20 * MINUTE)
    assert (await verifier_fixture.stored_link()).proven_at is None
    verifier_fixture.add_account("vic", f"Steam:{seed.VIC.hex}")
    await verifier_fixture.advance(6 * MINUTE)
    link = await verifier_fixture.stored_link()
    assert (link.api_id, link.account_name) == (f"Steam:{seed.VIC.hex}", "vic")


async def test_a_verified_id_is_not_asked_about_again(verifier_fixture: VerifierFixture) -> None:
    await verifier_fixture.put_link(HEX)
    await begin(verifier_fixture)
    await verifier_fixture.advance(FIRST_DELAY + HOUR)
    assert verifier_fixture.checked_ids() == [HEX]


async def test_the_cad_is_asked_less_and_less_often(verifier_fixture: VerifierFixture) -> None:
    await verifier_fixture.put_link("player-1")
    await begin(verifier_fixture)

    async def asked_during(seconds: float) -> int:
        before = len(verifier_fixture.checked_ids())
        await verifier_fixture.advance(seconds)
        return len(verifier_fixture.checked_ids()) - before

    assert 9 <= await asked_during(HOUR) <= 13
    assert 1 <= await asked_during(2 * HOUR) <= 3


async def test_a_few_a_minute_and_people_before_files(verifier_fixture: VerifierFixture) -> None:
    for person in range(30):
        await verifier_fixture.put_link(f"file-{person}", person, source=LinkSource.IMPORT)
    await verifier_fixture.put_link("mine-1", 99)
    await begin(verifier_fixture)
    await verifier_fixture.advance(FIRST_DELAY + 60)
    assert verifier_fixture.checked_ids()[0] == "mine-1"
    assert 3 <= len(verifier_fixture.checked_ids()) <= 60 / LINK_INTERVAL + 1
    await verifier_fixture.advance(60 * LINK_INTERVAL)
    assert {f"file-{person}" for person in range(30)} <= set(verifier_fixture.checked_ids())


async def test_after_a_large_import_orders_keep_their_burst(
    verifier_fixture: VerifierFixture,
) -> None:
    links = [
        verifier_fixture.new_link(f"file-{person}", person, source=LinkSource.IMPORT)
        for person in range(1000)
    ]
    await verifier_fixture.links.put_many(links)
    await begin(verifier_fixture)
    client: Any = verifier_fixture.client
    asked = v1.ENDPOINT if verifier_fixture.version == 1 else v2.ACCOUNT
    limiter = client._sender.limiter(asked)
    for _ in range(400):
        await verifier_fixture.advance(1)
        assert limiter.wait(reserve=2) == 0.0  # three requests of an order could go out now
    assert len(verifier_fixture.checked_ids()) >= 400 / LINK_INTERVAL - 3


async def test_where_members_use_the_limit_it_waits_without_a_word(
    verifier_fixture: VerifierFixture, caplog: pytest.LogCaptureFixture
) -> None:
    await verifier_fixture.put_link("player-1")
    client: Any = verifier_fixture.client
    limiter = client._sender.limiter(v1.ENDPOINT if verifier_fixture.version == 1 else v2.LINK)
    await begin(verifier_fixture)
    await verifier_fixture.advance(FIRST_DELAY - 1)
    while not limiter.wait():
        limiter.record()
    await verifier_fixture.advance(2)
    assert verifier_fixture.checked_ids() == []
    await verifier_fixture.advance(90)
    assert verifier_fixture.checked_ids() != []
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_nothing_is_asked_while_the_cad_is_in_trouble(
    verifier_fixture: VerifierFixture, caplog
) -> None:
    for person in range(5):
        await verifier_fixture.put_link(f"player-{person}", person)
    verifier_fixture.cad.faults.set(BAD_GATEWAY)
    await begin(verifier_fixture)
    with caplog.at_level(logging.INFO):
        await verifier_fixture.advance(FIRST_DELAY + 2 * HOUR)
        assert len(verifier_fixture.cad.world.history) < 100
        (warning,) = [
            one for one in caplog.records if "verifying links of guild 10 failed" in one.message
        ]
        assert warning.levelno == logging.WARNING
        verifier_fixture.cad.faults.clear()
        await verifier_fixture.advance(BACKOFF.longest + 5 * LINK_INTERVAL)
    assert [
        (await verifier_fixture.stored_link(one)).checked_at is not None for one in range(5)
    ] == [True] * 5
    assert any("again" in one.message for one in caplog.records)


async def test_a_broken_file_is_waited_out(verifier_fixture: VerifierFixture, caplog) -> None:
    await verifier_fixture.put_link(HEX)
    await begin(verifier_fixture)
    verifier_fixture.database.broken = True
    await verifier_fixture.advance(FIRST_DELAY + 1)
    assert "verifying links of guild 10 failed" in caplog.text
    verifier_fixture.database.broken = False
    await verifier_fixture.advance(BACKOFF.first + IDLE_INTERVAL)
    assert (await verifier_fixture.stored_link()).proven_at


async def test_a_lost_account_is_not_given_to_another_by_itself(
    verifier_fixture: VerifierFixture,
) -> None:
    await verifier_fixture.put_link(HEX, account_name="bob", account_uuid="u-bob")
    await begin(verifier_fixture)
    await verifier_fixture.advance(FIRST_DELAY + 15)
    link = await verifier_fixture.stored_link()
    assert (link.account_name, link.other_account, link.proven_at) == ("bob", "riley", None)


async def test_stopping_in_the_middle(verifier_fixture: VerifierFixture) -> None:
    await verifier_fixture.put_link("STEAM:1234")
    await begin(verifier_fixture)
    await verifier_fixture.advance(FIRST_DELAY)
    await verifier_fixture.background.close()
    await verifier_fixture.background.close()
    asked = len(verifier_fixture.checked_ids())
    await verifier_fixture.advance(HOUR)
    assert len(verifier_fixture.checked_ids()) == asked == 1


class TestVerified:
    async def test_the_link_is_proven_at_once(self, verifier_fixture: VerifierFixture) -> None:
        account = verifier_fixture.add_account("riley", UPPER)
        await verifier_fixture.link_member(seed.VIC.hex, 8)
        await verifier_fixture.cad.pause()
        await verifier_fixture.link_member(str(RILEY.steam64))
        await verifier_fixture.cad.resume()
        await begin(verifier_fixture)
        events = (CallsClosed((1,)), LinkVerified(UPPER, account.uuid))
        verifier_fixture.background.on_events(events)
        await verifier_fixture.settle()
        link = await verifier_fixture.stored_link()
        assert (link.api_id, link.account_uuid) == (UPPER, account.uuid)
        assert link.account_name == "riley"
        assert link.proven_at == verifier_fixture.time.now()
        assert (await verifier_fixture.stored_link(8)).proven_at is None

    async def test_without_its_name_where_the_cad_is_away(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        await verifier_fixture.put_link(HEX)
        await verifier_fixture.cad.pause()
        verifier_fixture.background.on_events([LinkVerified(UPPER, "u-1")])
        await verifier_fixture.advance(30)
        link = await verifier_fixture.stored_link()
        assert (link.api_id, link.account_uuid, link.account_name) == (UPPER, "u-1", None)
        assert link.proven_at

    @pytest.mark.parametrize(("stored", "told"), [("license:AbC", "AbC"), ("AbC", "license:AbC")])
    async def test_with_and_without_a_prefix(
        self, verifier_fixture: VerifierFixture, stored: str, told: str
    ) -> None:
        await verifier_fixture.put_link(stored)
        verifier_fixture.background.on_events([LinkVerified(told, "u-1")])
        await verifier_fixture.settle()
        assert (await verifier_fixture.stored_link()).api_id == told

    async def test_what_is_proven_already_stays(self, verifier_fixture: VerifierFixture) -> None:
        link = await verifier_fixture.put_link(
            HEX, account_uuid="u-1", proven_at=verifier_fixture.time.now()
        )
        verifier_fixture.background.on_events([LinkVerified(HEX, "u-2")])
        await verifier_fixture.settle()
        assert await verifier_fixture.stored_link() == link

    async def test_a_broken_file_is_said(self, verifier_fixture: VerifierFixture, caplog) -> None:
        verifier_fixture.database.broken = True
        verifier_fixture.background.on_events([LinkVerified(HEX, "u-2")])
        await verifier_fixture.settle()
        assert "cannot store a link that the CAD reported as verified" in caplog.text
        verifier_fixture.database.broken = False
