"""The words for each kind of order, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.storage.stores.order_store import OrderAction

STATUS_WORDS = {0: "unavailable", 1: "busy", 2: "available", 3: "enroute", 4: "on scene"}
AVAILABLE = 2
UNKNOWN_STATUS = "status unknown"


def status_word(status: int) -> str:
    """Return the CAD's default name of a unit status; a community may have renamed it."""
    return STATUS_WORDS.get(status, UNKNOWN_STATUS)


@dataclass(frozen=True, slots=True)
class ActionText:
    """The words for one kind of order; `order_text.say` fills in the names.

    Attributes:
        participle: what was to be done: after "to be" and "not".
        subject: before the participle, in a sentence about what is not certain.
        label, item: what the order is about.
        result: after the mark of an order that is done.
        line: in lists.
        missing: before the units, where the CAD shows that nothing was done.
    """

    participle: str
    subject: str
    label: str
    item: str
    result: str
    line: str
    missing: str = "Not on {call}{where}"


_ATTACHED = ActionText(
    participle="attached to {call}{where}",
    subject="the units were",
    label="Units",
    item="{units}",
    result="{call}{where}: {units}",
    line="{units} → {number}{where}",
)

WORDS: Mapping[OrderAction, ActionText] = {
    OrderAction.ATTACH: _ATTACHED,
    OrderAction.DETACH: ActionText(
        participle="detached from {call}{where}",
        subject="the units were",
        label="Units",
        item="{units}",
        result="Off {call}{where}: {units}",
        line="{units} off {number}{where}",
        missing="Still on {call}{where}",
    ),
    OrderAction.CREATE: ActionText(
        participle="created",
        subject="the call was",
        label="Call",
        item="{call}{where}",
        result="Created {call}{where}.",
        line="create {call}{where}",
    ),
    OrderAction.RESPOND: _ATTACHED,
    OrderAction.NOTE: ActionText(
        participle="noted on {number}{where}",
        subject="it was",
        label="Note",
        item="{note}",
        result="Noted on {number}{where}: {note}",
        line="note on {number}{where}",
    ),
    OrderAction.STATUS: ActionText(
        participle="set to {status}",
        subject="the status was",
        label="Unit",
        item="{units}",
        result="The status of {units}{where} is now {status}.",
        line="{units} to {status}{where}",
    ),
    OrderAction.PRIMARY: ActionText(
        participle="made the primary unit of {number}{where}",
        subject="the unit was",
        label="Unit",
        item="{units}",
        result="{units} is now the primary unit of {call}{where}.",
        line="{units} primary unit of {number}{where}",
    ),
    OrderAction.CLOSE: ActionText(
        participle="closed",
        subject="the call was",
        label="Call",
        item="{call}{where}",
        result="Closed {call}{where}.",
        line="close {number}{where}",
    ),
    OrderAction.DISMISS: ActionText(
        participle="dismissed",
        subject="the 911 call was",
        label="Call",
        item="{emergency}{where}",
        result="Dismissed {emergency}{where}.",
        line="dismiss {emergency}{where}",
    ),
    OrderAction.UNDO: ActionText(
        participle="undone",
        subject="the order was",
        label="Units",
        item="{units}",
        result="Undone{where}: {units}",
        line="undo{where}: {units}",
        missing="Not undone{where}",
    ),
}
