"""What an answer says about the API that gave it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad import api_choice, errors
from bot.cad.errors import (
    ApiForbidden,
    ApiNotEnabled,
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnnumbered,
    CadUnreachable,
    CadUnreadable,
    CadWebPage,
    InvalidApiKey,
    InvalidRequestType,
    UnitNotAddressable,
)

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CadError)
]
ERRORS = st.builds(
    lambda kind, status: kind("said", status=status),
    st.sampled_from(KINDS),
    st.none() | st.integers(200, 599),
)


@pytest.mark.parametrize(
    ("error", "is_question", "is_absent"),
    [
        (InvalidApiKey(status=401), True, False),
        (ApiForbidden(status=403), True, False),
        (ApiNotEnabled(status=400), True, False),
        (InvalidRequestType(status=400), True, True),
        (CadRefused("You may not do this.", status=403), True, False),
        (CadRefused("Gone", status=410), True, True),
        (CadRefused("Not Found", status=404), True, True),
        (CadRedirected("https://elsewhere.example", status=302), True, True),
        (CadWebPage("Welcome", status=200), True, True),
        (CadUnreadable("Backend Service Reached", status=200), True, True),
        (CadRefused("CALL NOT FOUND", status=400), False, False),
        (UnitNotAddressable(), False, False),
        (CadUnnumbered(status=200), False, True),
        (CadUnreachable(), False, False),
        (CadBrokenOff(), False, False),
        (CadTimeout(), False, False),
        (CadUnavailable(status=502), False, False),
        (CadRateLimited(status=429), False, False),
    ],
    ids=repr,
)
def test_what_an_error_says(error: CadError, is_question: bool, is_absent: bool) -> None:
    assert api_choice.questions_api(error) is is_question
    assert api_choice.is_absent(error) is is_absent


@given(ERRORS)
def test_a_request_is_sent_again_only_if_the_cad_is_there_and_did_not_do_it(
    error: CadError,
) -> None:
    if error.may_have_arrived or api_choice.is_undecided(error):
        assert not api_choice.questions_api(error)


@given(ERRORS, ERRORS)
def test_the_refusal_of_an_api_that_is_there_is_shown(first: CadError, second: CadError) -> None:
    shown = api_choice.more_telling(first, second)
    assert shown in {first, second}
    if api_choice.is_absent(shown):
        assert api_choice.is_absent(first)
        assert api_choice.is_absent(second)
        assert shown is first
