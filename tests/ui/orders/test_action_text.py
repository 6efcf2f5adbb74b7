"""The answers to each kind of order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cad.errors import CadRefused, CadTimeout
from bot.cad.models import NewCall
from bot.services.orders.outcomes import OrderDetail, OrderView, Outcome, StoredError, WaitNotice
from bot.services.queue.order_kinds import KINDS
from bot.services.targets.resolution import Resolution
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from bot.ui.orders import action_text
from bot.ui.orders.order_text import order_line, order_reply
from tests.services.queue.samples import NOW, assignee

HOSTILE = "`@everyone` **x**\n[a](https://b.example) {units}"
NOTE = OrderDetail(text="Two suspects", label="dana")
NEW = OrderDetail(new=NewCall(0, "Fire on *B* street"))
NO_DETAIL = OrderDetail()
PAT = replace(assignee(1), discord_id=7)


def view(
    action: OrderAction,
    detail: OrderDetail = NO_DETAIL,
    state: OrderState = OrderState.DONE,
    *,
    call_id: int | None = None,
    step: int = 0,
    title: str = "",
    error: CadRefused | CadTimeout | None = None,
    is_unsure: bool = False,
    is_incomplete: bool = False,
) -> OrderView:
    failure = StoredError.from_error(error) if error else None
    outcome = Outcome(failure, 1.0, title, is_unsure=is_unsure, is_incomplete=is_incomplete)
    order = Order(1, 2, 1, action, call_id, "me", 5, NOW, 6, "secret", state=state, step=step)
    needs_units = action in KINDS and KINDS[action].needs_units
    resolution = Resolution((PAT,)) if needs_units else Resolution()
    return OrderView(order, resolution, outcome, None, detail)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (view(OrderAction.NOTE, NOTE, call_id=100), "✅ Noted on **#100** on City: `Two suspects`"),
        (view(OrderAction.CLOSE, call_id=100, title="Fire"), "✅ Closed **#100** Fire on City."),
        (
            view(OrderAction.STATUS, OrderDetail(status=3)),
            "✅ The status of <@7> on City is now **enroute**.",
        ),
        (view(OrderAction.DISMISS, OrderDetail(emergency=7)), "✅ Dismissed **911 #7** on City."),
        (
            view(OrderAction.RESPOND, OrderDetail(emergency=7), OrderState.CANCELLED),
            "❌ Cancelled. Not attached to a call for **911 #7** on City.\nUnits: <@7>",
        ),
    ],
)
def test_where_a_community_has_several_servers_each_answer_names_the_server(
    shown: OrderView, text: str
) -> None:
    assert order_reply(replace(shown, server="City")) == text
    assert " on City · by" in order_line(replace(shown, server="City"))


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (view(OrderAction.CREATE, NEW, call_id=105, title="Fire"), "✅ Created **#105** Fire."),
        (
            view(OrderAction.CREATE, NEW, OrderState.CANCELLED),
            "❌ Cancelled. Not created.\nCall: Fire on \\*B\\* street",
        ),
        (
            view(OrderAction.CREATE, NEW, OrderState.EXPIRED, is_unsure=True),
            (
                "❌ It is not certain whether the call was created: the CAD did not take the order"
                " in time.\nCall: Fire on \\*B\\* street"
            ),
        ),
        (view(OrderAction.NOTE, NOTE, call_id=100), "✅ Noted on **#100**: `Two suspects`"),
        (
            view(OrderAction.CLOSE, call_id=100, title="Armed Robbery"),
            "✅ Closed **#100** Armed Robbery.",
        ),
        (view(OrderAction.CLOSE, call_id=100), "✅ Closed **#100**."),
        (
            view(OrderAction.PRIMARY, call_id=100, title="Fire"),
            "✅ <@7> is now the primary unit of **#100** Fire.",
        ),
        (
            view(OrderAction.PRIMARY, state=OrderState.CANCELLED, call_id=100),
            "❌ Cancelled. Not made the primary unit of **#100**.\nUnit: <@7>",
        ),
        (
            view(OrderAction.STATUS, OrderDetail(status=3)),
            "✅ The status of <@7> is now **enroute**.",
        ),
        (view(OrderAction.DISMISS, OrderDetail(emergency=7)), "✅ Dismissed **911 #7**."),
        (
            view(
                OrderAction.NOTE,
                NOTE,
                OrderState.REFUSED,
                call_id=100,
                error=CadRefused("CALL NOT FOUND"),
            ),
            "❌ Not noted on **#100**. The CAD refused: `CALL NOT FOUND`.\nNote: `Two suspects`",
        ),
        (
            view(OrderAction.CLOSE, state=OrderState.EXPIRED, call_id=100, is_unsure=True),
            (
                "❌ It is not certain whether the call was closed: the CAD did not take the order"
                " in time.\nCall: **#100**"
            ),
        ),
        (
            view(OrderAction.DISMISS, OrderDetail(emergency=7), OrderState.CANCELLED),
            "❌ Cancelled. Not dismissed.\nCall: **911 #7**",
        ),
        (
            view(OrderAction.RESPOND, OrderDetail(emergency=7), OrderState.CANCELLED),
            "❌ Cancelled. Not attached to a call for **911 #7**.\nUnits: <@7>",
        ),
        (
            view(OrderAction.RESPOND, OrderDetail(emergency=7), OrderState.EXPIRED, call_id=103),
            (
                "❌ Not attached to **#103**: the CAD did not take the order in time.\n"
                "Units: <@7>\n**911 #7** is still listed, and **#103** is open for it."
            ),
        ),
        (
            view(OrderAction.RESPOND, OrderDetail(emergency=7), call_id=103, is_incomplete=True),
            "⚠️ **#103**: <@7>\n**911 #7** is still listed. Dismiss it if it needs no more units.",
        ),
        (
            view(
                OrderAction.RESPOND,
                OrderDetail(emergency=7),
                call_id=103,
                is_incomplete=True,
                is_unsure=True,
            ),
            (
                "⚠️ **#103**: <@7>\n"
                "**911 #7** may still be listed. Dismiss it if it needs no more units."
            ),
        ),
    ],
)
def test_an_answer_says_what_was_done(shown: OrderView, text: str) -> None:
    assert order_reply(shown) == text


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (view(OrderAction.CREATE, NEW, call_id=105, title="Fire"), "✅ create **#105** Fire · by"),
        (view(OrderAction.NOTE, NOTE, call_id=100), "✅ note on **#100** · by <@5>"),
        (view(OrderAction.CLOSE, call_id=100), "✅ close **#100** · by <@5>"),
        (view(OrderAction.PRIMARY, call_id=100), "✅ <@7> primary unit of **#100** · by <@5>"),
        (view(OrderAction.STATUS, OrderDetail(status=3)), "✅ <@7> to **enroute** · by <@5>"),
        (view(OrderAction.DISMISS, OrderDetail(emergency=7)), "✅ dismiss **911 #7** · by <@5>"),
        (view(OrderAction.RESPOND, OrderDetail(emergency=7), call_id=103), "✅ <@7> → **#103** ·"),
        (view(OrderAction.UNREADABLE, state=OrderState.UNREADABLE), "❌ `me` · by <@5>"),
    ],
)
def test_a_line_for_lists(shown: OrderView, text: str) -> None:
    assert order_line(shown).startswith(text)


@pytest.mark.parametrize(
    ("waiting", "text"),
    [
        (view(OrderAction.CLOSE, call_id=100), "To be closed: **#100**"),
        (view(OrderAction.NOTE, NOTE, call_id=100), "To be noted on **#100**: `Two suspects`"),
        (view(OrderAction.STATUS, OrderDetail(status=4)), "To be set to **on scene**: <@7>"),
        (
            view(OrderAction.RESPOND, OrderDetail(emergency=7)),
            "To be attached to a call for **911 #7**: <@7>",
        ),
        (
            view(OrderAction.RESPOND, OrderDetail(emergency=7), call_id=103, step=1),
            "To be attached to **#103**: <@7>",
        ),
        (
            view(OrderAction.RESPOND, OrderDetail(emergency=7), call_id=103, step=2),
            "Done: **#103**: <@7>\nTo be taken off the list: **911 #7**",
        ),
    ],
)
def test_an_order_that_waits_says_what_is_left_to_do(waiting: OrderView, text: str) -> None:
    waiting = replace(waiting, waiting=WaitNotice(NOW, CadTimeout(), 10))
    assert order_reply(waiting).partition("\n")[2] == text


def test_an_order_that_waits_for_a_restart() -> None:
    notice = WaitNotice(NOW, None, 0, is_restart=True)
    shown = replace(view(OrderAction.CLOSE, call_id=100), waiting=notice)
    assert order_reply(shown) == (
        "⏳ The bot is restarting; your order goes on when it is back.\nTo be closed: **#100**"
    )


def test_an_order_of_another_version() -> None:
    text = order_reply(view(OrderAction.UNREADABLE, state=OrderState.UNREADABLE))
    assert text.startswith("❌ This order cannot be read: another version of the bot stored it.")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (
            SkipReason.EMERGENCY_GONE,
            "This 911 call is no longer open: it was answered or dismissed",
        ),
        (SkipReason.STATUS_CHANGED, "Left out: `A-1`: another status was set meanwhile"),
    ],
)
def test_why_an_order_was_left(reason: SkipReason, text: str) -> None:
    left_out = (SkippedTarget(Target("A-1"), reason),)
    action = OrderAction.RESPOND
    if reason is SkipReason.STATUS_CHANGED:
        action = OrderAction.STATUS
    refused = view(action, OrderDetail(emergency=7, status=3), OrderState.REFUSED)
    shown = replace(refused, resolution=Resolution(left_out=left_out))
    assert order_reply(shown).splitlines()[1].startswith(text)
    assert order_line(shown).endswith(
        {SkipReason.EMERGENCY_GONE: "not listed any more"}.get(reason, "status was set meanwhile")
    )


@pytest.mark.parametrize(
    "shown",
    [
        view(OrderAction.NOTE, OrderDetail(text=HOSTILE), call_id=100),
        view(OrderAction.CLOSE, call_id=100, title=HOSTILE),
    ],
)
def test_text_of_others_stays_text(shown: OrderView) -> None:
    answer = order_reply(shown)
    outside = "".join(answer.split("`")[::2])
    assert "\n" not in answer
    assert "@everyone" not in outside.replace("\\@everyone", "")
    assert "](http" not in outside
    assert "units" in answer


def test_every_status_of_the_cad_has_a_word() -> None:
    assert [action_text.status_word(status) for status in range(5)] == [
        "unavailable",
        "busy",
        "available",
        "enroute",
        "on scene",
    ]
    assert action_text.status_word(-1) == action_text.status_word(5) == "status unknown"


def test_every_kind_of_order_has_its_words() -> None:
    assert set(action_text.WORDS) == set(OrderAction) - {OrderAction.UNREADABLE}
