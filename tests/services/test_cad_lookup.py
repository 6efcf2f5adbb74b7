"""What one lookup of units found out about the CAD."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadError, CadRateLimited, CadRefused, CadTimeout, InvalidApiKey
from bot.services.cad_lookup import CadLookup


def test_the_start_is_reported_once_and_before_the_answer():
    seen: list[bool] = []
    lookup = CadLookup(lambda: seen.append(lookup.was_asked))
    assert (lookup.was_asked, lookup.error) == (False, None)
    lookup.started()
    lookup.started()
    assert seen == [True]


@pytest.mark.parametrize("error", [CadTimeout(), CadRateLimited(retry_after=3)])
def test_an_error_that_may_pass_is_kept_for_another_attempt(error: CadError):
    lookup = CadLookup()
    lookup.failed(error)
    assert lookup.error is error


@pytest.mark.parametrize("error", [CadRefused("no"), InvalidApiKey()])
def test_a_refusal_is_not(error: CadError):
    lookup = CadLookup()
    lookup.failed(error)
    assert lookup.error is None
