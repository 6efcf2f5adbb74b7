"""Whatever is sent to the push listener: it has an answer, and the log has no traceback."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cad.push.push_client import KEY, ReadPushServer, closed, post, url
from tests.cad.samples import JSON

TYPES = ("EVENT_DISPATCH_CLOSED", "EVENT_DISPATCH_NEW", "EVENT_911", "EVENT_UNIT_STATUS", "")
events = st.fixed_dictionaries(
    {"key": st.just(KEY) | JSON, "type": st.sampled_from(TYPES) | JSON, "data": JSON},
    optional={"serverId": JSON, "timeStamp": JSON},
)
bodies = st.binary(max_size=60) | st.builds(json.dumps, JSON | events).map(str.encode)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies)
async def test_any_body(
    feed: ReadPushServer,
    session: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    body: bytes,
) -> None:
    async with session.post(url(feed), data=io.BytesIO(body)) as response:
        assert response.status in {200, 400, 401, 503}
        assert KEY not in await response.text()
    assert await post(session, feed, closed(5)) in {200, 503}
    with contextlib.suppress(TimeoutError):
        while await asyncio.wait_for(anext(feed), 0.001):
            pass
    assert not [one for one in caplog.records if one.exc_info]
    assert KEY not in caplog.text
