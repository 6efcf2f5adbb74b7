"""One connection to the hub: it reads every frame, or skips it."""

from __future__ import annotations

import asyncio
import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from bot.cad.push.signalr_connection import HubDisconnected, SignalRConnection
from tests.cad.samples import JSON

MESSAGES = st.fixed_dictionaries(
    {"type": st.integers(-2, 8)},
    optional={
        "target": st.sampled_from(["pushEvent", "PUSHEVENT", "other"]) | JSON,
        "arguments": st.lists(JSON, max_size=2) | JSON,
        "invocationId": st.text(max_size=2) | JSON,
        "error": JSON,
        "result": JSON,
        "item": JSON,
        "streamIds": JSON,
    },
)


@given(st.lists(MESSAGES.map(json.dumps) | JSON.map(json.dumps) | st.text(), max_size=4))
def test_no_frame_makes_a_hub_raise(records: list[str]) -> None:
    asyncio.run(_take(records))


async def _take(records: list[str]) -> None:
    pushed: list[object] = []
    hub = SignalRConnection("http://127.0.0.1/", pushed.append)
    with contextlib.suppress(HubDisconnected):  # if the message is a close message
        await hub._on_raw_message("\x1e".join(records))
