from __future__ import annotations

import pytest

from bot.services.link_errors import IdAlreadyLinked, InvalidApiId, VanityUrl
from bot.storage.stores.link_request_store import LinkRequestState
from bot.ui.link_error_text import link_message, request_outcome

HOSTILE = "x` @here [a](http://b.example)\n# big"


@pytest.mark.parametrize(
    "error",
    [InvalidApiId(HOSTILE), VanityUrl(HOSTILE), IdAlreadyLinked(HOSTILE, frozenset({5}))],
    ids=lambda error: type(error).__name__,
)
def test_pasted_text_stays_in_its_place(error) -> None:
    text = link_message(error)
    assert "@here" not in "".join(text.split("`")[::2])
    assert "\n" not in text
    assert len(text) < 500


@pytest.mark.parametrize(
    ("state", "decided_by", "expected"),
    [
        (LinkRequestState.EXPIRED, None, "This has expired"),
        (LinkRequestState.APPROVED, 5, "<@5> has approved this"),
        (LinkRequestState.DENIED, None, "This has been denied"),
    ],
)
def test_how_a_request_ended(state, decided_by, expected) -> None:
    assert request_outcome(state, decided_by) == expected
