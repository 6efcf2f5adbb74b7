"""Lists the open calls, to read or to pick one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from bot.cad.models import CLOSED, Call, EmergencyCall
from bot.common.discord_limits import MAX_OPTIONS
from bot.common.pages import Page, PageRange
from bot.services.access.policy import Access, Actor
from bot.services.board.call_layouts import CallLayouts
from bot.services.board.live_board import Board
from bot.services.cad_servers import CadServers
from bot.services.cards.card_content import CallUnit, UnitOwners, call_units, is_urgent
from bot.services.cards.card_schedule import CardKey
from bot.storage.stores.card_store import CardKind, StoredCard

PAGE_SIZE = 7


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call or a 911 call, and the units on it.

    Attributes:
        status: of a call of a custom layout, as the community calls it; else empty.
        card: the card of the call, None if it has none.
    """

    call: Call | EmergencyCall
    units: tuple[CallUnit, ...]
    status: str = ""
    card: StoredCard | None = None


@dataclass(frozen=True, slots=True)
class CallsPage(Page[CallLine]):
    """One page of the open calls.

    Attributes:
        confirmed_at: when the last poll of the calls succeeded, None if none has.
        server: the words for the server; empty for the only server of a community.
        units_as_of: how old the list of units is, if it is much older; see `Board`.
        guild_id, server_id: whose calls these are.
    """

    confirmed_at: datetime | None
    server: str = ""
    units_as_of: datetime | None = None
    guild_id: int = 0
    server_id: int = 0


@dataclass(frozen=True, slots=True)
class OpenCalls:
    """The most urgent open calls of a server; `server` as in `CallsPage`."""

    server_id: int
    server: str
    calls: tuple[Call, ...]


class CallListing:
    """Lists the calls for actors who may dispatch.

    Args:
        find_card: returns the card of a call by server, kind and number; None if it has none.
    """

    def __init__(
        self,
        access: Access,
        board: Board,
        servers: CadServers,
        layouts: CallLayouts,
        urgent_priorities: Collection[str],
        *,
        find_card: Callable[[CardKey], StoredCard | None] = lambda _key: None,
    ) -> None:
        self._access = access
        self._board = board
        self._servers = servers
        self._layouts = layouts
        self._urgent_priorities = urgent_priorities
        self._find_card = find_card

    async def page(self, actor: Actor, number: int, server_id: int | None = None) -> CallsPage:
        """Return one page, 911 calls first; a number past the end means the last page.

        Raises:
            RoleRequired: the actor may not dispatch.
            NoSuchServer: the settings list several servers, and not this one.
            CadError: no poll has succeeded yet, and this one failed.
        """
        self._access.require_dispatch(actor)
        server = self._servers.choose(server_id)
        if self._board.confirmed_at(server) is None:
            await self._board.fetch_calls(server)
        self._board.refresh(server)
        snapshot = self._board.snapshot(server)
        emergencies = sorted(snapshot.emergencies.values(), key=lambda one: one.call_id)
        calls: list[Call | EmergencyCall] = [*emergencies, *self._sorted_open_calls(server)]
        page = PageRange(len(calls), number, PAGE_SIZE)
        shown = calls[page.offset : page.offset + PAGE_SIZE]
        no_owners = UnitOwners()
        lines = tuple(
            CallLine(
                call,
                call_units(call, snapshot, no_owners),
                self._status(call),
                self._find_card((server, _kind(call), call.call_id)),
            )
            for call in shown
        )
        confirmed_at = self._board.confirmed_at(server)
        label = self._servers.labels[server]
        units_as_of = self._board.old_units_as_of(server)
        counts = page.number, page.count, page.total
        return CallsPage(lines, *counts, confirmed_at, label, units_as_of, actor.guild_id, server)

    def find(
        self, server_id: int, number: int, *, is_emergency: bool
    ) -> Call | EmergencyCall | None:
        """Return a call or a 911 call, from memory; None if it is not known."""
        snapshot = self._board.snapshot(server_id)
        return (snapshot.emergencies if is_emergency else snapshot.calls).get(number)

    def open_calls(self, actor: Actor) -> list[OpenCalls]:
        """Return the most urgent calls of each server that has some, from memory.

        Raises:
            RoleRequired: the actor may not dispatch.
        """
        self._access.require_dispatch(actor)
        found: list[OpenCalls] = []
        for server in self._servers.names:
            self._board.refresh(server)
            if calls := self._sorted_open_calls(server)[:MAX_OPTIONS]:
                found.append(OpenCalls(server, self._servers.labels[server], tuple(calls)))
        return found

    def _status(self, call: Call | EmergencyCall) -> str:
        return self._layouts.details(call).status if isinstance(call, Call) else ""

    def _sorted_open_calls(self, server_id: int) -> list[Call]:
        calls = (one for one in self._board.calls(server_id) if one.status != CLOSED)

        def urgency(call: Call) -> tuple[bool, int, int]:
            return not is_urgent(call, self._urgent_priorities), call.priority, call.call_id

        return sorted(calls, key=urgency)


def _kind(call: Call | EmergencyCall) -> CardKind:
    return CardKind.CALL if isinstance(call, Call) else CardKind.EMERGENCY
