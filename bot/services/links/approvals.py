"""Links that wait for somebody's word: for an approval, or whether an id may be shared."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.common.clock import Clock
from bot.services.access.policy import Access, Actor
from bot.services.errors import CannotAsk, IdHeld, RequestDecided, RequestGone
from bot.services.links.link_changes import Asking, Herald, Place
from bot.services.links.link_service import LinkingService
from bot.services.reply import ReplyAddress
from bot.storage.errors import StorageError
from bot.storage.id_spelling import identity
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestStore, RequestState
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore

PATIENCE = timedelta(days=7)  # how long a request waits, and how long its end is remembered
TOKEN_LIFETIME = timedelta(minutes=15)  # Discord's; after that a token opens nothing

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Requested:
    """A link that waits for approval.

    Attributes:
        has_replaced: whether the person had another request, which is gone.
    """

    request: LinkRequest
    has_replaced: bool


@dataclass(frozen=True, slots=True)
class Held:
    """An id that somebody else has, and the question what to do about that."""

    question: LinkRequest


class LinkRequests:
    """Asks those who may link, and carries out what they decide.

    Every method raises ServiceError, StorageError and nothing else.

    Args:
        needs_approval: whether members who may not link others ask for their own link.
    """

    def __init__(
        self,
        access: Access,
        linking: LinkingService,
        links: LinkStore,
        store: LinkRequestStore,
        herald: Herald,
        *,
        needs_approval: bool,
        clock: Clock,
    ) -> None:
        self._access = access
        self._linking = linking
        self._links = links
        self._store = store
        self._herald = herald
        self._needs_approval = needs_approval
        self._clock = clock

    async def are_needed(self, actor: Actor, api_id: str) -> bool:
        """Tell whether the actor's own link takes an approval; another spelling does not."""
        if not self._needs_approval or self._access.may_link(actor):
            return False
        has = (await self._links.find(actor.guild_id, [actor.user_id])).get(actor.user_id)
        return has is None or identity(has.api_id) != identity(api_id)

    async def ask(self, actor: Actor, api_id: str, reply: ReplyAddress) -> Requested:
        """Ask for a link of the actor's own; reply is edited once there is an answer.

        Raises:
            IdHeld: somebody else has this id, so there is no use in asking.
            CannotAsk: nobody can be shown the request.
        """
        guild_id, person = actor.guild_id, actor.user_id
        owners = await self._links.find_by_api_ids(guild_id, [api_id])
        if any(one.discord_id != person for one in owners):
            raise IdHeld(api_id, frozenset())
        request = LinkRequest(
            id=0,
            guild_id=guild_id,
            discord_id=person,
            api_id=api_id,
            asked_by=person,
            asked_at=self._clock.now(),
            state=RequestState.PENDING,
            application_id=reply.application_id,
            token=reply.token,
            reply_id=reply.reply_id,
        )
        request_id, replaced = await self._store.add(request)
        request = replace(request, id=request_id)
        _log.info("%s asks for a link in guild %s", person, guild_id)
        if replaced is not None:
            await self._herald.close(replaced)
        shown = await self._shown(request)
        if shown is None:
            await self._store.end(request, RequestState.WITHDRAWN, by=None, at=self._clock.now())
            raise CannotAsk
        return Requested(shown, replaced is not None)

    async def approve(self, actor: Actor, request_id: int, place: Place) -> LinkRequest | Held:
        """Link whoever asked; if somebody else has got the id meanwhile, ask what to do.

        Args:
            place: the message whose button was pressed.

        Raises:
            NotAllowed, RequestGone, RequestDecided.
        """
        request = await self._pending(actor, request_id, place)
        link = Link(
            request.guild_id, request.discord_id, request.api_id, actor.user_id, self._clock.now()
        )
        ended, claim = await self._store.approve(request, link)
        if ended is None or claim is None:
            raise await self._too_late(request_id)
        if not claim.is_given:
            holders = frozenset(one.discord_id for one in claim.holders)
            return await self.question(actor, request.discord_id, IdHeld(request.api_id, holders))
        _log.info("%s approved link request %s", actor.user_id, request_id)
        return await self._ended(_at(ended, place))

    async def deny(self, actor: Actor, request_id: int, place: Place) -> LinkRequest:
        """Refuse the link; arguments and errors as for `approve`."""
        request = await self._pending(actor, request_id, place)
        ended = await self._store.end(
            request, RequestState.DENIED, by=actor.user_id, at=self._clock.now()
        )
        if ended is None:
            raise await self._too_late(request_id)
        _log.info("%s denied link request %s", actor.user_id, request_id)
        return await self._ended(_at(ended, place))

    async def question(self, actor: Actor, member_id: int, held: IdHeld) -> Held:
        """Store the question whether a member may have an id that somebody else has."""
        question = LinkRequest(
            id=0,
            guild_id=actor.guild_id,
            discord_id=member_id,
            api_id=held.api_id,
            asked_by=actor.user_id,
            asked_at=self._clock.now(),
            state=RequestState.HELD,
            holders=held.holders,
        )
        question_id, _ = await self._store.add(question)
        return Held(replace(question, id=question_id))

    async def take_question(self, actor: Actor, question_id: int) -> LinkRequest:
        """Return a question that nobody has answered yet; nobody else will.

        Raises:
            NotAllowed, RequestGone.
        """
        self._access.require_link(actor)
        question = await self._store.take_question(actor.guild_id, question_id)
        if question is None:
            raise RequestGone
        return question

    async def overtake(self, link: Link) -> None:
        """End the pending request of somebody who has been linked in another way."""
        for request in await self._waiting(link.guild_id, link.discord_id):
            is_it = identity(request.api_id) == identity(link.api_id)
            state = RequestState.APPROVED if is_it else RequestState.REPLACED
            ended = await self._store.end(request, state, by=link.set_by, at=self._clock.now())
            if ended is not None:
                await self._ended(ended)

    async def waiting_for(self, guild_id: int, discord_id: int) -> str | None:
        """Return the id that a person has asked for and still waits for, None for none."""
        waiting = await self._waiting(guild_id, discord_id)
        return waiting[-1].api_id if waiting else None

    async def withdraw(self, guild_id: int, discord_id: int, by: int) -> bool:
        """Forget the requests about a person; tell whether one was pending."""
        was_waiting = False
        for request in await self._waiting(guild_id, discord_id):
            ended = await self._store.end(
                request, RequestState.WITHDRAWN, by=by, at=self._clock.now()
            )
            if ended is None:
                continue  # somebody has decided at the same moment
            was_waiting = True
            await self._herald.close(ended)
            if by != discord_id:
                await self._herald.answer(ended)
        await self._store.forget(guild_id, discord_id)
        return was_waiting

    async def resume(self) -> None:
        """Show the requests that a stop of the bot has kept from being shown."""
        for request in await self._store.unposted():
            await self._shown(request)

    async def tidy(self) -> None:
        """End the requests that have waited too long, and forget what is over."""
        now = self._clock.now()
        try:
            await self._store.wipe_tokens(now - TOKEN_LIFETIME)
            for request in await self._store.overdue(now - PATIENCE):
                ended = await self._store.end(request, RequestState.EXPIRED, by=None, at=now)
                if ended is not None:
                    await self._ended(ended)
            await self._store.prune(now - PATIENCE)
        except StorageError as error:
            _log.error("old link requests are not forgotten for now: %s", error)

    async def _shown(self, request: LinkRequest) -> LinkRequest | None:
        """Show a request to those who may approve it; None if that is not possible."""
        found = await self._links.find(request.guild_id, [request.discord_id])
        wanted = Link(
            request.guild_id,
            request.discord_id,
            request.api_id,
            request.asked_by,
            request.asked_at,
        )
        proof = await self._linking.look(wanted)
        request = replace(request, account_name=proof.account_name)
        place = await self._herald.ask(Asking(request, found.get(request.discord_id), proof.error))
        if place is None:
            return None
        request = _at(request, place)
        await self._store.show(request)
        return request

    async def _waiting(self, guild_id: int, discord_id: int) -> list[LinkRequest]:
        found = await self._store.of(guild_id, discord_id)
        return [one for one in found if one.state is RequestState.PENDING]

    async def _pending(self, actor: Actor, request_id: int, place: Place) -> LinkRequest:
        """Return a request that waits; the buttons of one that does not are taken away."""
        self._access.require_link(actor)
        request = await self._store.get(request_id)
        if request is None or request.guild_id != actor.guild_id:
            raise RequestGone
        if request.state is not RequestState.PENDING:
            await self._herald.close(_at(request, place))
            raise RequestDecided(request.state, request.decided_by)
        return request

    async def _too_late(self, request_id: int) -> RequestGone | RequestDecided:
        request = await self._store.get(request_id)
        return RequestDecided(request.state, request.decided_by) if request else RequestGone()

    async def _ended(self, request: LinkRequest) -> LinkRequest:
        await self._herald.close(request)
        await self._herald.answer(request)
        return request


def _at(request: LinkRequest, place: Place) -> LinkRequest:
    return replace(request, channel_id=place.channel_id, message_id=place.message_id)
