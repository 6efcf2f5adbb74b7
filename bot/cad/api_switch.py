"""Decides which of the CAD's two APIs takes a request.

Reference: docs/sonoran-cad.md, "Which API answers".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from bot.cad import api_choice
from bot.cad.api_choice import ApiStatus
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.errors import CadError, CadUnreadable
from bot.common.clock import Clock

T = TypeVar("T")
AnyClient: TypeAlias = V1Client | V2Client
# What questions the API in use: the class and the status of an error; None before a request.
_Cause: TypeAlias = tuple[type[CadError], int | None] | None

ASK_AGAIN = 60.0  # seconds between two questions to v2 that change nothing


class ApiSwitch:
    """Asks v2 before the first request, and again after a refusal that questions the API in use.

    A CAD that is away decides nothing: its error goes to the caller, and the next request asks. A
    request that was refused by one API is sent again over the other.

    Args:
        on_choice: called each time another API than before is used.
    """

    def __init__(
        self, v1: V1Client, v2: V2Client, clock: Clock, on_choice: Callable[[ApiStatus], None]
    ) -> None:
        self._v1 = v1
        self._v2 = v2
        self._clock = clock
        self._on_choice = on_choice
        self._in_use: AnyClient | None = None
        self._told: AnyClient | None = None
        self._refusals: dict[int, CadError] = {}
        self._settled_until: dict[_Cause, float] = {}
        self._choosing = asyncio.Lock()

    @property
    def status(self) -> ApiStatus:
        """Which API is in use, and why."""
        version = self._in_use.api.version if self._in_use else None
        return ApiStatus(version, is_automatic=True, refusals=dict(self._refusals))

    @property
    def planned(self) -> AnyClient:
        """The client with the limits that apply; before the choice v2, which allows less."""
        return self._in_use or self._v2

    async def ask(self, send: Callable[[AnyClient], Awaitable[T]], *, once: bool = False) -> T:
        """Send a request over the API in use, and over the other one if that takes the key.

        Args:
            once: whether a second time would be a duplicate: it is sent again only after an answer
                of the CAD itself.
        """
        cad = self._in_use or await self._choose()
        for _ in (self._v1, self._v2):
            try:
                return await send(cad)
            except CadError as error:
                if not api_choice.questions_api(error):
                    raise
                failure = error
            other = await self._choose(cad, failure)
            if other is cad or (once and isinstance(failure, CadUnreadable)):
                break
            cad = other
        raise api_choice.more_telling(failure, self._refusals.get(2, failure))

    async def _choose(
        self, refusing: AnyClient | None = None, error: CadError | None = None
    ) -> AnyClient:
        """Ask v2 whether it takes the key; return the client to use now.

        Args:
            refusing, error: the client that was refused and its error; None before the first
                request.

        Raises:
            CadError: the CAD is away; nothing is decided.
        """
        async with self._choosing:
            if self._in_use is not None and self._in_use is not refusing:
                return self._in_use  # chosen while this request was under way
            now = self._clock.monotonic()
            cause = None if error is None else (type(error), error.status)
            if now < self._settled_until.get(cause, now):
                return refusing or self._v1
            if error is not None and refusing is self._v1:
                self._refusals[1] = error
            chosen = self._v2 if await self._takes_key() else self._v1
            if chosen is refusing:
                self._settled_until[cause] = now + ASK_AGAIN
                if chosen is self._v1:  # both refuse: the next request chooses again
                    self._settled_until[None] = now + ASK_AGAIN
                    self._in_use = None
                return chosen
            self._in_use = chosen
            if chosen is not self._told:
                self._told = chosen
                self._on_choice(self.status)
            return chosen

    async def _takes_key(self) -> bool:
        """Return whether v2 takes the key."""
        try:
            await self._v2.check_key()
        except CadError as error:
            if api_choice.is_undecided(error):
                raise
            self._refusals[2] = error
            return False
        self._refusals.pop(2, None)
        return True
