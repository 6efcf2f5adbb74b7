"""Links that could not be verified at once are verified in the background."""

from __future__ import annotations

import logging

import pytest

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
from tests.services.verification.proof_stage import RILEY, ProofStage

HEX = RILEY.hex
UPPER = f"STEAM:{HEX.upper()}"
MINUTE, HOUR = 60.0, 3600.0


async def begin(stage: ProofStage) -> None:
    stage.background.start()
    await stage.settle()


async def test_a_link_of_a_cad_that_was_away(stage: ProofStage) -> None:
    await stage.cad.pause()
    await stage.give(HEX)
    stage.knows("riley", UPPER)
    await begin(stage)
    await stage.passes(FIRST_DELAY + MINUTE)
    assert (await stage.stored()).proven_at is None
    await stage.cad.resume()
    await stage.passes(5 * MINUTE)
    link = await stage.stored()
    assert (link.api_id, link.account_name) == (UPPER, "riley")
    assert link.proven_at


async def test_whoever_registers_later_becomes_proven(stage: ProofStage) -> None:
    await stage.give(seed.VIC.hex)
    await begin(stage)
    await stage.passes(20 * MINUTE)
    assert (await stage.stored()).proven_at is None
    stage.knows("vic", f"Steam:{seed.VIC.hex}")
    await stage.passes(6 * MINUTE)
    link = await stage.stored()
    assert (link.api_id, link.account_name) == (f"Steam:{seed.VIC.hex}", "vic")


async def test_nobody_is_asked_about_twice_once_proven(stage: ProofStage) -> None:
    await stage.put(HEX)
    await begin(stage)
    await stage.passes(FIRST_DELAY + HOUR)
    assert stage.spellings() == [HEX]


async def test_it_asks_less_and_less_often(stage: ProofStage) -> None:
    await stage.put("player-1")
    await begin(stage)

    async def asked_during(seconds: float) -> int:
        before = len(stage.spellings())
        await stage.passes(seconds)
        return len(stage.spellings()) - before

    assert 9 <= await asked_during(HOUR) <= 13
    assert 1 <= await asked_during(2 * HOUR) <= 3


async def test_a_few_a_minute_and_people_before_files(stage: ProofStage) -> None:
    for person in range(30):
        await stage.put(f"file-{person}", person, source=LinkSource.IMPORT)
    await stage.put("mine-1", 99)
    await begin(stage)
    await stage.passes(FIRST_DELAY + 60)
    assert stage.spellings()[0] == "mine-1"
    assert 3 <= len(stage.spellings()) <= 60 / LINK_INTERVAL + 1
    await stage.passes(60 * LINK_INTERVAL)
    assert {f"file-{person}" for person in range(30)} <= set(stage.spellings())


async def test_nothing_is_asked_while_the_cad_is_in_trouble(stage: ProofStage, caplog) -> None:
    for person in range(5):
        await stage.put(f"player-{person}", person)
    stage.cad.faults.set(BAD_GATEWAY)
    await begin(stage)
    with caplog.at_level(logging.INFO):
        await stage.passes(FIRST_DELAY + 2 * HOUR)
        assert len(stage.cad.world.history) < 100
        (warning,) = [one for one in caplog.records if "is interrupted" in one.message]
        assert warning.levelno == logging.WARNING
        stage.cad.faults.clear()
        await stage.passes(BACKOFF.longest + 5 * LINK_INTERVAL)
    assert [(await stage.stored(one)).checked_at is not None for one in range(5)] == [True] * 5
    assert any("again" in one.message for one in caplog.records)


async def test_a_broken_file_is_waited_out(stage: ProofStage, caplog) -> None:
    await stage.put(HEX)
    await begin(stage)
    stage.database.broken = True
    await stage.passes(FIRST_DELAY + 1)
    assert "background verification is interrupted" in caplog.text
    stage.database.broken = False
    await stage.passes(BACKOFF.first + IDLE_INTERVAL)
    assert (await stage.stored()).proven_at


async def test_a_lost_account_is_not_given_to_another_by_itself(stage: ProofStage) -> None:
    await stage.put(HEX, account_name="bob", account_uuid="u-bob")
    await begin(stage)
    await stage.passes(FIRST_DELAY + 15)
    link = await stage.stored()
    assert (link.account_name, link.other_account, link.proven_at) == ("bob", "riley", None)


async def test_stopping_in_the_middle(stage: ProofStage) -> None:
    await stage.put("STEAM:1234")
    await begin(stage)
    await stage.passes(FIRST_DELAY)
    await stage.background.close()
    await stage.background.close()
    asked = len(stage.spellings())
    await stage.passes(HOUR)
    assert len(stage.spellings()) == asked == 1


class TestVerified:
    async def test_the_link_is_proven_at_once(self, stage: ProofStage) -> None:
        account = stage.knows("riley", UPPER)
        await stage.give(seed.VIC.hex, 8)
        await stage.cad.pause()
        await stage.give(str(RILEY.steam64))
        await stage.cad.resume()
        await begin(stage)
        events = (CallsClosed((1,)), LinkVerified(UPPER, account.uuid))
        stage.background.on_events(events)
        await stage.settle()
        link = await stage.stored()
        assert (link.api_id, link.account_uuid) == (UPPER, account.uuid)
        assert link.account_name == "riley"
        assert link.proven_at == stage.time.now()
        assert (await stage.stored(8)).proven_at is None

    async def test_without_its_name_where_the_cad_is_away(self, stage: ProofStage) -> None:
        await stage.put(HEX)
        await stage.cad.pause()
        stage.background.on_events([LinkVerified(UPPER, "u-1")])
        await stage.passes(30)
        link = await stage.stored()
        assert (link.api_id, link.account_uuid, link.account_name) == (UPPER, "u-1", None)
        assert link.proven_at

    @pytest.mark.parametrize(("stored", "told"), [("license:AbC", "AbC"), ("AbC", "license:AbC")])
    async def test_with_and_without_a_prefix(
        self, stage: ProofStage, stored: str, told: str
    ) -> None:
        await stage.put(stored)
        stage.background.on_events([LinkVerified(told, "u-1")])
        await stage.settle()
        assert (await stage.stored()).api_id == told

    async def test_what_is_proven_already_stays(self, stage: ProofStage) -> None:
        link = await stage.put(HEX, account_uuid="u-1", proven_at=stage.time.now())
        stage.background.on_events([LinkVerified(HEX, "u-2")])
        await stage.settle()
        assert await stage.stored() == link

    async def test_a_broken_file_is_said(self, stage: ProofStage, caplog) -> None:
        stage.database.broken = True
        stage.background.on_events([LinkVerified(HEX, "u-2")])
        await stage.settle()
        assert "cannot store a link that the CAD reported as verified" in caplog.text
        stage.database.broken = False
