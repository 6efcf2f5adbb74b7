"""One page of a list that is too long for a message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list.

    Attributes:
        number: the page, from 1 to count.
        count: the number of pages, at least 1.
        total: the number of items on all pages.
    """

    items: Sequence[T]
    number: int
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class PageRange:
    """Where a page lies in a list of total items; a number outside means the nearest page."""

    total: int
    wanted: int
    size: int

    @property
    def count(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def number(self) -> int:
        """The page that is shown, from 1 to count."""
        return min(max(1, self.wanted), self.count)

    @property
    def offset(self) -> int:
        """The number of items before the page."""
        return (self.number - 1) * self.size
