from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.cad import errors as cad_errors
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
    InvalidCommunity,
    InvalidRequestType,
    UnitListIncomplete,
    UnitListOutdated,
    UnitNotAddressable,
)
from bot.ui.cad_error_text import cad_message

HOSTILE = "`@here` **x**\n# [a](https://b.example)\u202e" * 100

TOLD: list[tuple[CadError, tuple[str, ...]]] = [
    (CadRefused("CALL NOT FOUND", status=400), ("The CAD refused: `CALL NOT FOUND`.",)),
    (CadRefused("", status=403), ("The CAD refused: `status 403`.",)),
    (InvalidRequestType("INVALID REQUEST TYPE"), ("`INVALID REQUEST TYPE`", "attach requests")),
    (InvalidCommunity("INVALID COMMUNITY ID"), ("`INVALID COMM", "SONORAN_COMMUNITY_ID")),
    (InvalidApiKey("INVALID API KEY"), ("`INVALID API KEY`", "SONORAN_API_KEY")),
    (ApiForbidden("Not now."), ("`Not now.`", "API 2")),
    (ApiNotEnabled("API IS NOT ENABLED FOR THIS COMMUNITY"), ("`API IS NOT EN", "Plus plan")),
    (CadRateLimited(status=429), ("Try again in a minute",)),
    (CadRateLimited(status=429, retry_after=7.4), ("Try again in 7 seconds.",)),
    (CadRateLimited(status=429, retry_after=0.2), ("Try again in 1 second.",)),
    (CadRateLimited(status=429, retry_after=0.0), ("Try again in a minute",)),
    (UnitListIncomplete(retry_after=7.0, loaded=90), ("Try again in 7 seconds.",)),
    (UnitListOutdated(retry_after=7.0), ("Try again in 7 seconds.",)),
    (CadTimeout(), ("did not answer in time", "check the call")),
    (CadBrokenOff("half-way"), ("`half-way`", "Check the call")),
    (CadUnreachable("Connection refused"), ("`Connection refused`", "Try again in a minute")),
    (CadUnavailable("Bad gateway", status=502), ("(502)", "Try again", "`Bad gateway`")),
    (CadUnavailable(status=503), ("(503)", "Try again")),
    (CadRedirected("https://elsewhere.example", status=302), ("SONORAN_API_URL",)),
    (CadUnreadable("Backend Service Reached", status=200), ("`Backend", "SONORAN_API_URL")),
    (CadWebPage("Just a moment...", status=200), ("`Just a moment...`", "SONORAN_API_URL")),
    (UnitNotAddressable("12"), ("needs an API id", "Link its member")),
    (CadUnnumbered("DONE", status=200), ("It was done", "`DONE`", "before you try again")),
    (CadError(), ("cannot be read", "SONORAN_API_URL")),
]


@pytest.mark.parametrize(("error", "told"), TOLD)
def test_every_error_says_what_happened_and_what_to_do(error, told) -> None:
    text = cad_message(error)
    assert text == text.strip()
    for part in told:
        assert part in text
    assert "  " not in text


def family(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for kind in base.__subclasses__():
        yield from family(kind)


def test_the_list_above_is_whole() -> None:
    known = {kind for kind in family(CadError) if kind.__module__ == cad_errors.__name__}
    assert known <= {type(error) for error, _ in TOLD}


@pytest.mark.parametrize("kind", sorted(family(CadError), key=repr))
def test_what_the_cad_says_stays_in_its_place(kind) -> None:
    text = cad_message(kind(HOSTILE, status=400))
    assert "\n" not in text
    assert text.count("`") in {0, 2}
    outside = "".join(text.split("`")[::2])
    assert "@here" not in outside
    assert "b.example" not in outside
    assert len(text) < 700
