"""The v2 API: its requests, and the reading of its responses."""

import contextlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.codec import v2, v2_accounts, v2_calls
from bot.cad.errors import (
    ApiForbidden,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadUnavailable,
    CadUnnumbered,
    CadUnreadable,
    InvalidApiKey,
    UnitNotAddressable,
)
from bot.cad.http.rate_limits import RateLimit
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import (
    Account,
    AttachRequest,
    CurrentCall,
    DetachRequest,
    NewCall,
    Receipt,
    UnitRef,
)
from tests.cad.samples import CALL, JSON, UNIT, answer, json_answer

WHO = Credentials("community", "SECRET")
SERVER = "/v2/emergency/servers/3"
ON_DUTY = UnitRef("steam:1", 12)
OFF_DUTY = UnitRef("steam:2")
ACCOUNT = {"uuid": "u-1", "username": "pat", "communityUserId": "steam:1", "permissions": {}}
NEW = NewCall(
    3,
    "Riot",
    code="10-15",
    priority=1,
    status=0,
    block="100",
    address="Mission Row",
    postal="9001",
    description="Many.",
    meta={"callerPlayerId": "7"},
)
SAMPLES = {
    v2.read_receipt: {"callId": 100, "identIds": [12, "18", None, True]},
    v2_calls.read_new_call: CALL,
    v2_calls.read_calls: {"ActiveCalls": [CALL], "EmergencyCalls": [], "ClosedCallCount": 1},
    v2_calls.read_recent_calls: {"ActiveCalls": [CALL], "ClosedCalls": [CALL]},
    v2.read_units: [UNIT],
    v2_accounts.read_account: ACCOUNT,
    v2_accounts.read_linked_account: {"linked": True, "accountUuid": "u-1"},
    v2.read_current_call: {"IdentId": 12, "CallId": 100},
}
READERS = tuple(SAMPLES)
READERS_OF_PEOPLE = (
    v2_accounts.read_account,
    v2_accounts.read_linked_account,
    v2.read_current_call,
)
REQUESTS = (
    *v2.attach(WHO, AttachRequest(1, 100, (ON_DUTY, OFF_DUTY))),
    *v2.detach(WHO, DetachRequest(1, (ON_DUTY, OFF_DUTY))),
    v2_calls.new_dispatch(WHO, NEW),
    v2_calls.close_call(WHO, 1, 100),
    v2_calls.add_note(WHO, 1, 100, "Hi", "Pat"),
    v2.remove_911(WHO, 1, 5),
    v2.set_status(WHO, 1, ON_DUTY, 3),
    v2_calls.get_calls(WHO, 1),
    v2.get_units(WHO, 1),
    v2_accounts.account_by_discord(WHO, 42),
    v2_accounts.account_by_uuid(WHO, "u-1"),
    v2_accounts.account_by_community_user(WHO, "steam:1"),
    v2_accounts.check_link(WHO, "steam:1"),
    v2.current_call(WHO, "u-1"),
)


def problem(status: int, **texts: str) -> Response:
    """Build an error in the CAD's form."""
    body = {"type": "about:blank", "status": status, "instance": "/v2/servers", **texts}
    return answer(json.dumps(body), status, content_type="application/problem+json")


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_request_carries_the_key_and_does_not_show_it(request_: Request):
    assert request_.headers == {"Authorization": "Bearer SECRET", "Accept": "application/json"}
    assert "SECRET" not in repr(request_)
    assert request_.endpoint in v2.LIMITS


def test_the_published_limits():
    limits = {
        "attach": RateLimit(10, 60.0),
        "detach": RateLimit(10, 60.0),
        "new dispatch": RateLimit(20, 60.0),
        "close": RateLimit(20, 60.0),
        "note": RateLimit(60, 60.0),
        "primary": RateLimit(10, 60.0),
        "status": RateLimit(30, 60.0),
        "remove 911": RateLimit(10, 60.0),
        "calls": RateLimit(5, 60.0, reserved_for_members=1),
        "units": RateLimit(3, 60.0, reserved_for_members=1),
        "account": RateLimit(10, 60.0, reserved_for_members=4),
        "link": RateLimit(30, 60.0, reserved_for_members=10),
        "permissions": RateLimit(10, 60.0),
        "layouts": RateLimit(10, 60.0),
        "current call": RateLimit(10, 60.0),
        "info": RateLimit(10, 60.0),
        "version": RateLimit(10, 60.0),
        "servers": RateLimit(10, 60.0),
    }
    assert limits == v2.LIMITS


