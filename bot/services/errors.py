"""The errors that services raise for a request, apart from CadError. Data only, no prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cad.models import Call
    from bot.storage.stores.link_request_store import LinkRequestState


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


class InvalidApiId(ServiceError):
    """The text is not an id in a format that the bot knows."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class VanityUrl(InvalidApiId):
    """A Steam profile address with a custom name instead of the number."""


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


class IdAlreadyLinked(ServiceError):
    """The id is linked to another member.

    Attributes:
        holders: Discord ids of those members; empty if the actor may not see them.
    """

    def __init__(self, api_id: str, holders: frozenset[int]) -> None:
        super().__init__("linked to another member")
        self.api_id = api_id
        self.holders = holders


class ReplacesProvenLink(ServiceError):
    """The CAD does not know the new id of a member whose present id it has confirmed.

    Attributes:
        present_id: the id that the member has.
        was_asked: whether the CAD said so; else it could not be asked.
    """

    def __init__(self, api_id: str, present_id: str, *, was_asked: bool) -> None:
        super().__init__("replaces an id that the CAD has confirmed")
        self.api_id = api_id
        self.present_id = present_id
        self.was_asked = was_asked


class TooManyLinks(ServiceError):
    """The member has linked themselves too often; the next link is possible in some seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"again in {retry_after:.0f} s")
        self.retry_after = retry_after


class ApprovalPending(ServiceError):
    """The link was requested and awaits approval; the action can be repeated after that."""

    def __init__(self, api_id: str) -> None:
        super().__init__("awaits approval")
        self.api_id = api_id


class ApprovalUnavailable(ServiceError):
    """The request could not be posted where it can be approved."""


class RequestNotFound(SpentError):
    """The request no longer exists, or belongs to another guild."""


class RequestDecided(SpentError):
    """The request was decided before.

    Attributes:
        state: the state of the request.
        decided_by: the Discord id of the member who decided; None if none did, or if that member
            has left.
    """

    def __init__(self, state: LinkRequestState, decided_by: int | None) -> None:
        super().__init__(state)
        self.state = state
        self.decided_by = decided_by


class NoCheckRuns(SpentError):
    """The check of the links that is to be stopped has ended."""


class FileTooLarge(ServiceError):
    """An uploaded file has size bytes, more than limit."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes, at most {limit}")
        self.size = size
        self.limit = limit


class ExportTooLarge(ServiceError):
    """An export is larger than Discord accepts."""


class DownloadFailed(ServiceError):
    """Discord did not return an uploaded file."""


class FileReadTimeout(ServiceError):
    """An uploaded file takes too long to read."""


class ImportExpired(SpentError):
    """The preview of the import has expired."""


class ImportOutdated(SpentError):
    """The links have changed since the preview, so that the import would do something else."""


class AlreadyImported(SpentError):
    """The file was imported before."""


class NotImportOwner(ServiceError):
    """Another member uploaded the file."""
