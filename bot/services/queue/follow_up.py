"""What follows from an order that the CAD has taken: the picture changes, and units' status."""

from __future__ import annotations

import logging
from collections import defaultdict

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import UnitRef
from bot.cad.push.events import Event, UnitsAttached, UnitsDetached, UnitStatusChanged
from bot.services.board.live_board import Board
from bot.services.orders.outcomes import OrderView
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import OrderAction

_log = logging.getLogger(__name__)


class FollowUp:
    """Shows a done order at once, for the CAD echoes none, and may set the status of whom it sent.

    Args:
        status_on_attach: the status that attached units get, `STATUS_ON_ATTACH`; None: as it is.
    """

    def __init__(self, cad: CadClient, board: Board, status_on_attach: int | None = None) -> None:
        self._cad = cad
        self._board = board
        self._status = status_on_attach

    async def __call__(self, view: OrderView) -> None:
        """Do what follows; what fails of it is only logged, for the order itself is done."""
        order = view.order
        missing = set(view.outcome.missing) if view.outcome else set()
        moved = [one for one in view.resolution.assignees if one.api_id not in missing]
        self._board.apply(order.server_id, _moves(order.action, order.call_id, moved))
        if order.action is OrderAction.ATTACH and self._status is not None:
            for one in moved:
                await self._set_status(order.server_id, one, self._status)

    async def _set_status(self, server_id: int, one: Assignee, status: int) -> None:
        if one.unit is None or one.unit.status == status:
            return
        try:
            await self._cad.set_status(server_id, UnitRef(one.api_id, one.unit.ident), status)
        except CadError as error:
            _log.warning("unit %s keeps its status: %r", one.unit.ident, error)
        else:
            self._board.apply(server_id, [UnitStatusChanged((one.unit.ident,), status)])


def _moves(action: OrderAction, call_id: int | None, people: list[Assignee]) -> list[Event]:
    if action is OrderAction.ATTACH:
        idents = tuple(one.unit.ident for one in people if one.unit)
        return [UnitsAttached(call_id or 0, idents)]
    left: dict[int, list[int]] = defaultdict(list)
    for one in people:
        place = call_id or one.call_id
        if one.unit and place:
            left[place].append(one.unit.ident)
    return [UnitsDetached(place, tuple(idents)) for place, idents in left.items()]
