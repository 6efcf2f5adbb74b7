"""What an order waits for, in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    UnitListIncomplete,
    UnitListOutdated,
)
from bot.ui.wait_text import wait_reason

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CadRateLimited(), "Sonoran CAD takes no more requests for now."),
        (UnitListIncomplete(), "Sonoran CAD takes no more requests for now."),
        (
            UnitListIncomplete(loaded=90, as_of=AS_OF),
            "The list of units on duty is still loading: 90 so far, as of <t:1767225600:R>.",
        ),
        (UnitListOutdated(), "Sonoran CAD takes no more requests for now."),
        (
            UnitListOutdated(as_of=AS_OF),
            (
                "The list of units on duty was read <t:1767225600:R>, and the CAD does not show it"
                " again yet."
            ),
        ),
        (CadUnavailable(status=503), "Sonoran CAD has a fault (503)."),
        (CadUnreachable("No route"), "Sonoran CAD cannot be reached (`No route`)."),
        (CadTimeout(), "Sonoran CAD is not answering."),
    ],
)
def test_why_an_order_waits(error: CadError, words: str) -> None:
    assert wait_reason(error) == words
