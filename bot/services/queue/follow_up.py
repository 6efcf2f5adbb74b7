"""What follows from an order that the CAD has taken: the board changes, and the units' status."""

from __future__ import annotations

import logging

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import UnitRef
from bot.cad.push.events import UnitStatusChanged
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import OrderView
from bot.services.queue.order_kinds import KINDS
from bot.services.targets.resolution import Assignee

_log = logging.getLogger(__name__)


class FollowUp:
    """Shows a done order on the board at once, for the CAD sends no event about it.

    Args:
        status_on_attach: the status that attached units get, `STATUS_ON_ATTACH`; None: unchanged.
    """

    def __init__(self, cad: CadClient, board: Board, status_on_attach: int | None = None) -> None:
        self._cad = cad
        self._board = board
        self._status = status_on_attach

    async def __call__(self, view: OrderView) -> None:
        """Do what follows; a part that fails is only logged, for the order itself is done."""
        order, kind = view.order, KINDS[view.order.action]
        missing = set(view.outcome.missing) if view.outcome else set()
        done_for = [one for one in view.resolution.assignees if one.api_id not in missing]
        self._board.apply(order.server_id, kind.events(order, done_for))
        if kind.sets_status and self._status is not None:
            for assignee in done_for:
                await self._set_status(order.server_id, assignee, self._status)

    async def _set_status(self, server_id: int, assignee: Assignee, status: int) -> None:
        unit = assignee.unit
        if unit is None or unit.status == status:
            return
        try:
            await self._cad.set_status(server_id, UnitRef(assignee.api_id, unit.ident), status)
        except CadError as error:
            _log.warning("unit %s keeps its status: %r", unit.ident, error)
        else:
            self._board.apply(server_id, [UnitStatusChanged((unit.ident,), status)])
