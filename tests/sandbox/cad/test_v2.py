"""The v2 API over real HTTP: resources, targets, receipts, problems, published limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest

from sandbox.cad.api.v2 import ENDPOINTS
from sandbox.cad.server import CadServer
from sandbox.cad.state.models import Account, Plan, Server, UnitStatus
from sandbox.cad.state.seed import (
    ALICE,
    API_KEY,
    ARMED_ROBBERY,
    BOB,
    COMMUNITY_ID,
    DANA,
    MORGAN,
    PAT,
    SAM,
    STRUCTURE_FIRE,
    TRAFFIC_STOP,
    Person,
    build_world,
)

SERVER = "/v2/emergency/servers/1"
ATTACH = f"{SERVER}/dispatch-calls/{ARMED_ROBBERY}/attachments"
DETACH = f"{SERVER}/dispatch-calls/attachments"
CALLS = f"{SERVER}/calls?closedLimit=10&closedOffset=0&type=100"
UNITS = f"{SERVER}/units?includeOffline=false&onlyUnits=true&limit=100&offset=0"
ACCOUNT = "/v2/general/accounts/account"
LINK = "/v2/general/links/check"
PROBLEM = {"type", "title", "status", "detail", "instance", "traceId"}


@dataclass
class Asker:
    """Sends requests with the pretend CAD's key."""

    cad: CadServer
    session: aiohttp.ClientSession
    now: float = 1000.0
    headers: dict[str, str] = field(default_factory=dict)
    key: str | None = f"Bearer {API_KEY}"

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": self.key} if self.key is not None else {}
        url = self.cad.url + path
        async with self.session.request(method, url, json=body, headers=headers) as response:
            self.headers = dict(response.headers)
            return response.status, await response.json(content_type=None)

    async def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        status, told = await self(method, path, body)
        assert self.headers["Content-Type"].startswith("application/problem+json")
        assert set(told) == PROBLEM
        assert told["status"] == status
        return status, told["detail"]

    @property
    def server(self) -> Server:
        return self.cad.world.server(COMMUNITY_ID)

    def ident(self, person: Person) -> int:
        return next(
            unit.id for unit in self.server.units.values() if person.hex in unit.account.api_ids
        )

    def account(self, person: Person) -> Account:
        accounts = self.cad.world.communities[COMMUNITY_ID].accounts.values()
        return next(account for account in accounts if person.hex in account.api_ids)

    def on_call(self, call_id: int = ARMED_ROBBERY) -> list[int]:
        return self.server.calls[call_id].idents


@pytest.fixture
async def ask() -> AsyncIterator[Asker]:
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        asker: Asker
        async with CadServer(build_world(), clock=lambda: asker.now) as cad:
            asker = Asker(cad, session)
            yield asker


def link_discord(ask: Asker, person: Person, discord_id: int) -> None:
    account = replace(ask.account(person), discord_id=discord_id)
    ask.cad.world.communities[COMMUNITY_ID].accounts[account.uuid] = account


async def test_the_receipt_names_those_who_are_on_the_call(ask: Asker) -> None:
    pat, alice = ask.ident(PAT), ask.ident(ALICE)
    answer = await ask("POST", ATTACH, {"identIds": [pat, 999, alice]})
    assert answer == (200, {"callId": ARMED_ROBBERY, "identIds": [pat, alice]})
    assert ask.on_call() == [pat, alice]


@pytest.mark.parametrize("kind", ["communityUserId", "communityUserIds", "discord", "accountUuid"])
async def test_other_ways_to_name_a_unit(ask: Asker, kind: str) -> None:
    link_discord(ask, PAT, 42)
    targets = {
        "communityUserId": PAT.hex,
        "communityUserIds": [PAT.hex, "unknown"],
        "discord": "42",
        "accountUuid": ask.account(PAT).uuid,
    }
    status, receipt = await ask("POST", ATTACH, {kind: targets[kind]})
    assert (status, receipt["identIds"]) == (200, [ask.ident(PAT)])


@pytest.mark.parametrize(
    "target",
    [{"identIds": []}, {"communityUserIds": [DANA.hex]}, {"discord": "1"}, {"accountUuid": "x"}],
)
async def test_a_request_that_means_no_unit(ask: Asker, target: dict[str, Any]) -> None:
    assert await ask("POST", ATTACH, target) == (200, {"callId": ARMED_ROBBERY, "identIds": []})
    ask.cad.world.behaviour.refuse_unknown_units = True
    assert (await ask.refusal("POST", ATTACH, target))[0] == 404


async def test_a_unit_off_duty_is_not_in_the_receipt(ask: Asker) -> None:
    ask.cad.world.logout(ask.server, ask.ident(PAT))
    _, receipt = await ask("POST", ATTACH, {"identIds": [ask.ident(PAT), ask.ident(BOB)]})
    assert receipt["identIds"] == [ask.ident(BOB)]


