"""Looks at the CAD again before an order is sent late, or for the second time.

What was decided must not be done to a unit that has moved on since. Whether the CAD takes a unit
off its former call when it attaches it to another is not documented, so nothing here relies on it;
reference: docs/sonoran-cad.md, "Attach".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from bot.cad.errors import CadRateLimited
from bot.cad.models import Receipt, Unit
from bot.cad.push.events import UnitsAttached, UnitsDetached
from bot.services.board.snapshot import BoardSnapshot
from bot.services.queue.steps import CadAccess, Look, Step, Verdict
from bot.services.targets.resolution import Resolution, Roster
from bot.services.targets.skipped_target import SkipReason

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder

LATE_AFTER = 5.0  # seconds after which the units of an order may have moved on
# Seconds that an order waits to read the calls anew, while others wait behind it.
LONGEST_LOOK_WAIT = 2.0

CallsByIdent: TypeAlias = Mapping[int, Collection[int]]


async def read_calls(access: CadAccess, queued: QueuedOrder, *, must_ask: bool) -> BoardSnapshot:
    """Return the calls as the CAD shows them; the last known ones where the limit is used up.

    Args:
        must_ask: the calls that are known are of no use.

    Raises:
        CadError: the CAD does not show its calls.
    """
    server_id, board = queued.order.server_id, access.board
    must_ask = must_ask or board.confirmed_at(server_id) is None
    if must_ask or access.cad.limiters.calls.wait() <= LONGEST_LOOK_WAIT:
        try:
            await board.fetch_calls(server_id)
        except CadRateLimited:
            if must_ask:
                raise
    return board.snapshot(server_id)


async def look_before_attach(access: CadAccess, queued: QueuedOrder) -> Look:
    """Leave out the units that are on a call that they were not on when the order was given.

    A unit that only an API id names, and that the CAD has not shown since, may have been attached
    by an attempt that broke off, and moved on: it is not attached again.

    An order whose other units are on its call is done: an attempt that broke off had arrived, or
    another dispatcher was quicker.

    Raises:
        CadError: the CAD does not show its calls.
    """
    call_id, now = queued.order.call_id or 0, await _read_calls_of_units(access, queued)
    units_on_duty = access.board.units(queued.order.server_id)
    resolution = without_moved(with_units(queued.resolution, units_on_duty), call_id, now)
    if queued.may_have_been_sent:
        unknown = [one.key for one in resolution.assignees if not one.unit and one.on_duty is None]
        resolution = resolution.without(dict.fromkeys(unknown, SkipReason.RESULT_UNKNOWN))
    units = [one.unit for one in resolution.assignees]
    # A unit that is on another call too may have been sent there last.
    if units and all(unit and [*now.get(unit.ident, ())] == [call_id] for unit in units):
        on_call = frozenset(ident for ident, calls in now.items() if call_id in calls)
        return Look(resolution, Verdict.DONE, receipt=Receipt(on_call))
    return Look(resolution)


async def look_before_detach(access: CadAccess, queued: QueuedOrder) -> Look:
    """Leave out the units that are not on the call that they are to leave.

    The CAD's detach takes no call number: it takes a unit off the call that it is on by then.

    Raises:
        CadError: the CAD does not show its calls.
    """
    order, resolution = queued.order, queued.resolution
    if queued.is_late or queued.may_have_been_sent:
        now = await _read_calls_of_units(access, queued)
    else:  # the named call is all that matters
        call_id = order.call_id or 0
        units = [one.unit for one in resolution.assignees if one.unit]
        on_call = (
            await access.cad.get_idents_on_call(order.server_id, call_id, units) if units else ()
        )
        now = {ident: [call_id] for ident in on_call}
    return Look(
        only_still_on_call(resolution, order.call_id, now, is_repeated=queued.may_have_been_sent)
    )


async def _read_calls_of_units(access: CadAccess, queued: QueuedOrder) -> CallsByIdent:
    """Return the calls of each unit, as the CAD has shown them within seconds.

    A look at an order that may have been sent needs calls that were read after that.
    """
    server_id, board = queued.order.server_id, access.board
    age = timedelta(0) if queued.may_have_been_sent else timedelta(seconds=LATE_AFTER)
    read_at = board.confirmed_at(server_id)
    if read_at is None or read_at < access.looking_since - age:
        if (wait := access.cad.limiters.calls.wait()) > LONGEST_LOOK_WAIT:
            raise CadRateLimited(retry_after=wait)
        await board.fetch_calls(server_id)
    calls_by_ident: dict[int, list[int]] = defaultdict(list)
    for call in board.snapshot(server_id).calls.values():
        for ident in call.idents:
            calls_by_ident[ident].append(call.call_id)
    return calls_by_ident


def with_units(resolution: Resolution, on_duty: Sequence[Unit]) -> Resolution:
    """Return a resolution with the units that the CAD has shown since it was made."""
    if all(one.unit for one in resolution.assignees):
        return resolution
    roster = Roster(on_duty, is_current=False)
    assignees = [
        replace(one, unit=unit, on_duty=True)
        if one.unit is None and (unit := roster.by_api_id(one.api_id))
        else one
        for one in resolution.assignees
    ]
    return replace(resolution, assignees=tuple(assignees))


def without_moved(resolution: Resolution, call_id: int, now: CallsByIdent) -> Resolution:
    """Return a resolution without the units that have gone to another call since.

    Args:
        call_id: the call to which the units are to go.
        now: the calls that each unit is on.
    """
    moved = [
        one
        for one in resolution.assignees
        if one.unit
        and (calls := now.get(one.unit.ident))
        and call_id not in calls
        and one.call_id not in calls
    ]
    return resolution.without({one.key: SkipReason.ON_ANOTHER_CALL for one in moved})


def only_still_on_call(
    resolution: Resolution, call_id: int | None, now: CallsByIdent, *, is_repeated: bool
) -> Resolution:
    """Return a resolution of the units that a detach takes off the right call, with that call.

    Args:
        call_id: the call that the units are to leave; None for the one that each was on when the
            order was given.
        now: the calls that each unit is on.
        is_repeated: an earlier attempt may have taken the units off their calls.
    """
    reasons: dict[str, SkipReason] = {}
    for one in resolution.assignees:
        calls = now.get(one.unit.ident, ()) if one.unit else ()
        former = call_id or one.call_id
        if former in calls and len(calls) == 1:
            continue
        if former is None and is_repeated and calls:
            reasons[one.key] = SkipReason.ON_NEW_CALL
        elif former is None and is_repeated and not one.unit:
            reasons[one.key] = SkipReason.RESULT_UNKNOWN
        elif calls and (former is None or former in calls):
            reasons[one.key] = SkipReason.ON_ANOTHER_CALL
        elif one.unit is None and one.on_duty is None:
            # Where the CAD has not shown the unit, it is not said that the unit has moved on.
            reasons[one.key] = SkipReason.NOT_LOOKED_UP
        elif former is None:
            reasons[one.key] = SkipReason.ON_NO_CALL
        else:
            was_there = one.call_id == former
            reasons[one.key] = SkipReason.NOT_ON_CALL if was_there else SkipReason.NEVER_ON_CALL
    if call_id is not None:
        resolution = _with_calls(resolution, {one.key: call_id for one in resolution.assignees})
    on_new_call = {
        one.key: max(now[one.unit.ident])
        for one in resolution.assignees
        if one.unit and reasons.get(one.key) is SkipReason.ON_NEW_CALL
    }
    return resolution.without(reasons, on_new_call)


def with_earlier_units(
    resolution: Resolution, earlier: Resolution, *, is_detach: bool
) -> Resolution:
    """Return a resolution with the units as they were in an earlier one, when the order was given.

    Nothing shows that a unit which was not known then has moved since. It may be attached; but a
    detach takes it off the call that it is on by now, and which one was meant is not known.
    """
    known = {one.key: one for one in earlier.assignees}
    assignees = [
        known.get(one.key, replace(one, call_id=None) if is_detach else one)
        for one in resolution.assignees
    ]
    return replace(resolution, assignees=tuple(assignees))


def note_moves(
    waiting: Iterable[QueuedOrder], done: Sequence[QueuedOrder], step: Step
) -> list[QueuedOrder]:
    """Note in the other orders that wait where orders that are done have put their units.

    Otherwise a unit that was sent to two calls in turn would have moved on for the second order.

    Args:
        step: the step of those that are done.

    Returns:
        The orders to store again: their units were put elsewhere, and all of them are known.
    """
    calls: dict[tuple[int, int], int | None] = {}
    for queued in done:
        server_id = queued.order.server_id
        for event in step.events(queued.view(), queued.resolution.assignees):
            if isinstance(event, UnitsAttached):
                calls.update({(server_id, ident): event.call_id for ident in event.idents})
            elif isinstance(event, UnitsDetached):
                calls.update({(server_id, ident): None for ident in event.idents})
    changed: list[QueuedOrder] = []
    for queued in waiting:
        # An undo keeps where its units go back to, and the next step of an order that is done goes
        # by where its units were when it was given.
        if queued.kind.undoes or queued in done:
            continue
        found = queued.resolution.assignees
        keys = {one.key: (queued.order.server_id, one.unit.ident) for one in found if one.unit}
        moved = {key: calls[unit] for key, unit in keys.items() if unit in calls}
        if moved:
            queued.resolution = _with_calls(queued.resolution, moved)
            is_certain = queued.lookup.is_resolved and queued.lookup.error is None
            queued.lookup = replace(queued.lookup, is_stored=is_certain)
            if is_certain:
                changed.append(queued)
    return changed


def _with_calls(resolution: Resolution, calls: Mapping[str, int | None]) -> Resolution:
    assignees = [
        replace(one, call_id=calls.get(one.key, one.call_id)) for one in resolution.assignees
    ]
    return replace(resolution, assignees=tuple(assignees))
