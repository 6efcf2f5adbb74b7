"""The first and the last step of a response to a 911 call: create the call, take the 911 call off.

Reference: docs/sonoran-cad.md, "911 → dispatch, and its races".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.cad.codec.emergencies import build_dispatch_call
from bot.cad.errors import CadError, CadRefused, CadUnnumbered
from bot.cad.models import Call, NewCall, Receipt
from bot.cad.push.events import CallUpserted
from bot.services.board.live_board import Board
from bot.services.queue.kinds.call_steps import emergency_of, emergency_removed, remove_emergency
from bot.services.queue.recheck import read_calls
from bot.services.queue.steps import CadAccess, Look, Sent, Step, Verdict, calls_of
from bot.services.targets.resolution import SkippedTarget, SkipReason, Target

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder


async def _look_for_call(access: CadAccess, queued: QueuedOrder) -> Look:
    """Look for a call that answers the 911 call already.

    A dispatcher in the CAD, a player in the game or an attempt that broke off may have created it.
    """
    number, resolution = emergency_of(queued), queued.resolution
    snapshot = await read_calls(access, queued, must_ask=queued.may_have_been_sent)
    answer = access.board.answering_call(queued.order.server_id, number)
    if answer is not None:
        return Look(resolution, Verdict.DONE, answer.call_id)
    if number in snapshot.emergencies:
        return Look(resolution)
    gone = SkippedTarget(Target(f"911 #{number}"), SkipReason.EMERGENCY_GONE)
    return Look(replace(resolution, left_out=(*resolution.left_out, gone)), Verdict.REFUSE)


async def _create(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    server_id, number = orders[0].order.server_id, emergency_of(orders[0])
    emergency = access.board.snapshot(server_id).emergencies.get(number)
    if emergency is None:  # it has gone since the look
        raise CadRefused("911 CALL NOT FOUND")
    new = build_dispatch_call(server_id, emergency)
    try:
        call_id = await access.cad.create_call(new)
    except CadUnnumbered as error:
        return Sent(call_id=await _find_unnumbered(access.board, server_id, number, error))
    access.board.apply(server_id, [CallUpserted(_call_as_created(call_id, new))])
    return Sent(call_id=call_id)


async def _find_unnumbered(board: Board, server_id: int, number: int, error: CadUnnumbered) -> int:
    """Find the call that the CAD has created without telling its number, or raise the error."""
    try:
        await board.fetch_calls(server_id)
    except CadError:
        raise error from None
    call = board.answering_call(server_id, number)
    if call is None:
        raise error
    return call.call_id


async def _look_for_units(access: CadAccess, queued: QueuedOrder) -> Look:
    """Look whether the 911 call is still listed, and whether help goes to it.

    The answer of the CAD to an attach may not say which units it has attached.
    """
    idents = {one.unit.ident for one in queued.resolution.assignees if one.unit}
    is_told = queued.receipt is not None and not idents.isdisjoint(queued.receipt.idents)
    snapshot, must_ask = access.board.snapshot(queued.order.server_id), queued.may_have_been_sent
    if must_ask or not is_told or emergency_of(queued) not in snapshot.emergencies:
        snapshot = await read_calls(access, queued, must_ask=must_ask)
    call = snapshot.calls.get(queued.order.call_id or 0)
    on_call = frozenset(call.idents) if call else frozenset()
    if emergency_of(queued) not in snapshot.emergencies:
        verdict = Verdict.DONE
    elif not idents or not idents.isdisjoint(on_call):
        verdict = Verdict.SEND  # where no unit has an ident, no call shows any of them
    else:
        verdict = Verdict.REFUSE
    receipt = Receipt(on_call) if idents <= on_call else None  # a later look may show the others
    return Look(queued.resolution, verdict, receipt=receipt)


def _call_as_created(call_id: int, new: NewCall) -> Call:
    """Return a new call as the CAD has created it, without units."""
    return Call(
        call_id=call_id,
        title=new.title,
        code=new.code,
        idents=(),
        status=new.status,
        priority=new.priority,
        block=new.block,
        address=new.address,
        postal=new.postal,
        description=new.description,
        meta=new.meta,
    )


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
    send=remove_emergency,
    events=emergency_removed,
    needs=calls_of,
    look=_look_for_units,
    is_optional=True,
)
