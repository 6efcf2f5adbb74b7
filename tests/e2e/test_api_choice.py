"""SONORAN_API_VERSION=auto: v2 where it takes the key, else v1, and what the member sees of it."""

from __future__ import annotations

import pytest

from bot.cad.api_switch import ASK_AGAIN
from sandbox.cad.state import seed
from sandbox.cad.state.behaviour import SpokenApi, WrongAddress
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings

pytestmark = with_settings(sonoran_api_version="auto")

ATTACHED = "✅ **#100**"
V1, V2 = "ATTACH_UNITS", "v2 attach"


def speak(bot_fixture: BotFixture, api: SpokenApi) -> None:
    bot_fixture.world.behaviour.spoken_api = api


def sent(bot_fixture: BotFixture) -> list[tuple[str, int | None]]:
    """List the orders that the CAD received, with its answers."""
    return [(one.type, one.status) for one in bot_fixture.orders()]


async def told_by_doctor(bot_fixture: BotFixture) -> str:
    return await bot_fixture.final_answer(bot_fixture.dana, "doctor")


@pytest.mark.parametrize(
    ("api", "order", "version"),
    [(SpokenApi.V1, V1, 1), (SpokenApi.V2, V2, 2), (SpokenApi.BOTH, V2, 2)],
)
async def test_the_bot_speaks_what_the_cad_speaks(
    bot_fixture: BotFixture,
    caplog: pytest.LogCaptureFixture,
    api: SpokenApi,
    order: str,
    version: int,
) -> None:
    caplog.set_level("INFO", "bot")
    speak(bot_fixture, api)
    await bot_fixture.start()
    assert (await bot_fixture.attach("A-12")).startswith(ATTACHED)
    assert sent(bot_fixture) == [(order, 200)]
    assert bot_fixture.units_on(seed.ARMED_ROBBERY) == ["A-12"]
    assert f"The bot uses the CAD's API {version}." in await told_by_doctor(bot_fixture)
    chosen = [one.getMessage() for one in caplog.records if "API" in one.getMessage()]
    assert len(chosen) == 2  # one for each guild
    assert chosen[0].startswith(f"the CAD's API {version} is used")


@pytest.mark.parametrize("answer", WrongAddress)
async def test_whatever_answers_in_place_of_v2_is_not_v2(
    bot_fixture: BotFixture, answer: WrongAddress
) -> None:
    bot_fixture.world.behaviour.wrong_address = answer
    speak(bot_fixture, SpokenApi.V1)
    await bot_fixture.start()
    assert (await bot_fixture.attach("A-12")).startswith(ATTACHED)
    assert sent(bot_fixture) == [(V1, 200)]
    assert "✅ API 2 is not served at SONORAN_API_URL: " in await told_by_doctor(bot_fixture)


@pytest.mark.parametrize("answer", WrongAddress)
async def test_v1_goes_away_while_the_bot_runs(
    bot_fixture: BotFixture, answer: WrongAddress
) -> None:
    speak(bot_fixture, SpokenApi.V1)
    await bot_fixture.start()
    bot_fixture.world.behaviour.wrong_address = answer
    speak(bot_fixture, SpokenApi.V2)
    assert (await bot_fixture.attach("A-12")).startswith(ATTACHED)
    assert sent(bot_fixture)[-1] == (V2, 200)
    report = await told_by_doctor(bot_fixture)
    assert "The bot uses the CAD's API 2." in report
    assert "✅ API 1 is not served at SONORAN_API_URL: " in report


async def test_v2_refuses_the_key_while_the_bot_runs(bot_fixture: BotFixture) -> None:
    await bot_fixture.start()
    bot_fixture.world.behaviour.v2_takes_key = False
    assert (await bot_fixture.attach("A-12")).startswith(ATTACHED)
    assert sent(bot_fixture) == [(V2, 401), (V1, 200)]
    report = await told_by_doctor(bot_fixture)
    assert "⚠️ API 2 refuses the key: `Missing or invalid bearer authentication.`." in report
    assert "The bot uses the CAD's API 1." in report


