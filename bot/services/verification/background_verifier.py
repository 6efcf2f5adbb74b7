"""Proves in the background what could not be proven at once."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Coroutine, Iterable

from bot.cad.push.events import Event, LinkVerified
from bot.common.clock import Clock
from bot.services.background import Tasks
from bot.services.verification.verifier import Prover, judged
from bot.storage.errors import StorageError
from bot.storage.stores.verification_store import ProofStore

FIRST_LOOK = 30.0  # seconds after the start; people and the board go first
PACE = 20.0  # seconds between two links
IDLE = 60.0  # seconds until the next look where there is nothing to ask
FIRST_BACKOFF, LONGEST_BACKOFF = 30.0, 900.0  # seconds without a question after a fault

_log = logging.getLogger(__name__)


class Reproving:
    """Asks about one unproven link at a time, never while the CAD is in trouble.

    A link that stays unknown is asked about less and less often; see `ProofStore.due`.
    """

    def __init__(
        self,
        prover: Prover,
        proofs: ProofStore,
        *,
        clock: Clock,
    ) -> None:
        self._prover = prover
        self._proofs = proofs
        self._clock = clock
        self._tasks = Tasks(clock.sleep)
        self._backoff = FIRST_BACKOFF
        self._is_failing = False

    def start(self) -> None:
        """Begin."""
        self._begin(self._go_on())

    async def close(self) -> None:
        """Stop; no link is left half written."""
        self._tasks.stop()
        await self._tasks.join()

    def hear(self, events: Iterable[Event]) -> None:
        """Prove at once what the CAD itself says that it has just verified."""
        for event in events:
            if isinstance(event, LinkVerified) and not self._tasks.stopping:
                self._begin(self._verified(event))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        # A context of its own: it outlives whatever made us begin.
        contextvars.Context().run(self._tasks.spawn, work)

    async def _go_on(self) -> None:
        wait = FIRST_LOOK
        while not self._tasks.stopping:
            await self._tasks.pause(wait)
            try:
                wait = await self._step()
            except StorageError as error:
                self._failed(error)
                wait = self._later()
            except Exception:  # noqa: BLE001 - nobody would start it again
                _log.exception("proving links in the background stumbled")
                wait = self._later()

    async def _step(self) -> float:
        """Ask about one link; return the seconds until the next."""
        link = await self._proofs.due(self._clock.now())
        if link is None:
            return IDLE
        with self._tasks.stoppable():
            proof = await self._prover.again(link)
        if proof.trouble:
            self._failed(proof.trouble)
            return max(self._later(), proof.trouble.retry_after or 0.0)
        self._worked()
        after = await self._prover.keep(link, judged(link, proof, self._clock.now()))
        if after.proven_at:
            _log.info("the link of %s in guild %s is proven", link.discord_id, link.guild_id)
        return PACE

    async def _verified(self, event: LinkVerified) -> None:
        try:
            for link in await self._proofs.unproven(event.api_id):
                with self._tasks.stoppable():
                    proof = await self._prover.told(link, event.api_id, event.account)
                await self._prover.keep(link, judged(link, proof, self._clock.now()))
                _log.info("the CAD has verified the link of %s", link.discord_id)
        except StorageError as error:
            _log.error("a verified link cannot be stored: %s", error)

    def _later(self) -> float:
        wait, self._backoff = self._backoff, min(LONGEST_BACKOFF, self._backoff * 2)
        return wait

    def _failed(self, error: Exception) -> None:
        if not self._is_failing:
            _log.warning("links cannot be proven in the background: %r", error)
        self._is_failing = True

    def _worked(self) -> None:
        if self._is_failing:
            _log.info("links can be proven in the background again")
        self._is_failing = False
        self._backoff = FIRST_BACKOFF
