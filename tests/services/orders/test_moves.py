from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.orders.moves import former_call, former_places, moved
from bot.services.orders.outcomes import OrderView, Outcome
from bot.services.targets.resolution import Assignee, Resolution
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.queue.samples import assignee, queued_order
from tests.services.samples import unit

FREE, HERE, ELSEWHERE = assignee(1), assignee(2, call_id=100), assignee(3, call_id=101)
UNKNOWN = Assignee("steam:4", 1004, None, on_duty=None)
ALL = (FREE, HERE, ELSEWHERE, UNKNOWN)


def view(
    *assignees: Assignee,
    action: OrderAction = OrderAction.ATTACH,
    call_id: int | None = 100,
    state: OrderState = OrderState.DONE,
    missing: tuple[str, ...] = (),
) -> OrderView:
    order = replace(queued_order().order, action=action, call_id=call_id, state=state)
    return OrderView(order, Resolution(assignees), Outcome(None, 1.0, missing=missing))


@pytest.mark.parametrize("action", [OrderAction.ATTACH, OrderAction.RESPOND])
def test_an_attach_moves_the_units_that_were_not_on_the_call(action: OrderAction) -> None:
    done = view(*ALL, action=action)
    assert moved(done) == (FREE, ELSEWHERE, UNKNOWN)
    assert [former_call(done, one) for one in ALL] == [None, 100, 101, None]


def test_a_detach_moves_the_units_that_were_on_a_call() -> None:
    assert moved(view(*ALL, action=OrderAction.DETACH, call_id=None)) == (HERE, ELSEWHERE)
    from_call = view(HERE, action=OrderAction.DETACH)
    assert moved(from_call) == (HERE,)
    assert former_call(from_call, replace(HERE, call_id=None)) == 100


def test_a_unit_that_the_cad_does_not_show_there_was_not_moved() -> None:
    assert moved(view(FREE, ELSEWHERE, missing=("steam:1",))) == (ELSEWHERE,)


@pytest.mark.parametrize("state", [one for one in OrderState if one is not OrderState.DONE])
def test_an_order_that_was_not_done_moved_no_unit(state: OrderState) -> None:
    assert moved(view(*ALL, state=state)) == ()


@pytest.mark.parametrize("action", [OrderAction.STATUS, OrderAction.UNDO, OrderAction.CLOSE])
def test_other_orders_move_no_unit_that_can_go_back(action: OrderAction) -> None:
    assert moved(view(*ALL, action=action)) == ()


def test_units_go_back_to_where_they_were() -> None:
    back = former_places(view(*ALL), [])
    assert back == Resolution((FREE, ELSEWHERE, UNKNOWN))
    assert former_places(view(FREE, action=OrderAction.DETACH), []).assignees[0].call_id == 100


def test_a_unit_that_is_known_by_now_is_looked_up() -> None:
    on_duty = unit(4, "A-4", "steam:4")
    (found,) = former_places(view(UNKNOWN), [on_duty]).assignees
    assert found.unit == on_duty
    (stays,) = former_places(view(FREE), [unit(9, "A-9", "steam:1")]).assignees
    assert stays.unit == FREE.unit
