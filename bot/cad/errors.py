"""What can go wrong between the bot and the CAD: one family, data only, no prose."""

from __future__ import annotations

from typing import ClassVar


class CadError(Exception):
    """The CAD did not do what it was asked.

    Attributes:
        status: the HTTP status, or None where no answer arrived.
        text: the CAD's own words, trimmed to at most 300 characters; may be empty.
        retry_after: seconds that the CAD asks to wait, or None.
        may_have_arrived: whether the CAD may have done it all the same.
        concerns_all: whether any other request would have ended the same way.
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
    """No connection; text is the system's reason."""


class CadBrokenOff(CadUnreachable):
    """The connection broke before the whole answer arrived."""

    may_have_arrived = True


class CadTimeout(CadError):
    """The CAD took the request and did not answer in time."""

    may_have_arrived = True


class CadRateLimited(CadError):
    """Too many requests (429)."""


class CadUnavailable(CadError):
    """The CAD or a proxy before it failed (5xx)."""

    may_have_arrived = True


class CadUnreadable(CadError):
    """An answer arrived that is none of the CAD's: HTML, broken JSON, too large."""


class CadUnnumbered(CadUnreadable):
    """The CAD did it, and its answer does not say under which number."""

    may_have_arrived = True
    affects_all_requests = False


class CadRedirected(CadError):
    """The address answers with a redirect, which is not followed; text is where it points."""


class CadRefused(CadError):
    """The CAD understood and said no (4xx); the kinds below are about the set-up."""

    affects_all_requests = False


class InvalidRequestType(CadRefused):
    """`INVALID REQUEST TYPE`."""

    affects_all_requests = True


class InvalidCommunity(CadRefused):
    """`INVALID COMMUNITY ID`."""

    affects_all_requests = True


class ApiNotEnabled(CadRefused):
    """`API IS NOT ENABLED FOR THIS COMMUNITY`: the subscription is too low."""

    affects_all_requests = True


class InvalidApiKey(CadRefused):
    """`INVALID API KEY`."""

    affects_all_requests = True
