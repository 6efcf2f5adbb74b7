"""What became of an order, and how that is kept in the database."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from bot.cad import errors
from bot.cad.errors import CadError
from bot.cad.models import NewCall, Note
from bot.services.targets.resolution import Resolution
from bot.storage.stores.order_store import Order, OrderAction, OrderState

_ERROR_TYPES: dict[str, type[CadError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, CadError)
}


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """What an order says beside its call and its units; each kind uses a part of it.

    Attributes:
        emergency: the number of the 911 call that is answered or dismissed.
        status: the status that the unit gets; `Unit.status` lists the numbers.
        text, label: a note and its author.
        equal_notes: how many notes with that text and author the call had before.
        new: the call that is created.
        primary: the ident of the primary unit before.
        undoes: what the order did that this one undoes.
        undone_id: the id of that order; None in rows of earlier versions.
    """

    emergency: int | None = None
    status: int | None = None
    text: str = ""
    label: str = ""
    equal_notes: int = 0
    new: NewCall | None = None
    primary: int | None = None
    undoes: OrderAction | None = None
    undone_id: int | None = None


def count_equal_notes(notes: Iterable[Note], text: str, label: str) -> int:
    """Count the notes with a text and an author; the CAD may change white space."""
    wanted = text.split(), label.split()
    return sum((note.text.split(), note.label.split()) == wanted for note in notes)


class BoardConfirmation(enum.StrEnum):
    """Whether the CAD shows what it was told to do."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    MISSING = "missing"  # the CAD accepted it, and shows it for some people only
    UNKNOWN = "unknown"  # the CAD did not show its calls within a minute, or not all units


@dataclass(frozen=True, slots=True)
class StoredError:
    """Why the CAD did not do it: the CadError, as data."""

    kind: str
    text: str
    status: int | None
    retry_after: float | None

    @classmethod
    def from_error(cls, error: CadError) -> StoredError:
        """Keep an error."""
        return cls(type(error).__name__, error.text, error.status, error.retry_after)

    @property
    def error(self) -> CadError:
        """The error again; one of a kind that this version does not know is a plain CadError."""
        kind = _ERROR_TYPES.get(self.kind, CadError)
        return kind(self.text, status=self.status, retry_after=self.retry_after)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an order.

    Attributes:
        failure: why it was not done, None if it was.
        seconds: from the order to its outcome.
        confirmation: what the CAD shows; says nothing where there is a failure.
        missing: `Assignee.reference` of the units for which the CAD does not show it.
        also_moved: numbers of further units of the same accounts whose call has changed with it.
        is_unsure: whether an attempt may have reached the CAD although it failed.
        is_incomplete: whether a last request, which matters less, was not carried out.
        unmoved: `Assignee.reference` of the units that were before where the order puts them.
        is_looked_at: whether the calls were read after the order, or will not be.
        left: `Assignee.reference` of the units that the CAD does not show on their former call.
        is_shown: a bot that stopped before the calls were read has shown it.
        emptied: the open calls that were left so, on which the CAD shows no unit.
    """

    failure: StoredError | None
    seconds: float
    call_title: str = ""
    confirmation: BoardConfirmation = BoardConfirmation.PENDING
    missing: tuple[str, ...] = ()
    is_unsure: bool = False
    is_incomplete: bool = False
    unmoved: tuple[str, ...] = ()
    is_looked_at: bool = False
    left: tuple[str, ...] = ()
    emptied: tuple[int, ...] = ()
    also_moved: tuple[str, ...] = ()
    is_shown: bool = False


@dataclass(frozen=True, slots=True)
class WaitNotice:
    """Why an order has not been sent yet.

    Attributes:
        until: when its turn comes; while there is an error, when it expires.
        error: what the CAD's last answer was; None while the order only waits its turn.
        orders_per_minute: how many orders the CAD allows.
        is_restart: the bot is stopping; the order goes on when it is back.
    """

    until: datetime
    error: CadError | None
    orders_per_minute: int
    is_restart: bool = False


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with everything that its actor is told about it.

    Attributes:
        server: the words for the CAD server; empty for the only server of a community.
        can_undo: whether there is still time to undo what was done.
    """

    order: Order
    resolution: Resolution = Resolution()  # noqa: RUF009 - frozen
    outcome: Outcome | None = None
    waiting: WaitNotice | None = None
    detail: OrderDetail = OrderDetail()
    server: str = ""
    can_undo: bool = True


# How they are stored in the database, as JSON.
RESOLUTION_JSON = TypeAdapter(Resolution)
OUTCOME_JSON = TypeAdapter(Outcome)
DETAIL_JSON = TypeAdapter(OrderDetail)


def encode_detail(detail: OrderDetail) -> str:
    """Return a detail as JSON.

    Half a surrogate pair, which a member may paste, stays in the text: the database refuses it.
    """
    return json.dumps(DETAIL_JSON.dump_python(detail, mode="json"), ensure_ascii=False)


def decode_view(order: Order, server: str = "") -> OrderView:
    """Read everything that is stored about an order; `server` as in `OrderView`.

    An order that this version cannot read, because another one has stored it, is UNREADABLE.
    """
    unreadable = replace(order, state=OrderState.UNREADABLE)
    if order.action is OrderAction.UNREADABLE:
        return OrderView(unreadable, server=server)
    try:
        return OrderView(
            order,
            RESOLUTION_JSON.validate_json(order.resolution) if order.resolution else Resolution(),
            OUTCOME_JSON.validate_json(order.outcome) if order.outcome else None,
            detail=DETAIL_JSON.validate_json(order.detail) if order.detail else OrderDetail(),
            server=server,
        )
    except ValidationError:
        return OrderView(unreadable, server=server)
