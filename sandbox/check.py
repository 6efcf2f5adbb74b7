"""`python -m sandbox check`: the sandbox without a page, through a scripted shift."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import simcord

from sandbox.environment import Stage, open_stage
from sandbox.fake_time import FakeTime
from sandbox.scenario import SHIFT, Cad, Step

Tell = Callable[[str], None]

_ESCAPE = re.compile(r"\\(.)")


# Long enough for the CAD to confirm what it was told, and for a second attempt where it is down.
SECONDS_PER_STEP = 20.0


async def run(tell: Tell = print) -> int:
    """Build the sandbox, play the shift, and return the exit code: 0 if all went as written."""
    time = FakeTime()
    async with open_stage(time=time) as stage:
        return await play(stage, time, SHIFT, tell)


async def play(stage: Stage, time: FakeTime, steps: Sequence[Step], tell: Tell = print) -> int:
    """Play the steps, tell the conversation, and return the exit code."""
    faults: list[str] = []
    result: simcord.InteractionResult | None = None
    for number, step in enumerate(steps, 1):
        tell(f"\n{number}. {step.why}")
        await _set_up(stage, step, tell)
        if step.command:
            result = await _typed(stage, step, tell)
        await time.advance(SECONDS_PER_STEP, stage.env.settle)
        if result is not None:
            faults += [f"step {number}: {fault}" for fault in _shown(stage, step, result, tell)]
    faults += [f"the bot raised {error!r}" for error in stage.env.errors]
    tell("")
    for fault in faults:
        tell(f"✗ {fault}")
    tell(f"{len(steps)} steps, {len(faults)} faults" if faults else f"{len(steps)} steps, all well")
    return 1 if faults else 0


async def _set_up(stage: Stage, step: Step, tell: Tell) -> None:
    if step.before is not None:
        tell(f"   ({step.before.value})")
        await (stage.cad.pause() if step.before is Cad.GOES_DOWN else stage.cad.resume())


async def _typed(stage: Stage, step: Step, tell: Tell) -> simcord.InteractionResult:
    tell(f"   {step.who} › {step.typed}")
    options = {
        name: stage.in_mentions(value) if isinstance(value, str) else value
        for name, value in step.options.items()
    }
    return await stage.people[step.who].slash(stage.channel, step.command, **options)


def _shown(stage: Stage, step: Step, result: simcord.InteractionResult, tell: Tell) -> list[str]:
    """Tell what there is to be seen, and return what is not as it should be."""
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
