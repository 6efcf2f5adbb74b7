"""The live state of each server, merged from polls, push events and the bot's own orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.cad.client import CadClient
from bot.cad.errors import CadError, CadRateLimited, UnitListOutdated
from bot.cad.models import Call, Calls, Unit
from bot.cad.push.events import Event
from bot.common.clock import Clock
from bot.services.board.call_matching import find_call_id
from bot.services.board.poll_interval import poll_interval
from bot.services.board.server_state import RunningPoll, ServerState
from bot.services.board.snapshot import BoardSnapshot, idents_on_duty
from bot.services.cached_list import CachedList
from bot.services.refresh_turns import RefreshTurns

OLD_UNITS_AGE = timedelta(minutes=2)  # from then on, the age of the units is said

BoardListener = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PollTurns:
    """The turns of all polls with one API key, which share its rate limits."""

    calls: RefreshTurns
    units: RefreshTurns

    @classmethod
    def new(cls, clock: Clock) -> PollTurns:
        """Return turns in which no poll waits."""
        return cls(RefreshTurns(clock), RefreshTurns(clock))


class Board:
    """Answers from memory; polls the CAD in the background, or while the caller waits.

    Args:
        complete_call: returns a call with the title and place of its layout; snapshots keep it as
            the CAD shows it.
        server_label: returns the words for a server; empty for the only one of a community.
        turns: those of the other boards with the same API key; None if there is no other.
    """

    def __init__(
        self,
        cad: CadClient,
        *,
        clock: Clock,
        complete_call: Callable[[Call], Call] = lambda call: call,
        server_label: Callable[[int], str] = lambda _server_id: "",
        turns: PollTurns | None = None,
    ) -> None:
        self._cad = cad
        self._clock = clock
        self._complete_call = complete_call
        self._server_label = server_label
        self._servers: dict[int, ServerState] = {}
        self._turns = turns or PollTurns.new(clock)
        self._listeners: list[BoardListener] = []

    def snapshot(self, server_id: int) -> BoardSnapshot:
        """Return the current snapshot of a server."""
        server = self._servers.get(server_id) or self._server(server_id)
        return server.snapshot

    def calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the active calls, with title and place."""
        return tuple(map(self._complete_call, self.snapshot(server_id).calls.values()))

    def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty that can be sent to calls."""
        return tuple(self.snapshot(server_id).units.values())

    def dispatchers(self, server_id: int) -> tuple[Unit, ...]:
        """Return the units on duty that are logged in as dispatchers."""
        return tuple(self.snapshot(server_id).dispatchers.values())

    def call(self, server_id: int, call_id: int) -> Call | None:
        """Return one call, with title and place; None if it is not known."""
        server = self._servers.get(server_id) or self._server(server_id)
        call = server.snapshot.calls.get(call_id)
        if call is None or (call.title and not call.values):
            return call  # as most are
        return self._complete_call(call)

    def answering_call(self, server_id: int, number: int) -> Call | None:
        """Return the open dispatch call that answers a 911 call; None if none does."""
        server = self._server(server_id)
        return server.answering_calls.find(server.snapshot, number)

    def find_call_id(self, server_id: int, typed: str) -> int:
        """Return the number of the call that a text means; see `call_matching.find_call_id`."""
        return find_call_id(typed, self.calls(server_id), self._server_label(server_id))

    def confirmed_at(self, server_id: int) -> datetime | None:
        """Return when the last poll of the calls succeeded, None if none has yet."""
        return self._server(server_id).confirmed_at

    def units_as_of(self, server_id: int) -> datetime | None:
        """Return when the oldest part of the units was fetched; None before the first."""
        return self._server(server_id).units_as_of

    def old_units_as_of(self, server_id: int) -> datetime | None:
        """Return `units_as_of` if a dispatcher has to know it: the units are old, or not all."""
        server = self._server(server_id)
        as_of = server.units_as_of
        is_old = as_of is not None and self._clock.now() - as_of > OLD_UNITS_AGE
        return as_of if is_old or server.whole_list_as_of is None else None

    def first_poll(self, server_id: int) -> Calls | None:
        """Return the calls of the first poll, which are older than this run; None before it."""
        return self._server(server_id).first_poll

    def subscribe(self, listener: BoardListener) -> None:
        """Call the listener with the server's id whenever its snapshot may have changed."""
        self._listeners.append(listener)

    def refresh(self, server_id: int) -> None:
        """Refresh calls and units for a member in the background, unless they are recent."""
        server = self._used(server_id)
        server.calls.refresh()
        server.units.refresh()

    def poll(self, server_id: int) -> float:
        """Refresh in the background what no member has asked for, as often as it may be needed.

        The units of a server that is not in use are left as they are.

        Returns:
            the seconds between two polls, see `poll_interval`.
        """
        server = self._server(server_id)
        use = server.use(self._clock.monotonic())
        interval = poll_interval(use)
        server.calls.refresh(interval)
        if use.is_in_use:
            server.units.refresh(interval)
        return interval

    def force_refresh(self, server_id: int) -> None:
        """Refresh calls and units in the background even if recent, after missed events."""
        server = self._server(server_id)
        server.calls.force_refresh()
        server.units.force_refresh()

    def apply(self, server_id: int, events: Iterable[Event]) -> None:
        """Apply events to the snapshot and notify the listeners."""
        server = self._server(server_id)
        for event in events:
            server.snapshot = server.snapshot.apply(event)
            if server.part is not None:
                server.idents_since_part |= idents_on_duty(event)
            if server.running_polls:
                server.events_since_poll.append(event)
        self._notify(server_id)

    def hear(self, server_id: int, events: Iterable[Event]) -> None:
        """Apply push events; until one is missed, polls are rarer."""
        self._server(server_id).is_push_heard = True
        self.apply(server_id, events)

    def stop_hearing(self, server_id: int) -> None:
        """Poll as without push events until the next one arrives."""
        self._server(server_id).is_push_heard = False

    async def fetch_calls(self, server_id: int) -> tuple[Call, ...]:
        """Poll the CAD and return the active calls.

        Raises:
            CadError: the poll failed.
        """
        return await self._used(server_id).calls.fetch()

    async def fetch_units(self, server_id: int) -> tuple[Unit, ...]:
        """Poll the CAD and return the units on duty, without dispatchers.

        A list that is too long for one load serves from memory until it is `MAX_UNITS_AGE` old,
        and loads in the background: orders do not wait for it.

        Raises:
            CadError: the poll failed.
            UnitListIncomplete: the rate limit has allowed a part of the list; the next call
                continues.
            UnitListOutdated: it allows no newer list yet.
            CadRateLimited: it has allowed nothing yet.
        """
        server = self._used(server_id)
        if server.is_list_long and server.has_recent_units(self._clock.now()):
            server.units.refresh()
            return self.units(server_id)
        retry_after = None
        try:
            await server.units.fetch()
        except CadRateLimited as error:
            retry_after = error.retry_after
            if server.part is None and server.whole_list_as_of is not None:
                as_of = server.whole_list_as_of
                raise UnitListOutdated(retry_after=retry_after, as_of=as_of) from error
            if server.part is None:
                raise
        server.require_whole_list(self._clock.now(), retry_after)
        return self.units(server_id)

    async def close(self) -> None:
        """Cancel all polls."""
        lists = [
            cached_list.close()
            for server in self._servers.values()
            for cached_list in (server.calls, server.units)
        ]
        await asyncio.gather(*lists)

    def _used(self, server_id: int) -> ServerState:
        server = self._server(server_id)
        server.used_at = self._clock.monotonic()
        return server

    def _server(self, server_id: int) -> ServerState:
        if server_id not in self._servers:
            new_list = partial(CachedList, expected=CadError, clock=self._clock)
            self._servers[server_id] = ServerState(
                new_list(
                    f"the calls of server {server_id}",
                    partial(self._poll_calls, server_id),
                    turns=self._turns.calls,
                ),
                new_list(
                    f"the units of server {server_id}",
                    partial(self._poll_units, server_id),
                    turns=self._turns.units,
                ),
            )
        return self._servers[server_id]

    async def _poll_calls(self, server_id: int) -> tuple[Call, ...]:
        server = self._servers[server_id]
        async with RunningPoll(server) as poll:
            polled = await self._cad.calls(server_id)
            found = poll.with_later_events(server.snapshot.with_calls(polled))
            if server.confirmed_at and server.snapshot.has_other_calls(found):
                server.is_push_heard = False  # no event has told of it
            # Those events are older than units that were polled meanwhile.
            server.snapshot = server.snapshot.with_calls_of(found)
        server.confirmed_at = self._clock.now()
        server.first_poll = server.first_poll or polled
        self._notify(server_id)
        return polled.dispatch

    async def _poll_units(self, server_id: int) -> tuple[Unit, ...]:
        server = self._servers[server_id]
        async with RunningPoll(server) as poll:
            part = await self._cad.units(server_id)
            # Units that logged in behind a page that was already fetched are not listed.
            listed = None if part.listed is None else part.listed | server.idents_since_part
            found = poll.with_later_events(server.snapshot.with_units(part.units, listed))
            server.snapshot = found.with_calls_of(server.snapshot)
        server.record_units(part, self._clock.now())
        self._notify(server_id)
        return self.units(server_id)

    def _notify(self, server_id: int) -> None:
        server = self._servers[server_id]
        server.answering_calls.update(server.snapshot)
        for listener in self._listeners:
            listener(server_id)
