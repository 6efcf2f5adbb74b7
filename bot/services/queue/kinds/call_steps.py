"""The steps of the orders about one call, and of those about the status of a unit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.cad.models import Note
from bot.cad.push.events import (
    CallNoteAdded,
    CallsClosed,
    Event,
    UnitStatusChanged,
)
from bot.services.orders.outcomes import OrderView, count_equal_notes
from bot.services.queue.steps import (
    CadAccess,
    Look,
    LookWhen,
    Sent,
    Step,
    Verdict,
    calls_of,
    own_key,
)
from bot.services.targets.resolution import Assignee
from bot.services.targets.skipped_target import SkipReason
from bot.storage.stores.order_store import OrderAction

if TYPE_CHECKING:
    from bot.services.queue.queued_order import QueuedOrder


async def _send_note(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    order, detail = orders[0].order, orders[0].detail
    await access.cad.add_note(order.server_id, order.call_id or 0, detail.text, label=detail.label)
    return Sent()


def _note_added(view: OrderView, _assignees: Sequence[Assignee]) -> list[Event]:
    order, detail = view.order, view.detail
    note = Note(order.created_at.strftime("%H:%M:%S"), detail.label, detail.text)
    return [CallNoteAdded(order.call_id or 0, note)]


async def _look_for_note(access: CadAccess, queued: QueuedOrder) -> Look:
    detail = queued.detail
    calls = await access.board.fetch_calls(queued.order.server_id)
    notes = next((one.notes for one in calls if one.call_id == queued.order.call_id), ())
    is_done = count_equal_notes(notes, detail.text, detail.label) > detail.equal_notes
    return Look(queued.resolution, Verdict.DONE if is_done else Verdict.SEND)


async def _send_close(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    order = orders[0].order
    await access.cad.close_call(order.server_id, order.call_id or 0)
    return Sent()


def _call_closed(view: OrderView, _assignees: Sequence[Assignee]) -> list[Event]:
    return [CallsClosed((view.order.call_id or 0,))]


async def _look_for_close(access: CadAccess, queued: QueuedOrder) -> Look:
    calls = await access.board.fetch_calls(queued.order.server_id)
    is_open = any(one.call_id == queued.order.call_id for one in calls)
    return Look(queued.resolution, Verdict.SEND if is_open else Verdict.DONE)


async def _send_status(access: CadAccess, orders: Sequence[QueuedOrder]) -> Sent:
    queued = orders[0]
    server_id, status = queued.order.server_id, queued.detail.status or 0
    for assignee in queued.resolution.assignees:
        await access.cad.set_status(server_id, assignee.ref, status)
    return Sent()


def _status_changed(view: OrderView, assignees: Sequence[Assignee]) -> list[Event]:
    idents = tuple(one.unit.ident for one in assignees if one.unit)
    return [UnitStatusChanged(idents, view.detail.status or 0)]


async def _look_at_status(access: CadAccess, queued: QueuedOrder) -> Look:
    """Leave out the units whose status was changed to another one meanwhile."""
    wanted, resolution = queued.detail.status, queued.resolution
    units = await access.board.fetch_units(queued.order.server_id)
    now = {unit.ident: unit.status for unit in units}
    changed = {
        one.key: SkipReason.STATUS_CHANGED
        for one in resolution.assignees
        if one.unit and now.get(one.unit.ident, wanted) not in {wanted, one.unit.status}
    }
    if changed:
        return Look(resolution.without(changed))
    is_done = all(one.unit and now.get(one.unit.ident) == wanted for one in resolution.assignees)
    return Look(resolution, Verdict.DONE if is_done else Verdict.SEND)


def key_of_call(queued: QueuedOrder) -> Hashable:
    """Return a key that all orders share that ask the same of the same call."""
    order = queued.order
    return order.action, order.server_id, order.call_id, queued.detail.emergency


def _changed_notes(queued: QueuedOrder) -> frozenset[str]:
    return frozenset([f"notes {queued.order.server_id}:{queued.order.call_id}"])


NOTE = Step(
    limiter=attrgetter("limiters.note"),
    scope=own_key,
    key=own_key,
    send=_send_note,
    events=_note_added,
    changes=_changed_notes,  # so that they stand in the order in which they were written
    needs=calls_of,
    look=_look_for_note,
    look_when=LookWhen.REPEATED,
)
STATUS = Step(
    limiter=attrgetter("limiters.status"),
    scope=own_key,
    key=own_key,
    send=_send_status,
    events=_status_changed,
    look=_look_at_status,
    look_when=LookWhen.LATE,
)
CLOSE = Step(
    limiter=attrgetter("limiters.close"),
    scope=lambda _queued: OrderAction.CLOSE,
    key=key_of_call,
    send=_send_close,
    events=_call_closed,
    changes=calls_of,
    look=_look_for_close,
    look_when=LookWhen.REPEATED,
)
