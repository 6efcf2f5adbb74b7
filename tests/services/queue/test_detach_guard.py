from __future__ import annotations

import pytest
from bot.services.queue.detach_guard import still_there

from bot.cad.errors import CadTimeout
from bot.services.queue.queued_order import Job
from bot.services.targets.resolution import Assignee, Resolution, SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import OrderAction
from tests.services.office import Office

NOBODY = SkippedTarget(Target("x"), SkipReason.NO_SUCH_UNIT)


async def job(office: Office, *people: Assignee, call_id: int | None = None) -> Job:
    order = await office.accept("", call_id, OrderAction.DETACH)
    return Job(order, Resolution(people, (NOBODY,)))


async def test_who_is_on_the_call_stays(office: Office) -> None:
    office.cad.put(1, 100)
    office.cad.put(2, 101)
    people = [office.assignee(one) for one in (1, 2, 3)]
    found = await still_there(office.cad, await job(office, *people, call_id=100))
    assert found.assignees == (people[0],)
    assert found.left_out == (
        NOBODY,
        SkippedTarget(Target("A-2", 1002), SkipReason.NOT_ON_CALL),
        SkippedTarget(Target("A-3", 1003), SkipReason.NOT_ON_CALL),
    )


async def test_without_a_call_it_is_the_one_that_each_was_on(office: Office) -> None:
    for ident, call_id in ((1, 100), (2, 101), (3, 101)):
        office.cad.put(ident, call_id)
    people = [office.assignee(one) for one in (1, 2, 3, 4)]
    office.cad.put(2, 100)
    found = await still_there(office.cad, await job(office, *people))
    assert found.assignees == (people[0], people[2])
    assert [(one.target.text, one.reason) for one in found.left_out[1:]] == [
        ("A-2", SkipReason.NOT_ON_CALL),
        ("A-4", SkipReason.RESULT_UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("on_duty", "reason"), [(None, SkipReason.NOT_LOOKED_UP), (False, SkipReason.NOT_ON_CALL)]
)
async def test_who_has_no_unit_is_not_on_the_call(
    office: Office, on_duty: bool | None, reason: SkipReason
) -> None:
    people = [Assignee("steam:x", None, None, on_duty)]
    found = await still_there(office.cad, await job(office, *people, call_id=100))
    assert found.assignees == ()
    assert found.left_out[1:] == (SkippedTarget(Target("steam:x"), reason),)
    assert office.cad.asked["idents_on"] == 0


async def test_nothing_is_decided_if_the_cad_does_not_say(office: Office) -> None:
    office.cad.question_fault = CadTimeout()
    with pytest.raises(CadTimeout):
        await still_there(office.cad, await job(office, office.assignee(1), call_id=100))
