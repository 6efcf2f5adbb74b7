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
    """The rules. Without any dispatch role, only who manages the server may dispatch.

    Attributes:
        self_dispatch_role_ids: who may besides put themselves on calls, take themselves off and
            set their own status.
    """

    dispatch_role_ids: frozenset[int]
    self_dispatch_role_ids: frozenset[int] = frozenset()

    def may_dispatch(self, actor: Actor) -> bool:
        """Tell whether a person may dispatch units and see who is who."""
        if not self.dispatch_role_ids:
            return actor.manages_server
        return not self.dispatch_role_ids.isdisjoint(actor.role_ids)

    def require_dispatch(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may dispatch."""
        if not self.may_dispatch(actor):
            raise NotAllowed(self.dispatch_role_ids)

    def may_self_dispatch(self, actor: Actor) -> bool:
        """Tell whether a person may move themselves; whoever may dispatch anyone may."""
        return self.may_dispatch(actor) or not self.self_dispatch_role_ids.isdisjoint(
            actor.role_ids
        )

    def require_self_dispatch(self, actor: Actor) -> None:
        """Raise NotAllowed unless the person may move themselves."""
        if not self.may_self_dispatch(actor):
            raise NotAllowed(self.dispatch_role_ids | self.self_dispatch_role_ids)
