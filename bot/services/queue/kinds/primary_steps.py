"""The step that makes a unit the primary unit of its call.

Reference: docs/sonoran-cad.md, "Call".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.cad.models import Call
from bot.cad.push.events import CallUpserted
from bot.services.queue.looks import read_calls
from bot.services.queue.steps import CadAccess, Look, Sent, Step, Verdict, calls_of, own_key
from bot.services.targets.skipped_target import SkipReason

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder


def _call_of(access: CadAccess, queued: QueuedOrder) -> Call | None:
    order = queued.order
    return access.board.snapshot(order.server_id).calls.get(order.call_id or 0)


def _ident_of(queued: QueuedOrder) -> int:
    return next((one.unit.ident for one in queued.resolution.assignees if one.unit), 0)


async def _send(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    queued, order = orders[0], orders[0].order
    ident, call = _ident_of(queued), _call_of(access, queued)
    track = call is not None and call.track_primary  # that is not what the order is about
    await access.cad.set_primary(order.server_id, order.call_id or 0, ident, track=track)
    if shown := _call_of(access, queued):
        access.board.apply(order.server_id, [CallUpserted(replace(shown, primary=ident))])
    return Sent()


async def _look(access: CadAccess, queued: QueuedOrder) -> Look:
    """Leave out a unit that is not on the call; leave a primary unit that was set meanwhile."""
    resolution, ident = queued.resolution, _ident_of(queued)
    await read_calls(access, queued, must_ask=queued.may_have_been_sent)
    call = _call_of(access, queued)
    if call is None:  # the CAD says what is wrong
        return Look(resolution)
    if call.primary == ident:
        return Look(resolution, Verdict.DONE)
    if ident not in call.idents:
        return _left_out(queued, SkipReason.NOT_ON_CALL)
    if queued.may_have_been_sent and call.primary != queued.detail.primary:
        return _left_out(queued, SkipReason.PRIMARY_CHANGED)
    return Look(resolution)


def _left_out(queued: QueuedOrder, reason: SkipReason) -> Look:
    reasons = {one.key: reason for one in queued.resolution.assignees}
    return Look(queued.resolution.without(reasons), Verdict.REFUSE)


def _changed(queued: QueuedOrder) -> frozenset[str]:
    return frozenset([f"primary {queued.order.server_id}:{queued.order.call_id}"])


PRIMARY = Step(
    limiter=attrgetter("limiters.primary"),
    scope=own_key,
    key=own_key,
    send=_send,
    changes=_changed,
    needs=calls_of,
    look=_look,
)
