"""The words for each kind of order, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.storage.stores.order_store import OrderAction

STATUS_WORDS = {0: "unavailable", 1: "busy", 2: "available", 3: "enroute", 4: "on scene"}
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
    """

    participle: str
    subject: str
    label: str
    item: str
    result: str
    line: str


WORDS: Mapping[OrderAction, ActionText] = {
    OrderAction.ATTACH: ActionText(
        participle="attached to {call}",
        subject="the units were",
        label="Units",
        item="{units}",
        result="{call}: {units}",
        line="{units} → {number}",
    ),
    OrderAction.DETACH: ActionText(
        participle="detached from {call}",
        subject="the units were",
        label="Units",
        item="{units}",
        result="Off {call}: {units}",
        line="{units} off {number}",
    ),
    OrderAction.RESPOND: ActionText(
        participle="attached to {call}",
        subject="the units were",
        label="Units",
        item="{units}",
        result="{call}: {units}",
        line="{units} → {number}",
    ),
    OrderAction.NOTE: ActionText(
        participle="noted on {number}",
        subject="it was",
        label="Note",
        item="{note}",
        result="Noted on {number}: {note}",
        line="note on {number}",
    ),
    OrderAction.STATUS: ActionText(
        participle="set to {status}",
        subject="the status was",
        label="Unit",
        item="{units}",
        result="The status of {units} is now {status}.",
        line="{units} to {status}",
    ),
    OrderAction.CLOSE: ActionText(
        participle="closed",
        subject="the call was",
        label="Call",
        item="{call}",
        result="Closed {call}.",
        line="close {number}",
    ),
    OrderAction.DISMISS: ActionText(
        participle="dismissed",
        subject="the 911 call was",
        label="Call",
        item="{emergency}",
        result="Dismissed {emergency}.",
        line="dismiss {emergency}",
    ),
}
