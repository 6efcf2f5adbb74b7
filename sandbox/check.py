"""`python -m sandbox check`: the sandbox without a page, through a scripted shift."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import simcord

from sandbox.shift import SHIFT, Cad, Step
from sandbox.stage import Stage, open_stage

Tell = Callable[[str], None]

_ESCAPE = re.compile(r"\\(.)")


class RehearsalTime:
    """A clock that moves by itself when it is waited for, so that no wait takes any time."""

    def __init__(self) -> None:
        self._now = 0.0

    def clock(self) -> float:
        """Read it, in seconds."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move it."""
        self._now += seconds


async def run(tell: Tell = print) -> int:
    """Build the sandbox, play the shift, and return the exit code: 0 if all went as written."""
    time = RehearsalTime()
    async with open_stage(clock=time.clock, sleep=time.sleep) as stage:
        return await play(stage, SHIFT, tell)


async def play(stage: Stage, steps: Sequence[Step], tell: Tell = print) -> int:
    """Play the steps, tell the conversation, and return the exit code."""
    faults: list[str] = []
    for number, step in enumerate(steps, 1):
        tell(f"\n{number}. {step.why}")
        faults += [f"step {number}: {fault}" for fault in await _take(stage, step, tell)]
    faults += [f"the bot raised {error!r}" for error in stage.env.errors]
    tell("")
    for fault in faults:
        tell(f"✗ {fault}")
    tell(f"{len(steps)} steps, {len(faults)} faults" if faults else f"{len(steps)} steps, all well")
    return 1 if faults else 0


async def _take(stage: Stage, step: Step, tell: Tell) -> list[str]:
    """Take one step and return what is not as it should be."""
    if step.before is not None:
        tell(f"   ({step.before.value})")
        await (stage.cad.pause() if step.before is Cad.GOES_DOWN else stage.cad.resume())
    tell(f"   {step.who} › {step.typed}")
    options = {
        name: stage.in_mentions(value) if isinstance(value, str) else value
        for name, value in step.options.items()
    }
    result = await stage.people[step.who].slash(stage.channel, step.command, **options)
    answer = _readable(stage, result)
    tell(f"   bot › {answer or '(nothing)'}".replace("\n", "\n         "))
    for call_id in step.units:
        tell(f"   CAD › #{call_id}: {', '.join(stage.units_on(call_id)) or 'nobody'}")
    return list(_faults(stage, step, result, answer))


def _faults(
    stage: Stage, step: Step, result: simcord.InteractionResult, answer: str
) -> Iterator[str]:
    if not result.ephemeral:
        yield "the answer is not private"
    if not answer.startswith(step.says[0]):
        yield f"the answer does not open with {step.says[0]!r}"
    for part in step.says[1:]:
        if part not in answer:
            yield f"the answer does not say {part!r}"
    for call_id, expected in step.units.items():
        found = stage.units_on(call_id)
        if found != expected:
            yield f"call {call_id} has {', '.join(found) or 'nobody'}, not {', '.join(expected)}"


def _readable(stage: Stage, result: simcord.InteractionResult) -> str:
    """Return the answer as a person reads it: names for mentions, no backslashes."""
    return _ESCAPE.sub(r"\1", stage.in_names(result.response.content)) if result.response else ""
