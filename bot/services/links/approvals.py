"""Link requests that wait for an approval, and ids that another member already has."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from bot.common.clock import Clock
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.link_errors import (
    ApprovalUnavailable,
    IdAlreadyLinked,
    RequestDecided,
    RequestNotFound,
)
from bot.services.links.link_changes import (
    IdConflict,
    LinkNotifier,
    MessageRef,
    RequestNotice,
    SubmittedRequest,
)
from bot.services.links.link_service import LinkService
from bot.services.reply import ReplyAddress
from bot.storage.stores.link_request_store import LinkRequest, LinkRequestState, LinkRequestStore
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import LinkStore

# How long a request stays pending, and how long a closed request stays stored.
REQUEST_LIFETIME = timedelta(days=7)

_log = logging.getLogger(__name__)


class LinkApprovals:
    """Submits link requests, and approves, denies, withdraws or expires them.

    Every method raises ServiceError, StorageError and nothing else.

    Args:
        needs_approval: whether a member without the right to link needs an approval for
            their own link.
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
        """Return True if the actor's own link needs an approval; a new spelling needs none."""
        if not self._needs_approval or self._access.may_link(actor):
            return False
        link = (await self._links.find(actor.guild_id, [actor.user_id])).get(actor.user_id)
        return link is None or identity(link.api_id) != identity(api_id)

    async def submit(self, actor: Actor, api_id: str, reply: ReplyAddress) -> SubmittedRequest:
        """Store and post a request for the actor's own link; `reply` gets the decision later.

        Raises:
            IdAlreadyLinked: another member has this id.
            ApprovalUnavailable: the request could not be posted.
            RequestNotFound, RequestDecided: it was withdrawn or replaced before it was posted.
        """
        person = actor.user_id
        owners = await self._links.find_by_api_ids(actor.guild_id, [api_id])
        if any(one.discord_id != person for one in owners):
            raise IdAlreadyLinked(api_id, frozenset())
        request = LinkRequest(
            id=0,
            guild_id=actor.guild_id,
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
        _log.info("%s requests a link in guild %s", person, actor.guild_id)
        if replaced is not None:
            await self._notifier.close_request(replaced)
        posted = await self._post(request)
        if posted is None:
            state, now = LinkRequestState.WITHDRAWN, self._clock.now()
            if await self._store.end(request, state, by=None, at=now) is None:
                raise await self._late_error(request_id)
            raise ApprovalUnavailable
        return SubmittedRequest(posted, replaced is not None)

    async def approve(
        self, actor: Actor, request_id: int, message: MessageRef, reply: ReplyAddress
    ) -> LinkRequest | IdConflict:
        """Link the requester, for a button of `message`; `reply` gets the answer.

        Return a conflict if another member has the id by now.

        Raises:
            NotAllowed, RequestNotFound, RequestDecided.
        """
        request = await self._require_pending(actor, request_id, message)
        now = self._clock.now()
        link = Link(request.guild_id, request.discord_id, request.api_id, actor.user_id, now)
        ended, claim = await self._store.approve(request, link)
        if ended is None or claim is None:
            raise await self._late_error(request_id)
        if not claim.is_granted:
            holders = frozenset(one.discord_id for one in claim.holders)
            held = IdAlreadyLinked(request.api_id, holders)
            return await self.open_conflict(actor, request.discord_id, held, reply)
        _log.info("%s approved link request %s", actor.user_id, request_id)
        return await self._announce_end(_with_message(ended, message))

    async def deny(self, actor: Actor, request_id: int, message: MessageRef) -> LinkRequest:
        """Deny the request; otherwise as `approve`."""
        request = await self._require_pending(actor, request_id, message)
        state, now = LinkRequestState.DENIED, self._clock.now()
        ended = await self._store.end(request, state, by=actor.user_id, at=now)
        if ended is None:
            raise await self._late_error(request_id)
        _log.info("%s denied link request %s", actor.user_id, request_id)
        return await self._announce_end(_with_message(ended, message))

    async def open_conflict(
        self, actor: Actor, member_id: int, held: IdAlreadyLinked, reply: ReplyAddress
    ) -> IdConflict:
        """Store the conflict that `member_id` wants an id of another member; `reply` asks."""
        conflict = LinkRequest(
            id=0,
            guild_id=actor.guild_id,
            discord_id=member_id,
            api_id=held.api_id,
            asked_by=actor.user_id,
            asked_at=self._clock.now(),
            state=LinkRequestState.CONFLICT,
            holders=held.holders,
            reply_id=reply.reply_id,
        )
        conflict_id, _ = await self._store.add(conflict)
        return IdConflict(replace(conflict, id=conflict_id))

    async def take_conflict(self, actor: Actor, number: int, reply: ReplyAddress) -> LinkRequest:
        """Delete an open conflict, for a button of `reply`, and return it: it is decided once.

        One about the actor's own link to an id of no other member needs no right.

        Raises:
            NotAllowed.
            RequestNotFound: it was decided before, has expired, or was asked in another message.
        """
        found = await self._store.get(number)
        if found is None or found.reply_id not in {None, reply.reply_id}:
            raise RequestNotFound
        if found.holders or found.discord_id != actor.user_id:
            self._access.require_link(actor)
        taken = await self._store.take_conflict(actor.guild_id, actor.user_id, number)
        if taken is None:
            raise RequestNotFound
        return taken

    async def supersede(self, link: Link) -> None:
        """Close the pending requests of a member who has just been linked in another way."""
        for request in await self._find_pending(link.guild_id, link.discord_id):
            is_same_id = identity(request.api_id) == identity(link.api_id)
            state = LinkRequestState.APPROVED if is_same_id else LinkRequestState.REPLACED
            ended = await self._store.end(request, state, by=link.set_by, at=self._clock.now())
            if ended is not None:
                await self._announce_end(ended)

    async def pending_id(self, guild_id: int, discord_id: int) -> str | None:
        """Return the id in the member's pending request, None without a pending request."""
        pending = await self._find_pending(guild_id, discord_id)
        return pending[-1].api_id if pending else None

    async def withdraw(self, guild_id: int, discord_id: int, by: int) -> bool:
        """Withdraw and delete the requests about a member; return True if one was pending."""
        was_pending = False
        for request in await self._find_pending(guild_id, discord_id):
            state, now = LinkRequestState.WITHDRAWN, self._clock.now()
            ended = await self._store.end(request, state, by=by, at=now)
            if ended is None:
                continue  # it was decided at the same moment
            was_pending = True
            await self._notifier.close_request(ended)
            if by != discord_id:
                await self._notifier.answer_requester(ended)
        await self._store.delete_for_person(guild_id, discord_id)
        return was_pending

    async def resume(self, guild_id: int) -> None:
        """Post the requests of a guild that the last stop of the bot left unposted."""
        for request in await self._store.unposted(guild_id):
            await self._post(request)

    async def expire(self, guild_id: int) -> None:
        """Expire a guild's requests older than `REQUEST_LIFETIME`; forget old ones and tokens."""
        now = self._clock.now()
        await self._store.wipe_tokens(now - INTERACTION_LIFETIME)
        for request in await self._store.overdue(guild_id, now - REQUEST_LIFETIME):
            ended = await self._store.end(request, LinkRequestState.EXPIRED, by=None, at=now)
            if ended is not None:
                await self._announce_end(ended)
        await self._store.prune(now - REQUEST_LIFETIME)

    async def _post(self, request: LinkRequest) -> LinkRequest | None:
        """Post a request with its buttons and store where.

        Return None if posting failed, or if the request ended while the CAD was asked about it.
        """
        guild_id, person = request.guild_id, request.discord_id
        found = await self._links.find(guild_id, [person])
        wanted = Link(guild_id, person, request.api_id, request.asked_by, request.asked_at)
        verification = await self._linking.verify_unsaved(wanted)
        current = await self._store.get(request.id)
        if current is None or current.state is not LinkRequestState.PENDING:
            return None
        request = replace(request, account_name=verification.account_name)
        place = await self._notifier.post_request(
            RequestNotice(request, found.get(person), verification.error)
        )
        if place is None:
            return None
        request = _with_message(request, place)
        if not await self._store.save_posted(request):  # it ended while it was being posted
            await self._notifier.remove_buttons(place)
            return None
        return request

    async def _find_pending(self, guild_id: int, discord_id: int) -> list[LinkRequest]:
        found = await self._store.for_person(guild_id, discord_id)
        return [one for one in found if one.state is LinkRequestState.PENDING]

    async def _require_pending(
        self, actor: Actor, request_id: int, message: MessageRef
    ) -> LinkRequest:
        """Return a pending request; raise for another one, and remove its buttons."""
        self._access.require_link(actor)
        request = await self._store.get(request_id)
        if request is None or request.guild_id != actor.guild_id:
            raise RequestNotFound
        if request.message_id != message.message_id:  # of an earlier request, or a second copy
            await self._notifier.remove_buttons(message)
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
