"""Files of links that were previewed and wait for the press of a button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.common.clock import Clock
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.services.access.policy import Actor
from bot.services.link_errors import AlreadyImported, ImportExpired, NotImportOwner
from bot.services.link_files.import_diff import ImportDiff
from bot.services.link_files.rows import ParsedFile
from bot.services.reply import ReplyAddress

PREVIEW_TTL = INTERACTION_LIFETIME.total_seconds()  # for which a preview can be applied


@dataclass(slots=True)
class PendingImport:
    """A file that was previewed.

    Attributes:
        message_id: the message of the preview; None where it is not known.
        expires_at: monotonic seconds.
        is_done: whether it is being applied or has been.
    """

    actor: Actor
    parsed: ParsedFile
    diff: ImportDiff
    message_id: int | None
    expires_at: float
    is_done: bool = False


class PendingImports:
    """Keeps a preview for `PREVIEW_TTL` seconds, one per administrator and guild.

    Args:
        new_token: makes the token of a preview.
    """

    def __init__(self, new_token: Callable[[], str], *, clock: Clock) -> None:
        self._new_token = new_token
        self._clock = clock
        self._pending: dict[str, PendingImport] = {}

    def add(self, actor: Actor, reply: ReplyAddress, parsed: ParsedFile, diff: ImportDiff) -> str:
        """Keep a file that `reply` shows, in the place of the actor's last one; return its token.

        Otherwise they would fill the memory.
        """
        self._drop_expired()
        owner = actor.user_id, actor.guild_id
        for token, pending in list(self._pending.items()):
            if (pending.actor.user_id, pending.actor.guild_id) == owner:
                del self._pending[token]
        token = self._new_token()
        expires_at = self._clock.monotonic() + PREVIEW_TTL
        self._pending[token] = PendingImport(actor, parsed, diff, reply.reply_id, expires_at)
        return token

    def claim(self, actor: Actor, token: str, reply: ReplyAddress) -> PendingImport:
        """Return a file and mark it as done.

        Args:
            reply: the message whose button was pressed.

        Raises:
            ImportExpired: it was shown too long ago, or in another message.
            NotImportOwner, AlreadyImported.
        """
        self._drop_expired()
        pending = self._pending.get(token)
        if pending is None:
            raise ImportExpired
        if (pending.actor.user_id, pending.actor.guild_id) != (actor.user_id, actor.guild_id):
            raise NotImportOwner
        if pending.message_id not in {None, reply.reply_id}:
            raise ImportExpired
        if pending.is_done:
            raise AlreadyImported
        pending.is_done = True  # at once, so that a second press finds it done
        return pending

    def _drop_expired(self) -> None:
        now = self._clock.monotonic()
        self._pending = {token: one for token, one in self._pending.items() if one.expires_at > now}
