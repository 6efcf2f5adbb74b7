"""Forms are read as Discord sends them, by whichever process gets them."""

from __future__ import annotations

import pytest

from bot.ui.interactions.forms import read_values
from bot.ui.setup.setup_items import SETUP_FORMS


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ({"value": "typed"}, ["typed"]),
        ({"value": ""}, []),
        ({"value": None}, []),
        ({"value": False}, []),
        ({"value": True}, ["True"]),
        ({"values": ["1", "2"]}, ["1", "2"]),
        ({"values": []}, []),
        ({}, []),
    ],
)
def test_the_values_of_a_field(field: dict[str, object], values: list[str]):
    label = {"type": 18, "component": {"custom_id": "field", **field}}
    assert read_values([label, {"type": 10}]) == {"field": values}


def test_a_custom_id_leads_to_one_form():
    largest = "9" * 9
    for form in SETUP_FORMS:
        more = f":{largest}" if form.part == "server" else ""
        custom_id = f"cad:setup:save:{form.part}:{largest}{more}"
        assert len(custom_id) <= 100
        assert [one for one in SETUP_FORMS if one.template.fullmatch(custom_id)] == [form]
        assert not form.template.fullmatch(f"{custom_id}0:1:1")