async def test_kinds_of_targets_may_be_mixed_only_where_it_is_allowed(ask: Asker) -> None:
    body = {"identIds": [ask.ident(PAT)], "communityUserIds": [ALICE.hex]}
    assert (await ask.refusal("POST", ATTACH, body))[0] == 400
    assert (await ask.refusal("POST", ATTACH, {}))[0] == 400
    ask.cad.world.behaviour.one_target_kind = False
    assert (await ask("POST", ATTACH, body))[1]["identIds"] == [ask.ident(ALICE), ask.ident(PAT)]


async def test_an_unknown_call(ask: Asker) -> None:
    path = f"{SERVER}/dispatch-calls/7/attachments"
    assert await ask.refusal("POST", path, {"identIds": []}) == (404, "CALL NOT FOUND")
    ask.cad.world.behaviour.refuse_unknown_call = False
    assert await ask("POST", path, {"identIds": [1]}) == (200, {"callId": 7, "identIds": []})


async def test_detaching_names_no_call(ask: Asker) -> None:
    sam = ask.ident(SAM)
    assert ask.on_call(TRAFFIC_STOP) == [sam]
    assert await ask("DELETE", DETACH, {"identIds": [sam, 999]}) == (200, {"identIds": [sam]})
    assert ask.on_call(TRAFFIC_STOP) == []


async def test_calls_by_kind(ask: Asker) -> None:
    await ask("POST", f"{SERVER}/dispatch-calls/close", {"callIds": [STRUCTURE_FIRE]})
    _, calls = await ask("GET", CALLS)
    assert [call["callId"] for call in calls["ActiveCalls"]] == [ARMED_ROBBERY, TRAFFIC_STOP]
    assert [call["callId"] for call in calls["ClosedCalls"]] == [STRUCTURE_FIRE]
    assert [call["callId"] for call in calls["EmergencyCalls"]] == [1, 2]
    assert calls["ClosedCallCount"] == 1
    _, calls = await ask("GET", CALLS.replace("type=100", "type=1"))
    assert (calls["ActiveCalls"], len(calls["EmergencyCalls"])) == ([], 2)


async def test_units_carry_their_community_user_id_and_no_api_id(ask: Asker) -> None:
    _, units = await ask("GET", UNITS)
    pat = next(unit for unit in units if unit["id"] == ask.ident(PAT))
    assert pat["data"]["communityUserId"] == PAT.hex
    assert "apiId1" not in pat["data"]
    assert ask.ident(MORGAN) not in {unit["id"] for unit in units}
    _, page = await ask("GET", UNITS.replace("limit=100&offset=0", "limit=2&offset=1"))
    assert page == units[1:3]
    _, all_units = await ask("GET", UNITS.replace("onlyUnits=true", "onlyUnits=false"))
    assert ask.ident(MORGAN) in {unit["id"] for unit in all_units}


@pytest.mark.parametrize(
    "path",
    [
        UNITS.replace("&limit=100", ""),
        UNITS.replace("limit=100", "limit=many"),
        UNITS.replace("onlyUnits=true", "onlyUnits=1"),
        CALLS.replace("type=100", ""),
    ],
)
async def test_a_question_must_be_asked_in_full(ask: Asker, path: str) -> None:
    assert (await ask.refusal("GET", path))[0] == 400


async def test_an_account_by_each_of_its_names(ask: Asker) -> None:
    link_discord(ask, PAT, 42)
    uuid = ask.account(PAT).uuid
    for query in (
        "discord=42",
        f"accountUuid={uuid}",
        "username=pat",
        f"communityUserId={PAT.hex}",
    ):
        status, account = await ask("GET", f"{ACCOUNT}?{query}")
        assert (status, account["uuid"], account["username"]) == (200, uuid, "pat")
        assert account["communityUserId"] == PAT.hex
        assert account["permissions"] == {"police": True, "dispatch": False, "selfDispatch": True}
    for query in ("discord=43", "accountUuid=x", "username=x", "communityUserId=x"):
        assert await ask.refusal("GET", f"{ACCOUNT}?{query}") == (404, "Account not found.")
    for query in ("", f"discord=42&accountUuid={uuid}", "name=pat"):
        assert (await ask.refusal("GET", f"{ACCOUNT}?{query}"))[0] == 400


async def test_whose_a_community_user_id_is(ask: Asker) -> None:
    assert await ask("POST", LINK, {"communityUserId": PAT.hex}) == (
        200,
        {"communityUserId": PAT.hex, "linked": True, "accountUuid": ask.account(PAT).uuid},
    )
    _, unknown = await ask("POST", LINK, {"communityUserId": "x"})
    assert (unknown["linked"], unknown["accountUuid"]) == (False, None)


