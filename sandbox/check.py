"""`python -m sandbox check`: runs the scenario in the sandbox, without a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import simcord

from sandbox.environment import Environment, open_environment
from sandbox.fake_time import FakeTime
from sandbox.scenario import SCENARIO, CadChange, Step

Report = Callable[[str], None]

_ESCAPE = re.compile(r"\\(.)")


# Long enough for the CAD to confirm an order, and for a second attempt while the CAD is down.
SECONDS_PER_STEP = 20.0


async def run(report: Report = print) -> int:
    """Build the sandbox, run the scenario, and return the exit code: 0 if all is as expected."""
    time = FakeTime()
    async with open_environment(time=time) as environment:
        return await run_steps(environment, time, SCENARIO, report)


async def run_steps(
    environment: Environment, time: FakeTime, steps: Sequence[Step], report: Report = print
) -> int:
    """Run the steps, report the conversation, and return the exit code."""
    faults: list[str] = []
    result: simcord.InteractionResult | None = None
    for number, step in enumerate(steps, 1):
        report(f"\n{number}. {step.purpose}")
        await _set_cad_state(environment, step, report)
        if step.command:
            result = await _run_command(environment, step, report)
        await time.advance(SECONDS_PER_STEP, environment.simcord_env.settle)
        if result is not None:
            faults += [
                f"step {number}: {fault}"
                for fault in _check_step(environment, step, result, report)
            ]
    faults += [f"the bot raised {error!r}" for error in environment.simcord_env.errors]
    report("")
    for fault in faults:
        report(f"✗ {fault}")
    report(
        f"{len(steps)} steps, {len(faults)} faults" if faults else f"{len(steps)} steps, all well"
    )
    return 1 if faults else 0


async def _set_cad_state(environment: Environment, step: Step, report: Report) -> None:
    if step.cad_change is not None:
        report(f"   ({step.cad_change.value})")
        await (
            environment.cad.pause()
            if step.cad_change is CadChange.GOES_DOWN
            else environment.cad.resume()
        )


async def _run_command(
    environment: Environment, step: Step, report: Report
) -> simcord.InteractionResult:
    report(f"   {step.member} › {step.command_text}")
    options = {
        name: environment.with_mentions(value) if isinstance(value, str) else value
        for name, value in step.options.items()
    }
    return await environment.people[step.member].slash(environment.channel, step.command, **options)


def _check_step(
    environment: Environment, step: Step, result: simcord.InteractionResult, report: Report
) -> list[str]:
    """Report the answer and the CAD's calls; return the differences from the expected ones."""
    answer = _readable_answer(environment, result)
    report(f"   bot › {answer or '(nothing)'}".replace("\n", "\n         "))
    for call_id in step.units:
        report(f"   CAD › #{call_id}: {', '.join(environment.units_on(call_id)) or 'no unit'}")
    return list(_mismatches(environment, step, result, answer))


def _mismatches(
    environment: Environment, step: Step, result: simcord.InteractionResult, answer: str
) -> Iterator[str]:
    if not result.ephemeral:
        yield "the answer is not private"
    if not answer.startswith(step.expected[0]):
        yield f"the answer does not open with {step.expected[0]!r}"
    for part in step.expected[1:]:
        if part not in answer:
            yield f"the answer does not say {part!r}"
    for call_id, expected in step.units.items():
        found = environment.units_on(call_id)
        if found != expected:
            yield f"call {call_id} has {', '.join(found) or 'no unit'}, not {', '.join(expected)}"


def _readable_answer(environment: Environment, result: simcord.InteractionResult) -> str:
    """Return the answer as Discord shows it: names for mentions, no backslashes."""
    return (
        _ESCAPE.sub(r"\1", environment.with_names(result.response.content))
        if result.response
        else ""
    )
