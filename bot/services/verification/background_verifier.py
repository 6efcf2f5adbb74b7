"""Verifies in the background the links that could not be verified when they were set."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Iterable

from bot.cad.errors import CadRateLimited
from bot.cad.http.rate_limits import background_queries
from bot.cad.push.events import Event, LinkVerified
from bot.common.backoff import Backoff
from bot.common.clock import Clock
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

    def start(self) -> None:
        """Start the background task."""
        name = f"verifying links of guild {self._guild_id}"
        self._tasks.repeat(name, self._verify_next, BACKOFF, first_wait=FIRST_DELAY)

    async def close(self) -> None:
        """Stop the background tasks, and wait until the link under way is stored."""
        await self._tasks.close()

    def on_events(self, events: Iterable[Event]) -> None:
        """Verify a link at once when the CAD reports that its account was verified."""
        for event in events:
            if isinstance(event, LinkVerified) and not self._tasks.is_stopping:
                # In a context of its own: the task lives longer than the code that starts it.
                contextvars.Context().run(self._tasks.spawn, self._on_link_verified(event))

    async def _verify_next(self) -> float:
        """Verify the link that is due; return the seconds to wait before the next.

        Raises:
            CadError: the CAD cannot be asked now.
        """
        link = await self._verifications.due(self._guild_id, self._clock.now())
        if link is None:
            return IDLE_INTERVAL
        with self._tasks.cancellable(), background_queries():
            verification = await self._verifier.reverify(link)
        if isinstance(verification.blocking_error, CadRateLimited):
            # No outage: members use the limit now.
            return max(LINK_INTERVAL, verification.blocking_error.retry_after or 0.0)
        if verification.blocking_error:
            raise verification.blocking_error
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
