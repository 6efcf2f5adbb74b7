"""Send messages that answer no interaction: to the log channel, or as a direct message."""

from __future__ import annotations

import logging
from collections.abc import Coroutine

import discord

from bot.common.outage_log import OutageLog
from bot.services.cards.discord_budget import DiscordBudget, Urgency
from bot.services.reply import Delivery

_log = logging.getLogger(__name__)


class DiscordSender:
    """Sends text. No method raises: a failure is logged, an outage of Discord once."""

    def __init__(
        self, client: discord.Client, log_channel_id: int | None, budget: DiscordBudget
    ) -> None:
        self._client = client
        self._budget = budget
        self._log_channel_id = log_channel_id
        self._posting = DiscordOutage("write into the log channel")
        self._messaging = DiscordOutage("send direct messages")

    async def post_to_log(self, text: str) -> Delivery:
        """Post to the log channel, if there is one."""
        if self._log_channel_id is None:
            return Delivery.IMPOSSIBLE
        channel = self._client.get_partial_messageable(self._log_channel_id)

        async def send() -> None:
            await self._budget.take(Urgency.MESSAGE)
            await channel.send(text)

        return await self._posting.attempt(send(), "write into the log channel")

    async def direct_message(self, user_id: int, text: str) -> Delivery:
        """Send a direct message to a user."""

        async def send() -> None:
            await self._budget.take(Urgency.MESSAGE)
            user = await self._client.fetch_user(user_id)
            await self._budget.take(Urgency.MESSAGE)
            await user.send(text)

        return await self._messaging.attempt(send(), f"write to user {user_id}")


class DiscordOutage(OutageLog):
    """An outage of Discord for requests of one kind.

    Args:
        what: what these requests do: "cannot <what>".
    """

    def __init__(self, what: str) -> None:
        super().__init__(_log, f"Discord fails, cannot {what}", f"can {what} again")

    async def attempt(self, work: Coroutine[None, None, object], what: str) -> Delivery:
        """Await a request.

        Args:
            what: what this request does, for the log: "cannot <what>".
        """
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the member does not know it yet
            return self.failed(error, what)
        self.record_success()
        return Delivery.DONE

    def failed(self, error: Exception, what: str) -> Delivery:
        """Log why a request failed, and tell whether a later attempt may succeed."""
        if _is_final(error):
            log_failure(what, error)
            return Delivery.IMPOSSIBLE
        self.record_failure(_harmless(error))
        return Delivery.FAILED


async def attempt(work: Coroutine[None, None, object], what: str) -> bool:
    """Await a request to Discord; return False if it failed, so that the caller can fall back.

    Args:
        what: what the request does, for the log: "cannot <what>".
    """
    try:
        await work
    except Exception as error:  # noqa: BLE001 - whatever it is, the member does not know it yet
        log_failure(what, error)
        return False
    return True


def _is_final(error: Exception) -> bool:
    """Tell whether the same request would fail again: Discord refuses it, or it cannot be made.

    A dead token is such a refusal: 404 with code 10015, or 401 with 50027.
    """
    if isinstance(error, discord.HTTPException):
        return error.status < 500
    return isinstance(error, ValueError | TypeError)


def log_failure(what: str, error: Exception) -> None:
    """Log that something could not be done at Discord."""
    _log.warning("cannot %s: %s", what, _harmless(error))


def _harmless(error: Exception) -> object:
    """Return what may be logged of an error; the text of most may hold a secret address."""
    is_harmless = isinstance(error, discord.HTTPException | OSError)
    return error if is_harmless else type(error).__name__
