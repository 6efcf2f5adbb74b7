"""The doctor's texts about accounts of the CAD."""

from __future__ import annotations

from bot.services.doctor.findings import FindingCode

ACCOUNT_TEXTS: dict[FindingCode, str] = {
    FindingCode.ACCOUNTS_BY_DISCORD: "The CAD finds members by Discord, linked in their account.",
    FindingCode.ACCOUNTS_BY_LINK: (
        "The CAD's API 1 finds no members by Discord: each member needs `/link` with an id."
    ),
    FindingCode.ACCOUNTS_NOT_BY_DISCORD: (
        "The CAD does not let this key find members by Discord: {reason}. Each member needs"
        " `/link` with an id."
    ),
    FindingCode.PERMISSIONS_FINE: "The CAD tells what accounts may do.",
    FindingCode.PERMISSIONS_UNREADABLE: (
        "REQUIRE_CAD_PERMISSION: the CAD does not tell what accounts may do: {reason}. Every order"
        " is refused. Set it to false, or let the key read accounts and permissions."
    ),
    FindingCode.PERMISSIONS_MISSING: (
        "REQUIRE_CAD_PERMISSION: the CAD has no permission {names}. The orders of accounts with"
        " granular permissions are refused, except the owner's. Set it to false, and please open"
        " an issue."
    ),
    FindingCode.PERMISSIONS_UNLISTED: (
        "The CAD does not list its permissions: {reason}. The bot cannot check that {names} exist."
        " If members with these permissions are refused, set REQUIRE_CAD_PERMISSION to false."
    ),
}
