"""What can go wrong between the bot and the CAD: one family, data only, no prose."""

from __future__ import annotations


class CadError(Exception):
    """The CAD did not do what it was asked.

    Attributes:
        status: the HTTP status, or None where no answer arrived.
        text: the CAD's own words, trimmed to at most 300 characters; may be empty.
        retry_after: seconds that the CAD asks to wait, or None.
    """

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
    """The connection broke before the whole answer arrived: the order may have been carried out."""


class CadTimeout(CadError):
    """The CAD took the request and did not answer in time."""


class CadRateLimited(CadError):
    """Too many requests (429)."""


class CadUnavailable(CadError):
    """The CAD or a proxy before it failed (5xx)."""


class CadUnreadable(CadError):
    """An answer arrived that is none of the CAD's: HTML, broken JSON, too large."""


class CadRedirected(CadError):
    """The address answers with a redirect, which is not followed; text is where it points."""


class CadRefused(CadError):
    """The CAD understood and said no (4xx)."""


class InvalidRequestType(CadRefused):
    """`INVALID REQUEST TYPE`."""


class InvalidCommunity(CadRefused):
    """`INVALID COMMUNITY ID`."""


class ApiNotEnabled(CadRefused):
    """`API IS NOT ENABLED FOR THIS COMMUNITY`: the subscription is too low."""


class InvalidApiKey(CadRefused):
    """`INVALID API KEY`."""
