"""The checks of what the CAD tells about accounts. They change nothing."""

from __future__ import annotations

from bot.cad.client import CadClient
from bot.cad.errors import CadError, CadRefused, CadUnreadable
from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning

# Of no member, account or player: whether the CAD answers at all is enough.
_NO_DISCORD_ID = 1
_NO_ACCOUNT = "00000000-0000-0000-0000-000000000000"
_NO_API_ID = "0"


async def account_findings(
    cad: CadClient, server_id: int, *, requires_permission: bool
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


async def _discord_findings(cad: CadClient) -> list[Finding]:
    if not cad.has_discord_links:
        return [fine(FindingCode.ACCOUNTS_BY_LINK)]
    try:
        await cad.get_account_by_discord_id(_NO_DISCORD_ID)
    except (CadRefused, CadUnreadable) as error:
        return [warning(FindingCode.ACCOUNTS_NOT_BY_DISCORD, reason=_reason(error))]
    except CadError:
        return []
    return [fine(FindingCode.ACCOUNTS_BY_DISCORD)]


async def _permission_findings(cad: CadClient, server_id: int) -> list[Finding]:
    try:
        await cad.get_account_by_api_id(server_id, _NO_API_ID)
        await cad.get_granular_permissions(_NO_ACCOUNT)
    except (CadRefused, CadUnreadable) as error:
        return [fault(FindingCode.PERMISSIONS_UNREADABLE, reason=_reason(error))]
    except CadError:
        return []
    return [fine(FindingCode.PERMISSIONS_FINE)]


def _reason(error: CadError) -> str:
    return error.text or f"status {error.status}"
