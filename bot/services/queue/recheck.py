"""Looks at the CAD again before an order that has waited is sent.

What was decided must not be done later to a unit that has moved on meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.cad.errors import CadRateLimited
from bot.cad.models import Receipt
from bot.services.board.snapshot import BoardSnapshot
from bot.services.queue.steps import CadAccess, Look, Verdict
from bot.services.targets.resolution import (
    Assignee,
    Resolution,
    SkippedTarget,
    SkipReason,
    Target,
)
from bot.storage.stores.order_store import OrderAction

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder

LOOK_AFTER = 5.0  # seconds in the queue after which the units of an order may have moved on
PATIENCE = 2.0  # seconds that an order waits to read the calls anew, while others wait behind it


async def read_calls(access: CadAccess, queued: QueuedOrder, *, must_ask: bool) -> BoardSnapshot:
    """Return the calls as the CAD shows them; the last known ones where the limit is used up.

    Args:
        must_ask: the calls that are known are of no use.

    Raises:
        CadError: the CAD does not show its calls.
    """
    server_id, board = queued.order.server_id, access.board
    must_ask = must_ask or board.confirmed_at(server_id) is None
    if must_ask or access.cad.limiters.calls.wait() <= PATIENCE:
        try:
            await board.fetch_calls(server_id)
        except CadRateLimited:
            if must_ask:
                raise
    return board.snapshot(server_id)


async def look_before_attach(access: CadAccess, queued: QueuedOrder) -> Look:
    """Leave out the units that are on a call that they were not on when they were named.

    An order whose other units are on its call is done: an attempt that broke off had arrived, or
    another dispatcher was quicker.

    Raises:
        CadError: the CAD does not show its calls.
    """
    server_id, since = queued.order.server_id, access.looks_since
    read_at = access.board.confirmed_at(server_id)
    if read_at is None or since is None or read_at < since:
        snapshot = await read_calls(access, queued, must_ask=queued.may_have_been_sent)
    else:  # for another order of the same batch
        snapshot = access.board.snapshot(server_id)
    call_id = queued.order.call_id or 0
    idents = {number: frozenset(call.idents) for number, call in snapshot.calls.items()}
    resolution = without_moved(queued.resolution, call_id, idents)
    on_call = idents.get(call_id, frozenset())
    units = [one.unit for one in resolution.assignees]
    if units and all(unit and unit.ident in on_call for unit in units):
        return Look(resolution, Verdict.DONE, receipt=Receipt(on_call))
    return Look(resolution)


def without_moved(
    resolution: Resolution, call_id: int, idents: Mapping[int, Collection[int]]
) -> Resolution:
    """Return a resolution without the units that have gone to another call since.

    Args:
        call_id: the call to which the units are to go.
        idents: the units of each call.
    """
    moved = [
        one
        for one in resolution.assignees
        if one.unit
        and (now := {number for number, units in idents.items() if one.unit.ident in units})
        and now.isdisjoint({call_id, one.call_id})
    ]
    if not moved:
        return resolution
    return replace(
        resolution,
        assignees=tuple(one for one in resolution.assignees if one not in moved),
        left_out=(
            *resolution.left_out,
            *(skipped(one, SkipReason.ON_ANOTHER_CALL) for one in moved),
        ),
    )


def skipped(assignee: Assignee, reason: SkipReason) -> SkippedTarget:
    """Return an assignee as one that is left out."""
    number = assignee.unit.number if assignee.unit else ""
    return SkippedTarget(Target(number or assignee.reference, assignee.discord_id), reason)


def follow(waiting: Iterable[QueuedOrder], done: Iterable[QueuedOrder]) -> None:
    """Note in the orders that still wait where orders that are done have put their units.

    Otherwise a unit that was sent to two calls in turn would have moved on for the second order.
    """
    now: dict[tuple[int, str], int | None] = {}
    for queued in done:
        if queued.kind.is_shown is not None:
            to = None if queued.order.action is OrderAction.DETACH else queued.order.call_id
            now.update(
                {(queued.order.server_id, one.key): to for one in queued.resolution.assignees}
            )
    for queued in waiting:
        server_id, assignees = queued.order.server_id, queued.resolution.assignees
        if any((server_id, one.key) in now for one in assignees):
            followed = tuple(
                replace(one, call_id=now.get((server_id, one.key), one.call_id))
                for one in assignees
            )
            queued.resolution = replace(queued.resolution, assignees=followed)
            queued.lookup = replace(queued.lookup, is_stored=False)
