from __future__ import annotations

from dataclasses import replace

from bot.services.orders.outcomes import OrderView
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui.orders.move_text import undone_units, units_on_other_calls
from tests.services.queue.samples import assignee, queued_order

FREE, FROM_101, FROM_103 = assignee(1), assignee(2, call_id=101), assignee(3, call_id=103)


def view(
    *assignees: Assignee,
    action: OrderAction = OrderAction.UNDO,
) -> OrderView:
    named = tuple(replace(one, discord_id=None) for one in assignees)
    order = replace(queued_order().order, action=action, call_id=102, state=OrderState.DONE)
    return OrderView(order, Resolution(named))


def test_undone_units_stand_with_the_call_that_they_went_back_to() -> None:
    two = FROM_101, assignee(9, call_id=101)
    assert undone_units(view(FROM_103, FREE, *two)) == [
        "`steam:1` off #102",
        "`steam:2`",
        "`steam:9` back on #101",
        "`steam:3` back on #103",
    ]


def test_who_would_leave_another_call() -> None:
    there = assignee(5, call_id=102)
    units = FREE, there, FROM_101, FROM_103
    lines = list(units_on_other_calls(view(*units, action=OrderAction.ATTACH), 300))
    assert lines == ["Leaving another call: `steam:2` (**#101**), `steam:3` (**#103**)"]
    assert list(units_on_other_calls(view(FREE, there, action=OrderAction.ATTACH), 300)) == []
    assert list(units_on_other_calls(view(*units, action=OrderAction.DETACH), 300)) == []
