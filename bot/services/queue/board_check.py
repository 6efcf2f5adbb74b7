"""Was an order done? The CAD's receipt names units; its calls show which units are on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cad.errors import CadError
from bot.cad.models import Call, Receipt
from bot.common.clock import Clock
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import BoardConfirmation, Outcome
from bot.services.queue.order_kinds import KINDS
from bot.services.queue.queued_order import QueuedOrder
from bot.services.targets.resolution import Assignee

CHECK_AFTER = (0.0, 5.0, 20.0, 50.0)  # seconds; the last check may take ten more


def compare_receipt(queued: QueuedOrder, outcome: Outcome, receipt: Receipt) -> Outcome:
    """Compare a receipt with the order; if a unit is not known, the receipt says nothing."""
    assignees = queued.resolution.assignees
    if not all(one.unit for one in assignees):
        return outcome
    missing = [one for one in assignees if one.unit and one.unit.ident not in receipt.idents]
    return _with_verdict(queued, outcome, missing)


async def confirm_on_board(
    queued: QueuedOrder,
    outcome: Outcome,
    board: Board,
    *,
    clock: Clock,
    check_after: Sequence[float] = CHECK_AFTER,
) -> Outcome:
    """Read the CAD's calls until they show that the order was done.

    Args:
        check_after: when to read them, in seconds from now.
    """
    result = replace(outcome, confirmation=BoardConfirmation.UNKNOWN)
    started_at = clock.monotonic()
    for seconds in check_after:
        if (pause := started_at + seconds - clock.monotonic()) > 0:
            await clock.sleep(pause)
        try:
            calls = await board.fetch_calls(queued.order.server_id)
        except CadError:
            continue
        missing = not_shown(queued, calls)
        result = _with_verdict(queued, outcome, missing)
        if not missing:
            break
    return result


def not_shown(queued: QueuedOrder, calls: Sequence[Call]) -> list[Assignee]:
    """Return the units for which the calls do not show what was ordered."""
    idents = {call.call_id: frozenset(call.idents) for call in calls}
    is_shown = KINDS[queued.order.action].is_shown
    return [one for one in queued.resolution.assignees if not is_shown(queued.order, one, idents)]


def _with_verdict(queued: QueuedOrder, outcome: Outcome, missing: Sequence[Assignee]) -> Outcome:
    if missing:
        verdict = BoardConfirmation.MISSING
    elif any(one.unit is None for one in queued.resolution.assignees):
        verdict = BoardConfirmation.UNKNOWN
    else:
        verdict = BoardConfirmation.CONFIRMED
    return replace(outcome, confirmation=verdict, missing=tuple(one.api_id for one in missing))
