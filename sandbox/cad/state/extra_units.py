"""Units beside those of the seed; the simulation moves them."""

from __future__ import annotations

from sandbox.cad.state.models import Account, Badge, Community, Page, Server
from sandbox.cad.state.world import CadWorld

_FIRST_STEAM64 = 76561198200000001

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
        steam64 = _FIRST_STEAM64 + number
        uuid = f"00000000-0000-4000-8000-{steam64 % 10**12:012d}"
        account = Account(uuid, badge.unit_num.lower(), api_ids=(f"{steam64:x}",))
        community.accounts[uuid] = account
        world.login(server, account, badge)
    return frozenset(badge.unit_num for badge in _BADGES)
