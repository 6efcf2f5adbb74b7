"""Asks the CAD about a key before it is stored: whose it is, over which API, and which servers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from bot.cad.client import InspectableCad
from bot.cad.errors import CadError
from bot.common.clock import Clock
from bot.config.guild_settings import GuildSettings
from bot.services.doctor.findings import Finding, FindingCode, Level
from bot.services.doctor.setup_checks import CadChecks
from bot.services.errors import ServiceError
from bot.services.guild_errors import (
    CadOutOfReach,
    CadServerUnknown,
    CadUnusable,
    CommunityUnknown,
    KeyOfOtherCommunity,
    KeyRefused,
)

TIME_LIMIT = 15.0  # seconds for all questions

_OUT_OF_REACH = frozenset({FindingCode.CAD_UNREACHABLE, FindingCode.CAD_BUSY})
# What the CAD refuses to the key, and another plan would change.
_PLAN = frozenset({FindingCode.PLAN_TOO_LOW, FindingCode.ATTACH_VARIANT_NONE})


@dataclass(frozen=True, slots=True)
class CadReport:
    """What the CAD says about a key that it takes.

    Attributes:
        api_version: the version of its API that is used; None while that is open.
        servers: the names of its servers by number; empty where it does not say.
        can_attach: whether the plan of the community allows to attach units.
    """

    api_version: int | None = None
    servers: Mapping[int, str] = field(default_factory=dict)
    can_attach: bool = True


async def check_key(cad: InspectableCad, settings: GuildSettings, clock: Clock) -> CadReport:
    """Check the community, the key and the servers of some settings.

    Raises:
        CadOutOfReach, KeyRefused, CommunityUnknown, KeyOfOtherCommunity, CadServerUnknown,
        CadUnusable.
    """
    asking = asyncio.ensure_future(_ask(cad, settings))
    try:
        await clock.wait_for(asking, TIME_LIMIT)
        if not asking.done():
            raise CadOutOfReach
        return asking.result()
    finally:
        asking.cancel()


async def _ask(cad: InspectableCad, settings: GuildSettings) -> CadReport:
    ids = [one.server_id for one in settings.servers]
    checks = CadChecks(cad, settings.sonoran_community_id, ids, "", cad.calls)
    findings = await checks.all()
    for finding in findings:
        if (error := _error_of(finding, settings)) is not None:
            raise error
    try:
        servers = await cad.servers()
    except CadError:
        servers = None
    can_attach = _PLAN.isdisjoint(one.code for one in findings)
    return CadReport(cad.api.version, servers or {}, can_attach)


def _error_of(finding: Finding, settings: GuildSettings) -> ServiceError | None:
    """Return why the settings cannot be used; None if a finding does not say so."""
    code, data = finding.code, cast("Mapping[str, Any]", finding.data)
    error: ServiceError | None = None
    if code in _OUT_OF_REACH:
        error = CadOutOfReach()
    elif code is FindingCode.KEY_REFUSED:
        error = KeyRefused()
    elif code is FindingCode.COMMUNITY_UNKNOWN:
        error = CommunityUnknown(settings.sonoran_community_id)
    elif code is FindingCode.COMMUNITY_OTHER:
        error = KeyOfOtherCommunity(str(data["theirs"]), settings.sonoran_community_id)
    elif code is FindingCode.CAD_SERVER_UNKNOWN:
        error = CadServerUnknown(data["server"], data["servers"])
    elif finding.level is Level.FAULT and code not in _PLAN:
        error = CadUnusable(str(data.get("reason", code)))
    return error
