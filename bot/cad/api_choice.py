"""Which of the CAD's APIs is used, and what an answer says about that. Pure.

Reference: docs/sonoran-cad.md, "Which API answers".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
    InvalidRequestType,
)

# The statuses of an address that is not served, or not any more.
ABSENT_STATUSES = frozenset({404, 405, 410})
_KEY_STATUSES = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """The API in use.

    Attributes:
        version: 1 or 2; None while the CAD has not shown which one takes the key.
        is_automatic: whether the bot chooses.
        refusals: why an API was not or is no longer used, by version; only what the CAD has said.
    """

    version: int | None
    is_automatic: bool = False
    refusals: Mapping[int, CadError] = field(default_factory=dict)


def is_undecided(error: CadError) -> bool:
    """Return True if an error does not say whether an API takes the key: the CAD is away."""
    return isinstance(error, CadUnreachable | CadTimeout | CadUnavailable | CadRateLimited)


def questions_api(error: CadError) -> bool:
    """Return True if, after this error, another API may take what this one refused.

    Only if the CAD cannot have carried out the request: it is sent again.
    """
    if error.may_have_arrived or is_undecided(error):
        return False
    if isinstance(error, CadRefused):
        return error.affects_all_requests or error.status in ABSENT_STATUSES | _KEY_STATUSES
    return True


def is_absent(error: CadError) -> bool:
    """Return True if an error says that an API is not served here."""
    return (
        isinstance(error, CadUnreadable | CadRedirected | InvalidRequestType)
        or error.status in ABSENT_STATUSES
    )


def more_telling(first: CadError, second: CadError) -> CadError:
    """Return the one of two refusals to show: that of an API which is served, else the first."""
    return second if is_absent(first) and not is_absent(second) else first
