"""Looks at how the bot is set up: all checks at once, none of which can stop another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.services.access.policy import Access, Actor, PermissionRule
from bot.services.doctor.findings import Finding, FindingCode, fault

CHECK_TIMEOUT = 25.0  # seconds for a check; a question to the CAD takes up to 10, with its retries

Check = Callable[[], Awaitable[Iterable[Finding]]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What was found, the worst first, and who may do what.

    Attributes:
        needs_cad: whether the CAD's permissions are needed as well.
    """

    findings: tuple[Finding, ...]
    rights: tuple[PermissionRule, ...]
    needs_cad: bool


class Doctor:
    """Examines the bot that is running, for whoever may administer it.

    Args:
        checks: by name; those that depend on who asks are made by `about_guild`.
        about_guild: makes the checks of one Discord server.
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
        """Run every check.

        Raises:
            NotAllowed.
        """
        self._access.require_admin(actor)
        findings = await run_checks({**self._guild_checks(actor.guild_id), **self._checks})
        return DoctorReport(
            tuple(findings), self._access.rules, self._access.checks_cad_permissions
        )


async def run_checks(
    checks: Mapping[str, Check], time_limit: float = CHECK_TIMEOUT
) -> list[Finding]:
    """Run the checks at once and return what they find, the worst first.

    Args:
        checks: by the name of what they look at.
        time_limit: the seconds that each may take.
    """
    found = await asyncio.gather(
        *(_run_check(name, check, time_limit) for name, check in checks.items())
    )
    return worst_first([finding for findings in found for finding in findings])


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Put the worst first, and leave what is as bad in its order."""
    return sorted(findings, key=lambda one: -one.level)


async def _run_check(name: str, check: Check, time_limit: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(time_limit):
            return list(await check())
    except TimeoutError:
        return [fault(FindingCode.CHECK_LATE, plain=name, seconds=round(time_limit))]
    except Exception as error:  # noqa: BLE001 - the other checks go on
        # The words of an error that nobody expected may hold a secret; the log takes them out.
        _log.exception("the check of %s has failed", name)
        return [fault(FindingCode.CHECK_BROKEN, plain=name, kind=type(error).__name__)]
