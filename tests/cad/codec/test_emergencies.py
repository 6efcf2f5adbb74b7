"""The dispatch call that answers a 911 call."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.codec.emergencies import answered_emergency_id, build_dispatch_call
from bot.cad.codec.readers import read_call
from bot.cad.codec.writers import new_call_json
from bot.cad.models import Call, EmergencyCall, NewCall
from bot.cad.values import lower_keys

_meta = st.dictionaries(st.text(), st.text(), max_size=5)
_numbers = st.integers(0, 10**18 - 1)


def emergency(meta: Mapping[str, str], location: str = "Alta St") -> EmergencyCall:
    return EmergencyCall(5, True, "Jo", location, "Shots fired", meta)


def dispatch(meta: Mapping[str, str]) -> Call:
    return Call(100, "", "", (), meta=meta)


def test_the_dispatch_call_is_the_one_that_the_game_makes():
    asked = build_dispatch_call(2, emergency({"callerPlayerId": "3", "x": "4.5"}))
    assert asked == NewCall(
        2,
        "OFFICER RESPONSE - 5",
        priority=2,
        status=1,
        address="Alta St",
        description="Shots fired",
        meta={"callerPlayerId": "3", "x": "4.5", "createdFromId": "5"},
    )
    assert new_call_json(asked)["origin"] == 0


def test_an_unknown_place():
    assert build_dispatch_call(1, emergency({}, location="")).address == "Unknown"


@pytest.mark.parametrize(
    ("meta", "postal"),
    [
        ({}, ""),
        ({"postal": "9001"}, "9001"),
        ({"Postal": "9001", "callpostal": "7"}, "7"),
        ({"postal": "9001", "callPostal": ""}, "9001"),
    ],
)
def test_the_postal_comes_from_the_meta_data(meta, postal):
    assert build_dispatch_call(1, emergency(meta)).postal == postal


@pytest.mark.parametrize("key", ["createdFromId", "CREATEDFROMID", "createdfromid"])
def test_an_older_origin_gives_way(key):
    assert build_dispatch_call(1, emergency({key: "4"})).meta == {"createdFromId": "5"}


@pytest.mark.parametrize(
    ("meta", "origin"),
    [
        ({}, None),
        ({"createdFromId": "5"}, 5),
        ({"createdfromid": "5"}, 5),
        ({"CreatedFromID": " 5 "}, 5),
        ({"origin911": "6"}, 6),
        ({"Origin911": "6"}, 6),
        ({"createdFromId": "", "origin911": "6"}, 6),
        ({"createdFromId": "none", "ORIGIN911": "6"}, 6),
        ({"createdFromId": "5", "origin911": "6"}, 5),
        ({"createdFromId": "-1"}, None),
        ({"createdFrom": "5", "origin": "6"}, None),
    ],
)
def test_which_911_call_a_dispatch_call_answers(meta, origin):
    assert answered_emergency_id(dispatch(meta)) == origin


@given(_numbers, _meta, st.sampled_from([str.upper, str.lower, str]))
def test_what_responds_is_known_again_however_the_cad_spells_it(call_id, meta, spell):
    asked = build_dispatch_call(1, EmergencyCall(call_id, True, "", "", "", meta))
    told = {spell(key): value for key, value in asked.meta.items()}
    call = read_call(lower_keys({"callId": 9, **new_call_json(asked), "metaData": told}))
    assert call is not None
    assert answered_emergency_id(call) == call_id


@given(_meta)
def test_any_meta_data_is_either_an_origin_or_none(meta):
    found = answered_emergency_id(dispatch(meta))
    assert found is None or found >= 0
