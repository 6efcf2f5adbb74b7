"""What people ask about links: their own, each other's, and ids that somebody has already."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.access.policy import Actor
from bot.services.errors import AwaitsApproval, IdHeld
from bot.services.links.approvals import Held, LinkRequests, Requested
from bot.services.links.link_changes import Change, Herald, News, Place, news_of, spread
from bot.services.links.link_service import Linked, LinkingService
from bot.services.reply import ReplyAddress
from bot.storage.stores.link_request_store import LinkRequest
from bot.storage.stores.link_row import Link


@dataclass(frozen=True, slots=True)
class Unlinked:
    """What was forgotten about a person.

    Attributes:
        was_waiting: whether they had asked for a link.
    """

    discord_id: int
    link: Link | None
    was_waiting: bool


class LinkDesk:
    """Links people by the rules of the house, and tells those whom it concerns.

    Every method raises ServiceError, StorageError and nothing else.
    """

    def __init__(self, linking: LinkingService, requests: LinkRequests, herald: Herald) -> None:
        self._linking = linking
        self._requests = requests
        self._herald = herald

    async def link(
        self, actor: Actor, member_id: int, pasted: str, reply: ReplyAddress
    ) -> Linked | Requested | Held:
        """Give a member an API id, ask for it, or ask whether it is to be shared.

        Raises:
            NotAllowed, NotAnApiId, CannotAsk.
            IdHeld: somebody else has it, and the actor may not decide about that.
        """
        if member_id == actor.user_id and (asked := await self._asked(actor, pasted, reply)):
            return asked
        try:
            linked = await self._linking.link(actor, member_id, pasted)
        except IdHeld as held:
            if not held.holders:
                raise
            return await self._requests.question(actor, member_id, held)
        return await self._done(linked)

    async def link_before(self, actor: Actor, pasted: str, reply: ReplyAddress) -> Linked:
        """Link the actor where something is to be done right after; raises as `link` does.

        Raises:
            AwaitsApproval: it could only be asked for.
        """
        if asked := await self._asked(actor, pasted, reply):
            raise AwaitsApproval(asked.request.api_id)
        return await self._done(await self._linking.link(actor, actor.user_id, pasted))

    async def require_no_request(self, actor: Actor) -> None:
        """Raise AwaitsApproval where asking the actor who they are would only lead to that."""
        if (api_id := await self._requests.waiting_for(actor.guild_id, actor.user_id)) is not None:
            raise AwaitsApproval(api_id)

    async def unlink(self, actor: Actor, member_id: int) -> Unlinked:
        """Forget a member's API id and what they have asked for; rights as for `link`."""
        removed = await self._linking.unlink(actor, member_id)
        was_waiting = await self._requests.withdraw(actor.guild_id, member_id, actor.user_id)
        if removed is not None:
            await spread(self._herald, [News(Change.REMOVED, removed, actor.user_id)])
        return Unlinked(member_id, removed, was_waiting)

    async def approve(self, actor: Actor, request_id: int, place: Place) -> LinkRequest | Held:
        """Link whoever asked, or ask whether the id is to be shared; see LinkRequests."""
        return await self._requests.approve(actor, request_id, place)

    async def deny(self, actor: Actor, request_id: int, place: Place) -> LinkRequest:
        """Refuse the link; see LinkRequests."""
        return await self._requests.deny(actor, request_id, place)

    async def share(self, actor: Actor, question_id: int) -> Linked | Held:
        """Link a member to an id that somebody else keeps as well.

        Raises:
            NotAllowed.
            RequestGone: the question is answered, or too old.
        """
        return await self._answered(actor, question_id, moving=False)

    async def move(self, actor: Actor, question_id: int) -> Linked | Held:
        """Link a member to an id and take it from whoever has it; raises as `share` does."""
        return await self._answered(actor, question_id, moving=True)

    async def leave(self, actor: Actor, question_id: int) -> LinkRequest:
        """Leave an id with whoever has it; raises as `share` does."""
        return await self._requests.take_question(actor, question_id)

    async def _asked(self, actor: Actor, pasted: str, reply: ReplyAddress) -> Requested | None:
        """Ask for the actor's own link; None where there is no need to."""
        api_id = self._linking.spelled(pasted)
        if not await self._requests.are_needed(actor, api_id):
            return None
        return await self._requests.ask(actor, api_id, reply)

    async def _answered(self, actor: Actor, question_id: int, *, moving: bool) -> Linked | Held:
        question = await self._requests.take_question(actor, question_id)
        member_id, api_id = question.discord_id, question.api_id
        try:
            linked = await self._linking.give(
                actor, member_id, api_id, knowing=question.holders, moving=moving
            )
        except IdHeld as held:  # by somebody whom the question did not name
            return await self._requests.question(actor, member_id, held)
        return await self._done(linked)

    async def _done(self, linked: Linked) -> Linked:
        await self._requests.overtake(linked.link)
        await spread(self._herald, news_of(linked))
        return linked
