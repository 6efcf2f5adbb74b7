"""The errors about links, and about files with links. Data only, no prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services.errors import ServiceError, SpentError

if TYPE_CHECKING:
    from bot.storage.stores.link_request_store import LinkRequestState


class InvalidApiId(ServiceError):
    """The text is not an id in a format that the bot knows."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class VanityUrl(InvalidApiId):
    """A Steam profile address with a custom name instead of the number."""


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
