"""Ids that name an account of the CAD by its UUID. Pure.

An account without a linked player has no API id. A member who has linked Discord to such an account
is stored under `account:` and the UUID, which the CAD shows as `accId` of the account's units.
"""

from __future__ import annotations

ACCOUNT_PREFIX = "account:"


def account_id(uuid: str) -> str:
    """Return the id that names the account with this UUID."""
    return ACCOUNT_PREFIX + uuid


def account_of(api_id: str) -> str:
    """Return the UUID of the account that an id names; empty for an API id of the CAD."""
    return api_id.removeprefix(ACCOUNT_PREFIX) if api_id.startswith(ACCOUNT_PREFIX) else ""
