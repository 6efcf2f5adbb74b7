"""The seed has the people, units and calls that the guide and the scenario name."""

from __future__ import annotations

import asyncio
import re
import signal
import sys

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.models import Plan
from sandbox.cad.state.seed import (
    API_KEY,
    CASEY,
    CHARLIE,
    COMMUNITY_ID,
    DANA,
    ERIN,
    PAT,
    PEOPLE,
    QUINNS_ID,
    VIC,
    build_world,
)


def test_ids_are_bare_lower_hex() -> None:
    assert (PAT.steam64, PAT.hex) == (76561198836490351, "1100001343a206f")
    assert len({person.hex for person in PEOPLE}) == len(PEOPLE)
    assert all(re.fullmatch(r"1100001[0-9a-f]{8}", person.hex) for person in PEOPLE)


def test_people_are_on_duty_as_the_story_says() -> None:
    world = build_world()
    server = world.server(COMMUNITY_ID)
    for person in PEOPLE:
        units = world.resolve(server, Target((person.hex,)))
        expected = [person.unit_number] if person.unit_number else []
        assert [unit.badge.unit_num for unit in units] == expected
    assert CHARLIE.unit_number == "E-51"


def test_accounts_are_known_but_for_the_visitor() -> None:
    world = build_world()
    community = world.communities[COMMUNITY_ID]
    assert (community.key, community.plan) == (API_KEY, Plan.PLUS)
    known = [person for person in PEOPLE if world.find_account(community, person.hex)]
    assert [person for person in PEOPLE if person not in known] == [VIC]
    assert {DANA, ERIN} <= set(known)


def test_some_ids_are_spelled_otherwise() -> None:
    world = build_world()
    community = world.communities[COMMUNITY_ID]
    spelled = {f"STEAM:{CASEY.hex.upper()}": "casey", QUINNS_ID: "quinn"}
    for api_id, name in spelled.items():
        account = world.find_account(community, api_id)
        assert account
        assert account.username == name
    others = (CASEY.hex, f"steam:{CASEY.hex}", QUINNS_ID.removeprefix("license:"))
    assert [world.find_account(community, one) for one in others] == [None] * 3


def test_calls_and_911_calls_are_open() -> None:
    server = build_world().server(COMMUNITY_ID)
    titles = {number: call.form.title for number, call in server.calls.items()}
    assert titles == {100: "Armed Robbery", 101: "Traffic Stop", 102: "Structure Fire"}
    assert server.calls[100].idents == []
    assert sorted(server.emergencies) == [1, 2]


async def test_it_runs_alone() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "sandbox.cad", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = await process.stdout.readline()
        assert re.match(rb"Pretend Sonoran CAD: http://127\.0\.0\.1:\d+/ ", line)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
