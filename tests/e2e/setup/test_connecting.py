"""/setup: a server is connected to its community, and served at once."""

from __future__ import annotations

from tests.e2e.setup.setup_fixture import COMMUNITY, SetupFixture


async def test_a_server_is_connected_and_served_at_once(setup_fixture: SetupFixture) -> None:
    assert await setup_fixture.answer("attach", call="100", units="A-12") == (
        "❌ This server is not connected to Sonoran CAD yet. A member with Manage Server uses"
        " `/setup`."
    )
    assert setup_fixture.page[1].startswith("**1. Sonoran CAD**\n❌ Not connected.")
    said = await setup_fixture.connect()
    assert said.startswith(f"✅ Connected to community `{COMMUNITY}` over API 2.")
    await setup_fixture.is_served()
    answer = await setup_fixture.answer("attach", call="100", units="A-12")
    assert answer.startswith("✅ **#100** Armed Robbery: A\\-12")
