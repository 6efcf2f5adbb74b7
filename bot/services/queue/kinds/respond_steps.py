"""The steps of the orders about a 911 call: create a call for it, take it off the list.

Reference: docs/sonoran-cad.md, "911 → dispatch, and its races".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.cad.codec.emergencies import build_dispatch_call
from bot.cad.errors import CadRateLimited, CadRefused
from bot.cad.models import Call, Receipt
from bot.cad.push.events import EmergenciesRemoved, Event
from bot.services.board.snapshot import BoardSnapshot
from bot.services.orders.outcomes import OrderView
from bot.services.queue.kinds.call_steps import create_call, if_repeated, key_of_call
from bot.services.queue.steps import CadAccess, Look, Sent, Step, Verdict, calls_of
from bot.services.targets.resolution import Assignee, SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import OrderAction

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder

PATIENCE = 2.0  # seconds that an order waits to read the calls anew, while others wait behind it


def _emergency_of(queued: QueuedOrder) -> int:
    """Return the number of the 911 call that an order is about."""
    return queued.detail.emergency or 0


async def _remove_emergency(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    """Take the 911 call that the orders are about off the list."""
    server_id, number = orders[0].order.server_id, _emergency_of(orders[0])
    await access.cad.remove_emergency_call(server_id, number)
    return Sent()


def _emergency_removed(view: OrderView, _assignees: Sequence[Assignee]) -> list[Event]:
    """Return that the 911 call of an order has left the list."""
    return [EmergenciesRemoved((view.detail.emergency or 0,))]


async def _read_calls(access: CadAccess, queued: QueuedOrder, *, must_ask: bool) -> BoardSnapshot:
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


async def _look_for_call(access: CadAccess, queued: QueuedOrder) -> Look:
    """Look for a call that answers the 911 call already.

    A dispatcher in the CAD, a player in the game or an attempt that broke off may have created it.
    """
    number, resolution = _emergency_of(queued), queued.resolution
    snapshot = await _read_calls(access, queued, must_ask=queued.may_have_been_sent)
    answer = access.board.answering_call(queued.order.server_id, number)
    if answer is not None:
        return Look(resolution, Verdict.DONE, answer.call_id)
    if number in snapshot.emergencies:
        return Look(resolution)
    gone = SkippedTarget(Target(f"911 #{number}"), SkipReason.EMERGENCY_GONE)
    return Look(replace(resolution, left_out=(*resolution.left_out, gone)), Verdict.REFUSE)


async def _create(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    server_id, number = orders[0].order.server_id, _emergency_of(orders[0])
    emergency = access.board.snapshot(server_id).emergencies.get(number)
    if emergency is None:  # it has gone since the look
        raise CadRefused("911 CALL NOT FOUND")

    async def find_created() -> Call | None:
        await access.board.fetch_calls(server_id)
        return access.board.answering_call(server_id, number)

    return await create_call(access, build_dispatch_call(server_id, emergency), find_created)


async def _look_for_units(access: CadAccess, queued: QueuedOrder) -> Look:
    """Look whether the 911 call is still listed, and whether help goes to it.

    The answer of the CAD to an attach may not say which units it has attached.
    """
    idents = {one.unit.ident for one in queued.resolution.assignees if one.unit}
    is_told = queued.receipt is not None and not idents.isdisjoint(queued.receipt.idents)
    snapshot, must_ask = access.board.snapshot(queued.order.server_id), queued.may_have_been_sent
    if must_ask or not is_told or _emergency_of(queued) not in snapshot.emergencies:
        snapshot = await _read_calls(access, queued, must_ask=must_ask)
    call = snapshot.calls.get(queued.order.call_id or 0)
    on_call = frozenset(call.idents) if call else frozenset()
    if _emergency_of(queued) not in snapshot.emergencies:
        verdict = Verdict.DONE
    elif not idents or not idents.isdisjoint(on_call):
        verdict = Verdict.SEND  # where no unit has an ident, no call shows any of them
    else:
        verdict = Verdict.REFUSE
    receipt = Receipt(on_call) if idents <= on_call else None  # a later look may show the others
    return Look(queued.resolution, verdict, receipt=receipt)


async def _look_for_dismissal(access: CadAccess, queued: QueuedOrder) -> Look:
    server_id = queued.order.server_id
    await access.board.fetch_calls(server_id)
    is_listed = _emergency_of(queued) in access.board.snapshot(server_id).emergencies
    return Look(queued.resolution, Verdict.SEND if is_listed else Verdict.DONE)


def _creation_key(queued: QueuedOrder) -> Hashable:
    return "create", queued.order.server_id, queued.detail.emergency


def _removal_key(queued: QueuedOrder) -> Hashable:
    return "remove", queued.order.server_id, queued.detail.emergency


def _answer_of(queued: QueuedOrder) -> frozenset[str]:
    return frozenset([f"answer {queued.order.server_id}:{queued.detail.emergency}"])


CREATE = Step(
    limiter=attrgetter("limiters.create"),
    scope=_creation_key,
    key=_creation_key,
    send=_create,
    changes=_answer_of,
    needs=calls_of,
    look=_look_for_call,
)
REMOVE = Step(
    limiter=attrgetter("limiters.remove_911"),
    scope=_removal_key,
    key=_removal_key,
    send=_remove_emergency,
    events=_emergency_removed,
    needs=calls_of,
    look=_look_for_units,
    is_optional=True,
)
DISMISS = Step(
    limiter=attrgetter("limiters.remove_911"),
    scope=lambda _queued: OrderAction.DISMISS,
    key=key_of_call,
    send=_remove_emergency,
    events=_emergency_removed,
    changes=calls_of,
    look=if_repeated(_look_for_dismissal),
)
