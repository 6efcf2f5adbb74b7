"""The seed has the people, units and calls that the guide and the scenario name."""

from __future__ import annotations

import asyncio
import re
import signal
import sys

import aiohttp
import pytest

from sandbox.cad.__main__ import build_world_of, parse_options
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.behaviour import SpokenApi
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
from sandbox.cad.state.world import CadWorld
from tests.deadlines import HANG_TIMEOUT


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


@pytest.mark.usefixtures("own_signals")
async def test_the_cad_runs_alone_with_the_switches_of_the_sandbox() -> None:
    # A test run in the background of a shell ignores Ctrl+C, and its children would do so too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "sandbox.cad", "--port", "0"),
        *("--api", "2", "--second-server", "--units", "300"),
        *("--push-url", "http://127.0.0.1:9/sonorancad/event"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(HANG_TIMEOUT), aiohttp.ClientSession() as session:
        line = await process.stdout.readline()
        found = re.match(rb"Pretend Sonoran CAD: (http://127\.0\.0\.1:\d+)/ ", line)
        assert found is not None
        async with session.get(f"{found[1].decode()}/board.json") as answer:
            board = await answer.json()
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    assert board["api"] == "2"
    assert [one["id"] for one in board["servers"]] == [1, 2]
    assert sum(one["unitNum"].startswith("N-") for one in board["units"]) == 300


def test_each_server_has_an_address_for_events() -> None:
    world = build_served_world("--second-server", "--push-url", "http://127.0.0.1:9/event")
    servers = world.communities[COMMUNITY_ID].servers
    assert [one.push_url for one in servers.values()] == [
        "http://127.0.0.1:9/event",
        "http://127.0.0.1:9/event/2",
    ]


@pytest.mark.parametrize("arguments", [(), ("--second-server",)])
def test_the_cad_alone_speaks_the_older_api_and_sends_no_events_at_first(
    arguments: tuple[str, ...],
) -> None:
    world = build_served_world(*arguments)
    assert world.behaviour.spoken_api is SpokenApi.V1
    assert {one.push_url for one in world.communities[COMMUNITY_ID].servers.values()} == {""}


def build_served_world(*arguments: str) -> CadWorld:
    return build_world_of(parse_options(arguments))
