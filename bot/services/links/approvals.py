"""Links that wait for somebody's word: for an approval, or whether an id may be shared."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.common.clock import Clock
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.errors import (
    ApprovalUnavailable,
    IdAlreadyLinked,
    RequestDecided,
    RequestNotFound,
)
from bot.services.links.link_changes import LinkNotifier, MessageRef, RequestNotice
from bot.services.links.link_service import LinkService
from bot.services.reply import ReplyAddress
from bot.storage.errors import StorageError
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestState, LinkRequestStore
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore

REQUEST_LIFETIME = timedelta(days=7)  # how long a request waits, and how long its end is remembered
TOKEN_LIFETIME = timedelta(minutes=15)  # Discord's; after that a token opens nothing

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SubmittedRequest:
    """A link that waits for approval.

    Attributes:
        has_replaced: whether the person had another request, which is gone.
    """

    request: LinkRequest
    has_replaced: bool


@dataclass(frozen=True, slots=True)
class IdConflict:
    """An id that somebody else has, and the question what to do about that."""

    request: LinkRequest


class LinkApprovals:
    """Asks those who may link, and carries out what they decide.

    Every method raises ServiceError, StorageError and nothing else.

    Args:
        needs_approval: whether members who may not link others ask for their own link.
    """

    def __init__(
        self,
        access: Access,
        linking: LinkService,
        links: LinkStore,
        store: LinkRequestStore,
        notifier: LinkNotifier,
        *,
        needs_approval: bool,
        clock: Clock,
    ) -> None:
        self._access = access
        self._linking = linking
        self._links = links
        self._store = store
        self._notifier = notifier
        self._needs_approval = needs_approval
        self._clock = clock

    async def is_required(self, actor: Actor, api_id: str) -> bool:
        """Tell whether the actor's own link takes an approval; another spelling does not."""
        if not self._needs_approval or self._access.may_link(actor):
            return False
        has = (await self._links.find(actor.guild_id, [actor.user_id])).get(actor.user_id)
        return has is None or identity(has.api_id) != identity(api_id)

    async def submit(self, actor: Actor, api_id: str, reply: ReplyAddress) -> SubmittedRequest:
        """Ask for a link of the actor's own; reply is edited once there is an answer.

        Raises:
            IdHeld: somebody else has this id, so there is no use in asking.
            CannotAsk: nobody can be shown the request.
        """
        guild_id, person = actor.guild_id, actor.user_id
        owners = await self._links.find_by_api_ids(guild_id, [api_id])
        if any(one.discord_id != person for one in owners):
            raise IdAlreadyLinked(api_id, frozenset())
        request = LinkRequest(
            id=0,
            guild_id=guild_id,
            discord_id=person,
            api_id=api_id,
            asked_by=person,
            asked_at=self._clock.now(),
            state=LinkRequestState.PENDING,
            application_id=reply.application_id,
            token=reply.token,
            reply_id=reply.reply_id,
        )
        request_id, replaced = await self._store.add(request)
        request = replace(request, id=request_id)
        _log.info("%s asks for a link in guild %s", person, guild_id)
        if replaced is not None:
            await self._notifier.close_request(replaced)
        shown = await self._post(request)
        if shown is None:
            await self._store.end(
                request, LinkRequestState.WITHDRAWN, by=None, at=self._clock.now()
            )
            raise ApprovalUnavailable
        return SubmittedRequest(shown, replaced is not None)

    async def approve(
        self, actor: Actor, request_id: int, message: MessageRef
    ) -> LinkRequest | IdConflict:
        """Link whoever asked; if somebody else has got the id meanwhile, ask what to do.

        Args:
            place: the message whose button was pressed.

        Raises:
            NotAllowed, RequestGone, RequestDecided.
        """
        request = await self._require_pending(actor, request_id, message)
        link = Link(
            request.guild_id, request.discord_id, request.api_id, actor.user_id, self._clock.now()
        )
        ended, claim = await self._store.approve(request, link)
        if ended is None or claim is None:
            raise await self._late_error(request_id)
        if not claim.is_granted:
            holders = frozenset(one.discord_id for one in claim.holders)
            return await self.open_conflict(
                actor, request.discord_id, IdAlreadyLinked(request.api_id, holders)
            )
        _log.info("%s approved link request %s", actor.user_id, request_id)
        return await self._announce_end(_with_message(ended, message))

    async def deny(self, actor: Actor, request_id: int, message: MessageRef) -> LinkRequest:
        """Refuse the link; arguments and errors as for `approve`."""
        request = await self._require_pending(actor, request_id, message)
        ended = await self._store.end(
            request, LinkRequestState.DENIED, by=actor.user_id, at=self._clock.now()
        )
        if ended is None:
            raise await self._late_error(request_id)
        _log.info("%s denied link request %s", actor.user_id, request_id)
        return await self._announce_end(_with_message(ended, message))

    async def open_conflict(
        self, actor: Actor, member_id: int, held: IdAlreadyLinked
    ) -> IdConflict:
        """Store the question whether a member may have an id that somebody else has."""
        question = LinkRequest(
            id=0,
            guild_id=actor.guild_id,
            discord_id=member_id,
            api_id=held.api_id,
            asked_by=actor.user_id,
            asked_at=self._clock.now(),
            state=LinkRequestState.CONFLICT,
            holders=held.holders,
        )
        question_id, _ = await self._store.add(question)
        return IdConflict(replace(question, id=question_id))

    async def take_conflict(self, actor: Actor, conflict_id: int) -> LinkRequest:
        """Return a question that nobody has answered yet; nobody else will.

        Raises:
            NotAllowed, RequestGone.
        """
        self._access.require_link(actor)
        question = await self._store.take_conflict(actor.guild_id, conflict_id)
        if question is None:
            raise RequestNotFound
        return question

    async def supersede(self, link: Link) -> None:
        """End the pending request of somebody who has been linked in another way."""
        for request in await self._find_pending(link.guild_id, link.discord_id):
            is_it = identity(request.api_id) == identity(link.api_id)
            state = LinkRequestState.APPROVED if is_it else LinkRequestState.REPLACED
            ended = await self._store.end(request, state, by=link.set_by, at=self._clock.now())
            if ended is not None:
                await self._announce_end(ended)

    async def pending_id(self, guild_id: int, discord_id: int) -> str | None:
        """Return the id that a person has asked for and still waits for, None for none."""
        waiting = await self._find_pending(guild_id, discord_id)
        return waiting[-1].api_id if waiting else None

    async def withdraw(self, guild_id: int, discord_id: int, by: int) -> bool:
        """Forget the requests about a person; tell whether one was pending."""
        was_waiting = False
        for request in await self._find_pending(guild_id, discord_id):
            ended = await self._store.end(
                request, LinkRequestState.WITHDRAWN, by=by, at=self._clock.now()
            )
            if ended is None:
                continue  # somebody has decided at the same moment
            was_waiting = True
            await self._notifier.close_request(ended)
            if by != discord_id:
                await self._notifier.answer_requester(ended)
        await self._store.delete_for_person(guild_id, discord_id)
        return was_waiting

    async def resume(self) -> None:
        """Show the requests that a stop of the bot has kept from being shown."""
        for request in await self._store.unposted():
            await self._post(request)

    async def expire(self) -> None:
        """End the requests that have waited too long, and forget what is over."""
        now = self._clock.now()
        try:
            await self._store.wipe_tokens(now - TOKEN_LIFETIME)
            for request in await self._store.overdue(now - REQUEST_LIFETIME):
                ended = await self._store.end(request, LinkRequestState.EXPIRED, by=None, at=now)
                if ended is not None:
                    await self._announce_end(ended)
            await self._store.prune(now - REQUEST_LIFETIME)
        except StorageError as error:
            _log.error("old link requests are not forgotten for now: %s", error)

    async def _post(self, request: LinkRequest) -> LinkRequest | None:
        """Show a request to those who may approve it; None if that is not possible."""
        found = await self._links.find(request.guild_id, [request.discord_id])
        wanted = Link(
            request.guild_id,
            request.discord_id,
            request.api_id,
            request.asked_by,
            request.asked_at,
        )
        proof = await self._linking.verify_unsaved(wanted)
        request = replace(request, account_name=proof.account_name)
        place = await self._notifier.post_request(
            RequestNotice(request, found.get(request.discord_id), proof.error)
        )
        if place is None:
            return None
        request = _with_message(request, place)
        await self._store.save_posted(request)
        return request

    async def _find_pending(self, guild_id: int, discord_id: int) -> list[LinkRequest]:
        found = await self._store.for_person(guild_id, discord_id)
        return [one for one in found if one.state is LinkRequestState.PENDING]

    async def _require_pending(
        self, actor: Actor, request_id: int, message: MessageRef
    ) -> LinkRequest:
        """Return a request that waits; the buttons of one that does not are taken away."""
        self._access.require_link(actor)
        request = await self._store.get(request_id)
        if request is None or request.guild_id != actor.guild_id:
            raise RequestNotFound
        if request.state is not LinkRequestState.PENDING:
            await self._notifier.close_request(_with_message(request, message))
            raise RequestDecided(request.state, request.decided_by)
        return request

    async def _late_error(self, request_id: int) -> RequestNotFound | RequestDecided:
        request = await self._store.get(request_id)
        return RequestDecided(request.state, request.decided_by) if request else RequestNotFound()

    async def _announce_end(self, request: LinkRequest) -> LinkRequest:
        await self._notifier.close_request(request)
        await self._notifier.answer_requester(request)
        return request


def _with_message(request: LinkRequest, message: MessageRef) -> LinkRequest:
    return replace(request, channel_id=message.channel_id, message_id=message.message_id)
