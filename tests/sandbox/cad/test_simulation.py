"""The simulation: its actions are the same each time, and the number of calls is bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Container

import pytest

from sandbox.cad.state import extra_units
from sandbox.cad.state.change_log import Actor, Change, ChangeKind
from sandbox.cad.state.models import Server
from sandbox.cad.state.seed import COMMUNITY_ID, build_world
from sandbox.cad.state.simulation import (
    MAX_CALLS,
    MAX_EMERGENCIES,
    MIN_CALLS,
    TIMETABLE,
    Simulation,
)

ROUNDS = 5  # ten minutes


class Over(Exception):
    """Ends the simulation."""


async def shift(
    seed: int, cast: Container[str] | None = None, *, keeps_apart: bool = False
) -> tuple[list[Change], Server]:
    """Run ten minutes of the simulation without real waiting."""
    world = build_world()
    server = world.server(COMMUNITY_ID)
    if keeps_apart:
        cast = extra_units.add_units(world, world.communities[COMMUNITY_ID], server)
    others = (set(server.calls), set(server.emergencies)) if keeps_apart else (set(), set())
    changes: list[Change] = []
    world.on_change(changes.append)
    moments = iter(range(ROUNDS * len(TIMETABLE)))

    async def sleep(_: float) -> None:
        assert len(server.calls.keys() - others[0]) <= MAX_CALLS
        assert keeps_apart or len(server.calls) >= MIN_CALLS
        assert len(server.emergencies.keys() - others[1]) <= MAX_EMERGENCIES
        if next(moments, None) is None:
            raise Over

    with contextlib.suppress(Over):
        life = Simulation(
            world, server, seed=seed, unit_numbers=cast, own_calls_only=keeps_apart, sleep=sleep
        )
        await life.run()
    return changes, server


@pytest.mark.parametrize("seed", range(8))
async def test_everything_happens_and_people_do_it(seed: int) -> None:
    changes, _ = await shift(seed)
    assert {change.kind for change in changes} >= set(ChangeKind) - {
        ChangeKind.DETACH,
        ChangeKind.UNIT_PANIC,
        ChangeKind.LINK_VERIFIED,
    }
    assert {change.actor for change in changes} == {Actor.PERSON}


async def test_the_same_seed_is_the_same_life() -> None:
    def told(changes: list[Change]) -> list[tuple[ChangeKind, int | None, tuple[int, ...]]]:
        return [(change.kind, change.call_id, change.idents) for change in changes]

    first, second, other = (await shift(1))[0], (await shift(1))[0], (await shift(2))[0]
    assert told(first) == told(second) != told(other)


async def test_who_is_not_in_the_cast_is_left_alone() -> None:
    changes, server = await shift(3, cast={"K-9", "S-1"})
    moved = {ident for change in changes for ident in change.idents}
    assert {server.units[ident].badge.unit_num for ident in moved} == {"K-9", "S-1"}


@pytest.mark.parametrize("seed", range(4))
async def test_a_life_apart_leaves_all_alone_that_was_there(seed: int) -> None:
    before = build_world().server(COMMUNITY_ID)
    changes, server = await shift(seed, keeps_apart=True)
    told = {change.kind for change in changes}
    assert told >= {ChangeKind.CALL_NEW, ChangeKind.CALL_CLOSED, ChangeKind.EMERGENCY_REMOVED}
    assert told >= {ChangeKind.ATTACH, ChangeKind.UNIT_STATUS, ChangeKind.NOTE}
    for number, call in before.calls.items():
        now = server.calls[number]
        assert (now.form, now.idents, now.notes) == (call.form, call.idents, call.notes)
    assert server.emergencies.keys() >= before.emergencies.keys()
    for ident, unit in before.units.items():
        assert server.units[ident] == unit


async def test_a_cad_without_units_stays_as_it_is() -> None:
    changes, server = await shift(1, cast=())
    assert not any(change.idents for change in changes)
    assert server.calls


async def test_the_simulation_runs_until_it_is_cancelled() -> None:
    world = build_world()
    life = asyncio.create_task(Simulation(world, world.server(COMMUNITY_ID)).run())
    await asyncio.sleep(0)
    life.cancel()
    with pytest.raises(asyncio.CancelledError):
        await life