@pytest.mark.parametrize(
    ("subjects", "bodies"),
    [
        ((), []),
        ((ON_DUTY, UnitRef("b", 18)), [{"identIds": [12, 18]}]),
        ((OFF_DUTY, UnitRef("c")), [{"communityUserIds": ["steam:2", "c"]}]),
        ((OFF_DUTY, ON_DUTY), [{"identIds": [12]}, {"communityUserIds": ["steam:2"]}]),
        ((UnitRef("a", 0),), [{"identIds": [0]}]),
    ],
)
def test_one_request_for_those_on_duty_and_one_for_the_rest(subjects, bodies):
    attached = v2.attach(WHO, AttachRequest(3, 100, subjects))
    detached = v2.detach(WHO, DetachRequest(3, subjects))
    assert [request.body for request in attached] == bodies
    assert [request.body for request in detached] == bodies
    path = f"{SERVER}/dispatch-calls"
    assert {(one.endpoint, one.method, one.path) for one in attached} <= {
        ("attach", "POST", f"{path}/100/attachments")
    }
    assert {(one.endpoint, one.method, one.path) for one in detached} <= {
        ("detach", "DELETE", f"{path}/attachments")
    }


@pytest.mark.parametrize(
    ("request_", "method", "path", "body"),
    [
        (
            v2_calls.get_calls(WHO, 3),
            "GET",
            f"{SERVER}/calls?closedLimit=1&closedOffset=0&type=100",
            None,
        ),
        (
            v2.get_units(WHO, 3, offset=200),
            "GET",
            f"{SERVER}/units?includeOffline=false&onlyUnits=false&limit=100&offset=200",
            None,
        ),
        (
            v2_accounts.account_by_discord(WHO, 42),
            "GET",
            "/v2/general/accounts/account?discord=42",
            None,
        ),
        (
            v2_accounts.check_link(WHO, "a"),
            "POST",
            "/v2/general/links/check",
            {"communityUserId": "a"},
        ),
        (v2.current_call(WHO, "u-1"), "GET", "/v2/emergency/accounts/u-1/current-call", None),
    ],
)
def test_the_questions(request_, method, path, body):
    assert (request_.method, request_.path, request_.body) == (method, path, body)


@pytest.mark.parametrize(
    ("request_", "method", "path", "body"),
    [
        (
            v2_calls.close_call(WHO, 3, 100),
            "POST",
            f"{SERVER}/dispatch-calls/close",
            {"callIds": [100]},
        ),
        (
            v2_calls.add_note(WHO, 3, 100, "Hi", "Pat"),
            "POST",
            f"{SERVER}/dispatch-calls/100/notes",
            {"note": "Hi", "noteType": "text", "label": "Pat"},
        ),
        (v2.remove_911(WHO, 3, 5), "DELETE", f"{SERVER}/calls/911/5", None),
        (
            v2.set_status(WHO, 3, ON_DUTY, 3),
            "PATCH",
            f"{SERVER}/units/status",
            {"identIds": [12], "status": 3},
        ),
        (
            v2.set_status(WHO, 3, OFF_DUTY, 0),
            "PATCH",
            f"{SERVER}/units/status",
            {"communityUserIds": ["steam:2"], "status": 0},
        ),
    ],
)
def test_the_acts(request_, method, path, body):
    assert (request_.method, request_.path, request_.body) == (method, path, body)


@pytest.mark.parametrize(
    ("subjects", "target"),
    [
        ((), {"communityUserIds": []}),
        ((OFF_DUTY,), {"communityUserIds": ["steam:2"]}),
        ((ON_DUTY,), {"communityUserIds": [ON_DUTY.api_id]}),
        ((OFF_DUTY, ON_DUTY), {"communityUserIds": ["steam:2", ON_DUTY.api_id]}),
        ((UnitRef("", 9, "uuid-9"), UnitRef("a", 8, "uuid-8")), {"accounts": ["uuid-9", "uuid-8"]}),
        ((UnitRef("", 9, "uuid-9"), UnitRef("", 10, "uuid-9")), {"accounts": ["uuid-9"]}),
        ((UnitRef("", 9), UnitRef("a", 8)), {"communityUserIds": ["a"]}),
        ((UnitRef("", 9),), {"communityUserIds": []}),
    ],
)
def test_a_new_call_carries_exactly_one_target(subjects, target):
    request = v2_calls.new_dispatch(WHO, replace(NEW, units=subjects))
    assert (request.method, request.path) == ("POST", f"{SERVER}/dispatch-calls")
    assert request.body == target | {
        "origin": 0,
        "status": 0,
        "priority": 1,
        "block": "100",
        "address": "Mission Row",
        "postal": "9001",
        "title": "Riot",
        "code": "10-15",
        "description": "Many.",
        "notes": [],
        "metaData": {"callerPlayerId": "7"},
    }


