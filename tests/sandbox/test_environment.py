"""The sandbox has all its people, and its settings come only from the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.change_log import ReceivedRequest
from sandbox.environment import LINKED, Environment, open_environment
from sandbox.serve import VIEWERS


async def test_all_people_are_there() -> None:
    async with open_environment() as environment:
        assert environment.channel.name == "dispatch"
        assert list(environment.people) == ["Dana", "Pat", "Alice", "Bob", "Charlie", "Erin", "Vic"]
        assert set(VIEWERS) <= set(environment.people)
        dana = environment.people["Dana"]
        listed = await dana.slash(environment.channel, "links list")
        assert listed.response is not None
        for person in seed.PEOPLE:
            mention = environment.people[person.name].mention
            assert (mention in listed.response.content) == (person in LINKED), person
        units = environment.cad.world.server(seed.COMMUNITY_ID).units.values()
        assert {"A-12", "A-7", "M-3", "E-51"} <= {unit.badge.unit_num for unit in units}
        assert environment.simcord_env.bot.user is not None
        assert environment.simcord_env.bot.user.name == "Dispatch"


async def attach(environment: Environment, unit: str) -> ReceivedRequest:
    """Let Dana attach a unit; return the order that the CAD received last."""
    said = await environment.people["Dana"].slash(
        environment.channel, "attach", call=str(seed.ARMED_ROBBERY), units=unit
    )
    assert said.response is not None
    assert said.response.content.startswith("✅")
    return environment.cad.world.requests("ATTACH_UNITS", "v2 attach")[-1]


async def test_the_cad_speaks_the_first_documented_request_until_it_is_switched() -> None:
    async with open_environment() as environment:
        order = await attach(environment, "A-12")
        assert (order.path, order.type, order.text) == (
            "/emergency",
            "ATTACH_UNITS",
            "UNITS ATTACHED",
        )
        environment.cad.world.behaviour.spoken_api = SpokenApi.V2
        assert (await attach(environment, "A-7")).type == "v2 attach"


@pytest.mark.parametrize("api", [SpokenApi.V2, SpokenApi.BOTH])
async def test_the_sandbox_opens_on_the_api_that_is_named(api: SpokenApi) -> None:
    async with open_environment(api=api) as environment:
        assert (await attach(environment, "A-12")).type == "v2 attach"


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Run in the folder and the environment of another bot; the test must leave no file there."""
    monkeypatch.chdir(tmp_path)
    dotenv = tmp_path / ".env"
    dotenv.write_text("DISPATCH_ROLE_IDS=nonsense\n")
    for text in ("SONORAN_API_URL=nonsense", "LOG_LEVEL=nonsense", "API_ID_FORMAT=nonsense"):
        monkeypatch.setenv(*text.split("="))
    yield
    assert list(tmp_path.iterdir()) == [dotenv]


@pytest.mark.usefixtures("hostile")
async def test_the_environment_and_a_dotenv_change_nothing() -> None:
    async with open_environment() as environment:
        result = await environment.people["Dana"].slash(
            environment.channel, "attach", call=str(seed.ARMED_ROBBERY), units="A-12"
        )
        assert result.response is not None
        assert result.response.content.startswith("✅")


async def test_the_permission_of_the_cad_can_be_required() -> None:
    async with open_environment(cad_permissions=True) as environment:
        result = await environment.people["Dana"].slash(
            environment.channel, "attach", call=str(seed.ARMED_ROBBERY), units="A-12"
        )
        assert result.response is not None
        # The CAD speaks API 1, which does not know Dana's Discord.
        assert "The CAD does not know your account" in result.response.content
