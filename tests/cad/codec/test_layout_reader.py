"""Layouts, as the list and a call show them."""

from __future__ import annotations

from hypothesis import given

from bot.cad.codec.layout_reader import read_layout
from bot.cad.layouts import Layout
from bot.cad.values import lower_keys
from sandbox.cad.state.sample_layouts import FIRE_LAYOUT
from tests.cad.samples import JSON


def test_the_names_and_bindings_of_fields() -> None:
    assert read_layout(lower_keys(FIRE_LAYOUT)) == Layout(
        "13",
        "Fire",
        {"what": "What", "where": "Where", "zip": "Sector", "place": "Way in"},
        {"rolling": "Engines rolling"},
        {"description": "what", "address": "where", "postal": "zip"},
    )


def test_the_letter_case_of_a_binding_does_not_matter() -> None:
    fields = [{"uid": "Where_1", "binding": "Address"}, {"binding": "postal"}, {"uid": "x"}]
    found = read_layout({"id": 7, "sections": [{"fields": fields}]})
    assert found == Layout("7", "", bindings={"address": "Where_1"})


@given(JSON, JSON)
def test_any_json(sections: object, options: object) -> None:
    found = read_layout({"templateid": 1, "sections": sections, "statusoptions": options})
    assert found.template_id == "1"
