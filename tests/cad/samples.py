"""Sample answers of the CAD, and a clock that moves by hand."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from bot.cad.http.wire import Response

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT

CALL = {
    "callId": 100,
    "origin": 0,
    "status": 1,
    "priority": 2,
    "title": "Armed Robbery",
    "code": "10-31",
    "block": "100",
    "address": "Mission Row",
    "postal": "9001",
    "description": "Clerk reports a firearm.",
    "primary": 7,
    "idents": [7, 8],
    "notes": [
        {"time": "21:30:00", "label": "A-12", "type": "text", "content": "Caller is hiding."}
    ],
    "metaData": {"createdFromId": "5", "postal": 9001},
}
EMERGENCY = {
    "callId": 3,
    "isEmergency": True,
    "caller": "Jo",
    "location": "Innocence Blvd",
    "description": "Shots fired",
    "metaData": {"X": "425.1"},
}
UNIT = {
    "id": 7,
    "accId": "0b2c",
    "status": 2,
    "isPanic": True,
    "location": "Alta St",
    "isDispatch": False,
    "data": {
        "unitNum": "A-12",
        "name": "Pat Doe",
        "department": "LSPD",
        "subdivision": "Patrol",
        "rank": "Officer",
        "group": "CAR-51",
        "page": 0,
        "apiId1": "STEAM:1234",
        "apiId2": "",
        "communityUserId": "steam:110000112345678",
    },
}

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def answer(body: str | bytes = b"", status: int = 200, **headers: str) -> Response:
    """Build a response; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, body.encode() if isinstance(body, str) else body, NOW)


def json_answer(data: object) -> Response:
    """Build a response that carries JSON."""
    return answer(json.dumps(data), content_type="application/json")
