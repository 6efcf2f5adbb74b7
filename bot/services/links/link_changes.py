"""What people are told about links without having asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from bot.cad.errors import CadError
from bot.services.links.link_service import Linked
from bot.storage.stores.link_request_store import LinkRequest
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import ImportCounts


class Change(enum.Enum):
    """What has happened to somebody's link."""

    CHANGED = enum.auto()  # to another id
    REMOVED = enum.auto()
    MOVED = enum.auto()  # to another person
    SHARED = enum.auto()  # with another person


@dataclass(frozen=True, slots=True)
class News:
    """A change of a link that somebody had.

    Attributes:
        before: the link as it was.
        by: who changed it.
        api_id: the id that the person has now, None for none.
        other_id: the person to whom it was moved, or with whom it is shared.
    """

    change: Change
    before: Link
    by: int
    api_id: str | None = None
    other_id: int | None = None

    @property
    def is_own(self) -> bool:
        """Tell whether the person did it themselves."""
        return self.before.discord_id == self.by


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as whoever may approve it sees it.

    Attributes:
        replaces: the link that the person has now.
        error: why the CAD could not be asked about the account, None if it answered.
    """

    request: LinkRequest
    replaces: Link | None
    error: CadError | None


class Herald(Protocol):
    """The only way from the links to Discord. No method raises."""

    async def ask(self, asking: Asking) -> Place | None:
        """Show a request to those who may approve it; None if that is not possible."""

    async def close(self, request: LinkRequest) -> None:
        """Show what became of a request, in place of its buttons."""

    async def answer(self, request: LinkRequest) -> None:
        """Tell whoever is to be linked what became of a request."""

    async def tell(self, news: News) -> None:
        """Tell whoever had the link."""

    async def report(self, news: News) -> None:
        """Write it where the staff can read it."""

    async def imported(self, by: int, counts: ImportCounts) -> None:
        """Write there what a file of links has changed."""


def news_of(linked: Linked) -> list[News]:
    """Return what has happened to links that there were, when one was made."""
    link, by = linked.link, linked.link.set_by
    news = []
    if linked.replaced is not None and linked.replaced.api_id != link.api_id:
        news.append(News(Change.CHANGED, linked.replaced, by, link.api_id))
    for held in linked.holders:
        if linked.is_moved:
            news.append(News(Change.MOVED, held, by, other_id=link.discord_id))
        elif linked.replaced is None or linked.replaced.api_id != link.api_id:
            news.append(News(Change.SHARED, held, by, held.api_id, link.discord_id))
    return news


async def spread(herald: Herald, news: list[News]) -> None:
    """Tell those whom it concerns, unless they did it themselves, and the staff."""
    for one in news:
        await herald.report(one)
        if not one.is_own:
            await herald.tell(one)
