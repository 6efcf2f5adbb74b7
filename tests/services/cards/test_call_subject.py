"""Whether a number still means the same call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Call, EmergencyCall
from bot.services.cards.call_subject import call_subject, is_other_call

SHOTS = EmergencyCall(3, True, "Jane Doe", "Grove Street", "Three shots")
STOP = Call(101, "Traffic Stop", "10-38", (), address="Route 68", description="Blue sedan")
OTHER = {"title": "Robbery", "address": "Vinewood", "description": "Armed"}


@pytest.mark.parametrize(
    ("changes", "is_other"),
    [
        ({}, False),
        ({"description": "They are gone"}, False),
        ({"caller": " jane  DOE"}, False),
        ({"caller": "Ann"}, True),
        ({"location": "Vinewood"}, True),
        ({"caller": ""}, True),
    ],
)
def test_a_911_call_keeps_its_caller_and_its_place(changes: dict[str, Any], is_other: bool):
    assert is_other_call(replace(SHOTS, **changes), call_subject(SHOTS)) is is_other


@pytest.mark.parametrize(
    ("changes", "is_other"),
    [
        ({}, False),
        ({"title": "Pursuit", "address": "Vinewood"}, False),
        ({"title": "Robbery", "address": "Vinewood", "description": ""}, False),
        ({"title": "Robbery", "code": "", "address": "", "description": ""}, False),
        (OTHER, True),
    ],
)
def test_a_dispatch_call_may_be_edited(changes: dict[str, Any], is_other: bool):
    assert is_other_call(replace(STOP, **changes), call_subject(STOP)) is is_other


def test_without_anything_known_a_call_is_the_same():
    assert not is_other_call(STOP, None)


@given(st.text(), st.text(), st.text())
def test_a_call_is_never_another_than_itself(title: str, address: str, description: str):
    one = replace(STOP, title=title, address=address, description=description)
    emergency = replace(SHOTS, caller=title, location=address)
    for call in (one, emergency):
        assert not is_other_call(call, call_subject(call))
        assert len(call_subject(call)) <= 40, "it fits into its column"
