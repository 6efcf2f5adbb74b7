"""Looks at how the bot is set up: all checks at once, none of which can stop another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.services.access.policy import Access, Actor, Right
from bot.services.doctor.findings import Finding, What, fault

PATIENCE = 25.0  # seconds for a check; a question to the CAD takes up to 10, with its retries

Check = Callable[[], Awaitable[Iterable[Finding]]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, the worst first, and who may do what.

    Attributes:
        needs_cad: whether the CAD's permissions are needed as well.
    """

    findings: tuple[Finding, ...]
    rights: tuple[Right, ...]
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
        about_guild: Callable[[int], Mapping[str, Check]],
    ) -> None:
        self._access = access
        self._checks = checks
        self._about_guild = about_guild

    async def examine(self, actor: Actor) -> Report:
        """Run every check.

        Raises:
            NotAllowed.
        """
        self._access.require_admin(actor)
        findings = await examined({**self._about_guild(actor.guild_id), **self._checks})
        return Report(tuple(findings), self._access.rights, self._access.needs_cad)


async def examined(checks: Mapping[str, Check], patience: float = PATIENCE) -> list[Finding]:
    """Run the checks at once and return what they find, the worst first.

    Args:
        checks: by the name of what they look at.
        patience: the seconds that each may take.
    """
    found = await asyncio.gather(
        *(_examined(name, check, patience) for name, check in checks.items())
    )
    return worst_first([finding for findings in found for finding in findings])


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Put the worst first, and leave what is as bad in its order."""
    return sorted(findings, key=lambda one: -one.level)


async def _examined(name: str, check: Check, patience: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(patience):
            return list(await check())
    except TimeoutError:
        return [fault(What.CHECK_LATE, plain=name, seconds=round(patience))]
    except Exception as error:  # noqa: BLE001 - the other checks go on
        # The words of an error that nobody expected may hold a secret; the log takes them out.
        _log.exception("the check of %s has failed", name)
        return [fault(What.CHECK_BROKEN, plain=name, kind=type(error).__name__)]
