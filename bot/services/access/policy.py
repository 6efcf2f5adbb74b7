"""Which Discord roles allow which actions."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bot.cad.models import BANNED, EXPIRED, REMOVED
from bot.cad.permissions import AccountPermissions
from bot.services.errors import (
    CadAccountBanned,
    CadAccountExpired,
    CadAccountRemoved,
    CadPermissionMissing,
    NoCadAccount,
    RoleRequired,
)

# How the CAD names the permissions of an account, in lower case.
CAD_DISPATCH = "dispatch"
CAD_SELF_DISPATCH = "selfDispatch"

_BARRED_ERRORS: dict[int, type[CadPermissionMissing]] = {
    EXPIRED: CadAccountExpired,
    REMOVED: CadAccountRemoved,
    BANNED: CadAccountBanned,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The user of an interaction, with the roles that Discord reports.

    Attributes:
        manages_server: whether the user has Discord's Manage Server permission.
    """

    user_id: int
    guild_id: int
    role_ids: frozenset[int]
    manages_server: bool


class Permission(enum.Enum):
    """The permissions that roles can grant."""

    DISPATCH = enum.auto()
    SELF_DISPATCH = enum.auto()
    LINK = enum.auto()
    ADMINISTER = enum.auto()


@dataclass(frozen=True, slots=True)
class PermissionRule:
    """The roles that grant a permission.

    Attributes:
        allows_managers: whether Manage Server grants it too.
    """

    permission: Permission
    role_ids: frozenset[int]
    allows_managers: bool


@dataclass(frozen=True, slots=True)
class Access:
    """The roles that grant each permission.

    Without any dispatch role, members with Manage Server may dispatch. A permission without roles
    of its own falls back: linking and self-dispatch to dispatch, administering to linking.
    Linking does not fall back to self-dispatch: every officer could then claim the id of another
    member.

    Attributes:
        dispatch_role_ids: roles that may attach and detach every unit.
        self_dispatch_role_ids: further roles that may attach and detach their own unit and set its
            status.
        link_role_ids: roles that may link members and see all links.
        admin_role_ids: roles that may see the bot's set-up and change all links at once.
        checks_cad_permissions: whether dispatch and self-dispatch also need a permission of the
            CAD.
    """

    dispatch_role_ids: frozenset[int]
    self_dispatch_role_ids: frozenset[int] = frozenset()
    link_role_ids: frozenset[int] = frozenset()
    admin_role_ids: frozenset[int] = frozenset()
    checks_cad_permissions: bool = False

    @property
    def rules(self) -> tuple[PermissionRule, ...]:
        """The rule of each permission, with every fall-back applied."""
        dispatch, self_dispatch = self.dispatch_role_ids, self.self_dispatch_role_ids
        return (
            PermissionRule(Permission.DISPATCH, dispatch, not dispatch),
            PermissionRule(Permission.SELF_DISPATCH, dispatch | self_dispatch, not dispatch),
            PermissionRule(Permission.LINK, self._link_roles, not self._link_roles),
            PermissionRule(Permission.ADMINISTER, self._admin_roles, not self._admin_roles),
        )

    def may_dispatch(self, actor: Actor) -> bool:
        """Return whether the actor may dispatch."""
        return _is_allowed(actor, self.dispatch_role_ids)

    def require_dispatch(self, actor: Actor) -> None:
        """Raise RoleRequired unless the actor may dispatch."""
        _require(actor, self.dispatch_role_ids)

    def may_self_dispatch(self, actor: Actor) -> bool:
        """Return whether the actor may move their own unit; dispatchers may."""
        is_self_dispatcher = not self.self_dispatch_role_ids.isdisjoint(actor.role_ids)
        return is_self_dispatcher or _is_allowed(actor, self.dispatch_role_ids)

    def require_self_dispatch(self, actor: Actor) -> None:
        """Raise RoleRequired unless the actor may move their own unit; dispatchers may."""
        if not self.may_self_dispatch(actor):
            raise RoleRequired(self.dispatch_role_ids | self.self_dispatch_role_ids)

    def may_link(self, actor: Actor) -> bool:
        """Return whether the actor may link members and see all links."""
        return _is_allowed(actor, self._link_roles)

    def require_link(self, actor: Actor) -> None:
        """Raise RoleRequired unless the actor may link members and see all links."""
        _require(actor, self._link_roles)

    def require_admin(self, actor: Actor) -> None:
        """Raise RoleRequired unless the actor may administer the bot."""
        _require(actor, self._admin_roles)

    def is_permitted_in_cad(
        self, permissions: AccountPermissions | None, *, only_self: bool
    ) -> bool:
        """Return whether the CAD permits the action, or its permission is not needed.

        Args:
            permissions: those of the CAD account; None without an account.
            only_self: whether the action concerns only the actor's own unit.
        """
        sufficient = (CAD_DISPATCH, CAD_SELF_DISPATCH) if only_self else (CAD_DISPATCH,)
        return not self.checks_cad_permissions or (
            permissions is not None and any(map(permissions.allows, sufficient))
        )

    def require_cad_permission(
        self, permissions: AccountPermissions | None, *, only_self: bool
    ) -> None:
        """Raise unless `is_permitted_in_cad`.

        Raises:
            NoCadAccount: the actor has no account in the CAD.
            CadAccountExpired, CadAccountRemoved, CadAccountBanned: it has no permission any more.
            CadPermissionMissing: the account lacks the permission.
        """
        if self.is_permitted_in_cad(permissions, only_self=only_self):
            return
        if permissions is None:
            raise NoCadAccount
        if permissions.barred_status is not None:
            raise _BARRED_ERRORS[permissions.barred_status]
        raise CadPermissionMissing

    @property
    def _link_roles(self) -> frozenset[int]:
        return self.link_role_ids or self.dispatch_role_ids

    @property
    def _admin_roles(self) -> frozenset[int]:
        return self.admin_role_ids or self._link_roles


def _is_allowed(actor: Actor, role_ids: frozenset[int]) -> bool:
    """Return whether the actor has one of the roles; without roles, Manage Server decides."""
    if not role_ids:
        return actor.manages_server
    return not role_ids.isdisjoint(actor.role_ids)


def _require(actor: Actor, role_ids: frozenset[int]) -> None:
    if not _is_allowed(actor, role_ids):
        raise RoleRequired(role_ids)
