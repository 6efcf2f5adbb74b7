"""Link, unlink and resolve conflicts: the service, the approvals and the notices together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bot.services.access.policy import Actor
from bot.services.link_errors import ApprovalPending, IdAlreadyLinked, ReplacesProvenLink
from bot.services.links.approvals import LinkApprovals
from bot.services.links.link_changes import (
    IdConflict,
    LinkChange,
    LinkChangeKind,
    LinkNotifier,
    MessageRef,
    ReplacementQuestion,
    SubmittedRequest,
    changes_of,
    notify_all,
)
from bot.services.links.link_pace import LinkPace
from bot.services.links.link_service import LinkResult, LinkService
from bot.services.reply import ReplyAddress
from bot.storage.stores.link_request_store import LinkRequest
from bot.storage.stores.link_row import Link

LinkOutcome: TypeAlias = LinkResult | SubmittedRequest | IdConflict | ReplacementQuestion


@dataclass(frozen=True, slots=True)
class UnlinkResult:
    """What `unlink` removed.

    Attributes:
        link: the deleted link, None if there was none.
        had_request: whether a pending request was withdrawn.
    """

    discord_id: int
    link: Link | None
    had_request: bool


class LinkWorkflow:
    """Links members, requests approvals where needed, and sends the notices.

    Every method raises ServiceError, StorageError and nothing else.
    """

    def __init__(
        self,
        linking: LinkService,
        requests: LinkApprovals,
        pace: LinkPace,
        notifier: LinkNotifier,
    ) -> None:
        self._pace = pace
        self._linking = linking
        self._requests = requests
        self._notifier = notifier

    async def link(
        self, actor: Actor, member_id: int, pasted: str, reply: ReplyAddress
    ) -> LinkOutcome:
        """Link a member to an API id.

        Returns:
            The saved link; or the request, where an approval is needed; or the conflict, where
            another member has the id and the actor may decide about it; or the question whether an
            id that the CAD does not know is to replace one that it has confirmed.

        Raises:
            NotAllowed, InvalidApiId, TooManyLinks, ApprovalUnavailable.
            IdAlreadyLinked: another member has it, and the actor may not decide about it.
        """
        if member_id == actor.user_id and (
            submitted := await self._submit_if_required(actor, pasted, reply)
        ):
            return submitted
        try:
            result = await self._linking.link(actor, member_id, pasted)
        except IdAlreadyLinked as error:
            if not error.holders:
                raise
            return await self._requests.open_conflict(actor, member_id, error, reply)
        except ReplacesProvenLink as error:
            unheld = IdAlreadyLinked(error.api_id, frozenset())
            asked = await self._requests.open_conflict(actor, member_id, unheld, reply)
            return ReplacementQuestion(asked.request, error.present_id, error.was_asked)
        return await self._announce(result)

    async def link_now(self, actor: Actor, pasted: str, reply: ReplyAddress) -> LinkResult:
        """Link the actor before an action that needs the link; raises as `link` does.

        Raises:
            ApprovalPending: the link needs an approval, which is now requested.
        """
        if submitted := await self._submit_if_required(actor, pasted, reply):
            raise ApprovalPending(submitted.request.api_id)
        return await self._announce(await self._linking.link(actor, actor.user_id, pasted))

    async def require_no_request(self, actor: Actor) -> None:
        """Raise ApprovalPending if the actor has a pending link request."""
        if (api_id := await self._requests.pending_id(actor.guild_id, actor.user_id)) is not None:
            raise ApprovalPending(api_id)

    async def unlink(self, actor: Actor, member_id: int) -> UnlinkResult:
        """Delete a member's link and withdraw their requests; raises NotAllowed as `link` does."""
        removed = await self._linking.unlink(actor, member_id)
        had_request = await self._requests.withdraw(actor.guild_id, member_id, actor.user_id)
        if removed is not None:
            await notify_all(
                self._notifier, [LinkChange(LinkChangeKind.REMOVED, removed, actor.user_id)]
            )
        return UnlinkResult(member_id, removed, had_request)

    async def approve(
        self, actor: Actor, request_id: int, message: MessageRef, reply: ReplyAddress
    ) -> LinkRequest | IdConflict:
        """Approve a request; see `LinkApprovals.approve`."""
        return await self._requests.approve(actor, request_id, message, reply)

    async def deny(self, actor: Actor, request_id: int, message: MessageRef) -> LinkRequest:
        """Deny a request; see `LinkApprovals.deny`."""
        return await self._requests.deny(actor, request_id, message)

    async def share(
        self, actor: Actor, conflict_id: int, reply: ReplyAddress
    ) -> LinkResult | IdConflict:
        """Link the member of a conflict to the id; its present holders keep it too.

        Args:
            reply: the message whose button was pressed.

        Raises:
            NotAllowed.
            RequestNotFound: see `LinkApprovals.take_conflict`.
        """
        return await self._resolve_conflict(actor, conflict_id, reply, moving=False)

    async def move(
        self, actor: Actor, conflict_id: int, reply: ReplyAddress
    ) -> LinkResult | IdConflict:
        """Link the member of a conflict to the id, unlink its holders; raises as `share` does."""
        return await self._resolve_conflict(actor, conflict_id, reply, moving=True)

    async def replace(
        self, actor: Actor, question_id: int, reply: ReplyAddress
    ) -> LinkResult | SubmittedRequest | IdConflict:
        """Link a member to an id that the CAD does not know; see `ReplacementQuestion`.

        Raises:
            NotAllowed.
            IdAlreadyLinked: another member has it, and the actor may not decide about it.
            RequestNotFound: see `LinkApprovals.take_conflict`.
        """
        asked = await self._requests.take_conflict(actor, question_id, reply)
        if asked.discord_id == actor.user_id and (
            submitted := await self._submit_if_required(actor, asked.api_id, reply)
        ):
            return submitted
        try:
            result = await self._linking.assign(
                actor, asked.discord_id, asked.api_id, may_replace_proven=True
            )
        except IdAlreadyLinked as error:
            if not error.holders:
                raise
            return await self._requests.open_conflict(actor, asked.discord_id, error, reply)
        return await self._announce(result)

    async def keep(self, actor: Actor, conflict_id: int, reply: ReplyAddress) -> LinkRequest:
        """Leave the id with its present holders; raises as `share` does."""
        return await self._requests.take_conflict(actor, conflict_id, reply)

    async def _submit_if_required(
        self, actor: Actor, pasted: str, reply: ReplyAddress
    ) -> SubmittedRequest | None:
        """Submit a request for the actor's own link; return None if no approval is needed.

        Raises:
            InvalidApiId, TooManyLinks, ApprovalUnavailable.
        """
        api_id = self._linking.normalise(pasted)
        self._pace.take(actor)
        if not await self._requests.is_required(actor, api_id):
            return None
        return await self._requests.submit(actor, api_id, reply)

    async def _resolve_conflict(
        self, actor: Actor, conflict_id: int, reply: ReplyAddress, *, moving: bool
    ) -> LinkResult | IdConflict:
        conflict = await self._requests.take_conflict(actor, conflict_id, reply)
        member_id, api_id = conflict.discord_id, conflict.api_id
        try:
            result = await self._linking.assign(
                actor,
                member_id,
                api_id,
                allowed_holders=conflict.holders,
                moving=moving,
                may_replace_proven=True,  # the actor has been asked about this id
            )
        except IdAlreadyLinked as error:  # a new holder, not named in the conflict
            return await self._requests.open_conflict(actor, member_id, error, reply)
        return await self._announce(result)

    async def _announce(self, result: LinkResult) -> LinkResult:
        await self._requests.supersede(result.link)
        await notify_all(self._notifier, changes_of(result))
        return result