async def test_the_current_call_of_an_account(ask: Asker) -> None:
    def path(person: Person) -> str:
        return f"/v2/emergency/accounts/{ask.account(person).uuid}/current-call"

    on = {"IdentId": ask.ident(SAM), "CallId": TRAFFIC_STOP}
    assert await ask("GET", path(SAM)) == (200, on)
    assert await ask("GET", path(PAT)) == (200, {"IdentId": ask.ident(PAT), "CallId": -1})
    assert await ask("GET", path(DANA)) == (200, {"IdentId": -1, "CallId": -1})
    assert (await ask.refusal("GET", "/v2/emergency/accounts/x/current-call"))[0] == 404


async def test_a_new_dispatch_must_name_its_units(ask: Asker) -> None:
    path = f"{SERVER}/dispatch-calls"
    form = {"origin": 0, "status": 1, "priority": 1, "title": "Riot", "notes": []}
    assert (await ask.refusal("POST", path, form))[0] == 400
    status, call = await ask("POST", path, {**form, "communityUserIds": []})
    assert (status, call["title"], call["idents"]) == (201, "Riot", [])
    assert (await ask.refusal("POST", path, {**form, "identIds": [ask.ident(PAT)]}))[0] == 400
    account = ask.server.units[ask.ident(PAT)].account.uuid
    assert (await ask.refusal("POST", path, {**form, "accountUuid": account}))[0] == 400
    _, call = await ask("POST", path, {**form, "communityUserIds": [PAT.hex]})
    assert call["idents"] == [ask.ident(PAT)]
    _, call = await ask("POST", path, {**form, "accounts": [account]})
    assert (call["idents"], call["primary"]) == ([ask.ident(PAT)], ask.ident(PAT))
    assert call["callId"] in ask.server.calls


async def test_closing_is_all_or_nothing(ask: Asker) -> None:
    path = f"{SERVER}/dispatch-calls/close"
    assert (await ask.refusal("POST", path, {"callIds": [ARMED_ROBBERY, 7]}))[0] == 404
    assert ARMED_ROBBERY in ask.server.calls
    both = {"callIds": [ARMED_ROBBERY, TRAFFIC_STOP]}
    assert await ask("POST", path, both) == (200, both)
    assert list(ask.server.calls) == [STRUCTURE_FIRE]


async def test_a_note(ask: Asker) -> None:
    body = {"note": "Northbound", "noteType": "text", "label": "Integration"}
    path = f"{SERVER}/dispatch-calls/{ARMED_ROBBERY}/notes"
    answer = {"callId": ARMED_ROBBERY, "note": "Northbound"}
    assert await ask("POST", path, body) == (200, answer)
    assert ask.server.calls[ARMED_ROBBERY].notes[-1].label == "Integration"


async def test_the_primary_unit(ask: Asker) -> None:
    path = f"{SERVER}/dispatch-calls/{ARMED_ROBBERY}/primary"
    body = {"identId": 7, "trackPrimary": True}
    assert await ask("PATCH", path, body) == (200, {"callId": ARMED_ROBBERY, **body})
    call = ask.server.calls[ARMED_ROBBERY]
    assert (call.primary, call.form.track_primary) == (7, True)
    assert (await ask.refusal("PATCH", f"{SERVER}/dispatch-calls/999/primary", body))[0] == 404


async def test_911_comes_and_goes(ask: Asker) -> None:
    body = {"isEmergency": True, "caller": "Jo", "location": "Pier", "description": "Help"}
    status, call = await ask("POST", f"{SERVER}/calls/911", body)
    assert (status, call["caller"]) == (200, "Jo")
    path = f"{SERVER}/calls/911/{call['callId']}"
    assert await ask("DELETE", path) == (200, {"callId": call["callId"], "serverId": 1})
    assert (await ask.refusal("DELETE", path))[0] == 404


async def test_setting_a_status(ask: Asker) -> None:
    body = {"identIds": [ask.ident(PAT), 999], "status": 3}
    assert await ask("PATCH", f"{SERVER}/units/status", body) == (
        200,
        {"updated": 1, "status": "ENROUTE"},
    )
    assert ask.server.units[ask.ident(PAT)].status == UnitStatus.ENROUTE


async def test_the_community_itself(ask: Asker) -> None:
    assert (await ask("GET", "/v2/general/info"))[1]["community"]["comId"] == COMMUNITY_ID
    assert (await ask("GET", "/v2/general/servers"))[1]["servers"][0]["id"] == 1
    assert await ask("GET", "/v2/general/version") == (200, {"version": 2, "name": "PLUS"})


