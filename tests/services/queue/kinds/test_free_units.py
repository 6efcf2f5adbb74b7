from __future__ import annotations

import pytest

from bot.cad.errors import CadRateLimited, CadUnreachable
from bot.services.queue.kinds.free_units import without_free_units
from bot.services.queue.steps import CadAccess
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import OrderAction
from tests.services.queue.samples import assignee, queued_order
from tests.services.queue_fixture import QueueFixture

ON_100, FREE = assignee(1, call_id=100), assignee(2)
UNKNOWN = Assignee("steam:9", None, None, on_duty=None)


async def looked(queue_fixture: QueueFixture, *units: Assignee) -> Resolution:
    queued = queued_order(*units, action=OrderAction.DETACH, call_id=None)
    return await without_free_units(
        CadAccess(queue_fixture.cad, queue_fixture.board, queue_fixture.time.now()), queued
    )


async def test_units_on_calls_and_units_that_are_not_known_need_no_look(
    queue_fixture: QueueFixture,
) -> None:
    assert await looked(queue_fixture, ON_100, UNKNOWN) == Resolution((ON_100, UNKNOWN))
    assert queue_fixture.cad.asked["calls"] == 0


async def test_a_unit_on_no_call_is_left_out(queue_fixture: QueueFixture) -> None:
    free = SkippedTarget(Target("steam:2", FREE.discord_id), SkipReason.ON_NO_CALL)
    assert await looked(queue_fixture, ON_100, FREE) == Resolution((ON_100,), (free,))


async def test_a_unit_that_is_on_a_call_by_now_stays(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.put(2, 101)
    assert await looked(queue_fixture, FREE) == Resolution((assignee(2, call_id=101),))


async def test_without_a_look_the_units_stay(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.query_fault = CadRateLimited(retry_after=5.0)
    assert await looked(queue_fixture, FREE) == Resolution((FREE,))
    queue_fixture.cad.limiters.calls.on_rate_limited(60.0)
    asked = queue_fixture.cad.asked["calls"]
    assert await looked(queue_fixture, FREE) == Resolution((FREE,))
    assert queue_fixture.cad.asked["calls"] == asked


async def test_a_cad_that_does_not_answer_is_for_the_queue_to_handle(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.query_fault = CadUnreachable("Connection refused")
    with pytest.raises(CadUnreachable):
        await looked(queue_fixture, FREE)
