"""The errors that services raise for a request, apart from CadError. Data only, no prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cad.models import Call


class ServiceError(Exception):
    """A request that cannot be carried out."""


class SpentError(ServiceError):
    """The button that was pressed has done what it is for, or can do it no more."""


class AlreadyPressed(SpentError):
    """An order was given before with a button of the same message, and is its reply."""


class RoleRequired(ServiceError):
    """The actor has none of role_ids; if role_ids is empty, Manage Server is needed."""

    def __init__(self, role_ids: frozenset[int]) -> None:
        super().__init__(f"needs one of the roles {sorted(role_ids)}")
        self.role_ids = role_ids


class CadPermissionMissing(ServiceError):
    """The actor's account in the CAD lacks the permission."""


class NoCadAccount(CadPermissionMissing):
    """The actor has no account in the CAD, and so no permission."""


class CadAccountExpired(CadPermissionMissing):
    """The actor's account in the CAD has expired, and so has no permission."""


class CadAccountRemoved(CadPermissionMissing):
    """The actor's account in the CAD was removed from the community, and so has no permission."""


class CadAccountBanned(CadPermissionMissing):
    """The actor's account in the CAD is banned, and so has no permission."""


class CadPermissionUnknown(ServiceError):
    """The CAD did not return the actor's permissions, which counts as a refusal."""


class NoTargets(ServiceError):
    """The `units` text contains no target."""


class TooManyTargets(ServiceError):
    """The `units` text contains count targets, more than limit."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"{count} targets, at most {limit}")
        self.count = count
        self.limit = limit


class NothingSelected(ServiceError):
    """Nothing was selected."""


class NoUnitFree(ServiceError):
    """No unit of the selected departments is free."""


class NoSuchServer(ServiceError):
    """The settings list several servers of the CAD, and not this one.

    Attributes:
        names: the name of each listed server by its id; empty for none.
    """

    def __init__(self, server_id: int, names: Mapping[int, str]) -> None:
        super().__init__(f"server {server_id}")
        self.server_id = server_id
        self.names = names


class NotOnThatCall(ServiceError):
    """The actor may write notes on the call of their own unit alone, and it is not on this one."""


class SeveralUnits(ServiceError):
    """The order is about one unit, and several were named."""


class TitleMissing(ServiceError):
    """A new call has no title."""


class CallNotFound(ServiceError):
    """No open call matches what was typed.

    Attributes:
        server: the words for the server; empty for the only server of a community.
    """

    def __init__(self, typed: str, server: str = "") -> None:
        super().__init__(typed)
        self.typed = typed
        self.server = server


class AmbiguousCall(ServiceError):
    """Several open calls match what was typed; `server` as in `CallNotFound`."""

    def __init__(self, typed: str, calls: tuple[Call, ...], server: str = "") -> None:
        super().__init__(typed)
        self.typed = typed
        self.calls = calls
        self.server = server


class NothingToUndo(SpentError):
    """The order moved no unit, or is not an order of this guild."""


class AlreadyUndone(SpentError):
    """The order was undone before, or is being undone."""


class NothingToConfirm(SpentError):
    """There is no such order to confirm, or it was declined."""


class AlreadyConfirmed(SpentError):
    """The order was confirmed before."""


class TooLateToCancel(SpentError):
    """The order is being sent or closed."""


class NotOrderOwner(ServiceError):
    """Another member gave the order."""


class TooLateToConfirm(SpentError):
    """The confirmation was requested too long ago: the units may have moved."""


class TooLateToUndo(SpentError):
    """The units were moved too long ago to undo it."""
