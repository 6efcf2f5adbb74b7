"""How a member gives an order of each kind, and what the CAD has done then.

A further kind is one more row of `SAMPLES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from bot.services.queue.order_kinds import KINDS
from bot.storage.stores.order_store import OrderAction
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.change_log import Change, ChangeKind
from sandbox.cad.state.models import CallForm, EmergencyForm, Server, UnitStatus
from sandbox.cad.state.world import CadWorld

# The requests of both APIs that only read.
_QUERY = re.compile(r"/(get_\w+|check_apiid)$|^/v2/general/")


@dataclass(frozen=True, slots=True)
class OrderSample:
    """An order of one kind.

    The texts have the names {server}, {call}, {emergency}, {unit} and {undone}.

    Attributes:
        changes: what the CAD does, in this order.
        command, options: a typed command.
        custom_id: a pressed button, or a select with the picked `value`.
        fields: what is typed in the form that the press opens.
        is_on_call: the unit is on the call before.
        undoes: the kind of an order that is given and done before; {undone} is its id.
        is_traceless: the CAD does not show whether the order or a dispatcher has done it.
    """

    changes: tuple[ChangeKind, ...]
    command: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    custom_id: str = ""
    value: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    is_on_call: bool = False
    undoes: OrderAction | None = None
    is_traceless: bool = False

    def about(self, subject: Subject) -> OrderSample:
        """Return the sample with the names of what it is about."""
        names = subject.names
        return replace(
            self,
            options={name: text.format(**names) for name, text in self.options.items()},
            custom_id=self.custom_id.format(**names),
            value=self.value.format(**names),
            fields={name: text.format(**names) for name, text in self.fields.items()},
        )


SAMPLES: Mapping[OrderAction, OrderSample] = {
    OrderAction.ATTACH: OrderSample(
        (ChangeKind.ATTACH,), command="attach", options={"call": "{call}", "units": "{unit}"}
    ),
    OrderAction.DETACH: OrderSample(
        (ChangeKind.DETACH,),
        command="detach",
        options={"units": "{unit}"},
        is_on_call=True,
        is_traceless=True,
    ),
    OrderAction.CREATE: OrderSample(
        (ChangeKind.CALL_NEW,),
        command="call new",
        fields={"title": "Fire near {unit}", "place": "Grove Street"},
    ),
    OrderAction.RESPOND: OrderSample(
        (ChangeKind.CALL_NEW, ChangeKind.ATTACH, ChangeKind.EMERGENCY_REMOVED),
        custom_id="cad:respond:{server}:{emergency}",
    ),
    OrderAction.NOTE: OrderSample(
        (ChangeKind.NOTE,), custom_id="cad:note:{server}:{call}", fields={"note": "Code 4, {unit}"}
    ),
    OrderAction.STATUS: OrderSample(
        (ChangeKind.UNIT_STATUS,), custom_id="cad:status:{server}:{call}", value="4"
    ),
    OrderAction.PRIMARY: OrderSample(
        (ChangeKind.CALL_EDIT,),
        custom_id="cad:primary:{server}:{call}",
        value="{unit}",
        is_on_call=True,
    ),
    OrderAction.CLOSE: OrderSample(
        (ChangeKind.CALL_CLOSED,), custom_id="cad:close-now:{server}:{call}"
    ),
    OrderAction.DISMISS: OrderSample(
        (ChangeKind.EMERGENCY_REMOVED,), custom_id="cad:dismiss-now:{server}:{emergency}"
    ),
    # The request that puts a unit back is in tests/services/queue/kinds/test_undo_steps.py.
    OrderAction.UNDO: OrderSample(
        (ChangeKind.DETACH,), custom_id="cad:undo:{undone}", undoes=OrderAction.ATTACH
    ),
}


@dataclass(slots=True)
class Subject:
    """A unit, a call and a 911 call that one order is about; `changes` is what became of them.

    Attributes:
        undone: the id of the order before that it undoes, if it does.
    """

    server_id: int
    ident: int
    unit: str
    call_id: int
    emergency: int
    undone: int = 1
    changes: list[ChangeKind] = field(default_factory=list)

    @classmethod
    def prepare(
        cls, world: CadWorld, server: Server, unit: str, sample: OrderSample, server_id: int = 1
    ) -> Subject:
        """Make a call and a 911 call for a unit that is on duty, and watch all three."""
        (ident,) = [one.id for one in server.units.values() if one.badge.unit_num == unit]
        call_id = world.new_dispatch(server, CallForm(f"Alarm of {unit}")).call_id
        emergency = world.call_911(server, EmergencyForm("Jane", "Grove Street", "Shots")).call_id
        world.detach(server, Target(ident_ids=(ident,)))
        world.set_status(server, Target(ident_ids=(ident,)), UnitStatus.AVAILABLE)
        if sample.is_on_call:
            world.attach(server, call_id, Target(ident_ids=(ident,)))
        subject = cls(server_id, ident, unit, call_id, emergency)
        world.on_change(subject.record)
        return subject

    @property
    def names(self) -> dict[str, Any]:
        return {
            "server": self.server_id,
            "call": self.call_id,
            "emergency": self.emergency,
            "unit": self.unit,
            "undone": self.undone,
        }

    def record(self, change: Change) -> None:
        """Keep a change of the unit, of the calls, or of a call that an order creates."""
        is_emergency = change.kind is ChangeKind.EMERGENCY_REMOVED
        if change.kind is ChangeKind.CALL_NEW and change.call_id is not None:
            form = change.server.calls[change.call_id].form
            is_answer = form.meta_data.get("createdFromId") == str(self.emergency)
            is_ours = is_answer or form.title == f"Fire near {self.unit}"
        elif change.idents:
            is_ours = self.ident in change.idents
        else:
            is_ours = change.call_id == (self.emergency if is_emergency else self.call_id)
        if is_ours:
            self.changes.append(change.kind)


# Each request of each kind of order: the kind, and the number of the request from 0.
EVERY_REQUEST = [
    (action, number) for action in KINDS for number in range(len(SAMPLES[action].changes))
]
REQUEST_IDS = [f"{action}-{number + 1}" for action, number in EVERY_REQUEST]


def is_order(request: web.Request) -> bool:
    """Tell whether a request of either API changes the CAD."""
    return request.method != "GET" and not _QUERY.search(request.path)
