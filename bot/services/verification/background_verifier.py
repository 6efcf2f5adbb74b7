"""Verifies in the background the links that could not be verified when they were set."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Coroutine, Iterable

from bot.cad.errors import CadRateLimited
from bot.cad.http.rate_limits import background_queries
from bot.cad.push.events import Event, LinkVerified
from bot.common.backoff import Backoff
from bot.common.clock import Clock
from bot.common.outage_log import OutageLog
from bot.services.background import BackgroundTasks
from bot.services.verification.verifier import LinkVerifier, apply_verification
from bot.storage.errors import StorageError
from bot.storage.stores.verification_store import VerificationStore

FIRST_DELAY = 30.0  # seconds after the start; orders and the board go first
LINK_INTERVAL = 20.0  # seconds between two links
IDLE_INTERVAL = 60.0  # seconds until the next search for a due link if none was due
BACKOFF = Backoff(first=30.0, longest=900.0)  # without a request after a fault

_log = logging.getLogger(__name__)


class BackgroundVerifier:
    """Verifies one unverified link of a guild at a time, with a backoff while the CAD fails.

    The longer a link stays unverified, the less often it is tried; see `VerificationStore.due`.
    """

    def __init__(
        self,
        verifier: LinkVerifier,
        verifications: VerificationStore,
        *,
        guild_id: int,
        clock: Clock,
    ) -> None:
        self._guild_id = guild_id
        self._verifier = verifier
        self._verifications = verifications
        self._clock = clock
        self._tasks = BackgroundTasks(clock.sleep)
        self._failures = 0  # in a row
        self._outage = OutageLog(
            _log,
            "background verification is interrupted",
            "background verification works again",
        )

    def start(self) -> None:
        """Start the background task."""
        self._spawn(self._run())

    async def close(self) -> None:
        """Stop the background tasks, and wait until the link under way is stored."""
        self._tasks.cancel_waiting()
        await self._tasks.join()

    def on_events(self, events: Iterable[Event]) -> None:
        """Verify a link at once when the CAD reports that its account was verified."""
        for event in events:
            if isinstance(event, LinkVerified) and not self._tasks.is_stopping:
                self._spawn(self._on_link_verified(event))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        # In a context of its own: the task lives longer than the code that starts it.
        contextvars.Context().run(self._tasks.spawn, work)

    async def _run(self) -> None:
        wait = FIRST_DELAY
        while not self._tasks.is_stopping:
            await self._tasks.sleep(wait)
            try:
                wait = await self._verify_next()
            except StorageError as error:
                wait = self._record_failure(error)
            except Exception:  # noqa: BLE001 - nothing would start the task again
                _log.exception("background verification failed; retrying")
                self._failures += 1
                wait = BACKOFF.delay(self._failures)

    async def _verify_next(self) -> float:
        """Verify the link that is due; return the seconds to wait before the next."""
        link = await self._verifications.due(self._guild_id, self._clock.now())
        if link is None:
            return IDLE_INTERVAL
        with self._tasks.cancellable(), background_queries():
            verification = await self._verifier.reverify(link)
        if isinstance(verification.blocking_error, CadRateLimited):
            # No outage: members use the limit now.
            return max(LINK_INTERVAL, verification.blocking_error.retry_after or 0.0)
        if verification.blocking_error:
            wait = self._record_failure(verification.blocking_error)
            return max(wait, verification.blocking_error.retry_after or 0.0)
        self._failures = 0
        self._outage.record_success()
        after = await self._verifier.save(
            link, apply_verification(link, verification, self._clock.now())
        )
        if after.proven_at:
            _log.info("verified the link of %s in guild %s", link.discord_id, link.guild_id)
        return LINK_INTERVAL

    async def _on_link_verified(self, event: LinkVerified) -> None:
        try:
            for link in await self._verifications.unverified(self._guild_id, event.api_id):
                with self._tasks.cancellable():
                    verification = await self._verifier.from_event(
                        link, event.api_id, event.account
                    )
                await self._verifier.save(
                    link, apply_verification(link, verification, self._clock.now())
                )
                _log.info("the CAD reported the link of %s as verified", link.discord_id)
        except StorageError as error:
            _log.error("cannot store a link that the CAD reported as verified: %s", error)

    def _record_failure(self, error: Exception) -> float:
        """Note a failure; return the seconds until the next attempt."""
        self._failures += 1
        self._outage.record_failure(error)
        return BACKOFF.delay(self._failures)