def test_units_without_an_api_id_are_named_by_ident_or_account():
    units = (UnitRef("", 9), UnitRef("a"), UnitRef("", None, "uuid"), UnitRef("", None, "uuid"))
    bodies = [request.body for request in v2.detach(WHO, DetachRequest(1, units))]
    assert bodies == [{"identIds": [9]}, {"communityUserIds": ["a"]}, {"accountUuid": "uuid"}]
    status = v2.set_status(WHO, 1, UnitRef("", 9), 2)
    assert status.body == {"identIds": [9], "status": 2}
    with pytest.raises(UnitNotAddressable):
        v2.set_status(WHO, 1, UnitRef(""), 2)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_any_id_stays_in_its_place(text):
    path = urlsplit(v2.current_call(WHO, text).path).path.split("/")
    assert (len(path), unquote(path[4])) == (6, text)
    for request, kind in (
        (v2_accounts.account_by_uuid(WHO, text), "accountUuid"),
        (v2_accounts.account_by_community_user(WHO, text), "communityUserId"),
    ):
        parts = urlsplit(request.path)
        assert parse_qs(parts.query, keep_blank_values=True) == {kind: [text]}
        assert parts.path == "/v2/general/accounts/account"


def test_answers_become_models():
    assert v2.read_receipt(json_answer(SAMPLES[v2.read_receipt])) == Receipt(frozenset([12, 18]))
    assert v2_calls.read_new_call(json_answer(CALL)) == 100
    (call,) = v2_calls.read_calls(json_answer(SAMPLES[v2_calls.read_calls])).dispatch
    assert (call.call_id, call.idents) == (100, (7, 8))
    (unit,) = v2.read_units(json_answer(SAMPLES[v2.read_units])).units
    assert unit.api_ids == ("STEAM:1234", "steam:110000112345678")
    assert v2_accounts.read_account(json_answer(ACCOUNT)) == Account("u-1", "pat", "steam:1")
    assert (
        v2_accounts.read_linked_account(json_answer(SAMPLES[v2_accounts.read_linked_account]))
        == "u-1"
    )
    assert v2.read_current_call(json_answer(SAMPLES[v2.read_current_call])) == CurrentCall(12, 100)


@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
@pytest.mark.parametrize("read", READERS)
def test_keys_are_read_in_any_case(read, case):
    def rewrite(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                case(key): entry if key == "metaData" else rewrite(entry)
                for key, entry in value.items()
            }
        return [rewrite(entry) for entry in value] if isinstance(value, list) else value

    sample = SAMPLES[read]
    assert read(json_answer(rewrite(sample))) == read(json_answer(sample))


@pytest.mark.parametrize("body", ["", "OK", "{}", "null", '{"identIds": null}', '{"identIds": 12}'])
@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_order_that_succeeded_without_a_receipt_is_no_failure(body, status):
    assert v2.read_receipt(answer(body, status)) is None


def test_a_receipt_without_units_is_a_receipt():
    assert v2.read_receipt(json_answer({"identIds": []})) == Receipt(frozenset())


@pytest.mark.parametrize("read", READERS[1:])
@pytest.mark.parametrize("body", ["", "OK", "7", '"x"', "{}", '{"ActiveCalls": 1}', "[" * 100_000])
def test_an_answer_without_sense(read, body):
    with pytest.raises(CadUnreadable):
        read(answer(body))


@pytest.mark.parametrize("body", ["<html><title>Hi</title>", "Backend Service Reached"])
@pytest.mark.parametrize("read", READERS)
def test_what_a_wrong_address_answers_is_no_success(read, body):
    with pytest.raises(CadUnreadable):
        read(answer(body))


@pytest.mark.parametrize("body", ["", "CREATED", "{}", "[]", '{"callId": null}'])
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_new_call_without_a_number_was_created_all_the_same(body, status):
    with pytest.raises(CadUnnumbered) as caught:
        v2_calls.read_new_call(answer(body, status))
    assert caught.value.may_have_arrived
    assert caught.value.status == status


def test_an_order_without_a_receipt_is_done_whatever_the_answer_says():
    v2.read_done(answer("anything"))
    with pytest.raises(CadRefused, match="CALL NOT FOUND"):
        v2.read_done(problem(404, detail="CALL NOT FOUND"))


