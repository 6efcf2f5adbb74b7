from __future__ import annotations

import pytest
from hypothesis import given

from bot.cad.codec import v2_layouts
from bot.cad.errors import CadError, CadUnreadable
from bot.cad.http.wire import Credentials
from bot.cad.layouts import Layout
from sandbox.cad.state.sample_layouts import MEDICAL_LAYOUT
from tests.cad.samples import JSON, answer, json_answer


def test_the_request() -> None:
    request = v2_layouts.get_layouts(Credentials("c", "k"))
    assert (request.method, request.path) == ("GET", "/v2/emergency/dispatch-templates")
    assert request.headers["Authorization"] == "Bearer k"


def test_a_layout() -> None:
    assert v2_layouts.read_layouts(json_answer([MEDICAL_LAYOUT])) == (
        Layout(
            "12",
            "Medical",
            {
                "priority": "Urgency",
                "caller_name": "Name of the caller",
                "patients": "Patients",
                "conscious": "Conscious and breathing",
            },
            {"queued": "Queued", "deployed": "Crew deployed"},
            {"priority": "priority"},
        ),
    )


def test_what_is_malformed_is_left_out() -> None:
    broken = {"templateId": 3, "sections": [7, {"fields": [None, {"uid": "a"}, {"label": "b"}]}]}
    found = v2_layouts.read_layouts(json_answer(["x", {"name": "no id"}, broken]))
    assert found == (Layout("3", ""),)


def test_no_list_is_no_answer() -> None:
    with pytest.raises(CadUnreadable):
        v2_layouts.read_layouts(json_answer({"a": 1}))
    with pytest.raises(CadError):
        v2_layouts.read_layouts(answer(status=404))


@given(JSON)
def test_no_answer_raises_anything_but_a_cad_error(data: object) -> None:
    try:
        v2_layouts.read_layouts(json_answer(data))
        v2_layouts.read_layouts(json_answer([{"templateId": 1, "sections": data}]))
    except CadError:
        pass
