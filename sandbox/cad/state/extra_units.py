"""Units beside those of the seed: some that the simulation moves, and any number of others.

Reference: docs/sonoran-cad.md, "Unit".
"""

from __future__ import annotations

from sandbox.cad.state import seed
from sandbox.cad.state.models import Account, Badge, Community, Page, Server
from sandbox.cad.state.world import CadWorld

_FIRST_STEAM64 = 76561198200000001
_FIRST_NUMBERED_STEAM64 = 76561198400000001
_DEPARTMENTS = ("LSPD", "BCSO", "EMS", "SAFD")
_NO_ID_EVERY = 3  # of the numbered units, each third account has no API id

_BADGES = (
    Badge("A-21", "Lena Fischer", "LSPD", "Los Santos", "Patrol", "Officer"),
    Badge("A-33", "Marcus Webb", "LSPD", "Los Santos", "Patrol", "Officer"),
    Badge("B-8", "Ines Duarte", "BCSO", "Blaine County", "Patrol", "Deputy"),
    Badge("M-9", "Yuki Tanaka", "EMS", "San Andreas", "Ambulance", "Paramedic", page=Page.EMS),
    Badge("E-17", "Rosa Keller", "SAFD", "San Andreas", "Engine", "Firefighter", page=Page.FIRE),
)


def add_units(world: CadWorld, community: Community, server: Server) -> frozenset[str]:
    """Add accounts with units on duty; return the numbers of the units."""
    for number, badge in enumerate(_BADGES):
        person = seed.Person(badge.unit_num, _FIRST_STEAM64 + number)
        world.login(server, seed.add_account(community, person), badge)
    return frozenset(badge.unit_num for badge in _BADGES)


def add_numbered_units(world: CadWorld, community: Community, server: Server, count: int) -> None:
    """Add further units on duty, `N-1`, `N-2` and so on; every third has no API id."""
    known = sum(unit.badge.unit_num.startswith("N-") for unit in server.units.values())
    for number in range(known + 1, known + count + 1):
        uuid = f"00000000-0000-4000-9000-{server.id:04d}{number:08d}"
        steam64 = _FIRST_NUMBERED_STEAM64 + number
        api_ids = () if number % _NO_ID_EVERY == 0 else (f"{steam64:x}",)
        community.accounts[uuid] = Account(uuid, f"officer {number}", api_ids=api_ids)
        department = _DEPARTMENTS[number % len(_DEPARTMENTS)]
        world.login(
            server, community.accounts[uuid], Badge(f"N-{number}", f"Officer {number}", department)
        )
