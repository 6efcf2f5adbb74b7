"""The errors of requests to the CAD: one base class; they carry data and no prose.

The database stores the class names of these errors. Do not rename them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar


class CadError(Exception):
    """The CAD did not carry out a request.

    Attributes:
        status: the HTTP status, or None if no answer arrived.
        text: the text of the CAD's answer, at most 300 characters; may be empty.
        retry_after: the seconds that the CAD asks the client to wait, or None.
        may_have_arrived: whether the CAD may have carried out the request all the same.
        affects_all_requests: whether every other request would fail in the same way.
    """

    may_have_arrived: bool = False
    affects_all_requests: ClassVar[bool] = True

    def __init__(
        self, text: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(text or type(self).__name__)
        self.text = text
        self.status = status
        self.retry_after = retry_after


class CadUnreachable(CadError):
    """There is no connection; `text` is the reason that the operating system gives."""


class CadBrokenOff(CadUnreachable):
    """The connection broke before the whole answer arrived."""

    may_have_arrived = True


class CadTimeout(CadError):
    """The CAD accepted the connection and did not answer in time."""

    may_have_arrived = True


class CadRateLimited(CadError):
    """Too many requests (429)."""


class UnitListIncomplete(CadRateLimited):
    """The rate limit has allowed only a part of the list of units so far.

    Attributes:
        loaded: how many units have been fetched.
        as_of: when the first of them were fetched; None in an error that was read from storage.
    """

    def __init__(
        self,
        text: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        loaded: int = 0,
        as_of: datetime | None = None,
    ) -> None:
        super().__init__(text, status=status, retry_after=retry_after)
        self.loaded = loaded
        self.as_of = as_of


class UnitListOutdated(CadRateLimited):
    """The rate limit allows no newer list of units yet.

    Attributes:
        as_of: when the list that is known was fetched; None in an error that was read from storage.
    """

    def __init__(
        self,
        text: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        as_of: datetime | None = None,
    ) -> None:
        super().__init__(text, status=status, retry_after=retry_after)
        self.as_of = as_of


class CadUnavailable(CadError):
    """The CAD or a proxy in front of it failed (5xx)."""

    may_have_arrived = True


class CadUnreadable(CadError):
    """The answer is not one of the CAD's answers: HTML, invalid JSON, or too large."""


class CadWebPage(CadUnreadable):
    """The answer is a web page; `text` is its title."""


class CadUnnumbered(CadUnreadable):
    """The CAD created a call, and its answer does not give the number."""

    may_have_arrived = True
    affects_all_requests = False


class CadRedirected(CadError):
    """The answer is a redirect, which the bot does not follow; `text` is its target."""


class CadRefused(CadError):
    """The CAD refused the request (4xx); the subclasses are faults of the set-up."""

    affects_all_requests = False


class InvalidRequestType(CadRefused):
    """`INVALID REQUEST TYPE`."""

    affects_all_requests = True


class InvalidCommunity(CadRefused):
    """`INVALID COMMUNITY ID`."""

    affects_all_requests = True


class ApiNotEnabled(CadRefused):
    """`API IS NOT ENABLED FOR THIS COMMUNITY`: the plan of the community is too low for v1."""

    affects_all_requests = True


class ApiForbidden(CadRefused):
    """v2 knows the key and does not let it in; v2 needs no plan."""

    affects_all_requests = True


class InvalidApiKey(CadRefused):
    """`INVALID API KEY`."""

    affects_all_requests = True


class UnitNotAddressable(CadRefused):
    """No request of this API can name some of the units; nothing is sent.

    Attributes:
        idents: the idents of these units.
    """

    def __init__(
        self,
        text: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        idents: Iterable[int] = (),
    ) -> None:
        super().__init__(text, status=status, retry_after=retry_after)
        self.idents = frozenset(idents)
