"""Accounts that differ: linked to Discord, granular permissions, an owner, barred."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.account_states import LINKED_TO_DISCORD, AccountStatus, add_account_states

IDS = {person.name: number for number, person in enumerate(LINKED_TO_DISCORD, 501)}


@pytest.fixture
async def cad() -> AsyncIterator[CadServer]:
    world = seed.build_world()
    add_account_states(world, IDS)
    async with CadServer(world) as cad:
        yield cad


async def ask(cad: CadServer, path: str, **query: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {seed.API_KEY}"}
    async with (
        aiohttp.ClientSession(cad.url, headers=headers) as session,
        session.get(path, params=query) as answer,
    ):
        return answer.status, await answer.json()


async def account(cad: CadServer, **query: Any) -> dict[str, Any]:
    status, found = await ask(cad, "/v2/general/accounts/account", **query)
    assert status == 200
    return dict(found)


async def test_members_are_found_by_discord(cad: CadServer) -> None:
    found = await account(cad, discord=str(IDS["Charlie"]))
    assert (found["username"], found["status"]) == ("charlie", AccountStatus.VALIDATED)


async def test_barred_accounts_keep_their_old_permissions(cad: CadServer) -> None:
    for person, status in ((seed.CASEYS_ID, 4), (seed.QUINNS_ID, 2)):
        found = await account(cad, communityUserId=person)
        assert (found["status"], found["permissions"]["police"]) == (status, True)


async def test_granular_permissions_and_an_owner(cad: CadServer) -> None:
    path = "/v2/general/permissions/accounts/"
    dana = await account(cad, discord=str(IDS["Dana"]))
    _, found = await ask(cad, path + dana["uuid"])
    assert (found["owner"], found["migrated"]) == (True, True)
    pat = await account(cad, discord=str(IDS["Pat"]))
    _, found = await ask(cad, path + pat["uuid"])
    assert found["permissions"]["grants"] == ["global.police", "global.selfDispatch"]
    charlie = await account(cad, discord=str(IDS["Charlie"]))
    _, found = await ask(cad, path + charlie["uuid"])
    assert (found["migrated"], found["permissions"]["grants"]) == (False, [])


async def test_the_catalog_has_the_form_that_the_vendors_page_shows(cad: CadServer) -> None:
    status, found = await ask(cad, "/v2/general/permissions/catalog")
    assert (status, found["version"]) == (200, 2)
    police, record = found["permissions"][0], found["permissions"][-1]
    assert police == {
        "id": "global.police",
        "label": "police",
        "templateId": None,
        "templateName": None,
        "action": "police",
    }
    assert set(police) == set(record)
    assert record["id"] == f"record.{record['templateId']}.{record['action']}"
    ids = {one["id"] for one in found["permissions"]}
    assert {one for ids in found["legacyGrants"].values() for one in ids} <= ids
    assert {"POLICE", "DISPATCH", "SELFDISPATCH"} == set(found["legacyGrants"])


async def test_the_page_bans_and_restores(cad: CadServer) -> None:
    pat = await account(cad, discord=str(IDS["Pat"]))
    async with aiohttp.ClientSession(cad.url) as session:
        for status in (AccountStatus.BANNED, AccountStatus.VALIDATED):
            async with session.post(f"/board/accounts/{pat['uuid']}/ban") as answer:
                assert await answer.json() == {"status": status}
            assert (await account(cad, discord=str(IDS["Pat"])))["status"] == status
            async with session.get("/board.json") as answer:
                shown = {one["username"]: one for one in (await answer.json())["accounts"]}
            assert shown["pat"]["status"] == status.name.lower()
        async with session.post("/board/accounts/unknown/ban") as answer:
            assert answer.status == 404
    assert shown["dana"]["isOwner"]
    assert shown["charlie"]["hasDiscord"]
    assert not shown["riley"]["hasDiscord"]
    assert cad.world.server(seed.COMMUNITY_ID).units[1].account.status == 1
