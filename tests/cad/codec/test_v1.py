"""The v1 API: its requests, and the reading of its responses."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.codec import v1, v1_calls
from bot.cad.codec.v1 import ATTACH_VARIANTS, UNITS_PER_PAGE, AttachVariant
from bot.cad.errors import (
    ApiNotEnabled,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadUnavailable,
    CadUnnumbered,
    CadUnreadable,
    InvalidApiKey,
    InvalidCommunity,
    InvalidRequestType,
    UnitNotAddressable,
)
from bot.cad.http.wire import Credentials, Request
from bot.cad.models import AttachRequest, DetachRequest, NewCall, UnitRef
from tests.cad.samples import CALL, JSON, UNIT, answer, json_answer

WHO = Credentials("YOUR_COMMUNITY_ID", "YOUR_API_KEY")
ORDER = AttachRequest(1, 100, (UnitRef("STEAN:1234", ident=7),))
SEED = """{
    "id": "YOUR_COMMUNITY_ID",
    "key": "YOUR_API_KEY",
    "type": "ATTACH_UNITS",
    "data": [
        {
            "serverId": 1,
            "callId": 100,
            "units": ["STEAN:1234"]
        }
    ]
}"""
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
    units=(UnitRef("a"), UnitRef("b", ident=8)),
)
READERS = (
    v1.read_done,
    v1_calls.read_new_call,
    v1_calls.read_calls,
    v1_calls.read_recent_calls,
    v1.read_units,
)


def objects(request: Request) -> list[dict[str, Any]]:
    """Return the data objects of a request, as the CAD reads them."""
    return list(json.loads(json.dumps(request.body))["data"])


def test_the_key_stays_out_of_the_repr():
    assert "YOUR_COMMUNITY_ID" in repr(WHO)
    assert "YOUR_API_KEY" not in repr(WHO)
    assert "YOUR_API_KEY" not in repr(v1.attach(WHO, [ORDER], ATTACH_VARIANTS[0]))


def test_the_first_variant_is_the_seeds_document_exactly():
    (request,) = v1.attach(WHO, [ORDER], ATTACH_VARIANTS[0])
    assert (request.method, request.path) == ("POST", "/emergency")
    assert json.dumps(request.body) == json.dumps(json.loads(SEED))


def test_the_variants_come_in_the_order_of_the_reference():
    assert [(variant.path, variant.type) for variant in ATTACH_VARIANTS] == [
        ("/emergency", "ATTACH_UNITS"),
        ("/emergency", "ATTACH_UNIT"),
        ("/emergency/attach_unit", "ATTACH_UNIT"),
    ]


@pytest.mark.parametrize("variant", ATTACH_VARIANTS)
def test_a_variant_changes_the_path_and_the_type_only(variant):
    (request,) = v1.attach(WHO, [ORDER], variant)
    assert (request.method, request.path) == ("POST", variant.path)
    assert request.body == json.loads(SEED) | {"type": variant.type}


@pytest.mark.parametrize(
    ("units", "targets"),
    [
        ((UnitRef("a", 7), UnitRef("b")), [{"units": ["a", "b"]}]),
        ((UnitRef("", 7), UnitRef("b", 8)), [{"identIds": [7, 8]}]),
        ((UnitRef("", 7), UnitRef("b")), [{"units": ["b"]}, {"identIds": [7]}]),
        ((UnitRef("", None, "uuid"), UnitRef("b")), [{"units": ["b"]}, {"account": "uuid"}]),
    ],
)
def test_units_without_an_api_id_are_attached_by_ident(units, targets):
    found = v1.attach(WHO, [AttachRequest(1, 100, units)], ATTACH_VARIANTS[-1])
    assert list(map(objects, found)) == [
        [{"serverId": 1, "callId": 100, **target}] for target in targets
    ]


@pytest.mark.parametrize(
    ("units", "targets"),
    [
        ((UnitRef("a", 7), UnitRef("b", 8)), [{"identIds": [7, 8]}]),
        ((UnitRef("a", 7), UnitRef("b")), [{"units": ["b"]}, {"identIds": [7]}]),
        ((UnitRef("a"), UnitRef("b")), [{"units": ["a", "b"]}]),
    ],
)
def test_units_with_an_api_id_are_attached_by_ident_on_demand(units, targets):
    order = AttachRequest(1, 100, units)
    found = v1.attach(WHO, [order], ATTACH_VARIANTS[-1], by_ident=True)
    assert list(map(objects, found)) == [
        [{"serverId": 1, "callId": 100, **target}] for target in targets
    ]


def test_a_call_that_needs_two_objects_gets_the_second_in_a_request_of_its_own():
    mixed = AttachRequest(1, 100, (UnitRef("", 7), UnitRef("b")))
    assert list(map(objects, v1.attach(WHO, [ORDER, mixed], ATTACH_VARIANTS[-1]))) == [
        [
            {"serverId": 1, "callId": 100, "units": ["STEAN:1234"]},
            {"serverId": 1, "callId": 100, "units": ["b"]},
        ],
        [{"serverId": 1, "callId": 100, "identIds": [7]}],
    ]


def test_units_without_an_api_id_are_detached_through_their_account():
    units = (UnitRef("", 7, "uuid"), UnitRef("b", 8), UnitRef("", 9, "uuid"))
    assert list(map(objects, v1.detach(WHO, [DetachRequest(1, units)]))) == [
        [{"serverId": 1, "units": ["b"]}],
        [{"serverId": 1, "account": "uuid"}],
    ]


def test_what_cannot_be_named_is_not_sent():
    with pytest.raises(UnitNotAddressable, match="7, 9") as caught:
        v1.detach(WHO, [DetachRequest(1, (UnitRef("", 7), UnitRef("a", 8), UnitRef("", 9)))])
    assert caught.value.idents == {7, 9}
    with pytest.raises(UnitNotAddressable):
        v1.attach(WHO, [AttachRequest(1, 100, (UnitRef(""),))], ATTACH_VARIANTS[-1])
    with pytest.raises(UnitNotAddressable):
        v1.set_status(WHO, 1, UnitRef(""), 2)


@pytest.mark.parametrize(
    ("unit", "target"),
    [
        (UnitRef("a", 7), {"identIds": [7]}),
        (UnitRef("a"), {"apiId": "a"}),
        (UnitRef("", None, "uuid"), {"account": "uuid"}),
    ],
)
def test_the_status_of_a_unit_by_what_is_known_of_it(unit, target):
    assert objects(v1.set_status(WHO, 1, unit, 2)) == [{"serverId": 1, **target, "status": 2}]


def test_several_orders_are_several_objects_in_their_order():
    orders = [ORDER, AttachRequest(2, 7, (UnitRef("a"), UnitRef("b")))]
    assert objects(*v1.attach(WHO, orders, AttachVariant("/p", "T"))) == [
        {"serverId": 1, "callId": 100, "units": ["STEAN:1234"]},
        {"serverId": 2, "callId": 7, "units": ["a", "b"]},
    ]


@pytest.mark.parametrize(
    ("request_", "path", "type_", "data"),
    [
        (
            *v1.detach(WHO, [DetachRequest(3, (UnitRef("a"), UnitRef("b", ident=8)))]),
            "/emergency/detach_unit",
            "DETACH_UNIT",
            {"serverId": 3, "units": ["a", "b"]},
        ),
        (
            v1_calls.new_dispatch(WHO, NEW),
            "/emergency/new_dispatch",
            "NEW_DISPATCH",
            {
                "serverId": 3,
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
                "units": ["a", "b"],
            },
        ),
        (
            v1_calls.close_call(WHO, 3, 100),
            "/emergency/close_call",
            "CLOSE_CALL",
            {"serverId": 3, "callId": 100},
        ),
        (
            v1_calls.add_note(WHO, 3, 100, "Hi", "Pat"),
            "/emergency/add_call_note",
            "ADD_CALL_NOTE",
            {"serverId": 3, "callId": 100, "note": "Hi", "label": "Pat"},
        ),
        (
            v1.remove_911(WHO, 3, 5),
            "/emergency/remove_911",
            "REMOVE_911",
            {"serverId": 3, "callId": 5},
        ),
        (
            v1.set_status(WHO, 3, UnitRef("a"), 3),
            "/emergency/unit_status",
            "UNIT_STATUS",
            {"serverId": 3, "apiId": "a", "status": 3},
        ),
        (
            v1.set_status(WHO, 3, UnitRef("a", ident=0), 3),
            "/emergency/unit_status",
            "UNIT_STATUS",
            {"serverId": 3, "identIds": [0], "status": 3},
        ),
        (
            v1_calls.get_calls(WHO, 3),
            "/emergency/get_calls",
            "GET_CALLS",
            {"serverId": 3, "closedLimit": 1, "type": 100},
        ),
        (
            v1.get_active_units(WHO, 3, offset=200),
            "/emergency/get_active_units",
            "GET_ACTIVE_UNITS",
            {"serverId": 3, "onlyUnits": False, "limit": 100, "offset": 200},
        ),
    ],
)
def test_the_other_requests(request_, path, type_, data):
    assert (request_.method, request_.path) == ("POST", path)
    assert json.dumps(request_.body) == json.dumps(
        {"id": "YOUR_COMMUNITY_ID", "key": "YOUR_API_KEY", "type": type_, "data": [data]}
    )


def test_several_detachments_are_several_requests():
    orders = [DetachRequest(1, (UnitRef("a"),)), DetachRequest(2, (UnitRef("b"),))]
    assert list(map(objects, v1.detach(WHO, orders))) == [
        [{"serverId": 1, "units": ["a"]}],
        [{"serverId": 2, "units": ["b"]}],
    ]


def test_every_request_counts_against_the_one_budget():
    requests = [
        *v1.attach(WHO, [ORDER], ATTACH_VARIANTS[2]),
        *v1.detach(WHO, [DetachRequest(1, (UnitRef("a"),))]),
        v1_calls.get_calls(WHO, 1),
        v1.get_active_units(WHO, 1),
        v1_calls.new_dispatch(WHO, NEW),
        v1_calls.close_call(WHO, 1, 100),
        v1_calls.add_note(WHO, 1, 100, "Hi", "Pat"),
        v1.remove_911(WHO, 1, 5),
        v1.set_status(WHO, 1, UnitRef("a"), 3),
    ]
    assert {request.endpoint for request in requests} == set(v1.LIMITS)


@given(
    st.lists(
        st.builds(
            AttachRequest,
            st.integers(),
            st.integers(),
            st.lists(st.builds(UnitRef, st.text(min_size=1)), max_size=3).map(tuple),
        ),
        max_size=4,
    )
)
def test_any_order_survives_json(orders):
    (request,) = v1.attach(WHO, orders, ATTACH_VARIANTS[0])
    assert orders == [
        AttachRequest(item["serverId"], item["callId"], tuple(map(UnitRef, item["units"])))
        for item in objects(request)
    ]


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize("text", ["UNITS ATTACHED", "", "API ID(s) set!", "ERROR", "{}"])
def test_a_good_status_is_success_whatever_the_text(status, text):
    v1.read_done(answer(text, status, content_type="text/html"))


@pytest.mark.parametrize(
    "body", ["Backend Service Reached", "BACKEND SERVICE REACHED.", "<html><title>Hi</title>"]
)
@pytest.mark.parametrize("read", READERS)
def test_what_a_wrong_address_answers_is_no_success(read, body):
    with pytest.raises(CadUnreadable) as caught:
        read(answer(body))
    assert caught.value.status == 200
    assert caught.value.text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("INVALID REQUEST TYPE", InvalidRequestType),
        ("INVALID COMMUNITY ID", InvalidCommunity),
        ("API IS NOT ENABLED FOR THIS COMMUNITY", ApiNotEnabled),
        ("API ENDPOINT IS NOT ENABLED FOR THIS COMMUNITY", ApiNotEnabled),
        ("INVALID API KEY", InvalidApiKey),
        ("Invalid Api Key", InvalidApiKey),
        ("NO SUCH CALL", CadRefused),
    ],
)
@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=utf-8"])
@pytest.mark.parametrize("read", READERS)
def test_each_documented_text_is_its_own_kind_and_kept_verbatim(read, text, kind, content_type):
    with pytest.raises(CadRefused) as caught:
        read(answer(f" {text}\r\n", 400, content_type=content_type))
    assert type(caught.value) is kind
    assert (caught.value.text, caught.value.status) == (text, 400)


@pytest.mark.parametrize(
    ("status", "kind"), [(302, CadRedirected), (429, CadRateLimited), (503, CadUnavailable)]
)
def test_only_a_refusal_is_named_by_its_text(status, kind):
    with pytest.raises(CadError) as caught:
        v1.read_done(answer("INVALID API KEY", status))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (InvalidRequestType(status=400), True),
        (CadRefused(status=404), True),
        (CadRefused(status=405), True),
        (CadRefused(status=400), False),
        (InvalidApiKey(status=400), False),
        (CadRefused(status=403), False),
    ],
)
def test_which_refusals_ask_for_another_variant(refusal, expected):
    assert v1.is_unknown_variant(refusal) is expected


@pytest.mark.parametrize(
    ("text", "call_id"),
    [
        ("NEW DISPATCH CREATED - ID: 100", 100),
        ("new dispatch created - id:7\n", 7),
        ('"NEW DISPATCH CREATED - ID: 12"', 12),
        ('{"callId": 5, "status": 1}', 5),
    ],
)
def test_the_number_of_a_new_call(text, call_id):
    assert v1_calls.read_new_call(answer(text)) == call_id


@pytest.mark.parametrize("text", ["", "UNITS ATTACHED", "NEW DISPATCH CREATED", "ID: x", "VOID 7"])
def test_a_new_call_without_a_number_was_created_all_the_same(text):
    with pytest.raises(CadUnnumbered) as caught:
        v1_calls.read_new_call(answer(text))
    assert caught.value.may_have_arrived
    assert caught.value.text == text


@given(st.integers(0, 10**18 - 1))
def test_any_number_of_a_new_call(call_id):
    assert v1_calls.read_new_call(answer(f"NEW DISPATCH CREATED - ID: {call_id}")) == call_id


def test_read_calls():
    (call,) = v1_calls.read_calls(json_answer({"ActiveCalls": [CALL]})).dispatch
    assert call.call_id == 100


@pytest.mark.parametrize(
    ("entries", "read", "is_last"),
    [
        ([], 0, True),
        ([UNIT] * (UNITS_PER_PAGE - 1), UNITS_PER_PAGE - 1, True),
        ([UNIT] * UNITS_PER_PAGE, UNITS_PER_PAGE, False),
        ([UNIT] * (UNITS_PER_PAGE - 1) + [None], UNITS_PER_PAGE - 1, False),
    ],
)
def test_a_page_of_units_is_full_by_its_entries_good_or_bad(entries, read, is_last):
    page = v1.read_units(json_answer(entries))
    assert (len(page.units), page.is_last) == (read, is_last)


@given(
    st.binary(max_size=300) | JSON.map(lambda data: json.dumps(data).encode()),
    st.integers(200, 599),
    st.sampled_from(["text/html", "application/json", ""]),
)
def test_no_answer_makes_a_reader_raise_anything_else(body, status, content_type):
    for read in READERS:
        with contextlib.suppress(CadError):
            read(answer(body, status, content_type=content_type))
