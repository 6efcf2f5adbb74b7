"""Who may do what."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.errors import NotAllowed


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
    """

    dispatch_role_ids: frozenset[int]
    self_dispatch_role_ids: frozenset[int] = frozenset()
    link_role_ids: frozenset[int] = frozenset()
    admin_role_ids: frozenset[int] = frozenset()

    def may_dispatch(self, actor: Actor) -> bool:
        """Tell whether a person may dispatch units."""
        return _holds(actor, self.dispatch_role_ids)

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
            raise NotAllowed(self.dispatch_role_ids | self.self_dispatch_role_ids)

    def may_link(self, actor: Actor) -> bool:
        """Tell whether a person may link others and see who is who."""
        return _holds(actor, self._linkers)

    def require_link(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may link others and see who is who."""
        _require(actor, self._linkers)

    def require_admin(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may administer the bot."""
        _require(actor, self._admins)

    @property
    def _linkers(self) -> frozenset[int]:
        return self.link_role_ids or self.dispatch_role_ids

    @property
    def _admins(self) -> frozenset[int]:
        return self.admin_role_ids or self._linkers


def _holds(actor: Actor, role_ids: frozenset[int]) -> bool:
    """Tell whether a person holds one of these roles; without any role, whether they manage."""
    if not role_ids:
        return actor.manages_server
    return not role_ids.isdisjoint(actor.role_ids)


def _require(actor: Actor, role_ids: frozenset[int]) -> None:
    if not _holds(actor, role_ids):
        raise NotAllowed(role_ids)
