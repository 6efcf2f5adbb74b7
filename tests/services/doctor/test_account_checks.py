"""What the doctor finds about accounts, at the pretend CAD over HTTP."""

from __future__ import annotations

import json

import pytest

from bot.services.doctor.account_checks import account_findings
from bot.services.doctor.findings import Finding, FindingCode, Level
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Fault, Text
from tests.services.conftest import v1, v2
from tests.services.verification.verifier_fixture import VerifierFixture

REFUSED = Text(403, "FORBIDDEN")


async def findings(fixture: VerifierFixture, *, requires_permission: bool) -> list[Finding]:
    work = account_findings(fixture.client, seed.SERVER_ID, requires_permission=requires_permission)
    return await fixture.run(work)


def codes(found: list[Finding]) -> list[tuple[FindingCode, Level]]:
    return [(one.code, one.level) for one in found]


@pytest.mark.parametrize("requires_permission", [True, False])
async def test_all_is_well(
    verifier_fixture: VerifierFixture, version: int, requires_permission: bool
) -> None:
    found = await findings(verifier_fixture, requires_permission=requires_permission)
    by = FindingCode.ACCOUNTS_BY_LINK if version == 1 else FindingCode.ACCOUNTS_BY_DISCORD
    wanted = [(by, Level.OK)]
    if requires_permission:
        wanted.append((FindingCode.PERMISSIONS_FINE, Level.OK))
    assert codes(found) == wanted
    assert not verifier_fixture.cad.world.requests("v2 attach", "ATTACH_UNIT")


@v2
@pytest.mark.parametrize("fault", [REFUSED, Text(200, "{}")])
async def test_a_key_that_may_not_look_up_discord(
    verifier_fixture: VerifierFixture, fault: Fault
) -> None:
    verifier_fixture.cad.faults.set(fault, path="/v2/general/accounts")
    found = await findings(verifier_fixture, requires_permission=False)
    assert codes(found) == [(FindingCode.ACCOUNTS_NOT_BY_DISCORD, Level.WARNING)]
    assert found[0].data["reason"]


@v2
@pytest.mark.parametrize("fault", [REFUSED, Text(200, "{}"), Text(404, "")])
async def test_granular_permissions_that_cannot_be_read(
    verifier_fixture: VerifierFixture, fault: Fault
) -> None:
    verifier_fixture.cad.faults.set(fault, path="/v2/general/permissions")
    found = await findings(verifier_fixture, requires_permission=True)
    assert codes(found)[-1] == (FindingCode.PERMISSIONS_UNREADABLE, Level.FAULT)
    assert found[-1].data["reason"]


CATALOG = "/v2/general/permissions/catalog"


@v2
@pytest.mark.parametrize(
    ("listed", "missing"),
    [
        (["global.police", "GLOBAL.DISPATCH"], ["global.selfDispatch"]),
        (["record.4.read"], ["global.dispatch", "global.selfDispatch"]),
        (["Global.selfdispatch", "global.dispatch"], []),
    ],
)
async def test_permissions_that_the_community_does_not_have(
    verifier_fixture: VerifierFixture, listed: list[str], missing: list[str]
) -> None:
    catalog = json.dumps({"permissions": [{"id": one} for one in listed]})
    verifier_fixture.cad.faults.set(Text(200, catalog), path=CATALOG)
    found = await findings(verifier_fixture, requires_permission=True)
    if missing:
        assert codes(found)[-1] == (FindingCode.PERMISSIONS_MISSING, Level.FAULT)
        assert found[-1].data["names"] == missing
    else:
        assert codes(found)[-1] == (FindingCode.PERMISSIONS_FINE, Level.OK)


@v2
@pytest.mark.parametrize(
    ("fault", "reason"),
    [(REFUSED, "FORBIDDEN"), (Text(404, ""), "status 404"), (Text(200, "{}"), "no permissions")],
)
async def test_a_cad_that_does_not_list_its_permissions(
    verifier_fixture: VerifierFixture, fault: Fault, reason: str
) -> None:
    verifier_fixture.cad.faults.set(fault, path=CATALOG)
    found = await findings(verifier_fixture, requires_permission=True)
    assert codes(found)[-1] == (FindingCode.PERMISSIONS_UNLISTED, Level.WARNING)
    assert reason in str(found[-1].data["reason"])
    assert found[-1].data["names"] == ["global.dispatch", "global.selfDispatch"]


@v1
async def test_permissions_that_api_1_does_not_tell(verifier_fixture: VerifierFixture) -> None:
    verifier_fixture.cad.faults.set(REFUSED, path="/general/get_account")
    found = await findings(verifier_fixture, requires_permission=True)
    assert codes(found)[-1] == (FindingCode.PERMISSIONS_UNREADABLE, Level.FAULT)
    assert found[-1].data["reason"] == "FORBIDDEN"


async def test_a_cad_that_is_away_is_told_by_other_checks(
    verifier_fixture: VerifierFixture, version: int
) -> None:
    verifier_fixture.cad.faults.set(BAD_GATEWAY)
    found = await findings(verifier_fixture, requires_permission=True)
    assert codes(found) == ([(FindingCode.ACCOUNTS_BY_LINK, Level.OK)] if version == 1 else [])
