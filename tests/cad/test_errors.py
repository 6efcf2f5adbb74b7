"""The errors of the CAD's client: what each tells the caller about retrying."""

from __future__ import annotations

import inspect

import pytest

from bot.cad import errors
from bot.cad.errors import CadError, CadRateLimited, CadUnreachable

# The names are stored with the outcomes of orders. A new error is added here; none is renamed.
# name: may the request have arrived, and would every other request fail in the same way?
PROMISES = {
    "CadError": (False, True),
    "CadUnreachable": (False, True),
    "CadBrokenOff": (True, True),
    "CadTimeout": (True, True),
    "CadRateLimited": (False, True),
    "UnitListIncomplete": (False, True),
    "UnitListOutdated": (False, True),
    "CadUnavailable": (True, True),
    "CadUnreadable": (False, True),
    "CadWebPage": (False, True),
    "CadUnnumbered": (True, False),
    "CadRedirected": (False, True),
    "CadRefused": (False, False),
    "InvalidRequestType": (False, True),
    "InvalidCommunity": (False, True),
    "ApiNotEnabled": (False, True),
    "ApiForbidden": (False, True),
    "InvalidApiKey": (False, True),
    "UnitNotAddressable": (False, False),
}


def test_every_error_says_whether_to_try_again_and_whether_others_fail_too():
    found = {
        name: (error.may_have_arrived, error.affects_all_requests)
        for name, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, CadError)
    }
    assert found == PROMISES


@pytest.mark.parametrize("name", PROMISES)
def test_an_error_carries_what_the_cad_said(name: str):
    error: CadError = getattr(errors, name)("BAD KEY", status=400, retry_after=2.5)
    assert (error.text, error.status, error.retry_after) == ("BAD KEY", 400, 2.5)
    assert str(error) == "BAD KEY"


def test_an_error_without_words_shows_its_name_in_a_log():
    error = CadRateLimited()
    assert (str(error), error.text) == ("CadRateLimited", "")
    assert (error.status, error.retry_after) == (None, None)


def test_a_connection_that_broke_is_one_that_was_not_there():
    assert issubclass(errors.CadBrokenOff, CadUnreachable)
    assert not issubclass(errors.CadTimeout, CadUnreachable)


@pytest.mark.parametrize(
    "name", ["InvalidRequestType", "InvalidCommunity", "ApiNotEnabled", "InvalidApiKey"]
)
def test_faults_of_the_set_up_are_refusals(name: str):
    assert issubclass(getattr(errors, name), errors.CadRefused)
