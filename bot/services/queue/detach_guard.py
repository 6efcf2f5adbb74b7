"""A detach names no call. These look where people are before somebody is taken off another one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from bot.cad.client import CadClient
from bot.cad.models import Unit
from bot.services.queue.queued_order import Job
from bot.services.targets.resolution import Assignee, Resolution, SkippedTarget, SkipReason, Target


async def still_there(cad: CadClient, job: Job) -> Resolution:
    """Return the job's people without those who are not on the call that they are to leave.

    That is the order's call, or else, where an attempt broke off half-way, the call that each was
    on when the order was given: whoever has left it since has been detached already.

    Raises:
        CadError: the CAD does not show its calls.
    """
    named = job.order.call_id
    by_call: dict[int | None, list[Assignee]] = defaultdict(list)
    for one in job.resolution.assignees:
        by_call[named or one.call_id].append(one)

    kept: list[Assignee] = []
    left_out = list(job.resolution.left_out)
    for call_id, people in by_call.items():
        if call_id is None:
            left_out += [SkippedTarget(_target(one), SkipReason.RESULT_UNKNOWN) for one in people]
            continue
        units: list[Unit] = [one.unit for one in people if one.unit]
        idents = (
            await cad.get_idents_on_call(job.order.server_id, call_id, units)
            if units
            else frozenset()
        )
        there = [one for one in people if one.unit and one.unit.ident in idents]
        kept += there
        left_out += [
            SkippedTarget(_target(one), _reason(one)) for one in people if one not in there
        ]
    return replace(job.resolution, assignees=tuple(kept), left_out=tuple(left_out))


def _reason(one: Assignee) -> SkipReason:
    # Without a unit nothing can be seen; it is not said that somebody has moved on.
    is_unknown = one.unit is None and one.on_duty is None
    return SkipReason.NOT_LOOKED_UP if is_unknown else SkipReason.NOT_ON_CALL


def _target(one: Assignee) -> Target:
    number = one.unit.number if one.unit else ""
    return Target(number or one.api_id, one.discord_id)
