"""Groups of units on duty.

Reference: docs/sonoran-cad.md, "Push events": the three events of groups.
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.cad.state.change_log import Change, ChangeKind
from sandbox.cad.state.models import Server
from sandbox.cad.state.world import CadWorld

NAMES = ("Alpha", "Bravo")  # the name of the sample group before and after it is renamed


def change_group(world: CadWorld, server: Server) -> None:
    """Put a unit into the sample group; if there is one, rename it; then take the unit out."""
    units = [unit for unit in server.units.values() if unit.on_duty and not unit.is_dispatch]
    grouped = [unit for unit in units if unit.badge.group]
    if not grouped:
        join_group(world, server, units[0].id, NAMES[0])
    elif grouped[0].badge.group == NAMES[0]:
        rename_group(world, server, *NAMES)
    else:
        leave_group(world, server, grouped[0].id)


def join_group(world: CadWorld, server: Server, ident: int, group: str) -> None:
    """Put a unit into a group."""
    _set_group(server, ident, group)
    world.announce(Change(ChangeKind.GROUP_ADD, server, idents=(ident,), group=group))


def leave_group(world: CadWorld, server: Server, ident: int) -> None:
    """Take a unit out of its group."""
    group = server.units[ident].badge.group
    _set_group(server, ident, "")
    world.announce(Change(ChangeKind.GROUP_REMOVE, server, idents=(ident,), group=group))


def rename_group(world: CadWorld, server: Server, old_name: str, new_name: str) -> None:
    """Give a group another name."""
    members = tuple(one.id for one in server.units.values() if one.badge.group == old_name)
    for ident in members:
        _set_group(server, ident, new_name)
    world.announce(
        Change(ChangeKind.GROUP_RENAME, server, idents=members, group=old_name, new_group=new_name)
    )


def _set_group(server: Server, ident: int, group: str) -> None:
    unit = server.units[ident]
    unit.badge = replace(unit.badge, group=group)
