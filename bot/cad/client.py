"""CadClient: what the bot asks of the CAD, over codec and transport."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot.cad import retry, v1
from bot.cad.errors import CadError, CadRefused, InvalidRequestType
from bot.cad.models import Attachment, Call, Detachment, Unit
from bot.cad.transport import Transport
from bot.cad.v1 import Credentials, Dialect
from bot.cad.wire import Request, Response

T = TypeVar("T")


def _ignore(_dialect: Dialect) -> None: ...


class CadClient:
    """One community's CAD. Every method raises the CadError family and nothing else.

    Args:
        on_dialect: called when attaching turned out to need another dialect than before.
        clock: monotonic seconds.
        jitter: a number between 0 and 1.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        *,
        on_dialect: Callable[[Dialect], None] = _ignore,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._who = credentials
        self._on_dialect = on_dialect
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._dialect: Dialect | None = None

    async def attach(self, attachment: Attachment) -> None:
        """Put units on one call."""
        await self.attach_many([attachment])

    async def attach_many(self, attachments: Sequence[Attachment]) -> None:
        """Put units on calls, all in one request.

        What the CAD does when one of several is bad is not documented.
        """
        refusals: list[CadRefused] = []
        started = self._clock()
        for dialect in (self._dialect,) if self._dialect else v1.ATTACH_DIALECTS:
            request = v1.attach(self._who, attachments, dialect)
            try:
                await self._ask(request, v1.read_done, started)
            except CadRefused as refusal:
                if not v1.wants_another_dialect(refusal):
                    raise
                refusals.append(refusal)
            else:
                self._remember(dialect)
                return
        raise _most_telling(refusals)

    async def detach(self, detachment: Detachment) -> None:
        """Take units off whatever call each is on."""
        await self._ask(v1.detach(self._who, detachment), v1.read_done)

    async def calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the active dispatch calls."""
        return await self._ask(v1.get_calls(self._who, server_id), v1.read_calls)

    async def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return all units on duty."""
        found: dict[int, Unit] = {}
        offset = 0
        while True:
            request = v1.get_active_units(self._who, server_id, offset=offset)
            page = await self._ask(request, v1.read_units)
            known = len(found)
            found |= {unit.ident: unit for unit in page.units}
            # A CAD that does not know `offset` would send its first page for ever.
            if page.is_last or len(found) == known:
                return tuple(found.values())
            offset += v1.UNITS_PER_PAGE

    async def account_name(self, server_id: int, api_id: str) -> str | None:
        """Return the user name of the account behind an API id, None if the CAD knows none."""
        return await self._ask(v1.check_api_id(self._who, server_id, api_id), v1.read_account_name)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _ask(
        self, request: Request, read: Callable[[Response], T], started: float | None = None
    ) -> T:
        """Send a request and read its answer, again after faults that may pass."""
        started = self._clock() if started is None else started
        attempt = 0
        while True:
            attempt += 1
            try:
                within = retry.time_limit(self._clock() - started)
                return read(await self._transport.send(request, within=within))
            except CadError as error:
                wait = retry.delay(error, attempt, self._clock() - started, self._jitter())
                if wait is None:
                    raise
            await self._sleep(wait)

    def _remember(self, dialect: Dialect) -> None:
        if dialect != (self._dialect or v1.ATTACH_DIALECTS[0]):
            self._on_dialect(dialect)
        self._dialect = dialect


def _most_telling(refusals: Sequence[CadRefused]) -> CadRefused:
    """Prefer words about the order over "I do not know this type of request"."""
    telling = [refusal for refusal in refusals if not isinstance(refusal, InvalidRequestType)]
    return (telling or list(refusals))[-1]
