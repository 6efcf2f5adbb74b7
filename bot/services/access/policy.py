"""Who may do what."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bot.services.errors import CadPermissionMissing, NoCadAccount, RoleRequired

# How the CAD names the permissions of an account, in lower case.
CAD_DISPATCH = "dispatch"
CAD_SELF_DISPATCH = "selfdispatch"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who asks for something, as Discord vouches for them.

    Attributes:
        manages_server: has Discord's Manage Server permission.
    """

    user_id: int
    guild_id: int
    role_ids: frozenset[int]
    manages_server: bool


class Permission(enum.Enum):
    """The kinds of acts that roles are given for."""

    DISPATCH = enum.auto()
    SELF_DISPATCH = enum.auto()
    LINK = enum.auto()
    ADMINISTER = enum.auto()


@dataclass(frozen=True, slots=True)
class PermissionRule:
    """Who may do a kind of act.

    Attributes:
        managers: whether whoever manages the server may, too.
    """

    permission: Permission
    role_ids: frozenset[int]
    allows_managers: bool


@dataclass(frozen=True, slots=True)
class Access:
    """The rules, one set of roles for each kind of act.

    Without any dispatch role, whoever manages the server may dispatch. A kind of act without roles
    of its own falls back: linking and moving oneself to dispatching, administering to linking.
    Linking does not fall back to moving oneself: every officer could give themselves another
    person's id then.

    Attributes:
        dispatch_role_ids: who may move anyone.
        self_dispatch_role_ids: who may besides put themselves on calls, take themselves off and
            set their own status.
        link_role_ids: who may say who is who, and see it.
        admin_role_ids: who may see how the bot is set up, and change all links at once.
        needs_cad: whether whoever dispatches or moves themselves needs the permission of the CAD
            for it as well.
    """

    dispatch_role_ids: frozenset[int]
    self_dispatch_role_ids: frozenset[int] = frozenset()
    link_role_ids: frozenset[int] = frozenset()
    admin_role_ids: frozenset[int] = frozenset()
    checks_cad_permissions: bool = False

    @property
    def rules(self) -> tuple[PermissionRule, ...]:
        """Who may do what, with every fall-back followed."""
        dispatch, themselves = self.dispatch_role_ids, self.self_dispatch_role_ids
        return (
            PermissionRule(Permission.DISPATCH, dispatch, not dispatch),
            PermissionRule(Permission.SELF_DISPATCH, dispatch | themselves, not dispatch),
            PermissionRule(Permission.LINK, self._link_roles, not self._link_roles),
            PermissionRule(Permission.ADMINISTER, self._admin_roles, not self._admin_roles),
        )

    def may_dispatch(self, actor: Actor) -> bool:
        """Tell whether a person may dispatch units."""
        return _is_allowed(actor, self.dispatch_role_ids)

    def require_dispatch(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may dispatch."""
        _require(actor, self.dispatch_role_ids)

    def may_self_dispatch(self, actor: Actor) -> bool:
        """Tell whether a person may move themselves; whoever may dispatch anyone may."""
        return self.may_dispatch(actor) or not self.self_dispatch_role_ids.isdisjoint(
            actor.role_ids
        )

    def require_self_dispatch(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may move themselves."""
        if not self.may_self_dispatch(actor):
            raise RoleRequired(self.dispatch_role_ids | self.self_dispatch_role_ids)

    def may_link(self, actor: Actor) -> bool:
        """Tell whether a person may link others and see who is who."""
        return _is_allowed(actor, self._link_roles)

    def require_link(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may link others and see who is who."""
        _require(actor, self._link_roles)

    def require_admin(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may administer the bot."""
        _require(actor, self._admin_roles)

    def is_permitted_in_cad(self, permissions: frozenset[str] | None, *, only_self: bool) -> bool:
        """Tell whether the CAD lets a person do it too, where that is needed.

        Args:
            permissions: what their account there may do, in lower case; None without an account.
            only_self: whether they move nobody but themselves.
        """
        enough = {CAD_DISPATCH, CAD_SELF_DISPATCH} if only_self else {CAD_DISPATCH}
        return not self.checks_cad_permissions or not enough.isdisjoint(permissions or ())

    def require_cad_permission(
        self, permissions: frozenset[str] | None, *, only_self: bool
    ) -> None:
        """Raise NotPermitted unless `may_in_cad`."""
        if not self.is_permitted_in_cad(permissions, only_self=only_self):
            raise NoCadAccount if permissions is None else CadPermissionMissing

    @property
    def _link_roles(self) -> frozenset[int]:
        return self.link_role_ids or self.dispatch_role_ids

    @property
    def _admin_roles(self) -> frozenset[int]:
        return self.admin_role_ids or self._link_roles


def _is_allowed(actor: Actor, role_ids: frozenset[int]) -> bool:
    """Tell whether a person holds one of these roles; without any role, whether they manage."""
    if not role_ids:
        return actor.manages_server
    return not role_ids.isdisjoint(actor.role_ids)


def _require(actor: Actor, role_ids: frozenset[int]) -> None:
    if not _is_allowed(actor, role_ids):
        raise RoleRequired(role_ids)