async def test_orders_that_wait_survive_the_switch(bot_fixture: BotFixture) -> None:
    speak(bot_fixture, SpokenApi.V1)
    await bot_fixture.start()
    await bot_fixture.cad.pause()
    waiting = [
        await bot_fixture.run_command(bot_fixture.dana, "attach", call=call, units=unit)
        for call, unit in ((100, "A-12"), (101, "A-7"), (102, "E-51"))
    ]
    await bot_fixture.advance(30)
    assert all(one.text.startswith("⏳") for one in waiting)
    speak(bot_fixture, SpokenApi.V2)
    await bot_fixture.cad.resume()
    for one in waiting:
        assert (await one.after(60)).startswith("✅")
    # One request of v1 takes three calls, one of v2 takes one.
    assert [one for one in sent(bot_fixture) if one[0] == V2] == [(V2, 200)] * 3
    for call, unit in ((100, "A-12"), (101, "A-7"), (102, "E-51")):
        assert unit in bot_fixture.units_on(call)


@pytest.mark.parametrize(("api", "order"), [(SpokenApi.V1, V1), (SpokenApi.BOTH, V2)])
async def test_a_cad_that_is_down_at_the_start_decides_nothing(
    bot_fixture: BotFixture, api: SpokenApi, order: str
) -> None:
    speak(bot_fixture, api)
    await bot_fixture.cad.pause()
    bot_fixture.is_cad_up = False
    await bot_fixture.start()
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units="A-12")
    assert (await said.after(30)).startswith("⏳")
    await bot_fixture.cad.resume()
    assert (await said.after(60)).startswith(ATTACHED)
    assert sent(bot_fixture) == [(order, 200)]


async def test_both_refuse_the_key(bot_fixture: BotFixture) -> None:
    await bot_fixture.start()
    community = bot_fixture.world.communities[seed.COMMUNITY_ID]
    right, community.key = community.key, "another"
    answer = await bot_fixture.attach("A-12")
    assert answer.startswith("❌ Not attached")
    assert "SONORAN_API_KEY is wrong." in answer
    report = await told_by_doctor(bot_fixture)
    assert "❌ The CAD refuses the key: " in report
    assert "API 2" not in report
    community.key = right
    await bot_fixture.advance(ASK_AGAIN)
    assert (await bot_fixture.attach("A-12")).startswith(ATTACHED)
    assert sent(bot_fixture)[-1] == (V2, 200)


async def test_v1_gone_and_v2_refuses_the_key(bot_fixture: BotFixture) -> None:
    speak(bot_fixture, SpokenApi.V1)
    await bot_fixture.start()
    speak(bot_fixture, SpokenApi.V2)
    bot_fixture.world.behaviour.v2_takes_key = False
    # The refusal of the API that is there says more than that of the one that is gone.
    answer = await bot_fixture.attach("A-12")
    assert "`Missing or invalid bearer authentication.`" in answer
    report = await told_by_doctor(bot_fixture)
    assert "❌ The CAD refuses the key: `Missing or invalid bearer authentication.`." in report
    assert "⚠️ API 1 is not served at SONORAN_API_URL: `Not Found`." in report
    assert "Plus" not in answer + report


@pytest.mark.parametrize("version", [1, 2])
async def test_a_version_that_is_set_is_not_left(bot_fixture: BotFixture, version: int) -> None:
    await bot_fixture.start(sonoran_api_version=version)
    speak(bot_fixture, SpokenApi.V2 if version == 1 else SpokenApi.V1)
    assert (await bot_fixture.attach("A-12")).startswith("❌ Not attached")
    await bot_fixture.advance(60)
    assert (
        f"❌ API {version} does not answer at SONORAN_API_URL: `Not Found`. Set"
        " SONORAN_API_VERSION to auto, or correct the address."
    ) in await told_by_doctor(bot_fixture)
