"""Simulates users of the CAD, with a timetable that repeats.

The times of the actions are fixed; a seeded random generator chooses their units and calls. The
number of calls is bounded: as many are closed as are created.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, replace

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import groups
from sandbox.cad.state.models import (
    CallForm,
    DispatchCall,
    EmergencyCall,
    Server,
    Unit,
    UnitStatus,
)
from sandbox.cad.state.sample_calls import SAMPLE_CALLS, SAMPLE_EMERGENCIES
from sandbox.cad.state.world import CadWorld

MIN_CALLS, MAX_CALLS = 2, 6
MAX_EMERGENCIES = 4

PLACES = ("Mission Row", "Vinewood", "Pillbox Hill", "Del Perro", "Sandy Shores", "Route 68")
NOTES = (
    "Caller rings back: they can hear sirens.",
    "One person in custody.",
    "Second unit requested.",
    "Scene is secure.",
    "Traffic is backing up, avoid the main road.",
)


class Simulation:
    """Simulates users on one server.

    Args:
        unit_numbers: the units that may be moved, attached and logged out; None for all.
        own_calls_only: change only the calls and 911 calls that the simulation has created.
    """

    def __init__(
        self,
        world: CadWorld,
        server: Server,
        *,
        seed: int = 1,
        unit_numbers: Container[str] | None = None,
        own_calls_only: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._world = world
        self._server = server
        self._unit_numbers = unit_numbers
        self._own_calls_only = own_calls_only
        self._own_calls: set[int] = set()
        self._own_emergencies: set[int] = set()
        self._sleep = sleep
        # Not for secrets: the same seed must give the same actions.
        self._random = random.Random(seed)
        self._calls = itertools.cycle(SAMPLE_CALLS)
        self._emergencies = itertools.cycle(SAMPLE_EMERGENCIES)
        self._logged_out: list[Unit] = []

    async def run(self) -> None:
        """Run the timetable until the task is cancelled."""
        for timed in itertools.cycle(TIMETABLE):
            await self._sleep(timed.delay)
            timed.act(self)

    def create_call(self) -> None:
        """Create a dispatch call, unless there are `MAX_CALLS`."""
        if len(self._open_calls()) < MAX_CALLS:
            self._create_call(next(self._calls))

    def create_emergency(self) -> None:
        """Create a 911 call, unless there are `MAX_EMERGENCIES`."""
        if len(self._open_emergencies()) < MAX_EMERGENCIES:
            call = self._world.call_911(self._server, next(self._emergencies))
            self._own_emergencies.add(call.call_id)

    def answer_emergency(self) -> None:
        """Replace the oldest 911 call by a dispatch call."""
        waiting = self._open_emergencies()
        if not waiting or len(self._open_calls()) >= MAX_CALLS:
            return
        emergency = waiting[0]
        form = CallForm(
            title=f"911: {emergency.form.caller}",
            code="10-11",
            priority=2,
            address=emergency.form.location,
            postal=emergency.form.meta_data.get("postal", ""),
            description=emergency.form.description,
            meta_data={**emergency.form.meta_data, "origin911": str(emergency.call_id)},
        )
        self._create_call(form)
        self._world.remove_911(self._server, emergency.call_id)

    def attach_unit(self) -> None:
        """Attach a free unit to the call with the fewest units, and set it en route."""
        free = [unit for unit in self._units() if self._call_of(unit) is None]
        calls = self._open_calls()
        if free and calls:
            unit = self._random.choice(free)
            call = min(calls, key=lambda call: len(call.idents))
            target = Target(ident_ids=(unit.id,))
            self._world.attach(self._server, call.call_id, target)
            self._world.set_status(self._server, target, UnitStatus.ENROUTE)

    def arrive_on_scene(self) -> None:
        """Set a unit that is en route to on scene, at the address of its call."""
        driving = [unit for unit in self._units() if unit.status == UnitStatus.ENROUTE]
        if driving:
            unit = self._random.choice(driving)
            call = self._call_of(unit)
            if call is not None:
                self._world.move(self._server, unit.id, call.form.address)
            target = Target(ident_ids=(unit.id,))
            self._world.set_status(self._server, target, UnitStatus.ON_SCENE)

    def move_unit(self) -> None:
        """Move a unit to another place."""
        if units := self._units():
            self._world.move(
                self._server, self._random.choice(units).id, self._random.choice(PLACES)
            )

    def add_note(self) -> None:
        """Add a note to a call."""
        if calls := self._open_calls():
            call = self._random.choice(calls)
            self._world.add_note(self._server, call.call_id, self._random.choice(NOTES), "D-1")

    def change_priority(self) -> None:
        """Change the priority of a call."""
        if calls := self._open_calls():
            call = self._random.choice(calls)
            form = replace(call.form, priority=call.form.priority % 3 + 1)
            self._world.edit_call(self._server, call.call_id, form)

    def close_call(self) -> None:
        """Close the oldest call, and set its units to available."""
        calls = self._open_calls()
        if len(calls) <= MIN_CALLS:
            return
        call = self._world.close(self._server, calls[0].call_id)
        ours = {unit.id for unit in self._units()}
        back = Target(ident_ids=tuple(ident for ident in call.idents if ident in ours))
        self._world.set_status(self._server, back, UnitStatus.AVAILABLE)

    def form_group(self) -> None:
        """Put the first unit into a group."""
        if units := self._units():
            groups.join_group(self._world, self._server, units[0].id, groups.NAMES[0])

    def rename_group(self) -> None:
        """Give the group another name."""
        groups.rename_group(self._world, self._server, *groups.NAMES)

    def end_group(self) -> None:
        """Take a unit out of its group."""
        if grouped := [unit for unit in self._units() if unit.badge.group]:
            groups.leave_group(self._world, self._server, grouped[0].id)

    def change_shift(self) -> None:
        """Log in the unit that was logged out; if there is none, log out a free unit."""
        if self._logged_out:
            gone = self._logged_out.pop()
            self._world.login(self._server, gone.account, gone.badge)
        elif free := [unit for unit in self._units() if self._call_of(unit) is None]:
            unit = self._random.choice(free)
            self._world.logout(self._server, unit.id)
            self._logged_out.append(unit)

    def _create_call(self, form: CallForm) -> None:
        self._own_calls.add(self._world.new_dispatch(self._server, form).call_id)

    def _open_calls(self) -> list[DispatchCall]:
        calls = self._server.calls.values()
        return [one for one in calls if not self._own_calls_only or one.call_id in self._own_calls]

    def _open_emergencies(self) -> list[EmergencyCall]:
        calls, own = self._server.emergencies.values(), self._own_emergencies
        return [one for one in calls if not self._own_calls_only or one.call_id in own]

    def _units(self) -> list[Unit]:
        return [
            unit
            for unit in self._server.units.values()
            if unit.on_duty
            and not unit.is_dispatch
            and (self._unit_numbers is None or unit.badge.unit_num in self._unit_numbers)
        ]

    def _call_of(self, unit: Unit) -> DispatchCall | None:
        calls = self._server.calls.values()
        return next((call for call in calls if unit.id in call.idents), None)


@dataclass(frozen=True, slots=True)
class TimedAction:
    """An action and the seconds to wait before it."""

    delay: float
    act: Callable[[Simulation], None]


# Two minutes; as many calls are created as closed.
TIMETABLE = (
    TimedAction(5, Simulation.move_unit),
    TimedAction(7, Simulation.create_emergency),
    TimedAction(6, Simulation.attach_unit),
    TimedAction(4, Simulation.form_group),
    TimedAction(5, Simulation.add_note),
    TimedAction(8, Simulation.arrive_on_scene),
    TimedAction(6, Simulation.create_call),
    TimedAction(3, Simulation.rename_group),
    TimedAction(4, Simulation.attach_unit),
    TimedAction(9, Simulation.answer_emergency),
    TimedAction(6, Simulation.move_unit),
    TimedAction(7, Simulation.attach_unit),
    TimedAction(8, Simulation.change_priority),
    TimedAction(4, Simulation.end_group),
    TimedAction(5, Simulation.arrive_on_scene),
    TimedAction(7, Simulation.close_call),
    TimedAction(9, Simulation.add_note),
    TimedAction(8, Simulation.change_shift),
    TimedAction(9, Simulation.close_call),
)
