"""Writes one card to its channel and to the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from typing import Protocol

from bot.common.clock import Clock
from bot.services.cards.card_content import CardContent
from bot.services.cards.card_schedule import Card, CardAction, CardSettings
from bot.services.cards.urgent_pings import UrgentPings
from bot.storage.stores.card_store import CardStore, ObsoleteCard

# An old message stays until its successor is posted.
_REPLACED_AFTER = timedelta(minutes=1)


class CardRateLimited(Exception):
    """Discord takes no write of this message for now."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Discord asks to wait {retry_after:.0f} s")
        self.retry_after = retry_after  # seconds


class CardChannel(Protocol):
    """The channel that shows the cards. Every method may raise, also `CardRateLimited`."""

    async def post(self, content: CardContent, nonce: str) -> int:
        """Post a new card; return the message id.

        Args:
            nonce: a repeated post of the same nonce within minutes returns the first message.
        """

    async def edit(self, message_id: int, content: CardContent) -> bool:
        """Edit a card; return False if its message was deleted."""

    async def delete(self, message_id: int) -> None:
        """Delete a card; a missing message is no error."""

    async def ping(self, role_id: int, count: int) -> int:
        """Ping a role for a number of urgent calls at once; return the message id."""


class CardWriter:
    """Carries out the writes of cards; every method may raise, and leaves the card consistent."""

    def __init__(
        self, store: CardStore, channel: CardChannel, settings: CardSettings, *, clock: Clock
    ) -> None:
        self._store = store
        self._channel = channel
        self._settings = settings
        self._clock = clock
        self._pings = UrgentPings(clock)

    async def write(self, action: CardAction, card: Card, content: CardContent) -> None:
        """Carry out an action."""
        match action:
            case CardAction.POST:
                await self._post(card, content)
            case CardAction.REPOST:
                self._give_up_message(card)
                await self._post(card, replace(content, is_old=False))
            case CardAction.REMOVE:
                await self._remove(card)
            case CardAction.SAVE:
                await self._save(card)
            case _:
                await self._edit(card, content)

    @property
    def is_summary_due(self) -> bool:
        """Whether urgent calls that came too fast wait for the ping that counts them."""
        return self._pings.is_summary_due

    async def ping_for_left_out(self) -> None:
        """Ping once for the urgent calls that came too fast."""
        message_id = await self._channel.ping(
            self._settings.ping_role_id or 0, self._pings.take_summary()
        )
        delete_at = self._clock.now() + self._settings.keep_closed_for
        await self._store.save_obsolete(
            ObsoleteCard(message_id, self._settings.channel_id, delete_at)
        )

    async def _post(self, card: Card, content: CardContent) -> None:
        is_announced = (
            card.may_ping and self._settings.ping_role_id is not None and content.is_urgent
        )
        card.stored = replace(card.stored, pinged=card.stored.pinged or is_announced)
        # Saved before the post, so that a killed bot does not ping the role a second time.
        await self._save(card)
        pings = is_announced and self._pings.take()
        first_content = replace(
            content, ping_role_id=self._settings.ping_role_id if pings else None
        )
        card.may_ping = False
        is_repeated, card.may_be_posted = card.may_be_posted, True
        message_id = await self._channel.post(first_content, _nonce(card))
        # The message of an earlier attempt may show an earlier content.
        card.shown = None if is_repeated else content
        card.posted_at, card.editable_at = self._clock.now(), self._clock.monotonic()
        card.stored = replace(card.stored, message_id=message_id)
        card.is_unsaved, card.may_be_posted = True, False
        await self._save(card)

    async def _edit(self, card: Card, content: CardContent) -> None:
        message_id = card.stored.message_id
        try:
            is_there = message_id is not None and await self._channel.edit(message_id, content)
        except CardRateLimited as error:
            card.editable_at = self._clock.monotonic() + error.retry_after
            return
        if is_there:
            card.shown = content
            if card.is_unsaved:
                await self._save(card)
            return
        _forget_message(card)  # it was deleted: post it again

    async def _remove(self, card: Card) -> None:
        if card.replaces is not None:
            await self._save(card)
        stored = card.stored
        if stored.message_id is not None:
            await self._channel.delete(stored.message_id)
        await self._store.remove(stored.server_id, stored.kind, stored.call_id)

    async def _save(self, card: Card) -> None:
        await self._store.save(card.stored, card.replaces)
        card.is_unsaved, card.replaces = False, None

    def _give_up_message(self, card: Card) -> None:
        """Let a message that takes no edits be deleted, once another shows the call."""
        message_id = card.stored.message_id
        if message_id is not None:
            delete_at = self._clock.now() + _REPLACED_AFTER
            card.replaces = ObsoleteCard(message_id, card.stored.channel_id, delete_at)
        _forget_message(card)


def _forget_message(card: Card) -> None:
    card.stored = replace(card.stored, message_id=None)
    card.is_unsaved, card.shown = True, None
    card.messages_lost += 1


def _nonce(card: Card) -> str:
    """Return what is the same for each attempt to post one message, also after a restart.

    Discord returns the message of an equal nonce instead of a second one, for some minutes; at
    most 25 characters. https://docs.discord.com/developers/resources/message#create-message
    """
    row = card.stored
    parts = (
        row.server_id,
        row.kind,
        row.call_id,
        row.channel_id,
        row.first_seen_at,
        card.messages_lost,
    )
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()
