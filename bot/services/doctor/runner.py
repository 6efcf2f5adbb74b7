"""Run the checks of the doctor in parallel; a failing check does not stop the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.services.access.policy import Access, Actor, PermissionRule
from bot.services.doctor.findings import Finding, FindingCode, fault
from bot.services.doctor.setup_checks import PUSH_CHECK

CHECK_TIMEOUT = 25.0  # seconds per check; a request to the CAD takes up to 10, with its retries

Check = Callable[[], Awaitable[Iterable[Finding]]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """The findings, the worst first, and the rights that the settings give.

    Attributes:
        needs_cad: whether an action also needs a permission in the CAD.
    """

    findings: tuple[Finding, ...]
    rights: tuple[PermissionRule, ...]
    needs_cad: bool


class Doctor:
    """Checks the running bot for an administrator.

    Args:
        checks: the checks that are the same for all guilds, by name.
        guild_checks: returns the checks of one guild, by name.
    """

    def __init__(
        self,
        access: Access,
        checks: Mapping[str, Check],
        guild_checks: Callable[[int], Mapping[str, Check]],
    ) -> None:
        self._access = access
        self._checks = checks
        self._guild_checks = guild_checks

    async def run(self, actor: Actor) -> DoctorReport:
        """Run all checks for the actor's guild.

        Raises:
            NotAllowed.
        """
        self._access.require_admin(actor)
        return await self.check(actor.guild_id)

    async def check(self, guild_id: int) -> DoctorReport:
        """Run all checks for a guild; the caller has checked the actor's rights."""
        findings = await run_checks({**self._guild_checks(guild_id), **self._checks})
        return DoctorReport(
            tuple(findings), self._access.rules, self._access.checks_cad_permissions
        )

    async def check_push(self) -> list[Finding]:
        """Say what was heard of the push events; the caller has checked the actor's rights."""
        return await run_checks({PUSH_CHECK: self._checks[PUSH_CHECK]})


async def run_checks(
    checks: Mapping[str, Check], time_limit: float = CHECK_TIMEOUT
) -> list[Finding]:
    """Run the checks in parallel and return their findings, the worst first.

    Args:
        checks: by name, which appears in the finding of a check that fails.
        time_limit: seconds for each check.
    """
    found = await asyncio.gather(
        *(_run_check(name, check, time_limit) for name, check in checks.items())
    )
    return worst_first([finding for findings in found for finding in findings])


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings by level, the worst first; findings of one level keep their order."""
    return sorted(findings, key=lambda one: -one.level)


async def _run_check(name: str, check: Check, time_limit: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(time_limit):
            return list(await check())
    except TimeoutError:
        return [fault(FindingCode.CHECK_LATE, plain=name, seconds=round(time_limit))]
    except Exception as error:  # noqa: BLE001 - the other checks go on
        # The text of an unexpected error may contain a secret; only the log redacts it.
        _log.exception("the check of %s failed", name)
        return [fault(FindingCode.CHECK_BROKEN, plain=name, kind=type(error).__name__)]
