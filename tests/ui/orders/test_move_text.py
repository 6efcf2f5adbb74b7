from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.orders.outcomes import BoardConfirmation, OrderView, Outcome
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui.orders.move_text import confirmation_lines, units_text
from tests.services.queue.samples import assignee, queued_order

FREE, FROM_101, FROM_103 = assignee(1), assignee(2, call_id=101), assignee(3, call_id=103)


def view(
    *assignees: Assignee,
    action: OrderAction = OrderAction.UNDO,
    call_id: int | None = 102,
    state: OrderState = OrderState.DONE,
) -> OrderView:
    named = tuple(replace(one, discord_id=None) for one in assignees)
    order = replace(queued_order().order, action=action, call_id=call_id, state=state)
    return OrderView(order, Resolution(named))


def test_undone_units_stand_with_the_call_that_they_went_back_to() -> None:
    two = FROM_101, assignee(9, call_id=101)
    text = units_text(view(FROM_103, FREE, *two), 300)
    assert text == "`steam:1` off #102, `steam:2`, `steam:9` back on #101, `steam:3` back on #103"


def test_units_that_are_not_undone_yet_are_only_named() -> None:
    assert units_text(view(FROM_101, state=OrderState.QUEUED), 300) == "`steam:2`"
    assert units_text(view(FROM_101, action=OrderAction.ATTACH), 300) == "`steam:2`"


@pytest.mark.parametrize("action", OrderAction)
def test_what_the_cad_shows_is_said_of_orders_that_move_units(action: OrderAction) -> None:
    one = view(FREE, action=action)
    outcome = Outcome(None, 1.0, "", BoardConfirmation.MISSING, ("steam:1",))
    lines = list(confirmation_lines(one, outcome, 300))
    moves = {OrderAction.ATTACH, OrderAction.DETACH, OrderAction.RESPOND, OrderAction.UNDO}
    assert len(lines) == (action in moves)
    assert all(line.startswith("The CAD accepted") and "`steam:1`" in line for line in lines)
