"""What people ask about links: their own, each other's, and ids that somebody has already."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.access.policy import Actor
from bot.services.errors import ApprovalPending, IdAlreadyLinked
from bot.services.links.approvals import IdConflict, LinkApprovals, SubmittedRequest
from bot.services.links.link_changes import (
    LinkChange,
    LinkChangeKind,
    LinkNotifier,
    MessageRef,
    changes_of,
    notify_all,
)
from bot.services.links.link_service import LinkResult, LinkService
from bot.services.reply import ReplyAddress
from bot.storage.stores.link_request_store import LinkRequest
from bot.storage.stores.link_row import Link


@dataclass(frozen=True, slots=True)
class UnlinkResult:
    """What was forgotten about a person.

    Attributes:
        was_waiting: whether they had asked for a link.
    """

    discord_id: int
    link: Link | None
    had_request: bool


class LinkWorkflow:
    """Links people by the rules of the house, and tells those whom it concerns.

    Every method raises ServiceError, StorageError and nothing else.
    """

    def __init__(
        self, linking: LinkService, requests: LinkApprovals, notifier: LinkNotifier
    ) -> None:
        self._linking = linking
        self._requests = requests
        self._notifier = notifier

    async def link(
        self, actor: Actor, member_id: int, pasted: str, reply: ReplyAddress
    ) -> LinkResult | SubmittedRequest | IdConflict:
        """Give a member an API id, ask for it, or ask whether it is to be shared.

        Raises:
            NotAllowed, NotAnApiId, CannotAsk.
            IdHeld: somebody else has it, and the actor may not decide about that.
        """
        if member_id == actor.user_id and (
            asked := await self._submit_if_required(actor, pasted, reply)
        ):
            return asked
        try:
            linked = await self._linking.link(actor, member_id, pasted)
        except IdAlreadyLinked as held:
            if not held.holders:
                raise
            return await self._requests.open_conflict(actor, member_id, held)
        return await self._announce(linked)

    async def link_now(self, actor: Actor, pasted: str, reply: ReplyAddress) -> LinkResult:
        """Link the actor where something is to be done right after; raises as `link` does.

        Raises:
            AwaitsApproval: it could only be asked for.
        """
        if asked := await self._submit_if_required(actor, pasted, reply):
            raise ApprovalPending(asked.request.api_id)
        return await self._announce(await self._linking.link(actor, actor.user_id, pasted))

    async def require_no_request(self, actor: Actor) -> None:
        """Raise AwaitsApproval where asking the actor who they are would only lead to that."""
        if (api_id := await self._requests.pending_id(actor.guild_id, actor.user_id)) is not None:
            raise ApprovalPending(api_id)

    async def unlink(self, actor: Actor, member_id: int) -> UnlinkResult:
        """Forget a member's API id and what they have asked for; rights as for `link`."""
        removed = await self._linking.unlink(actor, member_id)
        was_waiting = await self._requests.withdraw(actor.guild_id, member_id, actor.user_id)
        if removed is not None:
            await notify_all(
                self._notifier, [LinkChange(LinkChangeKind.REMOVED, removed, actor.user_id)]
            )
        return UnlinkResult(member_id, removed, was_waiting)

    async def approve(
        self, actor: Actor, request_id: int, message: MessageRef
    ) -> LinkRequest | IdConflict:
        """Link whoever asked, or ask whether the id is to be shared; see LinkRequests."""
        return await self._requests.approve(actor, request_id, message)

    async def deny(self, actor: Actor, request_id: int, message: MessageRef) -> LinkRequest:
        """Refuse the link; see LinkRequests."""
        return await self._requests.deny(actor, request_id, message)

    async def share(self, actor: Actor, conflict_id: int) -> LinkResult | IdConflict:
        """Link a member to an id that somebody else keeps as well.

        Raises:
            NotAllowed.
            RequestGone: the question is answered, or too old.
        """
        return await self._resolve_conflict(actor, conflict_id, moving=False)

    async def move(self, actor: Actor, conflict_id: int) -> LinkResult | IdConflict:
        """Link a member to an id and take it from whoever has it; raises as `share` does."""
        return await self._resolve_conflict(actor, conflict_id, moving=True)

    async def keep(self, actor: Actor, conflict_id: int) -> LinkRequest:
        """Leave an id with whoever has it; raises as `share` does."""
        return await self._requests.take_conflict(actor, conflict_id)

    async def _submit_if_required(
        self, actor: Actor, pasted: str, reply: ReplyAddress
    ) -> SubmittedRequest | None:
        """Ask for the actor's own link; None where there is no need to."""
        api_id = self._linking.normalise(pasted)
        if not await self._requests.is_required(actor, api_id):
            return None
        return await self._requests.submit(actor, api_id, reply)

    async def _resolve_conflict(
        self, actor: Actor, conflict_id: int, *, moving: bool
    ) -> LinkResult | IdConflict:
        question = await self._requests.take_conflict(actor, conflict_id)
        member_id, api_id = question.discord_id, question.api_id
        try:
            linked = await self._linking.assign(
                actor, member_id, api_id, allowed_holders=question.holders, moving=moving
            )
        except IdAlreadyLinked as held:  # by somebody whom the question did not name
            return await self._requests.open_conflict(actor, member_id, held)
        return await self._announce(linked)

    async def _announce(self, result: LinkResult) -> LinkResult:
        await self._requests.supersede(result.link)
        await notify_all(self._notifier, changes_of(result))
        return result
