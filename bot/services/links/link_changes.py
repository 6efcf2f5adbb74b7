"""What people are told about links without having asked."""

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
    """What has happened to somebody's link."""

    CHANGED = enum.auto()  # to another id
    REMOVED = enum.auto()
    MOVED = enum.auto()  # to another person
    SHARED = enum.auto()  # with another person


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A change of a link that somebody had.

    Attributes:
        before: the link as it was.
        by: who changed it.
        api_id: the id that the person has now, None for none.
        other_id: the person to whom it was moved, or with whom it is shared.
    """

    kind: LinkChangeKind
    before: Link
    changed_by: int
    api_id: str | None = None
    other_id: int | None = None

    @property
    def is_own(self) -> bool:
        """Tell whether the person did it themselves."""
        return self.before.discord_id == self.changed_by


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message is."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class RequestNotice:
    """A request as whoever may approve it sees it.

    Attributes:
        replaces: the link that the person has now.
        error: why the CAD could not be asked about the account, None if it answered.
    """

    request: LinkRequest
    replaces: Link | None
    error: CadError | None


class LinkNotifier(Protocol):
    """The only way from the links to Discord. No method raises."""

    async def post_request(self, notice: RequestNotice) -> MessageRef | None:
        """Show a request to those who may approve it; None if that is not possible."""

    async def close_request(self, request: LinkRequest) -> None:
        """Show what became of a request, in place of its buttons."""

    async def answer_requester(self, request: LinkRequest) -> None:
        """Tell whoever is to be linked what became of a request."""

    async def notify_owner(self, change: LinkChange) -> None:
        """Tell whoever had the link."""

    async def log_change(self, change: LinkChange) -> None:
        """Write it where the staff can read it."""

    async def log_import(self, imported_by: int, counts: ImportCounts) -> None:
        """Write there what a file of links has changed."""


def changes_of(result: LinkResult) -> list[LinkChange]:
    """Return what has happened to links that there were, when one was made."""
    link, by = result.link, result.link.set_by
    news = []
    if result.replaced is not None and result.replaced.api_id != link.api_id:
        news.append(LinkChange(LinkChangeKind.CHANGED, result.replaced, by, link.api_id))
    for held in result.holders:
        if result.is_moved:
            news.append(LinkChange(LinkChangeKind.MOVED, held, by, other_id=link.discord_id))
        elif result.replaced is None or result.replaced.api_id != link.api_id:
            news.append(LinkChange(LinkChangeKind.SHARED, held, by, held.api_id, link.discord_id))
    return news


async def notify_all(notifier: LinkNotifier, changes: list[LinkChange]) -> None:
    """Tell those whom it concerns, unless they did it themselves, and the staff."""
    for one in changes:
        await notifier.log_change(one)
        if not one.is_own:
            await notifier.notify_owner(one)
