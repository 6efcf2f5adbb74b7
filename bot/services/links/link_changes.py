"""Changes of links, and the protocol by which members and staff are notified of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from bot.cad.errors import CadError
from bot.services.links.link_service import LinkResult
from bot.storage.stores.link_request_store import LinkRequest
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import ImportCounts


class LinkChangeKind(enum.Enum):
    """What happened to a link."""

    CHANGED = enum.auto()  # to another id
    REMOVED = enum.auto()
    MOVED = enum.auto()  # to another person
    SHARED = enum.auto()  # with another person


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A change of an existing link.

    Attributes:
        before: the link before the change.
        changed_by: the Discord id of the actor.
        api_id: the id that the member has now; None for none.
        other_id: the member who got the id, or who shares it.
    """

    kind: LinkChangeKind
    before: Link
    changed_by: int
    api_id: str | None = None
    other_id: int | None = None

    @property
    def is_own(self) -> bool:
        """Whether the member changed their own link."""
        return self.before.discord_id == self.changed_by


@dataclass(frozen=True, slots=True)
class MessageRef:
    """The address of a Discord message."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class RequestNotice:
    """A request as it is shown to the staff who may approve it.

    Attributes:
        replaces: the link that the member has now, None for none.
        error: why the CAD could not be asked about the account; None if it answered.
    """

    request: LinkRequest
    replaces: Link | None
    error: CadError | None


@dataclass(frozen=True, slots=True)
class SubmittedRequest:
    """A pending request; `has_replaced` if it replaced an earlier one of the same member."""

    request: LinkRequest
    has_replaced: bool


@dataclass(frozen=True, slots=True)
class IdConflict:
    """A stored request for an id that another member already has; staff must decide."""

    request: LinkRequest


@dataclass(frozen=True, slots=True)
class ReplacementQuestion:
    """A stored request for an id that the CAD does not know; the actor is asked.

    Attributes:
        present_id: the id of the member, which the CAD has confirmed.
        was_asked: whether the CAD said so; else it could not be asked.
    """

    request: LinkRequest
    present_id: str
    was_asked: bool


class LinkNotifier(Protocol):
    """Sends messages about links to Discord. No method raises."""

    async def post_request(self, notice: RequestNotice) -> MessageRef | None:
        """Post a request with its buttons; return None if that failed."""

    async def close_request(self, request: LinkRequest) -> None:
        """Replace the buttons of a posted request by its result."""

    async def remove_buttons(self, message: MessageRef) -> None:
        """Remove the buttons of a message that no request has."""

    async def answer_requester(self, request: LinkRequest) -> None:
        """Send the result of a request to the member who made it."""

    async def notify_owner(self, change: LinkChange) -> None:
        """Send a change to the member who had the link."""

    async def log_change(self, change: LinkChange) -> None:
        """Write a change into the log channel."""

    async def log_import(self, imported_by: int, counts: ImportCounts) -> None:
        """Write the counts of an import into the log channel."""


def changes_of(result: LinkResult) -> list[LinkChange]:
    """Return how saving one link changed the links that existed before."""
    link, by = result.link, result.link.set_by
    changes: list[LinkChange] = []
    if result.replaced is not None and result.replaced.api_id != link.api_id:
        changes.append(LinkChange(LinkChangeKind.CHANGED, result.replaced, by, link.api_id))
    for holder in result.holders:
        if result.is_moved:
            changes.append(LinkChange(LinkChangeKind.MOVED, holder, by, other_id=link.discord_id))
        elif result.replaced is None or result.replaced.api_id != link.api_id:
            changes.append(
                LinkChange(LinkChangeKind.SHARED, holder, by, holder.api_id, link.discord_id)
            )
    return changes


async def notify_all(notifier: LinkNotifier, changes: list[LinkChange]) -> None:
    """Log each change, and notify its owner unless the owner made the change."""
    for change in changes:
        await notifier.log_change(change)
        if not change.is_own:
            await notifier.notify_owner(change)
