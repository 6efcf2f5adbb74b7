"""No answer of the CAD makes any reader raise anything but CadError: a new reader is among them."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.codec import v1, v1_accounts, v1_calls, v2, v2_accounts, v2_calls, v2_layouts
from bot.cad.errors import CadError
from bot.cad.http.wire import Response
from tests.cad.samples import CALL, JSON, NOW, UNIT

MODULES = (v1, v1_accounts, v1_calls, v2, v2_accounts, v2_calls, v2_layouts)
READERS: dict[str, Callable[[Response], object]] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": reader
    for module in MODULES
    for name, reader in inspect.getmembers(module, inspect.isfunction)
    if name.startswith("read_") and reader.__module__ == module.__name__
}
KEYS = ("activeCalls", "emergencyCalls", "data", "units", "calls", "account", *CALL, *UNIT)
# Answers of any form, and those that have the keys of the real ones with any values.
ANSWERS = st.one_of(
    JSON,
    st.recursive(
        JSON,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    ),
)


def test_all_readers_are_here() -> None:
    assert len(READERS) > 15


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@given(answer=ANSWERS, status=st.sampled_from([200, 201, 204, 400, 401, 403, 404, 429, 500]))
def test_any_json(reader: Callable[[Response], object], answer: object, status: int) -> None:
    with contextlib.suppress(CadError):
        headers = {"content-type": "application/json"}
        reader(Response(status, headers, json.dumps(answer).encode(), NOW))


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@given(body=st.binary(max_size=80), status=st.integers(100, 599), kind=st.text(max_size=20))
def test_any_bytes(
    reader: Callable[[Response], object], body: bytes, status: int, kind: str
) -> None:
    with contextlib.suppress(CadError):
        reader(Response(status, {"content-type": kind}, body, NOW))
