"""The granular permissions of an account.

Reference: docs/sonoran-cad.md, "Account".
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.cad.models import VALIDATED


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
        return self.is_owner or f"global.{permission.lower()}" in self.grants
