"""The CAD's data as frozen values."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad import models
from bot.cad.models import Call, EmergencyCall, NewCall, Unit, idents_on_call


def unit(ident: int) -> Unit:
    return Unit(ident, "", f"A-{ident}", "", "", 2, ())


def call(call_id: int, *idents: int) -> Call:
    return Call(call_id, "", "", idents)


def test_the_units_on_one_call():
    calls = [call(100, 1, 2, 3), call(101, 4)]
    assert idents_on_call(calls, 100, [unit(2), unit(3), unit(4), unit(5)]) == {2, 3}
    assert idents_on_call(calls, 102, [unit(1)]) == frozenset()
    assert idents_on_call([], 100, [unit(1)]) == frozenset()


@given(
    st.lists(st.tuples(st.integers(1, 3), st.lists(st.integers(1, 5))), max_size=4),
    st.lists(st.integers(1, 6)),
)
def test_a_unit_is_on_a_call_if_the_call_lists_it(
    listed: list[tuple[int, list[int]]], idents: list[int]
):
    calls = [call(number, *on_it) for number, on_it in listed]
    found = idents_on_call(calls, 1, map(unit, idents))
    for ident in idents:
        assert (ident in found) == any(number == 1 and ident in on_it for number, on_it in listed)
    assert found <= set(idents)


@pytest.mark.parametrize(
    "name", [name for name, one in inspect.getmembers(models) if dataclasses.is_dataclass(one)]
)
def test_values_cannot_be_changed(name: str):
    value_class = getattr(models, name)
    assert value_class.__dataclass_params__.frozen
    assert not hasattr(value_class, "__dict__") or "__slots__" in vars(value_class)


def test_values_with_meta_data_can_be_keys():
    meta = {"postal": "9001"}
    one, other = Call(1, "", "", (), meta=meta), Call(1, "", "", (), meta={})
    assert (
        len({one, other, EmergencyCall(1, True, "", "", "", meta), NewCall(1, "", meta=meta)}) == 4
    )
    assert one != other
