"""The step that creates a call, and what it shares with a response to a 911 call.

Reference: docs/sonoran-cad.md, "Call".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.cad.codec.emergencies import meta_value
from bot.cad.errors import CadError, CadUnnumbered
from bot.cad.models import CLOSED, Call, NewCall
from bot.cad.push.events import CallUpserted
from bot.services.queue.steps import CadAccess, Look, LookWhen, Sent, Step, Verdict, own_key
from bot.storage.stores.order_store import Order

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder

ORDER_KEY = "discordOrder"  # in the meta data of a call, which game servers pass on unchanged


async def create_call(
    access: CadAccess, new: NewCall, find_created: Callable[[], Awaitable[Call | None]]
) -> Sent:
    """Create a call, and show it on the board at once.

    Args:
        find_created: finds the call where the CAD does not tell its number. Raises CadError.
    """
    try:
        call_id = await access.cad.create_call(new)
    except CadUnnumbered as error:
        try:
            found = await find_created()
        except CadError:
            raise error from None
        if found is None:
            raise
        return Sent(call_id=found.call_id)
    access.board.apply(new.server_id, [CallUpserted(_call_as_created(call_id, new))])
    return Sent(call_id=call_id)


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


def order_mark(order: Order) -> str:
    """Return what marks the call that an order has created; no order of any bot has the same."""
    created_at = order.created_at.astimezone(UTC)
    return f"{order.application_id}-{order.id}-{created_at:%Y%m%d%H%M%S}"


async def _send_create(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    order, new = orders[0].order, orders[0].detail.new
    new = replace(
        new or NewCall(0, ""), server_id=order.server_id, meta={ORDER_KEY: order_mark(order)}
    )
    return await create_call(access, new, lambda: _find_created(access, order))


async def _look_for_created(access: CadAccess, queued: QueuedOrder) -> Look:
    found = await _find_created(access, queued.order)
    if found is None:
        return Look(queued.resolution)
    return Look(queued.resolution, Verdict.DONE, found.call_id)


async def _find_created(access: CadAccess, order: Order) -> Call | None:
    """Find the call that an attempt at an order has created.

    It may be closed already: then it is not created again either.
    """
    calls = await access.cad.recent_calls(order.server_id)
    mark = order_mark(order)
    found = next((one for one in calls if meta_value(one, ORDER_KEY) == mark), None)
    if found is not None and found.status != CLOSED:
        access.board.apply(order.server_id, [CallUpserted(found)])
    return found


CREATE = Step(
    limiter=attrgetter("limiters.create"),
    scope=own_key,
    key=own_key,
    send=_send_create,
    look=_look_for_created,
    look_when=LookWhen.REPEATED,
)
