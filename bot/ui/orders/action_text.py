"""The words for each kind of order, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.services.orders.outcomes import OrderView
from bot.storage.stores.order_store import OrderAction
from bot.ui.text import code_span, escape

STATUS_WORDS = {0: "unavailable", 1: "busy", 2: "available", 3: "enroute", 4: "on scene"}


def status_word(status: int | None) -> str:
    """Return the CAD's default name of a unit status; a community may have renamed it."""
    return STATUS_WORDS.get(-1 if status is None else status, "status unknown")


@dataclass(frozen=True, slots=True)
class ActionText:
    """The words for one kind of order. The last argument of a function is the list of its units.

    Attributes:
        participle: "attached to **#100**": after "to be" and "not".
        subject: "the units were": before the participle.
        label: what the item is.
        item: what the order is about; None where that is its units.
        result: after the mark of an order that is done.
        line: in lists.
    """

    participle: Callable[[OrderView], str]
    subject: str
    label: str
    result: Callable[[OrderView, str], str]
    line: Callable[[OrderView, str], str]
    item: Callable[[OrderView], str] | None = None


def call_name(view: OrderView) -> str:
    """Return the number and the title of the call that an order is about."""
    if view.order.call_id is None:
        return "their calls"
    title = view.outcome.call_title if view.outcome else ""
    # The list of units follows after a colon: a title with a colon of its own goes into brackets.
    name = f"({escape(title)})" if ":" in title else escape(title)
    return f"**#{view.order.call_id}** {name}".rstrip()


def emergency_name(view: OrderView) -> str:
    """Return the name of the 911 call that an order is about."""
    return f"**911 #{view.detail.emergency}**"


def _number(view: OrderView) -> str:
    return f"**#{view.order.call_id}**" if view.order.call_id is not None else "their calls"


def _response(view: OrderView) -> str:
    has_call = view.order.call_id is not None
    return f"attached to {call_name(view) if has_call else f'a call for {emergency_name(view)}'}"


def _response_line(view: OrderView, units: str) -> str:
    call = f" ({_number(view)})" if view.order.call_id is not None else ""
    return f"{units} → {emergency_name(view)}{call}"


def _note(view: OrderView) -> str:
    return code_span(view.detail.text)


def _status(view: OrderView) -> str:
    return f"**{status_word(view.detail.status)}**"


WORDS: Mapping[OrderAction, ActionText] = {
    OrderAction.ATTACH: ActionText(
        participle=lambda view: f"attached to {call_name(view)}",
        subject="the units were",
        label="Units",
        result=lambda view, units: f"{call_name(view)}: {units}",
        line=lambda view, units: f"{units} → {_number(view)}",
    ),
    OrderAction.DETACH: ActionText(
        participle=lambda view: f"detached from {call_name(view)}",
        subject="the units were",
        label="Units",
        result=lambda view, units: f"Off {call_name(view)}: {units}",
        line=lambda view, units: f"{units} off {_number(view)}",
    ),
    OrderAction.RESPOND: ActionText(
        participle=_response,
        subject="the units were",
        label="Units",
        result=lambda view, units: f"{call_name(view)}: {units}",
        line=_response_line,
    ),
    OrderAction.NOTE: ActionText(
        participle=lambda view: f"noted on {_number(view)}",
        subject="it was",
        label="Note",
        result=lambda view, _: f"Noted on {_number(view)}: {_note(view)}",
        line=lambda view, _: f"note on {_number(view)}",
        item=_note,
    ),
    OrderAction.STATUS: ActionText(
        participle=lambda view: f"set to {_status(view)}",
        subject="the status was",
        label="Unit",
        result=lambda view, units: f"Status of {units} is now {_status(view)}.",
        line=lambda view, units: f"{units} to {_status(view)}",
    ),
    OrderAction.CLOSE: ActionText(
        participle=lambda _: "closed",
        subject="the call was",
        label="Call",
        result=lambda view, _: f"Closed {call_name(view)}.",
        line=lambda view, _: f"close {_number(view)}",
        item=call_name,
    ),
    OrderAction.DISMISS: ActionText(
        participle=lambda _: "dismissed",
        subject="the 911 call was",
        label="Call",
        result=lambda view, _: f"Dismissed {emergency_name(view)}.",
        line=lambda view, _: f"dismiss {emergency_name(view)}",
        item=emergency_name,
    ),
}
