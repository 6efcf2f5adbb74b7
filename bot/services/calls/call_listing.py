"""The open calls for somebody who wants to read or pick one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.cad.models import CLOSED, Call, EmergencyCall
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.cards.card_content import CallUnit, UnitOwners, call_units

PAGE_SIZE = 7
PICK_LIMIT = 25  # Discord lists no more options


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call or a 911 call, and who is on it."""

    call: Call | EmergencyCall
    units: tuple[CallUnit, ...]


@dataclass(frozen=True, slots=True)
class CallsPage:
    """Some open calls; number counts from 1 and never exceeds count.

    Attributes:
        confirmed_at: when the CAD last showed them; None if it never has.
    """

    lines: tuple[CallLine, ...]
    number: int
    count: int
    total: int
    confirmed_at: datetime | None


class CallListing:
    """Lists the calls for those who may dispatch."""

    def __init__(self, access: Access, board: Board, default_server_id: int) -> None:
        self._access = access
        self._board = board
        self._default_server_id = default_server_id

    async def page(self, actor: Actor, number: int, server_id: int | None = None) -> CallsPage:
        """Return one page, 911 calls first; a number past the end means the last page.

        Raises:
            NotAllowed, CadError.
        """
        self._access.require_dispatch(actor)
        server = server_id or self._default_server_id
        if self._board.confirmed_at(server) is None:
            await self._board.fetch_calls(server)
        self._board.refresh(server)
        picture = self._board.snapshot(server)
        emergencies = sorted(picture.emergencies.values(), key=lambda one: one.call_id)
        calls: list[Call | EmergencyCall] = [*emergencies, *self._sorted_open_calls(server)]
        count = max(1, -(-len(calls) // PAGE_SIZE))
        number = min(max(1, number), count)
        shown = calls[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        nobody = UnitOwners()
        lines = tuple(CallLine(call, call_units(call, picture, nobody)) for call in shown)
        return CallsPage(lines, number, count, len(calls), self._board.confirmed_at(server))

    def open_calls(self, actor: Actor) -> tuple[int, list[Call]]:
        """Return the default server and its most urgent calls, from memory.

        Raises:
            NotAllowed.
        """
        self._access.require_dispatch(actor)
        server = self._default_server_id
        self._board.refresh(server)
        return server, self._sorted_open_calls(server)[:PICK_LIMIT]

    def _sorted_open_calls(self, server_id: int) -> list[Call]:
        calls = (one for one in self._board.calls(server_id) if one.status != CLOSED)
        return sorted(calls, key=lambda one: (one.priority, one.call_id))
