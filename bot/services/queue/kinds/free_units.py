"""Leaves units out of a detach that are on no call, so that it is not said that they left one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.cad.errors import CadRateLimited
from bot.services.queue.looks import LONGEST_LOOK_WAIT
from bot.services.queue.steps import CadAccess
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.skipped_target import SkipReason

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder


async def without_free_units(access: CadAccess, queued: QueuedOrder) -> Resolution:
    """Return a resolution without the units that the CAD shows on no call.

    The calls are read only where a unit was on none when the order was given, for the board may be
    older than that. Where the limit does not allow it, the units stay.

    Raises:
        CadError: the CAD does not show its calls.
    """
    resolution, server_id = queued.resolution, queued.order.server_id
    if not any(map(_is_free, resolution.assignees)):
        return resolution
    if access.cad.limiters.calls.wait() > LONGEST_LOOK_WAIT:
        return resolution
    try:
        await access.board.fetch_calls(server_id)
    except CadRateLimited:
        return resolution
    snapshot = access.board.snapshot(server_id)
    calls = {ident: one.call_id for one in snapshot.calls.values() for ident in one.idents}
    found = [
        replace(one, call_id=calls.get(one.unit.ident)) if one.unit and _is_free(one) else one
        for one in resolution.assignees
    ]
    free = {one.key: SkipReason.ON_NO_CALL for one in found if _is_free(one)}
    return replace(resolution, assignees=tuple(found)).without(free)


def _is_free(assignee: Assignee) -> bool:
    return assignee.unit is not None and assignee.call_id is None
