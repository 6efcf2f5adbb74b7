"""Send messages that answer no interaction: to the log channel, or as a direct message."""

from __future__ import annotations

import logging
from collections.abc import Coroutine

import discord

_log = logging.getLogger(__name__)


class DiscordSender:
    """Sends text. No method raises: a failure is logged and returned as False."""

    def __init__(self, client: discord.Client, log_channel_id: int | None) -> None:
        self._client = client
        self._log_channel_id = log_channel_id

    async def post_to_log(self, text: str) -> bool:
        """Post to the log channel; return False if there is none or posting failed."""
        if self._log_channel_id is None:
            return False
        channel = self._client.get_partial_messageable(self._log_channel_id)
        return await attempt(channel.send(text), "write into the log channel")

    async def direct_message(self, user_id: int, text: str) -> bool:
        """Send a direct message to a user; return False if that failed."""

        async def send() -> None:
            user = await self._client.fetch_user(user_id)
            await user.send(text)

        return await attempt(send(), f"write to user {user_id}")


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


def log_failure(what: str, error: Exception) -> None:
    """Log that something could not be done at Discord."""
    # The text of other errors may hold the address, and with it the token.
    is_harmless = isinstance(error, discord.HTTPException | OSError)
    _log.warning("cannot %s: %s", what, error if is_harmless else type(error).__name__)