@pytest.mark.parametrize("key", [None, "", "Bearer wrong", f"Basic {API_KEY}", API_KEY])
async def test_without_the_key(ask: Asker, key: str | None) -> None:
    ask.key = key
    assert (await ask.refusal("GET", UNITS))[0] == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", UNITS.replace("servers/1", "servers/9")),
        ("GET", UNITS.replace("servers/1", "servers/x")),
        ("GET", "/v2/general/nothing"),
        ("GET", ATTACH),
        ("PUT", "/v2/general/info"),
    ],
)
async def test_what_is_not_there(ask: Asker, method: str, path: str) -> None:
    assert (await ask.refusal(method, path))[0] == 404


@pytest.mark.parametrize("body", [[], "x", {"identIds": "x"}, {"identIds": [True]}])
async def test_a_body_that_does_not_fit(ask: Asker, body: Any) -> None:
    assert (await ask.refusal("POST", ATTACH, body))[0] == 400


async def test_every_plan_is_enough(ask: Asker) -> None:
    ask.cad.world.communities[COMMUNITY_ID].plan = Plan.BASIC
    assert (await ask("GET", UNITS))[0] == 200
    ask.cad.world.communities[COMMUNITY_ID].api_enabled = False
    assert await ask.refusal("GET", UNITS) == (403, "API IS NOT ENABLED FOR THIS COMMUNITY")


async def test_a_cad_that_refuses_the_key_on_v2_alone(ask: Asker) -> None:
    ask.cad.world.behaviour.v2_takes_key = False
    assert (await ask.refusal("GET", "/v2/general/version"))[0] == 401
    assert (await ask.refusal("GET", UNITS))[0] == 401


async def test_the_history_names_the_endpoint_and_never_the_key(ask: Asker) -> None:
    await ask("POST", ATTACH, {"identIds": [1]})
    await ask("GET", UNITS)
    await ask("GET", "/v2/nothing")
    attach, units, nothing = ask.cad.world.history
    assert (attach.type, attach.community, attach.status) == ("v2 attach", COMMUNITY_ID, 200)
    assert attach.objects == ({"identIds": [1]},)
    assert (units.type, units.objects[0]["limit"]) == ("v2 units", "100")
    assert (nothing.type, nothing.status) == ("v2 GET", 404)
    assert API_KEY not in repr(ask.cad.world.history)


def test_the_published_limits() -> None:
    assert {one.name: one.per_minute for one in ENDPOINTS} == {
        "attach": 10,
        "detach": 10,
        "calls": 5,
        "units": 3,
        "layouts": 10,
        "current call": 10,
        "new dispatch": 20,
        "close": 20,
        "note": 60,
        "primary": 10,
        "911": 10,
        "remove 911": 10,
        "status": 30,
        "account": 10,
        "permissions": 10,
        "permission catalog": 10,
        "link": 30,
        "info": 10,
        "servers": 10,
        "version": 10,
    }


async def test_the_limit_counts_each_endpoint_and_minute(ask: Asker) -> None:
    ask.cad.world.behaviour.rate_limits = True
    for _ in range(3):
        assert (await ask("GET", UNITS))[0] == 200
        ask.now += 10
    status, told = await ask("GET", UNITS)
    assert (status, set(told), ask.headers["Retry-After"]) == (429, {"message", "request_id"}, "30")
    assert (await ask("GET", CALLS))[0] == 200
    ask.now += 29.9
    assert (await ask("GET", UNITS))[0] == 429
    ask.now += 0.1
    assert (await ask("GET", UNITS))[0] == 200
    assert (await ask("GET", UNITS))[0] == 429


async def test_a_429_may_say_nothing_of_the_wait(ask: Asker) -> None:
    ask.cad.world.behaviour.rate_limits = True
    ask.cad.world.behaviour.sends_retry_after = False
    for _ in range(3):
        await ask("GET", UNITS)
    assert (await ask("GET", UNITS))[0] == 429
    assert "Retry-After" not in ask.headers


async def test_v1_allows_a_burst_but_not_more_than_one_a_second_for_long(ask: Asker) -> None:
    ask.cad.world.behaviour.rate_limits = True
    body = {"id": COMMUNITY_ID, "key": API_KEY, "type": "GET_CALLS", "data": []}
    statuses = []
    for _ in range(71):
        async with ask.session.post(ask.cad.url + "/emergency/get_calls", json=body) as response:
            statuses.append(response.status)
    assert statuses == [200] * 70 + [429]
    assert response.headers["Retry-After"] == "60"


async def test_limits_outlast_an_outage_and_are_off_by_default(ask: Asker) -> None:
    for _ in range(4):
        assert (await ask("GET", UNITS))[0] == 200
    ask.cad.world.behaviour.rate_limits = True
    for _ in range(3):
        await ask("GET", UNITS)
    await ask.cad.pause()
    await ask.cad.resume()
    assert (await ask("GET", UNITS))[0] == 429
