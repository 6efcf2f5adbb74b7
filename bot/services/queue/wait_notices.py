"""Why an order waits, told where that is worth reading."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.cad.errors import CadError, CadTimeout
from bot.common.clock import Clock
from bot.services.background import BackgroundTasks
from bot.services.cad_backoff import CadBackoff
from bot.services.orders.outcomes import WaitNotice
from bot.services.queue.order_notifier import Telling
from bot.services.queue.queued_order import Job
from bot.services.queue.scheduler import Turns

WORTH_TELLING = 2.0  # seconds; a shorter wait ends before it has been read

_SLOW = CadTimeout()  # what people wait for while a request takes its time


class Excuses:
    """Has people told what they wait for; nobody waits until Discord has shown it."""

    def __init__(
        self,
        telling: Telling,
        turns: Turns,
        outage: CadBackoff,
        tasks: BackgroundTasks,
        *,
        clock: Clock,
    ) -> None:
        self._telling = telling
        self._turns = turns
        self._outage = outage
        self._tasks = tasks
        self._clock = clock

    def tell(self, job: Job, now: datetime, wait: float, trouble: CadError | None) -> None:
        """Say why an order waits, unless that is over in a moment."""
        if self._clock.monotonic() - job.entered + wait < WORTH_TELLING:
            return
        # While the CAD is in trouble, the next attempt is nothing that anybody waits for.
        until = job.expires_at if trouble else now + timedelta(seconds=wait + 0.5)
        self._say(job, until, trouble)

    def complain_now(self, job: Job) -> None:
        """Say that the CAD takes its time, or what else is the matter with it."""
        self._say(job, job.expires_at, self._outage.error or job.doubt or _SLOW)

    async def complain(self, job: Job) -> None:
        """Say so where the CAD still owes an answer about whom an order means, after a while."""
        await self._tasks.sleep(WORTH_TELLING)
        if job.looking:
            self.complain_now(job)

    def _say(self, job: Job, until: datetime, trouble: CadError | None) -> None:
        """Say why an order waits, unless that is what its reply says."""
        waiting = WaitNotice(
            until.replace(microsecond=0), trouble, self._turns.budget(job).per_minute
        )
        if waiting != job.to_show:
            self._tasks.spawn(self._telling.waits(job, waiting))
