"""CadClient over v2, against the pretend CAD over real HTTP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from bot.cad.client import CadClient
from bot.cad.client_v2 import V2Client
from bot.cad.codec import v2
from bot.cad.errors import (
    ApiForbidden,
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
    CadWebPage,
    InvalidApiKey,
)
from bot.cad.http.rate_limits import RateLimit, background_queries
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials
from bot.cad.models import (
    Account,
    AttachRequest,
    Coordinates,
    DetachRequest,
    Receipt,
    Unit,
    UnitRef,
)
from bot.cad.permissions import GranularPermissions
from sandbox.cad.server import CadServer
from sandbox.cad.state import models as cad_models
from sandbox.cad.state.faults import (
    BAD_GATEWAY,
    CHALLENGE,
    Case,
    Fault,
    Hang,
    HugeBody,
    KeyCase,
    RateLimited,
    Redirect,
    Reset,
    Text,
)
from sandbox.cad.state.models import Badge, Community
from sandbox.cad.state.seed import (
    ALICE,
    API_KEY,
    ARMED_ROBBERY,
    BOB,
    CHARLIE,
    COMMUNITY_ID,
    DANA,
    PAT,
    SAM,
    STRUCTURE_FIRE,
    TRAFFIC_STOP,
    Person,
    build_world,
)
from tests.manual_clock import ManualClock

WHO = Credentials(COMMUNITY_ID, API_KEY)
AMPLE = {endpoint: RateLimit(1000, 1.0) for endpoint in v2.LIMITS}  # no limit in practice
Ask = Callable[[CadClient], Awaitable[object]]


@dataclass
class ClientFixture:
    """The pretend CAD and a client of it."""

    cad: CadServer
    time: ManualClock
    clients: list[V2Client] = field(default_factory=list)

    @property
    def community(self) -> Community:
        return self.cad.world.communities[COMMUNITY_ID]

    @property
    def server(self) -> cad_models.Server:
        return self.cad.world.server(COMMUNITY_ID)

    @property
    def asked(self) -> list[str]:
        return [entry.type for entry in self.cad.world.history]

    def ident(self, person: Person) -> int:
        return next(
            unit.id for unit in self.server.units.values() if person.hex in unit.account.api_ids
        )

    def on(self, call_id: int = ARMED_ROBBERY) -> list[int]:
        return self.server.calls[call_id].idents

    def add(self, account: cad_models.Account) -> cad_models.Account:
        self.community.accounts[account.uuid] = account
        return account

    def unit(self, person: Person) -> Unit:
        unit = self.server.units[self.ident(person)]
        return Unit(unit.id, unit.account.uuid, "", "", "", 2, ())

    def client(
        self,
        credentials: Credentials = WHO,
        limits: Mapping[str, RateLimit] = v2.LIMITS,
        total_timeout: float = 5.0,
    ) -> V2Client:
        transport = Transport(self.cad.url, total_timeout=total_timeout)

        sender = RequestSender(transport, limits, clock=self.time, jitter=lambda: 1.0)
        self.clients.append(V2Client(sender, credentials))
        return self.clients[-1]


@pytest.fixture
async def client_fixture() -> AsyncIterator[ClientFixture]:
    time = ManualClock()
    async with CadServer(build_world(), clock=time.monotonic) as cad:
        client_fixture = ClientFixture(cad, time)
        yield client_fixture
        for client in client_fixture.clients:
            await client.close()


@pytest.fixture
async def client(client_fixture: ClientFixture) -> V2Client:
    return client_fixture.client()


def attachment(*subjects: UnitRef, call_id: int = ARMED_ROBBERY) -> AttachRequest:
    return AttachRequest(1, call_id, subjects)


async def test_one_request_carries_all_who_are_on_duty(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    crew = [PAT, ALICE, BOB, CHARLIE]
    idents = [client_fixture.ident(person) for person in crew]
    order = attachment(
        *(UnitRef(person.hex, ident) for person, ident in zip(crew, idents, strict=True))
    )
    assert await client.attach([order]) == Receipt(frozenset(idents))
    assert client_fixture.asked == ["v2 attach"]
    assert client_fixture.on() == idents
    assert client.calls_per_attach == 1


async def test_the_receipt_spans_both_requests(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    pat, alice = client_fixture.ident(PAT), client_fixture.ident(ALICE)
    order = attachment(
        UnitRef(PAT.hex, pat), UnitRef("gone", 999), UnitRef(ALICE.hex), UnitRef(DANA.hex)
    )
    assert await client.attach([order]) == Receipt(frozenset([pat, alice]))
    assert [entry.objects for entry in client_fixture.cad.world.history] == [
        ({"identIds": [pat, 999]},),
        ({"communityUserIds": [ALICE.hex, DANA.hex]},),
    ]


async def test_several_calls_are_several_requests(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    pat, bob = client_fixture.ident(PAT), client_fixture.ident(BOB)
    orders = [
        attachment(UnitRef(PAT.hex, pat)),
        attachment(UnitRef(BOB.hex, bob), call_id=STRUCTURE_FIRE),
    ]
    assert await client.attach(orders) == Receipt(frozenset([pat, bob]))
    assert bob in client_fixture.on(STRUCTURE_FIRE)


async def test_an_order_about_no_unit_asks_nothing(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    assert await client.attach([attachment()]) == Receipt(frozenset())
    assert await client.detach([DetachRequest(1, ())]) == Receipt(frozenset())
    assert client_fixture.asked == []


async def test_a_failure_after_a_success_is_raised_and_may_be_repeated(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    client_fixture.cad.world.behaviour.refuse_unknown_units = True
    order = attachment(UnitRef(PAT.hex, client_fixture.ident(PAT)), UnitRef("x"))
    for _ in range(2):
        with pytest.raises(CadRefused, match="No unit matches"):
            await client.attach([order])
        assert client_fixture.on() == [client_fixture.ident(PAT)]


async def test_detaching(client_fixture: ClientFixture, client: V2Client) -> None:
    sam = client_fixture.ident(SAM)
    assert client_fixture.on(TRAFFIC_STOP) == [sam]
    order = DetachRequest(1, (UnitRef(SAM.hex, sam), UnitRef(BOB.hex)))
    assert await client.detach([order]) == Receipt(frozenset([sam, client_fixture.ident(BOB)]))
    assert client_fixture.on(TRAFFIC_STOP) == []
    assert client_fixture.asked == ["v2 detach"] * 2


async def test_a_success_without_a_receipt(client_fixture: ClientFixture, client: V2Client) -> None:
    client_fixture.cad.faults.set(Text(200, "OK"), times=1)
    order = attachment(UnitRef(PAT.hex, client_fixture.ident(PAT)), UnitRef(ALICE.hex))
    assert await client.attach([order]) is None


async def test_calls_and_units(client_fixture: ClientFixture, client: V2Client) -> None:
    calls = {call.call_id: call for call in (await client.calls(1)).dispatch}
    assert calls[TRAFFIC_STOP].idents == (client_fixture.ident(SAM),)
    assert set(calls) == {ARMED_ROBBERY, TRAFFIC_STOP, STRUCTURE_FIRE}
    units = {unit.ident: unit for unit in (await client.units(1)).units}
    assert units[client_fixture.ident(PAT)].api_ids == (PAT.hex,)
    assert client_fixture.asked == ["v2 calls", "v2 units"]


async def test_units_of_several_pages(client_fixture: ClientFixture, client: V2Client) -> None:
    account = client_fixture.add(cad_models.Account("u-1", "zoe"))
    for number in range(100):
        client_fixture.cad.world.login(
            client_fixture.server, account, Badge(f"X-{number}", "Zoe", "LSPD")
        )
    units = (await client.units(1)).units
    assert len(units) == 109, "with eight of the sandbox, and its dispatcher"
    assert [one.number for one in units if one.is_dispatch] == ["D-1"]
    assert [entry.objects[0]["offset"] for entry in client_fixture.cad.world.history] == [
        "0",
        "100",
    ]


async def name_behind(client: V2Client, api_id: str) -> str | None:
    """Find the account of an id, and then all of its fields."""
    found = await client.check_api_id(1, api_id)
    full = await client.get_full_account(1, found) if found else None
    return full.username if full else None


@pytest.mark.parametrize("case", Case)
async def test_keys_in_any_case(
    client_fixture: ClientFixture, client: V2Client, case: Case
) -> None:
    client_fixture.cad.faults.set(KeyCase(case))
    pat = client_fixture.ident(PAT)
    assert await client.attach([attachment(UnitRef(PAT.hex))]) == Receipt(frozenset([pat]))
    assert len((await client.calls(1)).dispatch) == 3
    assert PAT.hex in {unit.api_ids[0] for unit in (await client.units(1)).units}
    assert await name_behind(client, PAT.hex) == "pat"
    assert await client.get_idents_on_call(1, ARMED_ROBBERY, [client_fixture.unit(PAT)]) == {pat}


async def test_the_name_behind_an_api_id(client_fixture: ClientFixture, client: V2Client) -> None:
    assert await name_behind(client, PAT.hex) == "pat"
    assert await name_behind(client, "unknown") is None
    assert client_fixture.asked == ["v2 link", "v2 account", "v2 link"]


@pytest.mark.parametrize(
    ("told", "name"),
    [({"linked": True}, "pat"), ({"linked": True, "accountUuid": "gone"}, None)],
)
async def test_a_link_that_says_little(
    client_fixture: ClientFixture, client: V2Client, told: dict[str, object], name: str | None
) -> None:
    client_fixture.cad.faults.set(Text(200, json.dumps(told)), path="/v2/general/links")
    assert await name_behind(client, PAT.hex) == name


async def test_the_account_of_a_discord_person(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    client_fixture.add(cad_models.Account("u-1", "zoe", 42, ("steam:1",)))
    assert await client.get_account_by_discord_id(42) == Account("u-1", "zoe", "steam:1")
    assert await client.get_account_by_discord_id(43) is None


@pytest.mark.parametrize(
    "odd", ["a/b", "a?b=c&d", "100%", "%2F", "ä ö", "steam:1", "a+b", "#1", ";", "x/../y"]
)
async def test_odd_ids_arrive_as_they_are(
    client_fixture: ClientFixture, client: V2Client, odd: str
) -> None:
    account = client_fixture.add(cad_models.Account(odd, "zoe", api_ids=(odd,)))
    assert await name_behind(client, odd) == "zoe"
    unit = client_fixture.cad.world.login(
        client_fixture.server, account, Badge("Z-1", "Zoe", "LSPD")
    )
    await client.attach([attachment(UnitRef(odd))])
    known = Unit(unit.id, odd, "", "", "", 2, ())
    assert await client.get_idents_on_call(1, ARMED_ROBBERY, [known]) == {unit.id}


async def test_few_units_are_asked_for_one_by_one(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    crew = [client_fixture.unit(SAM), client_fixture.unit(PAT), client_fixture.unit(BOB)]
    assert await client.get_idents_on_call(1, TRAFFIC_STOP, crew) == {client_fixture.ident(SAM)}
    assert await client.get_idents_on_call(1, ARMED_ROBBERY, crew[:1]) == frozenset()
    assert await client.get_idents_on_call(1, ARMED_ROBBERY, []) == frozenset()
    assert client_fixture.asked == ["v2 current call"] * 4


async def test_another_unit_of_the_same_account_is_not_on_the_call(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    other = replace(client_fixture.unit(SAM), ident=999)
    assert await client.get_idents_on_call(1, TRAFFIC_STOP, [other]) == frozenset()


async def test_many_units_are_looked_up_in_the_calls(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    crew = [client_fixture.unit(person) for person in (SAM, PAT, BOB, ALICE)]
    assert await client.get_idents_on_call(1, TRAFFIC_STOP, crew) == {client_fixture.ident(SAM)}
    assert client_fixture.asked == ["v2 calls"]


async def test_a_unit_without_an_account_is_looked_up_in_the_calls(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    nameless = replace(client_fixture.unit(SAM), account="")
    assert await client.get_idents_on_call(1, TRAFFIC_STOP, [nameless]) == {
        client_fixture.ident(SAM)
    }
    assert client_fixture.asked == ["v2 calls"]


ASKS: dict[str, Ask] = {
    "attach": lambda client: client.attach([attachment(UnitRef("x"))]),
    "detach": lambda client: client.detach([DetachRequest(1, (UnitRef("x"),))]),
    "calls": lambda client: client.calls(1),
    "units": lambda client: client.units(1),
    "name": lambda client: client.check_api_id(1, "x"),
    "account": lambda client: client.get_account_by_discord_id(42),
    "all of an account": lambda client: client.get_full_account(1, Account("u", "", "x")),
    "on": lambda client: client.get_idents_on_call(1, 100, [Unit(1, "u", "", "", "", 2, ())]),
}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (BAD_GATEWAY, CadUnavailable),
        (CHALLENGE, CadWebPage),
        (RateLimited(), CadRateLimited),
        (RateLimited(30), CadRateLimited),
        (Redirect("http://127.0.0.1:9"), CadRedirected),
        (Text(404, "Not Found"), CadRefused),
        (Text(401, ""), InvalidApiKey),
        (Text(200, "Backend Service Reached"), CadUnreadable),
        (HugeBody(4 * 2**20), CadUnreadable),
        (Reset(), CadBrokenOff),
    ],
)
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_every_method_raises_the_same_family(
    client_fixture: ClientFixture, ask: Ask, fault: Fault, kind: type[CadError]
) -> None:
    client = client_fixture.client(limits=AMPLE)
    client_fixture.cad.faults.set(fault)
    with pytest.raises(CadError) as caught:
        await ask(client)
    assert type(caught.value) is kind
    assert API_KEY not in repr(caught.value) + caught.value.text


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_refusals_that_affect_all_requests(
    client_fixture: ClientFixture, client: V2Client, ask: Ask
) -> None:
    stranger = client_fixture.client(Credentials(COMMUNITY_ID, "wrong"))
    with pytest.raises(InvalidApiKey, match="bearer"):
        await ask(stranger)
    client_fixture.community.api_enabled = False
    with pytest.raises(ApiForbidden, match="NOT ENABLED"):
        await ask(client)


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_no_answer_and_no_server(client_fixture: ClientFixture, ask: Ask) -> None:
    client_fixture.cad.faults.set(Hang())
    with pytest.raises(CadTimeout):
        await ask(client_fixture.client(limits=AMPLE, total_timeout=0.05))
    await client_fixture.cad.pause()
    with pytest.raises(CadUnreachable):
        await ask(client_fixture.client(limits=AMPLE))


async def test_an_unknown_server_or_call(client: V2Client) -> None:
    with pytest.raises(CadRefused, match="server"):
        await client.units(9)
    with pytest.raises(CadRefused, match="CALL NOT FOUND"):
        await client.attach([attachment(UnitRef(PAT.hex), call_id=7)])


@pytest.mark.parametrize("ask", [ASKS["attach"], ASKS["detach"]])
@pytest.mark.parametrize("fault", [BAD_GATEWAY, RateLimited(1)])
async def test_an_order_is_sent_once(
    client_fixture: ClientFixture, client: V2Client, ask: Ask, fault: Fault
) -> None:
    client_fixture.cad.faults.set(fault, times=1)
    with pytest.raises(CadError):
        await ask(client)
    assert len(client_fixture.asked) == 1
    assert client_fixture.time.slept == []


async def test_a_question_is_asked_again(client_fixture: ClientFixture, client: V2Client) -> None:
    client_fixture.cad.faults.set(BAD_GATEWAY, times=1)
    assert len((await client.calls(1)).dispatch) == 3
    assert client_fixture.asked == ["v2 calls"] * 2


async def test_each_kind_of_order_has_its_own_budget(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    order = attachment(UnitRef(PAT.hex, client_fixture.ident(PAT)), UnitRef(ALICE.hex))
    for _ in range(5):
        await client.attach([order])
    assert (client.limiters.attach.used, client.limiters.detach.used) == (10, 0)
    assert client.limiters.attach.wait() > 0
    assert client.limiters.detach.wait() == 0


async def test_the_wait_that_a_429_asks_for_is_known(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    client_fixture.cad.faults.set(RateLimited(30), times=1)
    with pytest.raises(CadRateLimited) as caught:
        await ASKS["attach"](client)
    assert caught.value.retry_after == 30
    assert client.limiters.attach.wait() == 30


async def test_two_minutes_of_questions_stay_within_the_published_limits(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    client_fixture.cad.world.behaviour.rate_limits = True
    questions = [ASKS[name] for name in ("calls", "units", "name", "account", "on")]
    refused: list[int | None] = []
    started = client_fixture.time.seconds
    while client_fixture.time.seconds < started + 120:
        for ask in questions:
            try:
                await ask(client)
            except CadRateLimited as error:
                refused.append(error.status)
        client_fixture.time.seconds += 1
    statuses = Counter((entry.type, entry.status) for entry in client_fixture.cad.world.history)
    assert set(refused) == {None}  # by the client's own rate limiter, not by the CAD
    assert {status for _, status in statuses} <= {200, 404}
    assert client_fixture.asked.count("v2 calls") >= 8


async def test_a_game_server_that_ate_the_budget(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    client_fixture.cad.world.behaviour.rate_limits = True
    game_server = client_fixture.client()
    for _ in range(10):
        await game_server.attach([attachment(UnitRef(PAT.hex))])
    with pytest.raises(CadRateLimited) as caught:
        await ASKS["attach"](client)
    assert (caught.value.status, caught.value.text) == (429, "API rate limit exceeded")
    assert client.limiters.attach.wait() == caught.value.retry_after == 60
    client_fixture.time.seconds += 60
    assert await client.attach([attachment(UnitRef(PAT.hex))])


@pytest.mark.parametrize("header", ["RateLimit-Reset", "X-RateLimit-Reset"])
async def test_a_429_that_names_only_the_end_of_its_period(
    client_fixture: ClientFixture, client: V2Client, header: str
) -> None:
    behaviour = client_fixture.cad.world.behaviour
    behaviour.rate_limits, behaviour.retry_after_header = True, header
    game_server = client_fixture.client()
    for _ in range(10):
        await game_server.attach([attachment(UnitRef(PAT.hex))])
    with pytest.raises(CadRateLimited) as caught:
        await ASKS["attach"](client)
    assert client.limiters.attach.wait() == caught.value.retry_after == 60


async def test_polls_leave_a_request_to_who_waits(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    client_fixture.cad.world.behaviour.rate_limits = True
    with background_queries():
        for _ in range(v2.LIMITS[v2.CALLS].requests - 1):
            await client.calls(1)
        with pytest.raises(CadRateLimited):
            await client.calls(1)
    assert await client.calls(1)
    assert client_fixture.time.slept == []


async def test_300_units_load_within_the_published_limits(client_fixture: ClientFixture) -> None:
    client_fixture.cad.world.behaviour.rate_limits = True
    for number in range(300):
        account = cad_models.Account(f"uuid-{number}", f"user{number}")
        client_fixture.cad.world.login(
            client_fixture.server, client_fixture.add(account), Badge(f"X-{number}", "", "LSPD")
        )
    on_duty = set(client_fixture.server.units)
    game_server_leaves = {name: limit.scaled(0.8) for name, limit in v2.LIMITS.items()}
    client = client_fixture.client(limits=game_server_leaves)
    found: set[int] = set()
    listed: frozenset[int] | None = None
    started = client_fixture.time.seconds
    while listed is None:
        with background_queries():
            part = await client.units(1)
        found |= {unit.ident for unit in part.units}
        listed = part.listed
        client_fixture.time.seconds += 60
    assert found == listed == on_duty
    assert client_fixture.time.seconds - started <= 300
    assert 429 not in {entry.status for entry in client_fixture.cad.world.history}


async def test_granular_permissions_of_an_account(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    grants = frozenset({"global.dispatch"})
    client_fixture.add(cad_models.Account("u-9", "zed", grants=grants, status=4))
    client_fixture.add(cad_models.Account("u-10", "old", permissions=frozenset({"dispatch"})))
    found = await client.get_granular_permissions("u-9")
    assert found == GranularPermissions(grants, status=4)
    old = await client.get_granular_permissions("u-10")
    assert old is not None
    assert not old.is_migrated
    assert await client.get_granular_permissions("unknown") is None
    client_fixture.cad.faults.set(Text(500, "down"))
    with pytest.raises(CadUnavailable):
        await client.get_granular_permissions("u-9")


async def test_the_catalog_of_permissions(client_fixture: ClientFixture, client: V2Client) -> None:
    listed = await client.get_permission_catalog()
    assert {"global.dispatch", "global.selfDispatch", "record.4.read"} <= listed
    client_fixture.cad.faults.set(Text(404, ""))
    with pytest.raises(CadRefused):
        await client.get_permission_catalog()


async def test_where_units_are_and_calls_of_a_custom_layout(
    client_fixture: ClientFixture, client: V2Client
) -> None:
    client_fixture.server.units[client_fixture.ident(PAT)].coordinates = (1.5, -2.0, 3.0, 90.0)
    layout = {"template": "fire", "statusId": "s-1", "priority": "Red", "values": {"Floor": "3"}}
    form = client_fixture.server.calls[ARMED_ROBBERY].form
    client_fixture.server.calls[ARMED_ROBBERY].form = replace(form, layout=layout)
    units = {unit.ident: unit for unit in (await client.units(1)).units}
    assert units[client_fixture.ident(PAT)].coordinates == Coordinates(1.5, -2.0, 3.0, 90.0)
    assert units[client_fixture.ident(ALICE)].coordinates is None
    calls = {call.call_id: call for call in (await client.calls(1)).dispatch}
    call = calls[ARMED_ROBBERY]
    assert (call.priority_text, call.status_id, call.values) == ("Red", "s-1", {"Floor": "3"})
