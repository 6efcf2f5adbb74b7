"""Why a service did not do what it was asked, before the CAD was involved. Data only, no prose."""

from __future__ import annotations


class ServiceError(Exception):
    """A request that cannot be carried out as it stands."""


class NotAllowed(ServiceError):
    """The person holds none of role_ids; where role_ids is empty, Manage Server is needed."""

    def __init__(self, role_ids: frozenset[int]) -> None:
        super().__init__(f"needs one of the roles {sorted(role_ids)}")
        self.role_ids = role_ids


class NoTargets(ServiceError):
    """The `units` text names nobody."""


class TooManyTargets(ServiceError):
    """The `units` text names count targets, more than limit."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"{count} targets, at most {limit}")
        self.count = count
        self.limit = limit


class NotAnApiId(ServiceError):
    """What was pasted is no spelling of an id that the bot knows."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class VanityUrl(NotAnApiId):
    """A profile address with a chosen name in it instead of the number."""


class NobodyChosen(ServiceError):
    """Nothing was picked, or nobody of what was picked is free."""


class NotLinked(ServiceError):
    """The person has no id of the CAD."""


class NotOnDuty(ServiceError):
    """The person has no unit on duty in the CAD."""


class NoAnswerAboutUnits(ServiceError):
    """The CAD did not say whether the person has a unit on duty."""


class EmergencyGone(ServiceError):
    """The 911 call is not on the list any more, and no open dispatch call answers it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"911 call {number} is gone")
        self.number = number


class NothingToUndo(ServiceError):
    """The order attached nobody."""


class TooLateToUndo(ServiceError):
    """The attachment was too long ago to be taken back by a button."""


class FileTooLarge(ServiceError):
    """A file of size bytes, more than limit, that somebody wants read."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes, at most {limit}")
        self.size = size
        self.limit = limit


class TooMuchToSend(ServiceError):
    """A file that is larger than Discord takes."""


class FileNotLoaded(ServiceError):
    """Discord did not hand out a file that somebody has sent."""


class ImportForgotten(ServiceError):
    """The file that was shown is not remembered any more."""


class ImportOutdated(ServiceError):
    """The links have changed since the file was shown, and with them what it would do."""


class ImportDone(ServiceError):
    """The file that was shown has been imported already."""


class NotYourImport(ServiceError):
    """Somebody else has shown the file."""
