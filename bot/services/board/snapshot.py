"""The calls, 911 calls and units of one server at one moment. Pure.

A push event updates the snapshot at once; a poll replaces it. The CAD sends no events for what the
bot itself did, so these changes are applied like events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    UnitLoggedIn,
    UnitLoggedOut,
    UnitPanic,
    UnitsAttached,
    UnitsDetached,
    UnitStatusChanged,
    UnitsUpdated,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BoardSnapshot:
    """Calls, 911 calls and units by id. Calls and 911 calls have separate ids."""

    calls: Mapping[int, Call] = field(default_factory=dict)
    emergencies: Mapping[int, EmergencyCall] = field(default_factory=dict)
    units: Mapping[int, Unit] = field(default_factory=dict)

    def with_calls(self, polled: Calls) -> BoardSnapshot:
        """Return a snapshot with the calls of a poll."""
        return replace(
            self,
            calls={call.call_id: call for call in polled.dispatch},
            emergencies={call.call_id: call for call in polled.emergency},
        )

    def with_units(self, polled: Iterable[Unit]) -> BoardSnapshot:
        """Return a snapshot with the units of a poll."""
        return replace(self, units={unit.ident: unit for unit in polled})

    def call_of_unit(self, ident: int) -> Call | None:
        """Return the call that a unit is on, None if none."""
        return next((call for call in self.calls.values() if ident in call.idents), None)

    def apply(self, event: Event) -> BoardSnapshot:
        """Return the snapshot after an event; events about unknown ids change nothing."""
        return BoardSnapshot(
            self._calls_after(event), self._emergencies_after(event), self._units_after(event)
        )

    def _calls_after(self, event: Event) -> Mapping[int, Call]:
        calls = self.calls
        match event:
            case CallUpserted(call=call):
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

    def _units_after(self, event: Event) -> Mapping[int, Unit]:
        units = self.units
        match event:
            case UnitLoggedIn(unit=unit):
                return {**units, unit.ident: unit}
            case UnitLoggedOut(ident=ident):
                return _without(units, [ident])
            case UnitsUpdated(units=changed):
                return {**units, **{unit.ident: unit for unit in changed}}
            case UnitStatusChanged(idents=idents, status=status):
                known = (units[ident] for ident in idents if ident in units)
                return {**units, **{one.ident: replace(one, status=status) for one in known}}
            case UnitPanic(idents=idents, is_panic=is_panic):
                known = (units[ident] for ident in idents if ident in units)
                return {**units, **{one.ident: replace(one, is_panic=is_panic) for one in known}}
            case _:
                return units


def _apply_to_call(call: Call, event: CallNoteAdded | UnitsAttached | UnitsDetached) -> Call:
    match event:
        case CallNoteAdded(note=note):
            return replace(call, notes=(*call.notes, note))
        case UnitsAttached(idents=idents):
            return replace(call, idents=tuple(dict.fromkeys((*call.idents, *idents))))
        case UnitsDetached(idents=idents):
            return replace(call, idents=tuple(one for one in call.idents if one not in idents))


def _without(items: Mapping[int, T], keys: Iterable[int]) -> dict[int, T]:
    removed = set(keys)
    return {key: item for key, item in items.items() if key not in removed}
