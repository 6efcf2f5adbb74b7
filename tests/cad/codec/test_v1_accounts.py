"""The v1 API under `/general`."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.codec import v1, v1_accounts
from bot.cad.errors import CadError, CadRefused
from bot.cad.http.wire import Credentials, Request
from tests.cad.samples import JSON, answer, json_answer

WHO = Credentials("YOUR_COMMUNITY_ID", "YOUR_API_KEY")


def objects(request: Request):
    """Return the data objects of a request, as the CAD reads them."""
    return list(json.loads(json.dumps(request.body))["data"])


def test_the_request_for_the_name_of_an_account():
    request = v1_accounts.check_api_id(WHO, 3, "steam:1")
    assert (request.method, request.path) == ("POST", "/general/check_apiid")
    assert request.body is not None
    assert request.body["type"] == "CHECK_APIID"
    assert objects(request) == [{"serverId": 3, "apiId": "steam:1"}]
    assert {request.endpoint} == set(v1.LIMITS)


@given(
    st.binary(max_size=300) | JSON.map(lambda data: json.dumps(data).encode()),
    st.integers(200, 599),
    st.sampled_from(["text/html", "application/json", ""]),
)
def test_no_answer_makes_a_reader_raise_anything_else(body, status, content_type):
    for read in (v1_accounts.read_account_name, v1_accounts.read_account):
        with contextlib.suppress(CadError):
            read(answer(body, status, content_type=content_type))


@pytest.mark.parametrize(
    "body", ["Backend Service Reached", "BACKEND SERVICE REACHED.", "<html><title>Hi</title>"]
)
def test_what_a_wrong_address_answers_is_no_name(body):
    with pytest.raises(CadError):
        v1_accounts.read_account_name(answer(body))


@pytest.mark.parametrize(
    ("body", "name"), [("patdoe", "patdoe"), ('"patdoe"', "patdoe"), (" Pat Doe \n", "Pat Doe")]
)
def test_the_name_of_an_account(body, name):
    assert v1_accounts.read_account_name(answer(body)) == name


def test_an_unknown_api_id():
    text = "API ID NOT LINKED TO AN ACCOUNT IN THIS COMMUNITY"
    assert v1_accounts.read_account_name(answer(text, 404)) is None


@pytest.mark.parametrize(
    ("body", "status"), [("<html><title>Not Found</title>", 404), ("NOT LINKED", 400)]
)
def test_another_refusal_is_not_an_unknown_api_id(body, status):
    with pytest.raises(CadRefused):
        v1_accounts.read_account_name(answer(body, status))


def test_the_account_with_its_permissions():
    request = v1_accounts.get_account(WHO, 2, "steam:1")
    assert request.path == "/general/get_account"
    assert request.body is not None
    assert request.body["type"] == "GET_ACCOUNT"
    assert objects(request) == [{"serverId": 2, "apiId": "steam:1"}]
    raw = {"uuid": "u-1", "username": "pat", "permissions": {"dispatch": True}, "apiIds": ["a"]}
    found = v1_accounts.read_account(json_answer(raw))
    assert found is not None
    assert (found.api_id, found.permissions) == ("a", frozenset({"dispatch"}))
    unknown = answer("API ID NOT LINKED TO AN ACCOUNT IN THIS COMMUNITY", 404)
    assert v1_accounts.read_account(unknown) is None
    with pytest.raises(CadRefused):
        v1_accounts.read_account(answer("Not Found", 404))


def test_the_account_with_a_uuid():
    request = v1_accounts.get_account_by_uuid(WHO, 2, "u-1")
    assert request.body is not None
    assert request.body["type"] == "GET_ACCOUNT"
    assert objects(request) == [{"serverId": 2, "account": "u-1"}]
