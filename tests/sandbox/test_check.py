"""The scenario passes in a correct sandbox and fails in a wrong one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox import check
from sandbox.cad.state import seed
from sandbox.cad.state.faults import Text
from sandbox.cad.state.models import Plan
from sandbox.environment import Environment, open_environment
from sandbox.fake_time import FakeTime
from sandbox.scenario import SCENARIO


async def test_all_is_well_in_a_healthy_world() -> None:
    told: list[str] = []
    assert await check.run(told.append) == 0
    assert "   Dana › /attach call:100 units:@Pat" in told
    confirmed = "\n         Confirmed by the CAD."
    assert f"   bot › ✅ **#100** Armed Robbery: @Pat (A-12){confirmed}" in told
    assert told[-1] == f"{len(SCENARIO)} steps, all well"


def lower_the_plan(environment: Environment) -> None:
    environment.cad.world.communities[seed.COMMUNITY_ID].plan = Plan.STANDARD


def lie_about_success(environment: Environment) -> None:
    environment.cad.faults.set(Text(200, "UNITS ATTACHED"), path="/emergency", times=1)


def give_vic_the_role(environment: Environment) -> None:
    vic = environment.people["Vic"]
    guild = environment.simcord_env.backend.get_guild(vic.guild.id)
    guild.members[vic.id].role_ids.append(environment.dispatch_role.id)


@pytest.mark.parametrize("sabotage", [lower_the_plan, lie_about_success, give_vic_the_role])
async def test_a_broken_world_is_noticed(sabotage: Callable[[Environment], None]) -> None:
    told: list[str] = []
    time = FakeTime()
    async with open_environment(time=time) as environment:
        sabotage(environment)
        assert await check.run_steps(environment, time, SCENARIO[:2], told.append) == 1
    assert any(line.startswith("✗ step") for line in told)
    assert "faults" in told[-1]
