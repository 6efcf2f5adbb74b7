"""Looks at the calls after a request about several of them, before its orders count as done.

No document says that the CAD carries out more than the first of them; reference:
docs/sonoran-cad.md, "Attach".
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence

from bot.cad.client import CadClient
from bot.services.board.live_board import Board
from bot.services.queue.board_check import not_shown
from bot.services.queue.queued_order import QueuedOrder
from bot.services.queue.steps import CallsRead

_log = logging.getLogger(__name__)


class SharedRequestCheck:
    """Finds out which orders of an attach request the CAD has carried out.

    An order that the calls do not show is sent again, alone. If they show it then, the CAD carries
    out the first call of a request only: from then on each request names one call.
    """

    def __init__(self, cad: CadClient, board: Board) -> None:
        self._cad = cad
        self._board = board
        # Ids of orders that were not the first of their request, and are not shown.
        self.suspects: set[int] = set()

    def is_needed(self, sent: Sequence[QueuedOrder]) -> bool:
        """Return whether the answer to a request does not suffice for its orders."""
        is_shared = len(set(map(_key, sent))) > 1 or sent[0].order.id in self.suspects
        return is_shared and sent[0].step.is_checked

    async def find_done(
        self, sent: Sequence[QueuedOrder]
    ) -> tuple[list[QueuedOrder], dict[int, CallsRead]]:
        """Return the orders that are done, with the calls that show them, by server id.

        The others are to be sent again, each call alone. An order that was sent alone is done,
        whether the calls show it or not.

        Raises:
            CadError: the CAD does not show its calls.
        """
        read: dict[int, CallsRead] = {}
        for server_id in dict.fromkeys(one.order.server_id for one in sent):
            before = self._board.snapshot(server_id)
            calls = await self._board.fetch_calls(server_id)
            read[server_id] = CallsRead(calls, before, self._board.snapshot(server_id))
        done = [one for one in sent if not not_shown(one, read[one.order.server_id].calls)]
        later = [one for one in sent if _key(one) != _key(sent[0])]
        if not later:
            is_shown = len(done) == len(sent)
            self._judge(sent, is_shown=is_shown)
            return [*sent], read if is_shown else {}
        if not any(one in done and _has_units(one) for one in later):
            done = [one for one in done if one not in later]
            self.suspects.update(one.order.id for one in later if _has_units(one))
        return done, read

    def _judge(self, sent: Sequence[QueuedOrder], *, is_shown: bool) -> None:
        """Decide what the CAD does, now that orders that it did not carry out were sent alone."""
        self.suspects.difference_update(one.order.id for one in sent)
        if is_shown and self._cad.calls_per_attach > 1:
            _log.warning("the CAD carries out only the first call of an attach request")
            self._cad.calls_per_attach = 1
            self.suspects.clear()


def _key(queued: QueuedOrder) -> Hashable:
    return queued.step.key(queued)


def _has_units(queued: QueuedOrder) -> bool:
    """Return whether the calls can show the order: one of its units is known to be on duty."""
    return any(one.unit for one in queued.resolution.assignees)
