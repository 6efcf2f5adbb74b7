from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from sandbox.browser.chromium import ChromiumNotFound, open_chromium


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    try:
        async with open_chromium() as found:
            yield found
    except ChromiumNotFound as missing:
        if "CI" in os.environ:
            pytest.fail(str(missing))
        pytest.skip(str(missing))