def test_a_full_page_is_not_the_last():
    assert v2.read_units(json_answer([UNIT] * 99)).is_last
    page = v2.read_units(json_answer([UNIT] * 99 + [None]))
    assert (page.is_last, page.size, len(page.units)) == (False, 100, 99)


@pytest.mark.parametrize("call_id", [-1, 0, None, "", "-1"])
def test_a_unit_on_no_call(call_id):
    assert v2.read_current_call(json_answer({"IdentId": 12, "CallId": call_id})) is None


@pytest.mark.parametrize(
    "texts",
    [
        {"title": "Not Found", "detail": "Account not found."},
        {"title": "Not Found"},
        {"detail": "API ID NOT LINKED TO AN ACCOUNT IN THIS COMMUNITY"},
    ],
)
@pytest.mark.parametrize("read", READERS_OF_PEOPLE)
def test_a_404_that_means_no_such_account(read, texts):
    assert read(problem(404, **texts)) is None


@pytest.mark.parametrize(
    "response",
    [
        answer("<html><title>Not Found</title>", 404, content_type="text/html"),
        answer("Not Found", 404),
        answer("", 404),
        answer("[]", 404),
        problem(404),
        problem(404, title="Not Found", detail="No endpoint answers at this address."),
        problem(404, title="Server not found"),
    ],
)
@pytest.mark.parametrize("read", READERS)
def test_a_404_that_means_a_wrong_place(read, response):
    with pytest.raises(CadRefused):
        read(response)


@pytest.mark.parametrize("read", [v2.read_receipt, v2_calls.read_calls, v2.read_units])
def test_a_404_of_an_order_or_a_list_is_a_refusal(read):
    with pytest.raises(CadRefused) as caught:
        read(problem(404, title="Not Found", detail="CALL NOT FOUND"))
    assert type(caught.value) is CadRefused
    assert (caught.value.text, caught.value.status) == ("CALL NOT FOUND", 404)


@pytest.mark.parametrize(
    ("status", "detail", "kind"),
    [
        (401, "Missing or invalid bearer authentication.", InvalidApiKey),
        (403, "API IS NOT ENABLED FOR THIS COMMUNITY", ApiForbidden),
        (403, "This endpoint requires the Plus plan.", ApiForbidden),
        (402, "Your subscription has ended.", ApiForbidden),
        (400, "API is not enabled for this community", ApiForbidden),
        (403, "You may not do this.", CadRefused),
        (400, "Provide exactly one identifier.", CadRefused),
        (404, "The planet is gone.", CadRefused),
        (422, "The plan is wrong.", CadRefused),
        (302, "", CadRedirected),
        (500, "Oops", CadUnavailable),
        (503, "API is not enabled", CadUnavailable),
    ],
)
def test_each_problem_is_its_own_kind_in_the_cads_own_words(status, detail, kind):
    with pytest.raises(CadError) as caught:
        v2.read_receipt(problem(status, title="Problem", detail=detail))
    assert type(caught.value) is kind
    assert caught.value.status == status
    if kind is not CadRedirected:
        assert caught.value.text == detail


def test_a_problem_without_details_shows_its_title():
    with pytest.raises(CadRefused, match=r"^Bad Request$"):
        v2.read_receipt(problem(400, title="Bad Request", detail=" "))


def test_a_key_that_is_refused_without_words():
    with pytest.raises(InvalidApiKey):
        v2.read_units(answer("", 401))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "12"}, 12.0),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
    ],
)
@pytest.mark.parametrize("read", READERS)
def test_too_many_requests(read, headers, seconds):
    body = json.dumps({"message": "API rate limit exceeded", "request_id": "5f0c"})
    with pytest.raises(CadRateLimited, match=r"^API rate limit exceeded$") as caught:
        read(answer(body, 429, content_type="application/json", **headers))
    assert (caught.value.status, caught.value.retry_after) == (429, seconds)


@given(
    st.binary(max_size=300)
    | JSON.map(lambda data: json.dumps(data).encode())
    | st.dictionaries(
        st.sampled_from(
            ["title", "Detail", "message", "identIds", "linked", "uuid", "CallId", "ActiveCalls"]
        ),
        JSON,
    ).map(lambda data: json.dumps(data).encode()),
    st.sampled_from([200, 404]) | st.integers(200, 599),
    st.sampled_from(["text/html", "application/problem+json", "application/json", ""]),
)
def test_no_answer_makes_a_reader_raise_anything_else(body, status, content_type):
    for read in READERS:
        with contextlib.suppress(CadError):
            read(answer(body, status, content_type=content_type))
