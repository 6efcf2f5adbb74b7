from __future__ import annotations

import pytest

from tests.e2e.bot_fixture import BotFixture
from tests.e2e.setup.setup_fixture import SetupFixture


@pytest.fixture
async def setup_fixture(bot_fixture: BotFixture) -> SetupFixture:
    setup = SetupFixture.build(bot_fixture)
    await setup.start()
    await setup.open()
    return setup
