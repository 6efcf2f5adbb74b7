from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from sandbox.browser import NoChromium, chromium


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    try:
        async with chromium() as found:
            yield found
    except NoChromium as missing:
        if "CI" in os.environ:
            pytest.fail(str(missing))
        pytest.skip(str(missing))
