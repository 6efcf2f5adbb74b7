"""What an account of the CAD may do.

Reference: docs/sonoran-cad.md, "Account".
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.cad.models import BARRED, VALIDATED, Account


def permission_id(name: str) -> str:
    """Return the id of a permission of the whole community: "global.dispatch" for "dispatch"."""
    return f"global.{name}"


@dataclass(frozen=True, slots=True)
class GranularPermissions:
    """The granular permissions of an account, which replace those of `Account`; v2 only.

    Attributes:
        grants: their ids in lower case, for example "global.dispatch".
        is_owner: whether the account owns the community; owners have every permission.
        is_migrated: whether the grants count; otherwise those of `Account` do.
        status: as in `Account`.
    """

    grants: frozenset[str]
    is_owner: bool = False
    is_migrated: bool = True
    status: int = VALIDATED

    def allows(self, permission: str) -> bool:
        """Return True if the account has a permission of the whole community.

        Args:
            permission: its name without `global.`, in any letter case.
        """
        return self.is_owner or permission_id(permission.lower()) in self.grants


@dataclass(frozen=True, slots=True)
class AccountPermissions:
    """The permissions that count for an account.

    Attributes:
        granular: None if the CAD has none for this account; v1 never has.
    """

    account: Account
    granular: GranularPermissions | None = None

    @property
    def barred_status(self) -> int | None:
        """The status of an account that is expired, removed or banned; None for any other."""
        for known in (self.account, self.granular):
            if known and known.status in BARRED:
                return known.status
        return None

    def allows(self, permission: str) -> bool:
        """Return True if the account has a permission of the whole community.

        Args:
            permission: its name without `global.`, in any letter case.
        """
        if self.barred_status is not None:
            return False
        granular = self.granular
        if granular and (granular.is_owner or granular.is_migrated):
            return granular.allows(permission)
        return permission.lower() in self.account.permissions
