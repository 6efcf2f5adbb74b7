"""The client that chooses: every method goes to the API in use, and a change keeps the limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from bot.cad.api_choice import ApiStatus
from bot.cad.client_auto import AutoClient
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.codec import v1, v2
from bot.cad.errors import CadRateLimited
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials
from bot.cad.models import Account, AttachRequest, DetachRequest, NewCall, UnitRef
from sandbox.cad.server import CadServer
from sandbox.cad.state.behaviour import SpokenApi
from sandbox.cad.state.seed import (
    API_KEY,
    ARMED_ROBBERY,
    COMMUNITY_ID,
    PAT,
    SERVER_ID,
    build_world,
)
from tests.manual_clock import ManualClock

WHO = Credentials(COMMUNITY_ID, API_KEY)
UNIT = UnitRef(PAT.hex, ident=1)
ATTACH = AttachRequest(SERVER_ID, ARMED_ROBBERY, (UNIT,))
DETACH = DetachRequest(SERVER_ID, (UNIT,))

REQUESTS: dict[str, Callable[[AutoClient], Awaitable[object]]] = {
    "attach": lambda cad: cad.attach([ATTACH]),
    "detach": lambda cad: cad.detach([DETACH]),
    "create": lambda cad: cad.create_call(NewCall(SERVER_ID, "Fire")),
    "note": lambda cad: cad.add_note(SERVER_ID, ARMED_ROBBERY, "text", label="Dana"),
    "status": lambda cad: cad.set_status(SERVER_ID, UNIT, 3),
    "close": lambda cad: cad.close_call(SERVER_ID, ARMED_ROBBERY),
    "remove 911": lambda cad: cad.remove_emergency_call(SERVER_ID, 1),
    "primary": lambda cad: cad.set_primary(SERVER_ID, ARMED_ROBBERY, 1, track=False),
    "calls": lambda cad: cad.calls(SERVER_ID),
    "recent calls": lambda cad: cad.recent_calls(SERVER_ID),
    "units": lambda cad: cad.units(SERVER_ID),
    "id": lambda cad: cad.check_api_id(SERVER_ID, PAT.hex),
    "account": lambda cad: cad.get_full_account(SERVER_ID, Account("", "", PAT.hex)),
    "discord": lambda cad: cad.get_account_by_discord_id(7),
    "by id": lambda cad: cad.get_account_by_api_id(SERVER_ID, PAT.hex),
    "permissions": lambda cad: cad.get_granular_permissions("00000000"),
    "catalog": lambda cad: cad.get_permission_catalog(),
    "layouts": lambda cad: cad.layouts(),
    "on call": lambda cad: cad.get_idents_on_call(SERVER_ID, ARMED_ROBBERY, ()),
    "community": lambda cad: cad.community_id(),
    "servers": lambda cad: cad.servers(),
    "variant": lambda cad: cad.find_attach_variant(),
}
# What an API does not say, or has no need to ask.
WITHOUT_REQUEST = {
    1: {"discord", "permissions", "catalog", "layouts", "community", "servers"},
    2: {"on call", "variant"},
}


@dataclass
class AutoFixture:
    """The pretend CAD, and the client that chooses."""

    cad: CadServer
    v1: V1Client
    v2: V2Client
    auto: AutoClient

    def speak(self, api: SpokenApi) -> None:
        self.cad.world.behaviour.spoken_api = api

    def sent(self) -> list[str]:
        """List the types of the requests, without the question whether v2 takes the key."""
        return [one.type for one in self.cad.world.history if one.type != "v2 version"]


@pytest.fixture
async def auto_fixture() -> AsyncIterator[AutoFixture]:
    async with CadServer(build_world()) as cad:
        clock, transport = ManualClock(), Transport(cad.url)
        client_v1 = V1Client(RequestSender(transport, v1.LIMITS, clock=clock), WHO)
        client_v2 = V2Client(RequestSender(transport, v2.LIMITS, clock=clock), WHO)
        auto = AutoClient(client_v1, client_v2, clock, lambda _: None)
        yield AutoFixture(cad, client_v1, client_v2, auto)
        await auto.close()


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("api", [SpokenApi.V1, SpokenApi.V2])
async def test_every_request_goes_to_the_api_in_use(
    auto_fixture: AutoFixture, api: SpokenApi, name: str
) -> None:
    auto_fixture.speak(api)
    await REQUESTS[name](auto_fixture.auto)
    version = int(api)
    assert auto_fixture.auto.api.version == version
    sent = auto_fixture.sent()
    assert bool(sent) is (name not in WITHOUT_REQUEST[version])
    assert all(one.startswith("v2 ") is (version == 2) for one in sent)


@pytest.mark.parametrize("api", [SpokenApi.V1, SpokenApi.V2])
async def test_limits_are_those_of_the_api_in_use(
    auto_fixture: AutoFixture, api: SpokenApi
) -> None:
    auto = auto_fixture.auto
    assert auto.limiters.attach is auto_fixture.v2.limiters.attach
    auto_fixture.speak(api)
    await auto.calls(SERVER_ID)
    used = auto_fixture.v1 if api is SpokenApi.V1 else auto_fixture.v2
    assert auto.limiters.attach is used.limiters.attach
    assert auto.limiters.detach is used.limiters.detach
    assert auto.calls_per_attach == used.calls_per_attach
    assert auto.has_discord_links is used.has_discord_links
    assert auto.clock_skew == used.clock_skew
    auto.calls_per_attach = 1
    assert used.calls_per_attach == 1


async def test_a_batch_that_the_other_api_cannot_take_waits(auto_fixture: AutoFixture) -> None:
    auto = auto_fixture.auto
    auto_fixture.speak(SpokenApi.V1)
    await auto.calls(SERVER_ID)
    auto_fixture.speak(SpokenApi.V2)
    both = [ATTACH, AttachRequest(SERVER_ID, 101, (UNIT,))]
    with pytest.raises(CadRateLimited):
        await auto.attach(both)
    assert "v2 attach" not in auto_fixture.sent()
    assert auto.calls_per_attach == 1
    await auto.attach([ATTACH])
    assert auto_fixture.sent()[-1] == "v2 attach"


@pytest.mark.parametrize("name", ["attach", "detach"])
async def test_a_change_does_not_pass_the_limit(auto_fixture: AutoFixture, name: str) -> None:
    auto = auto_fixture.auto
    auto_fixture.speak(SpokenApi.V1)
    await auto.calls(SERVER_ID)
    auto_fixture.speak(SpokenApi.V2)
    for limiter in (auto_fixture.v2.limiters.attach, auto_fixture.v2.limiters.detach):
        while not limiter.wait():
            limiter.record()
    with pytest.raises(CadRateLimited) as caught:
        await REQUESTS[name](auto)
    assert caught.value.retry_after == 60.0
    assert auto.api == ApiStatus(2, is_automatic=True, refusals=auto.api.refusals)
    assert f"v2 {name}" not in auto_fixture.sent()


@pytest.mark.parametrize("name", ["attach", "detach"])
async def test_a_change_within_the_limit_sends_at_once(
    auto_fixture: AutoFixture, name: str
) -> None:
    auto = auto_fixture.auto
    auto_fixture.speak(SpokenApi.V1)
    await auto.calls(SERVER_ID)
    auto_fixture.speak(SpokenApi.V2)
    await REQUESTS[name](auto)
    assert auto_fixture.sent()[-1] == f"v2 {name}"
