"""Which buttons a reply carries; the end-to-end tests press them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given

from bot.services.orders.outcomes import BoardConfirmation, OrderDetail, OrderView, WaitNotice
from bot.services.targets.skipped_target import NearMatch, SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import OrderAction, OrderState
from bot.ui.interactions.handlers import IdButton, PersistentItem
from bot.ui.orders.order_announcer import ORDER_BUTTONS, buttons_for_order
from tests.ui.orders.test_order_text import A7, NOW, PAT, done, refused, view, views

PATTERNS: dict[type[IdButton], re.Pattern[str]] = {
    one: one.__discord_ui_compiled_template__ for one in ORDER_BUTTONS
}


UNDOES = OrderDetail(undoes=OrderAction.ATTACH, undone_id=7)
MOVING = {OrderAction.ATTACH, OrderAction.RESPOND, OrderAction.DETACH}


def labels(one: OrderView) -> list[str]:
    items = [item for item in buttons_for_order(one).children if isinstance(item, PersistentItem)]
    assert len(items) == len(buttons_for_order(one).children)
    return [item.item.label for item in items]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (view(PAT, waiting=WaitNotice(NOW, None, 60)), ["Cancel"]),
        (view(PAT), []),
        (view(PAT, state=OrderState.SENDING), []),
        (done(PAT), ["Undo"]),
        (done(PAT, confirmation=BoardConfirmation.CONFIRMED), ["Undo"]),
        (done(PAT, confirmation=BoardConfirmation.UNKNOWN), ["Undo"]),
        (done(PAT, A7, confirmation=BoardConfirmation.MISSING, missing=("steam:1",)), ["Undo"]),
        (done(PAT, confirmation=BoardConfirmation.MISSING, missing=("steam:1",)), []),
        (done(PAT, action=OrderAction.RESPOND), ["Undo"]),
        (done(action=OrderAction.RESPOND), []),
        (done(PAT, action=OrderAction.DETACH), ["Undo"]),
        (done(PAT, unmoved=("steam:1",)), []),
        (done(PAT, A7, unmoved=("steam:1",)), ["Undo"]),
        (done(PAT, A7, missing=("steam:3",), unmoved=("steam:1",)), []),
        (done(PAT, A7, missing=("steam:1",), unmoved=("steam:1",)), ["Undo"]),
        (done(PAT, action=OrderAction.UNDO), []),
        (refused(PAT), []),
        (refused(PAT, state=OrderState.EXPIRED), []),
        (refused(PAT, state=OrderState.CANCELLED), []),
        (refused(PAT, action=OrderAction.UNDO, detail=UNDOES), ["Undo"]),
        (done(PAT, action=OrderAction.UNDO, detail=UNDOES), []),
        (replace(refused(PAT, action=OrderAction.UNDO, detail=UNDOES), can_undo=False), []),
        (replace(done(PAT), can_undo=False), []),
    ],
)
async def test_what_can_be_done_about_an_order(one: OrderView, expected: list[str]) -> None:
    assert labels(one) == expected


def with_typo(one: OrderView, *numbers: str) -> OrderView:
    """Return the order with a word that may have meant these units."""
    near = tuple(NearMatch(number, number) for number in numbers)
    typo = SkippedTarget(Target("A-11"), SkipReason.NO_SUCH_UNIT, near=near)
    return replace(one, resolution=replace(one.resolution, left_out=(typo, typo)))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (done(PAT), ["Undo", "A-1", "A-111"]),
        (refused(PAT), ["A-1", "A-111"]),
        (view(PAT, waiting=WaitNotice(NOW, None, 60)), ["Cancel"]),
        (refused(PAT, state=OrderState.EXPIRED), []),
    ],
)
async def test_what_may_have_been_meant_can_be_sent(one: OrderView, expected: list[str]) -> None:
    assert labels(with_typo(one, "A-1", "A-111")) == expected


async def test_at_most_a_row_of_units_is_offered() -> None:
    assert labels(with_typo(refused(PAT), *map(str, range(9)))) == ["0", "1", "2", "3", "4"]
    (label,) = labels(with_typo(refused(PAT), "x" * 999))
    assert len(label) == 80


@given(views())
def test_nothing_is_undone_that_was_not_done(one: OrderView) -> None:
    if "Undo" in labels(one) and one.order.action is not OrderAction.UNDO:
        assert one.order.state is OrderState.DONE
        assert one.order.action in MOVING
        assert one.resolution.assignees
    is_asked = one.order.state is OrderState.AWAITING_CONFIRMATION
    assert ("Cancel" in labels(one)) is (one.waiting is not None or is_asked)
    assert ("Confirm" in labels(one)) is is_asked


@pytest.mark.parametrize("button", ORDER_BUTTONS)
@pytest.mark.parametrize("number", [1, 2**63 - 1])
async def test_a_button_carries_all_its_state(button: type[IdButton], number: int) -> None:
    custom_id = button(number).item.custom_id or ""
    assert len(custom_id) <= 100
    (match,) = filter(None, (PATTERNS[one].fullmatch(custom_id) for one in ORDER_BUTTONS))
    assert match.re is PATTERNS[button]
    again = button.from_match(match, button(number).item)
    assert again.number == number
