"""The checks of what the CAD tells about accounts. They change nothing."""

from __future__ import annotations

from bot.cad.client import InspectableCad
from bot.cad.errors import CadError, CadRefused, CadUnreadable
from bot.cad.permissions import permission_id
from bot.services.access.policy import CAD_DISPATCH, CAD_SELF_DISPATCH
from bot.services.doctor.api_checks import error_text
from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning

# Of no member, account or player: whether the CAD answers at all is enough.
_NO_DISCORD_ID = 1
_NO_ACCOUNT = "00000000-0000-0000-0000-000000000000"
_NO_API_ID = "0"
_PERMISSION_IDS = (permission_id(CAD_DISPATCH), permission_id(CAD_SELF_DISPATCH))


async def account_findings(
    cad: InspectableCad, server_id: int, *, requires_permission: bool
) -> list[Finding]:
    """Check that the CAD finds accounts by Discord and, where needed, tells permissions.

    A CAD that does not answer is no finding here: the checks of the CAD itself report it.

    Args:
        requires_permission: the setting `REQUIRE_CAD_PERMISSION`.
    """
    found = await _discord_findings(cad)
    if requires_permission:
        found += await _permission_findings(cad, server_id)
    return found


async def _discord_findings(cad: InspectableCad) -> list[Finding]:
    if not cad.has_discord_links:
        return [fine(FindingCode.ACCOUNTS_BY_LINK)]
    try:
        await cad.get_account_by_discord_id(_NO_DISCORD_ID)
    except (CadRefused, CadUnreadable) as error:
        return [warning(FindingCode.ACCOUNTS_NOT_BY_DISCORD, reason=error_text(error))]
    except CadError:
        return []
    return [fine(FindingCode.ACCOUNTS_BY_DISCORD)]


async def _permission_findings(cad: InspectableCad, server_id: int) -> list[Finding]:
    try:
        await cad.get_account_by_api_id(server_id, _NO_API_ID)
        await cad.get_granular_permissions(_NO_ACCOUNT)
    except (CadRefused, CadUnreadable) as error:
        return [fault(FindingCode.PERMISSIONS_UNREADABLE, reason=error_text(error))]
    except CadError:
        return []
    return [await _catalog_finding(cad)]


async def _catalog_finding(cad: InspectableCad) -> Finding:
    """Check that the permissions which the bot asks for exist; docs/sonoran-cad.md, "Account"."""
    try:
        listed = await cad.get_permission_catalog()
    except CadError as error:
        names = list(_PERMISSION_IDS)
        return warning(FindingCode.PERMISSIONS_UNLISTED, names=names, reason=error_text(error))
    known = None if listed is None else {one.lower() for one in listed}
    missing = [] if known is None else [one for one in _PERMISSION_IDS if one.lower() not in known]
    if missing:
        return fault(FindingCode.PERMISSIONS_MISSING, names=missing)
    return fine(FindingCode.PERMISSIONS_FINE)
