"""The look that an order needs goes before the polls that no member waits for."""

from __future__ import annotations

import pytest

from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Hang
from tests.e2e.bot_fixture import BotFixture, until

CALLS = {1: "/emergency/get_calls", 2: "/v2/emergency/servers/1/calls"}


@pytest.mark.parametrize(
    ("bot_fixture", "version"),
    [({"sonoran_api_version": one}, one) for one in (1, 2)],
    indirect=["bot_fixture"],
    ids=["v1", "v2"],
)
@pytest.mark.parametrize("fault", [Hang(), BAD_GATEWAY], ids=["hanging", "trying again"])
async def test_an_order_does_not_wait_behind_a_poll(
    bot_fixture: BotFixture, version: int, fault
) -> None:
    path = CALLS[version]
    bot_fixture.cad.faults.set(fault, path=path, times=1)
    asked = bot_fixture.cad.request_counts[path]
    bot_fixture.services.board.force_refresh(seed.SERVER_ID)
    await until(lambda: bot_fixture.cad.request_counts[path] > asked)
    given_at = bot_fixture.time.monotonic()
    said = await bot_fixture.run_command(bot_fixture.dana, "detach", units="A-7")
    assert said.text == "⚠️ Nothing was changed.\nLeft out: `A-7`: not on any call."
    assert bot_fixture.time.monotonic() == given_at
