"""A scripted life: people work in the CAD on a timetable that repeats.

What happens when is fixed; to whom it happens is drawn from a seed. Nothing grows without end:
calls are closed at the pace at which they come.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, replace

from sandbox.cad.api.matching_units import Target
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

FEWEST_CALLS, MOST_CALLS = 2, 6
MOST_EMERGENCIES = 4

PLACES = ("Mission Row", "Vinewood", "Pillbox Hill", "Del Perro", "Sandy Shores", "Route 68")
NOTES = (
    "Caller rings back: they can hear sirens.",
    "One person in custody.",
    "Second unit requested.",
    "Scene is secure.",
    "Traffic is backing up, avoid the main road.",
)


class Life:
    """Lets people act on one server.

    Args:
        cast: the numbers of the units that may be moved, attached and sent home; None for all.
        keeps_apart: leave calls and 911 calls alone that came from anybody else.
    """

    def __init__(
        self,
        world: CadWorld,
        server: Server,
        *,
        seed: int = 1,
        cast: Container[str] | None = None,
        keeps_apart: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._world = world
        self._server = server
        self._cast = cast
        self._keeps_apart = keeps_apart
        self._own_calls: set[int] = set()
        self._own_emergencies: set[int] = set()
        self._sleep = sleep
        # Not for secrets: the same seed has to give the same life.
        self._dice = random.Random(seed)
        self._calls = itertools.cycle(SAMPLE_CALLS)
        self._emergencies = itertools.cycle(SAMPLE_EMERGENCIES)
        self._at_home: list[Unit] = []

    async def run(self) -> None:
        """Live until the task is cancelled."""
        for moment in itertools.cycle(TIMETABLE):
            await self._sleep(moment.after)
            moment.act(self)

    def receive_call(self) -> None:
        """A dispatcher opens a call."""
        if len(self._open_calls()) < MOST_CALLS:
            self._open(next(self._calls))

    def receive_911(self) -> None:
        """Somebody calls 911."""
        if len(self._waiting()) < MOST_EMERGENCIES:
            call = self._world.call_911(self._server, next(self._emergencies))
            self._own_emergencies.add(call.call_id)

    def answer_911(self) -> None:
        """A dispatcher makes a call of the oldest 911."""
        waiting = self._waiting()
        if not waiting or len(self._open_calls()) >= MOST_CALLS:
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
        self._open(form)
        self._world.remove_911(self._server, emergency.call_id)

    def send_unit(self) -> None:
        """A free unit is put on the call with the fewest units, and drives."""
        free = [unit for unit in self._units() if self._call_of(unit) is None]
        calls = self._open_calls()
        if free and calls:
            unit = self._dice.choice(free)
            call = min(calls, key=lambda call: len(call.idents))
            target = Target(ident_ids=(unit.id,))
            self._world.attach(self._server, call.call_id, target)
            self._world.set_status(self._server, target, UnitStatus.ENROUTE)

    def arrive(self) -> None:
        """A unit on a call is where the call is."""
        driving = [unit for unit in self._units() if unit.status == UnitStatus.ENROUTE]
        if driving:
            unit = self._dice.choice(driving)
            call = self._call_of(unit)
            if call is not None:
                self._world.move(self._server, unit.id, call.form.address)
            target = Target(ident_ids=(unit.id,))
            self._world.set_status(self._server, target, UnitStatus.ON_SCENE)

    def patrol(self) -> None:
        """A unit drives around."""
        if units := self._units():
            self._world.move(self._server, self._dice.choice(units).id, self._dice.choice(PLACES))

    def note(self) -> None:
        """A dispatcher writes something down."""
        if calls := self._open_calls():
            call = self._dice.choice(calls)
            self._world.add_note(self._server, call.call_id, self._dice.choice(NOTES), "D-1")

    def escalate(self) -> None:
        """A call turns out to be more urgent, or less."""
        if calls := self._open_calls():
            call = self._dice.choice(calls)
            form = replace(call.form, priority=call.form.priority % 3 + 1)
            self._world.edit_call(self._server, call.call_id, form)

    def close_call(self) -> None:
        """The oldest call is done; whoever was on it is free again."""
        calls = self._open_calls()
        if len(calls) <= FEWEST_CALLS:
            return
        call = self._world.close(self._server, calls[0].call_id)
        ours = {unit.id for unit in self._units()}
        back = Target(ident_ids=tuple(ident for ident in call.idents if ident in ours))
        self._world.set_status(self._server, back, UnitStatus.AVAILABLE)

    def change_shift(self) -> None:
        """Whoever went home comes back; otherwise a free unit goes."""
        if self._at_home:
            gone = self._at_home.pop()
            self._world.login(self._server, gone.account, gone.badge)
        elif free := [unit for unit in self._units() if self._call_of(unit) is None]:
            unit = self._dice.choice(free)
            self._world.logout(self._server, unit.id)
            self._at_home.append(unit)

    def _open(self, form: CallForm) -> None:
        self._own_calls.add(self._world.new_dispatch(self._server, form).call_id)

    def _open_calls(self) -> list[DispatchCall]:
        calls = self._server.calls.values()
        return [one for one in calls if not self._keeps_apart or one.call_id in self._own_calls]

    def _waiting(self) -> list[EmergencyCall]:
        calls, own = self._server.emergencies.values(), self._own_emergencies
        return [one for one in calls if not self._keeps_apart or one.call_id in own]

    def _units(self) -> list[Unit]:
        return [
            unit
            for unit in self._server.units.values()
            if unit.on_duty
            and not unit.is_dispatch
            and (self._cast is None or unit.badge.unit_num in self._cast)
        ]

    def _call_of(self, unit: Unit) -> DispatchCall | None:
        calls = self._server.calls.values()
        return next((call for call in calls if unit.id in call.idents), None)


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens next, and after how many seconds."""

    after: float
    act: Callable[[Life], None]


# Two minutes: as many calls come as go.
TIMETABLE = (
    Moment(5, Life.patrol),
    Moment(7, Life.receive_911),
    Moment(6, Life.send_unit),
    Moment(9, Life.note),
    Moment(8, Life.arrive),
    Moment(6, Life.receive_call),
    Moment(7, Life.send_unit),
    Moment(9, Life.answer_911),
    Moment(6, Life.patrol),
    Moment(7, Life.send_unit),
    Moment(8, Life.escalate),
    Moment(9, Life.arrive),
    Moment(7, Life.close_call),
    Moment(9, Life.note),
    Moment(8, Life.change_shift),
    Moment(9, Life.close_call),
)
