"""Sends one request for several orders, and says what its answer means for each of them."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

from bot.cad.client import CadClient
from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadRefused,
    CadUnreadable,
    UnitNotAddressable,
)
from bot.cad.http.rate_limits import queries_sent_once
from bot.common.clock import Clock
from bot.services.board.live_board import Board
from bot.services.cad_backoff import BACKOFF, CadBackoff
from bot.services.queue import batching
from bot.services.queue.order_kinds import leave_out
from bot.services.queue.queued_order import QueuedOrder
from bot.services.queue.shared_request import SharedRequestCheck
from bot.services.queue.steps import CadAccess, Sent, Verdict, batch_item
from bot.storage.stores.order_store import OrderState

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class SendResult:
    """What became of the orders of one request.

    Attributes:
        ready: they are to be sent.
        done: the CAD has taken them.
        seen: the CAD shows that they were done before.
        refused: no unit is left of them, or the CAD said no, with `error` as its words.
        retry: they are to be sent again, after a while or in smaller parts.
        sent: what the CAD says about those that are done.
    """

    ready: list[QueuedOrder] = field(default_factory=list)
    done: list[QueuedOrder] = field(default_factory=list)
    seen: list[QueuedOrder] = field(default_factory=list)
    refused: list[QueuedOrder] = field(default_factory=list)
    retry: list[QueuedOrder] = field(default_factory=list)
    error: CadError | None = None
    sent: Sent = Sent()  # noqa: RUF009 - frozen


class BatchSender:
    """Sends the orders that the scheduler has put together."""

    def __init__(self, cad: CadClient, board: Board, backoff: CadBackoff, *, clock: Clock) -> None:
        self._access = CadAccess(cad, board, clock.now())
        self._backoff = backoff
        self._clock = clock
        self._last_partition = 0
        self._shared = SharedRequestCheck(cad, board)

    async def look(
        self, batch: Sequence[QueuedOrder], looked_at: Sequence[QueuedOrder]
    ) -> SendResult:
        """Look at the CAD for some orders of a batch; say which of the batch are to be sent.

        An order that is closed meanwhile, as by Cancel, is left out of the result.
        """
        result = SendResult()
        decided: dict[int, list[QueuedOrder]] = {}
        self._access = replace(self._access, looking_since=self._clock.now())
        try:
            with queries_sent_once():
                for queued in looked_at:
                    decided[queued.order.id] = await self._look(queued, result)
        except CadError as error:
            # Nothing has been sent, and nothing is decided.
            is_retried = self._is_retried_later(error)
            result.error = None if is_retried else error
            decided = {
                one.order.id: result.retry if is_retried else result.refused for one in batch
            }
        for queued in batch:
            if queued.order.state is OrderState.QUEUED:
                decided.get(queued.order.id, result.ready).append(queued)
        if (result.seen or result.refused) and not (result.ready or result.error):
            self._backoff.succeeded()  # nothing is left to send; the CAD has answered
        return result

    async def send(self, result: SendResult) -> SendResult:
        """Send the orders that are ready in one request; return what became of all of them."""
        sent = result.ready
        if not sent:
            return result
        try:
            result.sent = await sent[0].step.send(self._access, sent)
        except CadError as error:
            return await self._failed(result, sent, error)
        if self._backoff.error is not None:
            self._backoff.succeeded()
        may_be_partly_done = len(sent) > 1 or self._shared.suspects
        if may_be_partly_done and self._shared.is_needed(sent):
            await self._look_at_calls(result, sent)
        else:
            result.done = sent
        return result

    async def _look_at_calls(self, result: SendResult, sent: Sequence[QueuedOrder]) -> None:
        """Close the orders that the calls show; put the others back, to be sent alone."""
        try:
            result.done, calls_read = await self._shared.find_done(sent)
            result.sent = Sent(calls_read=calls_read)
        except CadError as error:
            _log.warning("the calls are not known after a request about several: %r", error)
        partitions: dict[Hashable, int] = {}
        for queued in sent:
            if queued in result.done:
                continue
            queued.may_have_been_sent = True
            key = batch_item(queued).key
            if key not in partitions:
                self._last_partition += 1
                partitions[key] = self._last_partition
            queued.partition = partitions[key]
            result.retry.append(queued)

    async def _look(self, queued: QueuedOrder, result: SendResult) -> list[QueuedOrder]:
        """Look at the CAD for one order; return the list that the order belongs to then."""
        try:
            look = await queued.step.look(self._access, queued)
        except CadRateLimited as error:
            # Only the look is limited: orders that need none go on.
            queued.retry_at = self._clock.monotonic() + (error.retry_after or BACKOFF.longest)
            return result.retry
        if queued.order.state is OrderState.QUEUED:
            queued.resolution = look.resolution
            queued.receipt = look.receipt or queued.receipt
            if look.call_id is not None:
                queued.order = replace(queued.order, call_id=look.call_id)
        is_empty = queued.kind.needs_units and not look.resolution.assignees
        if look.verdict is Verdict.DONE:
            return result.seen
        return result.refused if is_empty or look.verdict is Verdict.REFUSE else result.ready

    async def _failed(
        self, result: SendResult, sent: Sequence[QueuedOrder], error: CadError
    ) -> SendResult:
        """Sort the orders of a request that ended with an error; return the result."""
        if isinstance(error, UnitNotAddressable) and leave_out(sent, error.idents):
            # Nothing has been sent yet: it goes out without these units.
            result.ready = [one for one in sent if one.resolution.assignees]
            result.refused += [one for one in sent if not one.resolution.assignees]
            return await self.send(result)
        may_have_arrived = error.may_have_arrived or isinstance(error, CadUnreadable)
        for queued in sent:
            queued.may_have_been_sent = queued.may_have_been_sent or may_have_arrived
        if self._is_retried_later(error):
            result.retry += sent
        elif error.affects_all_requests or len(sent) == 1 or await self._is_call_closed(sent):
            result.refused += sent
            result.error = error
        else:
            self._split(sent)
            result.retry += sent
        return result

    def _is_retried_later(self, error: CadError) -> bool:
        """Record how the CAD answered; tell whether the same request may succeed later."""
        if CadBackoff.is_transient(error):
            self._backoff.failed(error)
            return True
        if isinstance(error, CadRefused):
            self._backoff.succeeded()
        return False

    def _split(self, sent: Sequence[QueuedOrder]) -> None:
        """Have the two halves of a refused batch sent one after the other."""
        by_id = {one.order.id: one for one in sent}
        for half in batching.split([batch_item(one) for one in sent]):
            self._last_partition += 1
            for item in half:
                by_id[item.order_id].partition = self._last_partition

    async def _is_call_closed(self, sent: Sequence[QueuedOrder]) -> bool:
        """Tell whether a refusal is surely about the one call that all these orders name.

        Asking costs fewer requests than splitting, and refuses no other order.
        """
        calls = {(one.order.server_id, one.order.call_id) for one in sent}
        server_id, call_id = calls.pop()
        if calls or call_id is None:
            return False
        try:
            found = await self._access.board.fetch_calls(server_id)
        except CadError:
            return False
        return all(call.call_id != call_id for call in found)
