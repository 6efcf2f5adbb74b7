"""Whose turn it is: the open orders, the first to come first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from bot.cad.client import CadClient
from bot.cad.http.rate_limits import RateLimiter
from bot.common.clock import Clock
from bot.services.cad_backoff import CadBackoff
from bot.services.queue import batching
from bot.services.queue.queued_order import Job
from bot.storage.stores.order_store import OrderAction, OrderState


class Turns:
    """The line in which orders wait; nobody overtakes anyone they disagree with."""

    def __init__(
        self,
        cad: CadClient,
        outage: CadBackoff,
        *,
        clock: Clock,
    ) -> None:
        self._cad = cad
        self._outage = outage
        self._clock = clock
        self._open: dict[int, Job] = {}  # by order id, the first to come first

    def enter(self, job: Job) -> None:
        """Give a job its place, whether it is known by now whom it is about or not."""
        job.entered = self._clock.monotonic()
        job.alone = not self._open
        self._open[job.order.id] = job

    def leave(self, job: Job) -> None:
        """Let go of a job that is closed or that nobody carries any more."""
        self._open.pop(job.order.id, None)

    def find(self, order_id: int) -> Job | None:
        """Return an open job."""
        return self._open.get(order_id)

    def budget(self, job: Job) -> RateLimiter:
        """Return the budget that a job's request counts against."""
        is_attach = job.order.action is OrderAction.ATTACH
        return self._cad.attach_limiter if is_attach else self._cad.detach_limiter

    def wait(self, job: Job) -> float:
        """Return the seconds until a job's own turn may come, 0 for now."""
        budget = self.budget(job)
        wait = max(self._outage.wait(), budget.wait(), job.not_before - self._clock.monotonic())
        if (
            job.order.action is OrderAction.ATTACH
            and self._cad.calls_per_attach == 1
            and not job.cell
        ):
            age = self._clock.monotonic() - job.entered
            wait = max(wait, batching.hold(budget, age=age, alone=job.alone))
        return wait

    def wait_to_look(self, job: Job) -> float:
        """Return the seconds until the CAD may be asked again whom a job is about, 0 for now."""
        if job.doubt is None:
            return 0.0
        if self._is_due(job):
            return self._outage.wait()
        return max(0.0, self._outage.wait(), job.not_before - self._clock.monotonic())

    def doubtful(self) -> list[Job]:
        """Return those of whom the CAD did not say who they are."""
        return [job for job in self._open.values() if job.doubt and not job.is_made_out]

    def wait_for_others(self, job: Job) -> float:
        """Return the seconds until those may go whom a job must not overtake."""
        return max(map(self.wait, _ahead(job, self._waiting())), default=0.0)

    def next(self) -> list[Job]:
        """Return the jobs that share the next request; none if nobody's turn has come."""
        items = [job.item for job in self._waiting()]
        for item in batching.leaders(items):
            job = self._open[item.order_id]
            if job.resolution.assignees and job.is_made_out and not self.wait(job):
                chosen = batching.choose(item, items, self._cad.calls_per_attach)
                return [self._open[one.order_id] for one in chosen]
        return []

    def twins(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the waiting jobs that ask for exactly what these asked for, and may join them."""
        done = {(job.item.place, job.item.people) for job in jobs}
        return [
            self._open[item.order_id]
            for item in batching.leaders([job.item for job in self._waiting()])
            if item.people is not None and (item.place, item.people) in done
        ]

    def _waiting(self) -> list[Job]:
        now = self._clock.now()
        return [
            job
            for job in self._open.values()
            if job.order.state is OrderState.QUEUED
            and now < job.expires_at
            and not self._stands_aside(job)
        ]

    def _stands_aside(self, job: Job) -> bool:
        """Tell whether the others need not wait until it is known whom a job is about.

        They do the first time, and before each attempt of an outage; not for as long as a CAD that
        takes orders does not show its units.
        """
        return not (job.is_made_out or job.doubt is None or self._is_due(job))

    def _is_due(self, job: Job) -> bool:
        """Tell whether the CAD is to be asked about a doubtful job before anything is sent."""
        is_limited = job.doubt is not None and job.doubt.retry_after is not None
        is_over = job.looked_at == self._outage.failures and not job.looking
        return self._outage.error is not None and not is_limited and not is_over


def _ahead(job: Job, waiting: Sequence[Job]) -> list[Job]:
    """Return the jobs that came before and disagree with a job about somebody."""
    before = itertools.takewhile(lambda one: one is not job, waiting)
    return [one for one in before if batching.conflict(job.item, one.item)]
