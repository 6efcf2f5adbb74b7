"""The JSON of a new call: the CAD shows the call as it was meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.cad.codec.readers import read_call
from bot.cad.codec.writers import new_call_json
from bot.cad.models import NewCall, UnitRef
from bot.cad.values import lower_keys

TEXT = st.text(st.characters(codec="utf-8")).map(str.strip)


def test_the_json_of_a_call():
    new = NewCall(
        2,
        "Pursuit",
        code="10-80",
        priority=1,
        status=0,
        block="100",
        address="Alta St",
        postal="9001",
        description="Red sedan",
        meta={"createdFromId": "5"},
        units=(UnitRef("steam:1", 7),),
    )
    assert new_call_json(new) == {
        "origin": 0,
        "status": 0,
        "priority": 1,
        "block": "100",
        "address": "Alta St",
        "postal": "9001",
        "title": "Pursuit",
        "code": "10-80",
        "description": "Red sedan",
        "notes": [],
        "metaData": {"createdFromId": "5"},
    }


@given(
    st.builds(
        NewCall,
        server_id=st.just(1),
        title=TEXT,
        code=TEXT,
        priority=st.integers(1, 3),
        status=st.integers(0, 2),
        block=TEXT,
        address=TEXT,
        postal=TEXT,
        description=TEXT,
        meta=st.dictionaries(TEXT.filter(bool), TEXT.filter(bool)),
    )
)
def test_what_is_written_is_what_is_read(new: NewCall):
    read = read_call(lower_keys({"callId": 100, **new_call_json(new)}))
    assert read is not None
    names = [
        "title",
        "code",
        "priority",
        "status",
        "block",
        "address",
        "postal",
        "description",
        "meta",
    ]
    for name in names:
        assert getattr(read, name) == getattr(new, name)
