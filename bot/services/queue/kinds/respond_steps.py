"""The steps of the orders about a 911 call: create a call for it, take it off the list.

Reference: docs/sonoran-cad.md, "911 → dispatch, and its races".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.cad.codec.emergencies import build_dispatch_call
from bot.cad.errors import CadRefused
from bot.cad.models import Call, Receipt
from bot.cad.push.events import EmergenciesRemoved, Event
from bot.services.orders.outcomes import OrderView
from bot.services.queue.kinds.call_steps import key_of_call
from bot.services.queue.kinds.create_steps import create_call
from bot.services.queue.looks import read_calls
from bot.services.queue.steps import CadAccess, Look, LookWhen, Sent, Step, Verdict, calls_of
from bot.services.targets.resolution import Assignee
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import OrderAction

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder


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


async def _look_for_call(access: CadAccess, queued: QueuedOrder) -> Look:
    """Look for a call that answers the 911 call already.

    A dispatcher in the CAD, a player in the game or an attempt that broke off may have created it.
    """
    number, resolution = _emergency_of(queued), queued.resolution
    snapshot = await read_calls(access, queued, must_ask=queued.may_have_been_sent)
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
        snapshot = await read_calls(access, queued, must_ask=must_ask)
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
    look=_look_for_dismissal,
    look_when=LookWhen.REPEATED,
)
