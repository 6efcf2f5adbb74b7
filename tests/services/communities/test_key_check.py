"""A key is checked within a time limit, and each refusal has an error of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.cad.api_choice import ApiStatus
from bot.cad.errors import (
    ApiForbidden,
    ApiNotEnabled,
    CadRateLimited,
    CadRefused,
    CadUnavailable,
    CadUnreachable,
    InvalidApiKey,
    InvalidCommunity,
)
from bot.config.guild_settings import GuildSettings
from bot.services.communities.key_check import TIME_LIMIT, CadReport, check_key
from bot.services.guild_errors import (
    CadOutOfReach,
    CadUnusable,
    CommunityUnknown,
    KeyRefused,
)
from tests.manual_clock import NoWait

SETTINGS = GuildSettings.model_validate({"sonoran_community_id": "x", "sonoran_api_key": "key"})


class FakeCad:
    """A CAD that answers each question, or raises one error."""

    api = ApiStatus(2, is_automatic=True)
    clock_skew = None

    def __init__(self, error: Exception | None = None, servers: object = None) -> None:
        self._error = error
        self._servers = servers

    async def community_id(self) -> str:
        return "X"

    async def calls(self, _: int) -> None:
        if self._error:
            raise self._error

    async def servers(self) -> Any:
        if isinstance(self._servers, Exception):
            raise self._servers
        return self._servers

    async def find_attach_variant(self) -> str:
        return ""


async def check(cad: Any) -> CadReport:
    return await check_key(cad, SETTINGS, NoWait())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidApiKey("no", status=401), KeyRefused),
        (InvalidCommunity("no", status=400), CommunityUnknown),
        (CadUnreachable("no"), CadOutOfReach),
        (CadUnavailable("no", status=503), CadOutOfReach),
        (CadRateLimited("no", status=429), CadOutOfReach),
        (ApiForbidden("no", status=403), CadUnusable),
        (CadRefused("no", status=400), CadUnusable),
    ],
)
async def test_each_refusal_is_told_apart(error: Exception, told: type[Exception]):
    with pytest.raises(told):
        await check(FakeCad(error, {1: ""}))


async def test_what_the_cad_says_of_itself_is_reported():
    assert await check(FakeCad(servers={1: "Los Santos"})) == CadReport(2, {1: "Los Santos"})
    assert await check(FakeCad(servers=CadUnreachable("no"))) == CadReport(2, {})
    assert await check(FakeCad(servers=None)) == CadReport(2, {})


async def test_a_plan_that_cannot_attach_is_no_refusal():
    report = await check(FakeCad(ApiNotEnabled("no", status=403)))
    assert not report.can_attach


async def test_a_cad_that_does_not_answer_is_out_of_reach():
    class SilentCad(FakeCad):
        cancelled = False

        async def community_id(self) -> str:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                SilentCad.cancelled = True
                raise
            raise AssertionError

    class Limit(NoWait):
        async def wait_for(self, future: Any, seconds: float | None = None) -> None:
            assert seconds == TIME_LIMIT
            await asyncio.sleep(0)

    cad: Any = SilentCad()
    with pytest.raises(CadOutOfReach):
        await check_key(cad, SETTINGS, Limit())
    await asyncio.sleep(0)
    assert SilentCad.cancelled
