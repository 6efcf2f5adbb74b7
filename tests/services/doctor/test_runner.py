"""Checks run in parallel, the worst finding comes first, and no check stops another."""

from __future__ import annotations

import asyncio

import pytest

from bot.services.access.policy import Access
from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning
from bot.services.doctor.runner import Doctor, run_checks
from bot.services.errors import RoleRequired
from tests.services.samples import DISPATCH_ROLE, actor

FINE, WARNING, FAULT = (
    fine(FindingCode.KEY_FINE),
    warning(FindingCode.CAD_BUSY),
    fault(FindingCode.INTENTS_OFF),
)


async def finds(*findings: Finding) -> list[Finding]:
    return list(findings)


async def hangs() -> list[Finding]:
    await asyncio.Event().wait()
    return []


async def fails() -> list[Finding]:
    raise ZeroDivisionError("a secret")


async def test_the_worst_comes_first_and_the_rest_stays_in_order() -> None:
    other = fault(FindingCode.TOKEN_REFUSED)
    checks = {"one": lambda: finds(FINE, WARNING, FAULT), "two": lambda: finds(other, FINE)}
    assert await run_checks(checks) == [FAULT, other, WARNING, FINE, FINE]


async def test_a_check_that_hangs_or_fails_leaves_the_others_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = await run_checks({"A": hangs, "B": fails, "C": lambda: finds(FINE)}, time_limit=0.01)
    assert [(one.code, one.data.get("plain")) for one in found] == [
        (FindingCode.CHECK_LATE, "A"),
        (FindingCode.CHECK_BROKEN, "B"),
        (FindingCode.KEY_FINE, None),
    ]
    assert found[1].data["kind"] == "ZeroDivisionError"
    assert "secret" not in str(found)
    assert "ZeroDivisionError" in caplog.text


async def test_checks_run_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def meets() -> list[Finding]:
        await both.wait()
        return [FINE]

    assert await run_checks({"one": meets, "two": meets}, time_limit=5) == [FINE, FINE]


async def test_only_administrators_may_ask_and_about_their_own_server() -> None:
    asked: list[int] = []

    def about(guild_id: int) -> dict[str, object]:
        asked.append(guild_id)
        return {}

    access = Access(
        frozenset({DISPATCH_ROLE}), admin_role_ids=frozenset({5}), checks_cad_permissions=True
    )
    doctor = Doctor(access, {"one": lambda: finds(FINE)}, about)  # type: ignore[arg-type]
    with pytest.raises(RoleRequired):
        await doctor.run(actor(DISPATCH_ROLE))
    assert asked == []
    report = await doctor.run(actor(5, guild_id=77))
    assert asked == [77]
    assert (report.findings, report.needs_cad) == ((FINE,), True)
    assert report.rights == access.rules
