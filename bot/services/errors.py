"""Why a service did not do what it was asked, before the CAD was involved. Data only, no prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.storage.stores.link_request_store import LinkRequestState


class ServiceError(Exception):
    """A request that cannot be carried out as it stands."""


class RoleRequired(ServiceError):
    """The person holds none of role_ids; where role_ids is empty, Manage Server is needed."""

    def __init__(self, role_ids: frozenset[int]) -> None:
        super().__init__(f"needs one of the roles {sorted(role_ids)}")
        self.role_ids = role_ids


class CadPermissionMissing(ServiceError):
    """The person's account in the CAD lacks the permission that is needed as well."""


class NoCadAccount(CadPermissionMissing):
    """The CAD knows no account of the person, and so no permission."""


class CadPermissionUnknown(ServiceError):
    """The CAD did not say which permissions the person has; without that, nobody may."""


class NoTargets(ServiceError):
    """The `units` text names nobody."""


class TooManyTargets(ServiceError):
    """The `units` text names count targets, more than limit."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"{count} targets, at most {limit}")
        self.count = count
        self.limit = limit


class InvalidApiId(ServiceError):
    """What was pasted is no spelling of an id that the bot knows."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class VanityUrl(InvalidApiId):
    """A profile address with a chosen name in it instead of the number."""


class NothingSelected(ServiceError):
    """Nothing was picked, or nobody of what was picked is free."""


class NotLinked(ServiceError):
    """The person has no id of the CAD."""


class NotOnDuty(ServiceError):
    """The person has no unit on duty in the CAD."""


class DutyUnknown(ServiceError):
    """The CAD did not say whether the person has a unit on duty."""


class EmergencyNotFound(ServiceError):
    """The 911 call is not on the list any more, and no open dispatch call answers it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"911 call {number} is gone")
        self.number = number


class NothingToUndo(ServiceError):
    """The order attached nobody."""


class NothingToConfirm(ServiceError):
    """There is no such question, or it was answered with no."""


class AlreadyConfirmed(ServiceError):
    """The question was answered with yes before."""


class NotOrderOwner(ServiceError):
    """Somebody else gave the order."""


class TooLateToConfirm(ServiceError):
    """The question was asked too long ago: people are elsewhere by now."""


class TooLateToUndo(ServiceError):
    """The attachment was too long ago to be taken back by a button."""


class IdAlreadyLinked(ServiceError):
    """Somebody else has this id.

    Attributes:
        holders: who has it; empty for whoever may not know.
    """

    def __init__(self, api_id: str, holders: frozenset[int]) -> None:
        super().__init__(f"held by {len(holders) or 'somebody'}")
        self.api_id = api_id
        self.holders = holders


class ApprovalPending(ServiceError):
    """The link has been asked for; what it was needed for can be done once it is approved."""

    def __init__(self, api_id: str) -> None:
        super().__init__("awaits approval")
        self.api_id = api_id


class ApprovalUnavailable(ServiceError):
    """The request could not be shown to anybody who may approve it."""


class RequestNotFound(ServiceError):
    """There is no such request any more, or not on this server."""


class RequestDecided(ServiceError):
    """Somebody was quicker.

    Attributes:
        state: what the request has become.
        by: who did that; None for nobody, or for somebody who has left.
    """

    def __init__(self, state: LinkRequestState, by: int | None) -> None:
        super().__init__(state)
        self.state = state
        self.decided_by = by


class FileTooLarge(ServiceError):
    """A file of size bytes, more than limit, that somebody wants read."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes, at most {limit}")
        self.size = size
        self.limit = limit


class ExportTooLarge(ServiceError):
    """A file that is larger than Discord takes."""


class DownloadFailed(ServiceError):
    """Discord did not hand out a file that somebody has sent."""


class ImportExpired(ServiceError):
    """The file that was shown is not remembered any more."""


class ImportOutdated(ServiceError):
    """The links have changed since the file was shown, and with them what it would do."""


class AlreadyImported(ServiceError):
    """The file that was shown has been imported already."""


class NotImportOwner(ServiceError):
    """Somebody else has shown the file."""
