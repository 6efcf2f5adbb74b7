"""Did it happen? The CAD's answer says who it took the order for; its calls show who is on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.cad.errors import CadError
from bot.cad.models import Call, Receipt
from bot.common.clock import Clock
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import BoardConfirmation, Outcome
from bot.services.queue.queued_order import Job
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import OrderAction

LOOKS = (0.0, 5.0, 20.0, 50.0)  # seconds after the first; the last one may take ten more


def compared(job: Job, outcome: Outcome, receipt: Receipt) -> Outcome:
    """Compare a receipt with what was asked; without everyone's unit, it tells nothing."""
    people = job.resolution.assignees
    if not all(one.unit for one in people):
        return outcome
    absent = [one for one in people if one.unit and one.unit.ident not in receipt.idents]
    return _judged(job, outcome, absent)


async def confirmed(
    job: Job,
    outcome: Outcome,
    board: Board,
    *,
    clock: Clock,
    looks: Sequence[float] = LOOKS,
) -> Outcome:
    """Look at the CAD's calls until they show what was done.

    Args:
        looks: when to look, in seconds from now.
    """
    seen = replace(outcome, confirmation=BoardConfirmation.UNKNOWN)
    began = clock.monotonic()
    for moment in looks:
        if (pause := began + moment - clock.monotonic()) > 0:
            await clock.sleep(pause)
        try:
            calls = await board.fetch_calls(job.order.server_id)
        except CadError:
            continue
        absent = missing(job, calls)
        seen = _judged(job, outcome, absent)
        if not absent:
            break
    return seen


def missing(job: Job, calls: Sequence[Call]) -> list[Assignee]:
    """Return those for whom the calls surely do not show what was ordered."""
    on = {call.call_id: frozenset(call.idents) for call in calls}
    return [one for one in job.resolution.assignees if not _shows(job, one, on)]


def _shows(job: Job, one: Assignee, on: Mapping[int, frozenset[int]]) -> bool:
    if one.unit is None:
        # Nobody on duty has this id; where the CAD does not say, nothing is held against it.
        return one.on_duty is None or job.order.action is OrderAction.DETACH
    call_id = job.order.call_id if job.order.call_id is not None else one.call_id
    # Whoever is to be taken off a call that nobody knows must not be seen on any.
    calls = on.values() if call_id is None else [on.get(call_id, frozenset())]
    is_on_call = any(one.unit.ident in idents for idents in calls)
    return is_on_call is (job.order.action is OrderAction.ATTACH)


def _judged(job: Job, outcome: Outcome, absent: Sequence[Assignee]) -> Outcome:
    if absent:
        verdict = BoardConfirmation.MISSING
    elif any(one.unit is None for one in job.resolution.assignees):
        verdict = BoardConfirmation.UNKNOWN
    else:
        verdict = BoardConfirmation.CONFIRMED
    return replace(outcome, confirmation=verdict, missing=tuple(one.api_id for one in absent))
