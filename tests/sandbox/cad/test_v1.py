"""The v1 API over real HTTP: attach variants, documented texts, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.cad.server import CadServer
from sandbox.cad.state.behaviour import AttachVariant, Partial, WrongAddress
from sandbox.cad.state.models import Json, Plan
from sandbox.cad.state.seed import (
    ALICE,
    API_KEY,
    ARMED_ROBBERY,
    BOB,
    COMMUNITY_ID,
    PAT,
    SAM,
    STRUCTURE_FIRE,
    TRAFFIC_STOP,
)
from tests.sandbox.conftest import Caller, Reply

ATTACHED = Reply(200, "UNITS ATTACHED")
INVALID_TYPE = Reply(400, "INVALID REQUEST TYPE")


def on_call(cad: CadServer, call_id: int) -> list[str]:
    server = cad.world.server(COMMUNITY_ID)
    return [server.units[ident].badge.unit_num for ident in server.calls[call_id].idents]


def attachment(call_id: int, *api_ids: str) -> Json:
    return {"serverId": 1, "callId": call_id, "units": list(api_ids)}


@pytest.mark.parametrize("variant", AttachVariant)
async def test_each_variant_attaches(
    cad: CadServer, caller: Caller, variant: AttachVariant
) -> None:
    cad.world.behaviour.attach_variants = {variant}
    path, type_ = variant.value
    assert await caller.post(path, type_, attachment(ARMED_ROBBERY, PAT.hex)) == ATTACHED
    assert on_call(cad, ARMED_ROBBERY) == ["A-12"]


@pytest.mark.parametrize("variant", AttachVariant)
async def test_a_variant_switched_off(
    cad: CadServer, caller: Caller, variant: AttachVariant
) -> None:
    cad.world.behaviour.attach_variants.discard(variant)
    path, type_ = variant.value
    reply = await caller.post(path, type_, attachment(ARMED_ROBBERY, PAT.hex))
    gone = Reply(404, "Not Found")
    assert reply == (gone if variant is AttachVariant.SEPTEMBER_2020 else INVALID_TYPE)
    assert on_call(cad, ARMED_ROBBERY) == []


async def test_emergency_itself_stays_when_both_its_variants_are_off(
    cad: CadServer, caller: Caller
) -> None:
    cad.world.behaviour.attach_variants = {AttachVariant.SEPTEMBER_2020}
    assert await caller.attach(ARMED_ROBBERY, PAT.hex) == INVALID_TYPE


async def test_the_four_documented_refusals(cad: CadServer, caller: Caller) -> None:
    order = attachment(ARMED_ROBBERY, PAT.hex)
    path = "/emergency"
    assert await caller.post(path, "ATTACH", order) == INVALID_TYPE
    assert await caller.post(path, "ATTACH_UNITS", order, id_="x") == Reply(
        400, "INVALID COMMUNITY ID"
    )
    assert await caller.post(path, "ATTACH_UNITS", order, key="x") == Reply(400, "INVALID API KEY")
    cad.world.communities[COMMUNITY_ID].api_enabled = False
    assert await caller.post(path, "ATTACH_UNITS", order) == Reply(
        400, "API IS NOT ENABLED FOR THIS COMMUNITY"
    )
    assert on_call(cad, ARMED_ROBBERY) == []


@pytest.mark.parametrize(
    ("path", "type_", "data", "plan"),
    [
        ("/emergency", "ATTACH_UNITS", {"callId": 100, "units": []}, Plan.PLUS),
        ("/emergency/detach_unit", "DETACH_UNIT", {"units": []}, Plan.PLUS),
        ("/emergency/get_calls", "GET_CALLS", {}, Plan.PLUS),
        ("/emergency/get_active_units", "GET_ACTIVE_UNITS", {}, Plan.PLUS),
        ("/emergency/new_dispatch", "NEW_DISPATCH", {}, Plan.PLUS),
        ("/emergency/close_call", "CLOSE_CALL", {"callId": 100}, Plan.PLUS),
        ("/emergency/add_call_note", "ADD_CALL_NOTE", {"callId": 100, "note": "x"}, Plan.PLUS),
        (
            "/emergency/set_call_primary",
            "SET_CALL_PRIMARY",
            {"callId": 100, "primary": 1},
            Plan.PLUS,
        ),
        ("/emergency/call_911", "CALL_911", {}, Plan.STANDARD),
        ("/emergency/remove_911", "REMOVE_911", {"callId": 1}, Plan.STANDARD),
        ("/emergency/unit_status", "UNIT_STATUS", {"status": 2}, Plan.STANDARD),
        ("/general/check_apiid", "CHECK_APIID", {"apiId": PAT.hex}, Plan.STANDARD),
    ],
)
async def test_each_endpoint_needs_its_plan(
    caller: Caller, path: str, type_: str, data: Json, plan: Plan
) -> None:
    community = caller.server.world.communities[COMMUNITY_ID]
    community.plan = Plan(plan - 1)
    assert await caller.post(path, type_, data) == Reply(
        400, "API IS NOT ENABLED FOR THIS COMMUNITY"
    )
    community.plan = plan
    assert (await caller.post(path, type_, data)).status == 200


async def test_unknown_people_are_accepted_silently(cad: CadServer, caller: Caller) -> None:
    assert await caller.attach(ARMED_ROBBERY, "STEAM:1234", ALICE.hex) == ATTACHED
    assert on_call(cad, ARMED_ROBBERY) == ["A-7"]


async def test_unknown_call_and_server_are_refused(caller: Caller) -> None:
    assert await caller.attach(999, PAT.hex) == Reply(400, "CALL NOT FOUND")
    elsewhere = {"serverId": 9, "callId": ARMED_ROBBERY, "units": [PAT.hex]}
    assert await caller.post("/emergency", "ATTACH_UNITS", elsewhere) == Reply(
        400, "INVALID SERVER ID"
    )


async def test_unknown_call_may_be_ignored(cad: CadServer, caller: Caller) -> None:
    cad.world.behaviour.refuse_unknown_call = False
    assert await caller.attach(999, PAT.hex) == ATTACHED


async def test_of_several_objects_a_cad_may_carry_out_the_first_only(
    cad: CadServer, caller: Caller
) -> None:
    cad.world.behaviour.partial = Partial.FIRST_ONLY
    first, second = attachment(ARMED_ROBBERY, PAT.hex), attachment(TRAFFIC_STOP, ALICE.hex)
    assert await caller.post("/emergency/attach_unit", "ATTACH_UNIT", first, second) == ATTACHED
    assert on_call(cad, ARMED_ROBBERY) == ["A-12"]
    assert "A-7" not in on_call(cad, TRAFFIC_STOP)


@pytest.mark.parametrize(
    ("partial", "attached"), [(Partial.ALL_OR_NOTHING, []), (Partial.APPLY_GOOD, ["A-12"])]
)
async def test_several_objects_of_which_one_is_bad(
    cad: CadServer, caller: Caller, partial: Partial, attached: list[str]
) -> None:
    cad.world.behaviour.partial = partial
    reply = await caller.post(
        "/emergency",
        "ATTACH_UNITS",
        attachment(ARMED_ROBBERY, PAT.hex),
        attachment(999, BOB.hex),
    )
    assert reply == Reply(400, "CALL NOT FOUND")
    assert on_call(cad, ARMED_ROBBERY) == attached


async def test_several_good_objects_are_all_carried_out(cad: CadServer, caller: Caller) -> None:
    orders = attachment(ARMED_ROBBERY, PAT.hex), attachment(STRUCTURE_FIRE, BOB.hex)
    assert await caller.post("/emergency", "ATTACH_UNITS", *orders) == ATTACHED
    assert on_call(cad, ARMED_ROBBERY) == ["A-12"]
    assert on_call(cad, STRUCTURE_FIRE) == ["R-2", "M-3"]


async def test_detach_names_no_call(cad: CadServer, caller: Caller) -> None:
    reply = await caller.post("/emergency/detach_unit", "DETACH_UNIT", {"units": [SAM.hex]})
    assert reply == Reply(200, "UNITS DETACHED")
    assert on_call(cad, TRAFFIC_STOP) == []


async def test_get_calls_shows_who_is_attached(caller: Caller) -> None:
    await caller.post("/emergency/close_call", "CLOSE_CALL", {"callId": STRUCTURE_FIRE})
    await caller.attach(ARMED_ROBBERY, PAT.hex)
    calls = await read(caller, "/emergency/get_calls", "GET_CALLS", {"serverId": 1})
    assert [call["callId"] for call in calls["activeCalls"]] == [ARMED_ROBBERY, TRAFFIC_STOP]
    assert calls["activeCalls"][0]["title"] == "Armed Robbery"
    assert len(calls["activeCalls"][0]["idents"]) == 1
    assert [call["callId"] for call in calls["emergencyCalls"]] == [1, 2]
    assert [call["callId"] for call in calls["closedCalls"]] == [STRUCTURE_FIRE]


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        ({"type": 0}, (2, 0, 1)),
        ({"type": 1}, (0, 2, 0)),
        ({"type": 100}, (2, 2, 1)),
        ({"closedLimit": 0}, (2, 2, 0)),
        ({"closedOffset": 1}, (2, 2, 0)),
    ],
)
async def test_get_calls_filters(caller: Caller, data: Json, counts: tuple[int, int, int]) -> None:
    await caller.post("/emergency/close_call", "CLOSE_CALL", {"callId": STRUCTURE_FIRE})
    calls = await read(caller, "/emergency/get_calls", "GET_CALLS", data)
    found = tuple(len(calls[key]) for key in ("activeCalls", "emergencyCalls", "closedCalls"))
    assert found == counts


async def test_active_units(caller: Caller) -> None:
    path, type_ = "/emergency/get_active_units", "GET_ACTIVE_UNITS"
    units = await read(caller, path, type_, {"serverId": 1})
    assert units[0]["data"]["unitNum"] == "A-12"
    assert units[0]["data"]["apiId1"] == PAT.hex
    assert not any(unit["isDispatch"] for unit in units)
    all_units = await read(caller, path, type_, {"onlyUnits": False})
    assert len(all_units) == len(units) + 1
    some = await read(caller, path, type_, {"limit": 2, "offset": 1})
    assert [unit["data"]["unitNum"] for unit in some] == ["A-7", "M-3"]


async def test_offline_units_are_shown_on_request(cad: CadServer, caller: Caller) -> None:
    cad.world.logout(cad.world.server(COMMUNITY_ID), 1)
    path, type_ = "/emergency/get_active_units", "GET_ACTIVE_UNITS"
    online = await read(caller, path, type_, {})
    all_units = await read(caller, path, type_, {"includeOffline": True})
    assert len(all_units) == len(online) + 1
    assert all_units[0]["status"] == 100


async def test_a_call_from_start_to_end(cad: CadServer, caller: Caller) -> None:
    form = {"title": "Pursuit", "priority": 1, "units": [PAT.hex], "metaData": {"x": 1.5}}
    created = await caller.post("/emergency/new_dispatch", "NEW_DISPATCH", form)
    assert created == Reply(200, "NEW DISPATCH CREATED - ID: 103")
    call = cad.world.server(COMMUNITY_ID).calls[103]
    assert call.form.meta_data == {"x": "1.5"}
    note = {"callId": 103, "note": "heading north", "label": "A-12"}
    noted = await caller.post("/emergency/add_call_note", "ADD_CALL_NOTE", note)
    assert noted == Reply(200, "NOTE 'heading north' added to call #103")
    assert call.notes[0].label == "A-12"
    # The documented answer of CLOSE_CALL is the wrong one.
    assert await caller.post("/emergency/close_call", "CLOSE_CALL", {"callId": 103}) == ATTACHED
    assert 103 not in cad.world.server(COMMUNITY_ID).calls


async def test_the_primary_unit_is_set_and_cleared(cad: CadServer, caller: Caller) -> None:
    call = cad.world.server(COMMUNITY_ID).calls[100]
    path, type_ = "/emergency/set_call_primary", "SET_CALL_PRIMARY"
    data = {"callId": 100, "primary": 7, "trackPrimary": True}
    # The documented answer is that of another endpoint.
    assert await caller.post(path, type_, data) == Reply(200, "CALL 100 POSTAL SET TO 7")
    assert (call.primary, call.form.track_primary) == (7, True)
    await caller.post(path, type_, {"callId": 100, "primary": -1})
    assert (call.primary, call.form.track_primary) == (0, True)


async def test_a_new_call_keeps_the_notes_it_came_with(cad: CadServer, caller: Caller) -> None:
    notes = [{"time": "12:00:00", "label": "A-1", "type": "text", "content": "hello"}]
    await caller.post("/emergency/new_dispatch", "NEW_DISPATCH", {"title": "x", "notes": notes})
    assert cad.world.server(COMMUNITY_ID).calls[103].as_json()["notes"] == notes


async def test_911_numbers_are_a_space_of_their_own(cad: CadServer, caller: Caller) -> None:
    data = {"caller": "Jo", "location": "Pier", "description": "help", "isEmergency": True}
    reply = await caller.post("/emergency/call_911", "CALL_911", data)
    assert reply == Reply(200, "EMERGENCY CALL ADDED ID: 3")
    # Here, too, the documents give another endpoint's answer.
    removed = await caller.post("/emergency/remove_911", "REMOVE_911", {"callId": 3})
    assert removed == Reply(200, "API ID(s) set!")
    again = await caller.post("/emergency/remove_911", "REMOVE_911", {"callId": 3})
    assert again == Reply(400, "CALL NOT FOUND")


@pytest.mark.parametrize("who", [{"apiId": PAT.hex}, {"identIds": [1]}])
async def test_unit_status(cad: CadServer, caller: Caller, who: Json) -> None:
    reply = await caller.post("/emergency/unit_status", "UNIT_STATUS", {**who, "status": 4})
    assert reply == Reply(200, "UNIT STATUS UPDATED")
    assert cad.world.server(COMMUNITY_ID).units[1].status == 4


async def test_check_apiid(caller: Caller) -> None:
    path, type_ = "/general/check_apiid", "CHECK_APIID"
    assert await caller.post(path, type_, {"apiId": PAT.hex}) == Reply(200, "pat")
    assert await caller.post(path, type_, {"apiId": PAT.hex.upper()}) == Reply(
        404, "API ID NOT LINKED TO AN ACCOUNT IN THIS COMMUNITY"
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"callId": "100", "units": []}, "callId"),
        ({"callId": True, "units": []}, "callId"),
        ({"units": []}, "callId"),
        ({"callId": 100, "units": PAT.hex}, "units"),
        ({"callId": 100, "units": [1]}, "units"),
    ],
)
async def test_wrong_types_are_refused(caller: Caller, data: Json, field: str) -> None:
    reply = await caller.post("/emergency", "ATTACH_UNITS", data)
    assert reply == Reply(400, f"INVALID DATA: {field}")


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}"])
async def test_what_is_no_envelope_has_no_type(cad: CadServer, caller: Caller, body: bytes) -> None:
    async with caller.session.post(f"{cad.url}/emergency", data=body) as response:
        assert Reply(response.status, await response.text()) == INVALID_TYPE


async def test_data_must_be_an_array_of_objects(cad: CadServer, caller: Caller) -> None:
    envelope = {"id": COMMUNITY_ID, "key": API_KEY, "type": "GET_CALLS", "data": {}}
    async with caller.session.post(f"{cad.url}/emergency/get_calls", json=envelope) as response:
        assert Reply(response.status, await response.text()) == Reply(400, "INVALID DATA: data")


async def test_wrong_addresses(cad: CadServer, caller: Caller) -> None:
    assert await caller.post("/emergency/nothing", "ATTACH_UNIT") == Reply(404, "Not Found")
    for path in ("/emergency", "/v1/emergency"):
        async with caller.session.get(cad.url + path) as response:
            assert Reply(response.status, await response.text()) == Reply(
                200, "Backend Service Reached"
            )


async def test_history_tells_what_was_asked_without_the_key(cad: CadServer, caller: Caller) -> None:
    await caller.attach(ARMED_ROBBERY, PAT.hex)
    await caller.attach(999, PAT.hex)
    first, second = cad.world.requests("ATTACH_UNITS")
    assert first.objects == (attachment(ARMED_ROBBERY, PAT.hex),)
    assert (first.community, first.status, first.text) == (COMMUNITY_ID, 200, "UNITS ATTACHED")
    assert (second.status, second.text) == (400, "CALL NOT FOUND")
    assert cad.request_counts == {"/emergency": 2}
    assert API_KEY not in repr(cad.world.history)


async def read(caller: Caller, path: str, type_: str, data: Json) -> Any:
    reply = await caller.post(path, type_, data)
    assert reply.status == 200
    return json.loads(reply.text)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (WrongAddress.BACKEND_REACHED, "Backend Service Reached"),
        (WrongAddress.WEB_PAGE, "<!DOCTYPE html>"),
    ],
)
async def test_a_wrong_address_may_look_like_a_success(
    cad: CadServer, caller: Caller, answer: WrongAddress, text: str
) -> None:
    cad.world.behaviour.wrong_address = answer
    cad.world.behaviour.attach_variants = {AttachVariant.SEPTEMBER_2020}
    for path in ("/emergency/nothing", "/emergency"):
        reply = await caller.post(path, "ATTACH_UNITS", attachment(ARMED_ROBBERY, PAT.hex))
        assert reply.status == 200
        assert reply.text.startswith(text)
    assert on_call(cad, ARMED_ROBBERY) == []
    path, type_ = AttachVariant.SEPTEMBER_2020.value
    assert await caller.post(path, type_, attachment(ARMED_ROBBERY, PAT.hex)) == ATTACHED


async def test_idents_and_accounts_are_for_todays_attach_alone(
    cad: CadServer, caller: Caller
) -> None:
    server = cad.world.server(COMMUNITY_ID)
    unit = next(unit for unit in server.units.values() if unit.badge.unit_num == "A-12")
    order = {"serverId": 1, "callId": ARMED_ROBBERY, "identIds": [unit.id]}
    for path, type_ in (AttachVariant.MAY_2020.value, AttachVariant.JUNE_2020.value):
        assert await caller.post(path, type_, order) == ATTACHED
        assert on_call(cad, ARMED_ROBBERY) == []
    assert await caller.post(*AttachVariant.SEPTEMBER_2020.value, order) == ATTACHED
    assert on_call(cad, ARMED_ROBBERY) == ["A-12"]
    detach = "/emergency/detach_unit", "DETACH_UNIT"
    await caller.post(*detach, {"serverId": 1, "identIds": [unit.id]})
    assert on_call(cad, ARMED_ROBBERY) == ["A-12"]
    await caller.post(*detach, {"serverId": 1, "account": unit.account.uuid})
    assert on_call(cad, ARMED_ROBBERY) == []


async def test_an_account_with_its_permissions(caller: Caller) -> None:
    request = "/general/get_account", "GET_ACCOUNT"
    reply = await caller.post(*request, {"serverId": 1, "apiId": PAT.hex})
    account = json.loads(reply.text)
    assert (reply.status, account["apiIds"][0], account["status"]) == (200, PAT.hex, 1)
    by_name = await caller.post(*request, {"serverId": 1, "username": account["username"]})
    assert json.loads(by_name.text) == account
    assert (await caller.post(*request, {"serverId": 1, "apiId": "x"})).status == 404
