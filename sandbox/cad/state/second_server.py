"""A second game server of the sandbox's community, with units and calls of its own.

Reference: docs/sonoran-cad.md, "Which API answers" and "Push events": the servers of a community
share one key, and count their calls apart.
"""

from __future__ import annotations

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.models import Badge, CallForm, EmergencyForm, Page, Server
from sandbox.cad.state.world import CadWorld

SERVER_ID = 2
NAME = "Liberty City"
BANK_ALARM = 100  # the same number as another call of the first server

_ERIN = Badge("L-5", "Erin Walsh", "LCPD", "Algonquin", "Patrol", "Officer")
_NICO = Badge("L-8", "Nico Baros", "LCPD", "Broker", "Patrol", "Officer")
_MEDIC = Badge("M-7", "Kate Byrne", "FDLC", "Algonquin", "Ambulance", "Paramedic", page=Page.EMS)
_FIRST_STEAM64 = 76561198300000001

_ALARM = CallForm(
    title="Bank Alarm",
    code="211S",
    priority=2,
    block="12",
    address="Exchange Street",
    postal="401",
    description="Silent alarm of the savings bank, no answer by telephone.",
)
_CRASH = CallForm(
    title="Vehicle Collision",
    code="11-80",
    priority=3,
    address="Algonquin Bridge",
    description="Two cars, one person hurt.",
)
_SMOKE = EmergencyForm(
    caller="Grace A.",
    location="Hove Beach, Mohawk Avenue",
    description="There is smoke coming out of the laundry.",
)


def add_second_server(world: CadWorld) -> Server:
    """Add the server to the community of the seed; Erin is on duty there."""
    community = world.communities[seed.COMMUNITY_ID]
    community.servers[seed.SERVER_ID].name = "Los Santos"
    server = community.servers[SERVER_ID] = Server(SERVER_ID, name=NAME)
    erin = world.find_account(community, seed.ERIN.hex)
    assert erin is not None
    world.login(server, erin, _ERIN)
    for number, badge in enumerate((_NICO, _MEDIC)):
        person = seed.Person(badge.unit_num, _FIRST_STEAM64 + number)
        unit = world.login(server, seed.add_account(community, person), badge)
    world.new_dispatch(server, _ALARM)
    world.new_dispatch(server, _CRASH, Target(ident_ids=(unit.id,)))
    world.call_911(server, _SMOKE)
    return server
