"""The calls, 911 calls and units of one server at one moment. Pure.

A push event updates the snapshot at once; a poll replaces it. The CAD sends no events for what the
bot itself did, so these changes are applied like events.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.cad.models import Call, Calls, EmergencyCall, Unit
from bot.cad.push.events import (
    CallNoteAdded,
    CallsClosed,
    CallUpserted,
    EmergenciesRemoved,
    EmergencyUpserted,
    Event,
    GroupRenamed,
    UnitLoggedIn,
    UnitLoggedOut,
    UnitPanic,
    UnitsAttached,
    UnitsDetached,
    UnitsGrouped,
    UnitStatusChanged,
    UnitsUngrouped,
    UnitsUpdated,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BoardSnapshot:
    """Calls, 911 calls and units by id. Calls and 911 calls have separate ids.

    Attributes:
        units: the units on duty that can be sent to calls.
        dispatchers: the units on duty that are logged in as dispatchers.
    """

    calls: Mapping[int, Call] = field(default_factory=dict)
    emergencies: Mapping[int, EmergencyCall] = field(default_factory=dict)
    units: Mapping[int, Unit] = field(default_factory=dict)
    dispatchers: Mapping[int, Unit] = field(default_factory=dict)

    def with_calls(self, polled: Calls) -> BoardSnapshot:
        """Return a snapshot with the calls of a poll."""
        return replace(
            self,
            calls={call.call_id: call for call in polled.dispatch},
            emergencies={call.call_id: call for call in polled.emergency},
        )

    def with_calls_of(self, other: BoardSnapshot) -> BoardSnapshot:
        """Return a snapshot with the calls of another, and the units of this one."""
        return replace(self, calls=other.calls, emergencies=other.emergencies)

    def has_other_calls(self, other: BoardSnapshot) -> bool:
        """Return whether another snapshot shows other calls or 911 calls, by their numbers."""
        same_emergencies = self.emergencies.keys() == other.emergencies.keys()
        return self.calls.keys() != other.calls.keys() or not same_emergencies

    def with_units(
        self, polled: Iterable[Unit], listed: Container[int] | None = frozenset()
    ) -> BoardSnapshot:
        """Return a snapshot with the units of a poll.

        Args:
            listed: other known units that stay; None: all of them, because the list is not whole.
        """
        others = {
            ident: unit
            for ident, unit in self._on_duty().items()
            if listed is None or ident in listed
        }
        return self._with_on_duty({**others, **{unit.ident: unit for unit in polled}})

    def unit(self, ident: int) -> Unit | None:
        """Return a unit on duty, also one of a dispatcher; None if it is not known."""
        return self.units.get(ident) or self.dispatchers.get(ident)

    def call_of_unit(self, ident: int) -> Call | None:
        """Return the call that a unit is on, None if none."""
        return next((call for call in self.calls.values() if ident in call.idents), None)

    def apply(self, event: Event) -> BoardSnapshot:
        """Return the snapshot after an event; events about unknown ids change nothing."""
        after = replace(
            self, calls=self._calls_after(event), emergencies=self._emergencies_after(event)
        )
        on_duty = self._on_duty_after(event)
        return after if on_duty is None else after._with_on_duty(on_duty)  # noqa: SLF001

    def _on_duty(self) -> dict[int, Unit]:
        return {**self.units, **self.dispatchers}

    def _with_on_duty(self, on_duty: Mapping[int, Unit]) -> BoardSnapshot:
        return replace(
            self,
            units={ident: one for ident, one in on_duty.items() if not one.is_dispatch},
            dispatchers={ident: one for ident, one in on_duty.items() if one.is_dispatch},
        )

    def _calls_after(self, event: Event) -> Mapping[int, Call]:
        calls = self.calls
        match event:
            case CallUpserted(call=call, missing=missing):
                if known := calls.get(call.call_id):
                    call = replace(call, **{name: getattr(known, name) for name in missing})
                return {**calls, call.call_id: call}
            case CallsClosed(call_ids=call_ids):
                return _without(calls, call_ids)
            case (
                CallNoteAdded(call_id=call_id)
                | UnitsAttached(call_id=call_id)
                | UnitsDetached(call_id=call_id)
            ) if call_id in calls:
                return {**calls, call_id: _apply_to_call(calls[call_id], event)}
            case _:
                return calls

    def _emergencies_after(self, event: Event) -> Mapping[int, EmergencyCall]:
        match event:
            case EmergencyUpserted(emergency=call):
                return {**self.emergencies, call.call_id: call}
            case EmergenciesRemoved(call_ids=call_ids):
                return _without(self.emergencies, call_ids)
            case _:
                return self.emergencies

    def _on_duty_after(self, event: Event) -> Mapping[int, Unit] | None:
        """Return the units and dispatchers after an event; None if it is not about them."""
        units = self._on_duty()
        match event:
            case UnitLoggedOut(ident=ident):
                return _without(units, [ident])
            case UnitLoggedIn(unit=unit):
                changed = {unit.ident: unit}
            case UnitsUpdated(units=updated):
                merged = (_merge_unit(units.get(unit.ident), unit) for unit in updated)
                changed = {unit.ident: unit for unit in merged}
            case UnitStatusChanged(idents=idents) | UnitPanic(idents=idents):
                known = (units[ident] for ident in idents if ident in units)
                changed = {unit.ident: _apply_to_unit(unit, event) for unit in known}
            case UnitsGrouped() | UnitsUngrouped() | GroupRenamed():
                changed = _regrouped(units, event)
            case _:
                return None
        return {**units, **changed}


def _apply_to_call(call: Call, event: CallNoteAdded | UnitsAttached | UnitsDetached) -> Call:
    match event:
        case CallNoteAdded(note=note):
            return replace(call, notes=(*call.notes, note))
        case UnitsAttached(idents=idents):
            return replace(call, idents=tuple(dict.fromkeys((*call.idents, *idents))))
        case UnitsDetached(idents=idents):
            return replace(call, idents=tuple(one for one in call.idents if one not in idents))


def _apply_to_unit(unit: Unit, event: UnitStatusChanged | UnitPanic) -> Unit:
    match event:
        case UnitStatusChanged(status=status):
            return replace(unit, status=status)
        case UnitPanic(is_panic=is_panic):
            return replace(unit, is_panic=is_panic)


def _merge_unit(known: Unit | None, changed: Unit) -> Unit:
    """Keep the API ids and the place that are known, where an event carries none."""
    if known is None or known.account != changed.account:
        return changed
    return replace(
        changed,
        api_ids=changed.api_ids or known.api_ids,
        community_user_id=changed.community_user_id or known.community_user_id,
        coordinates=changed.coordinates or known.coordinates,
    )


def _regrouped(
    units: Mapping[int, Unit], event: UnitsGrouped | UnitsUngrouped | GroupRenamed
) -> dict[int, Unit]:
    """Return the units whose group an event changes, with their new group."""
    match event:
        case UnitsGrouped(idents=idents, group=group):
            concerned = dict.fromkeys(idents, group)
        case UnitsUngrouped(idents=idents, group=group):
            concerned = {
                unit: ""
                for unit in idents
                if unit in units and group.casefold() in {"", units[unit].group.casefold()}
            }
        case GroupRenamed(idents=idents, old_name=old, new_name=new):
            members = (unit.ident for unit in units.values() if unit.group == old)
            concerned = dict.fromkeys((*idents, *members), new)
    return {
        ident: replace(units[ident], group=group)
        for ident, group in concerned.items()
        if ident in units
    }


def _without(items: Mapping[int, T], keys: Iterable[int]) -> dict[int, T]:
    removed = set(keys)
    return {key: item for key, item in items.items() if key not in removed}


def idents_on_duty(event: Event) -> set[int]:
    """Return the units that an event shows to be on duty."""
    match event:
        case UnitLoggedIn(unit=unit):
            return {unit.ident}
        case UnitsUpdated(units=units):
            return {unit.ident for unit in units}
        case _:
            return set()
