"""The findings about the CAD's two APIs."""

from __future__ import annotations

import pytest

from bot.cad.api_choice import ApiStatus
from bot.cad.errors import (
    ApiForbidden,
    CadError,
    CadRefused,
    CadTimeout,
    CadWebPage,
    InvalidApiKey,
)
from bot.services.doctor import api_checks
from bot.services.doctor.findings import Finding, FindingCode, fine, warning

GONE = CadRefused("Gone", status=410)
NO_KEY = InvalidApiKey("no", status=401)


@pytest.mark.parametrize(
    ("api", "failure", "found"),
    [
        (ApiStatus(1), None, [fine(FindingCode.API_USED, version=1)]),
        (ApiStatus(2, is_automatic=True), None, [fine(FindingCode.API_USED, version=2)]),
        (
            ApiStatus(1, is_automatic=True, refusals={2: NO_KEY, 1: GONE}),
            None,
            [
                fine(FindingCode.API_USED, version=1),
                warning(FindingCode.API_REFUSES_KEY, version=2, reason="no"),
            ],
        ),
        (
            ApiStatus(1, is_automatic=True, refusals={2: ApiForbidden("off", status=403)}),
            None,
            [
                fine(FindingCode.API_USED, version=1),
                warning(FindingCode.API_FORBIDDEN, version=2, reason="off"),
            ],
        ),
        (
            ApiStatus(2, is_automatic=True, refusals={1: GONE}),
            None,
            [
                fine(FindingCode.API_USED, version=2),
                fine(FindingCode.API_ABSENT, version=1, reason="Gone"),
            ],
        ),
        (
            ApiStatus(None, is_automatic=True, refusals={1: GONE, 2: NO_KEY}),
            NO_KEY,
            [warning(FindingCode.API_ABSENT, version=1, reason="Gone")],
        ),
        (ApiStatus(1), GONE, []),
    ],
)
def test_which_api_is_used_and_why(
    api: ApiStatus, failure: CadError | None, found: list[Finding]
) -> None:
    assert api_checks.api_findings(api, failure) == found


@pytest.mark.parametrize(
    ("error", "is_automatic", "code"),
    [
        (GONE, False, FindingCode.API_FORCED),
        (GONE, True, FindingCode.CAD_WRONG_ADDRESS),
        (CadRefused("NOT NOW", status=400), False, FindingCode.CAD_REJECTED),
    ],
)
def test_a_refusal_without_a_documented_text(
    error: CadRefused, is_automatic: bool, code: FindingCode
) -> None:
    assert api_checks.code_of_refusal(error, ApiStatus(1, is_automatic=is_automatic)) is code


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CadWebPage("Welcome", status=200), "Welcome"),
        (CadRefused(status=418), "status 418"),
        (CadTimeout(), "CadTimeout"),
    ],
)
def test_the_text_of_an_error(error: CadError, text: str) -> None:
    assert api_checks.error_text(error) == text
