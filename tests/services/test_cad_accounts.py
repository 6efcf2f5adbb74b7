"""The CAD is asked seldom who a member is, and never taken to have said more than it did."""

from __future__ import annotations

import asyncio

import pytest

from bot.cad.errors import CadError, CadUnavailable
from bot.cad.models import Account
from bot.cad.push.events import CallsClosed, LinkVerified
from bot.services.cad_accounts import FOUND_TTL, MISSING_TTL, CadAccounts
from tests.fake_time import FakeTime
from tests.services.queue_fixture import Lifetime, ScriptedCad

ALICE, BOB = 8, 9
ACCOUNT = Account("u-8", "alice", "steam:8")


class Cad(ScriptedCad):
    """Returns accounts by Discord id."""

    def __init__(self, time: FakeTime, version: int = 2) -> None:
        super().__init__(time, version, Lifetime())
        self.accounts = {ALICE: ACCOUNT}

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        await self._ask(f"account of {discord_id}")
        await asyncio.sleep(0)
        return self.accounts.get(discord_id)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def cad(time: FakeTime) -> Cad:
    return Cad(time)


@pytest.fixture
def accounts(cad: Cad, time: FakeTime) -> CadAccounts:
    return CadAccounts(cad, clock=time)


async def test_an_account_is_remembered_for_a_while(accounts, cad, time) -> None:
    assert not accounts.is_remembered(ALICE)
    assert await accounts.find(ALICE) == ACCOUNT
    del cad.accounts[ALICE]
    time._elapsed += FOUND_TTL - 1
    assert accounts.is_remembered(ALICE)
    assert await accounts.find(ALICE) == ACCOUNT
    time._elapsed += 1
    assert not accounts.is_remembered(ALICE)
    assert await accounts.find(ALICE) is None
    assert cad.asked["account of 8"] == 2


async def test_a_missing_account_is_asked_about_again_sooner(accounts, cad, time) -> None:
    assert MISSING_TTL < FOUND_TTL
    assert await accounts.find(BOB) is None
    cad.accounts[BOB] = ACCOUNT
    time._elapsed += MISSING_TTL - 1
    assert await accounts.find(BOB) is None
    time._elapsed += 1
    assert await accounts.find(BOB) == ACCOUNT


async def test_a_caller_may_want_a_newer_answer(accounts, cad, time) -> None:
    await accounts.find(ALICE)
    time._elapsed += 30
    await accounts.find(ALICE, max_age=31)
    assert cad.asked["account of 8"] == 1
    await accounts.find(ALICE, max_age=30)
    await accounts.find(ALICE, max_age=0)
    assert cad.asked["account of 8"] == 3


async def test_simultaneous_questions_share_a_request(accounts, cad, time) -> None:
    found = await asyncio.gather(*(accounts.find(ALICE) for _ in range(20)))
    assert found == [ACCOUNT] * 20
    assert cad.asked["account of 8"] == 1


async def test_an_error_is_not_remembered(accounts, cad) -> None:
    cad.query_fault = CadUnavailable(status=502)
    with pytest.raises(CadError):
        await accounts.find(ALICE)
    cad.query_fault = None
    assert await accounts.find(ALICE) == ACCOUNT


async def test_a_link_that_the_cad_reports_ends_what_is_known_of_missing_ones(
    accounts, cad
) -> None:
    await accounts.find(ALICE)
    await accounts.find(BOB)
    accounts.on_events([CallsClosed((1,))])
    assert accounts.is_remembered(BOB)
    accounts.on_events([LinkVerified("steam:9", "u-9")])
    assert not accounts.is_remembered(BOB)
    assert accounts.is_remembered(ALICE)


async def test_what_has_expired_is_not_kept(accounts, time) -> None:
    await accounts.find(BOB)
    time._elapsed += MISSING_TTL
    await accounts.find(ALICE)
    assert list(accounts._answers) == [ALICE]


async def test_api_1_is_never_asked(time) -> None:
    cad = Cad(time, version=1)
    accounts = CadAccounts(cad, clock=time)
    assert not accounts.can_ask
    assert accounts.is_remembered(ALICE)
    assert await accounts.find(ALICE) is None
    assert not cad.asked
