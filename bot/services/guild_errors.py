"""Why a guild is not served, or its set-up not changed. Data only, no prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class GuildNotServed(ServiceError):
    """The bot does not dispatch for the guild."""


class GuildNotSetUp(ServiceError):
    """The guild is not connected to the CAD yet."""


class GuildReopening(ServiceError):
    """The services of the guild are being opened with other settings."""


class StoredKeyLocked(ServiceError):
    """The guild's API key in the database cannot be opened any more."""


class StoredSettingsInvalid(ServiceError):
    """The guild's settings in the database cannot be used."""


class SetUpByOperator(ServiceError):
    """The settings of the operator say how the guild is set up."""


class ManagerRequired(ServiceError):
    """The actor lacks Discord's permission Manage Server."""


class SetupOutdated(ServiceError):
    """The set-up was changed since the actor looked at it."""


class NotConnected(ServiceError):
    """The guild has no community yet, which this setting is about."""


class SettingsInvalid(ServiceError):
    """Values that no setting takes.

    Attributes:
        faults: one line each, without the value.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class KeyMalformed(ServiceError):
    """What was entered is no API key."""


class KeyMissing(ServiceError):
    """No key was entered, and none is stored that can be opened."""


class KeyRefused(ServiceError):
    """The CAD does not take the key."""


class CommunityUnknown(ServiceError):
    """The CAD knows no such community."""

    def __init__(self, community_id: str) -> None:
        super().__init__(community_id)
        self.community_id = community_id


class KeyOfOtherCommunity(ServiceError):
    """The key belongs to another community."""

    def __init__(self, theirs: str, entered: str) -> None:
        super().__init__(theirs)
        self.theirs = theirs
        self.entered = entered


class ServersMalformed(ServiceError):
    """What was entered are no numbers of servers."""


class CadServerUnknown(ServiceError):
    """The CAD has no such server.

    Attributes:
        known: the numbers of its servers; empty where it does not say.
    """

    def __init__(self, server_id: int, known: Iterable[str]) -> None:
        super().__init__(f"server {server_id}")
        self.server_id = server_id
        self.known = tuple(known)


class CadOutOfReach(ServiceError):
    """The CAD could not be asked about the key; it can be asked again without entering it."""


class CadUnusable(ServiceError):
    """The CAD refuses for another reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NothingToRetry(ServiceError):
    """The key that was entered is not in memory any more."""


class TooManyTries(ServiceError):
    """Too many keys were tried; the next one may be tried at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until}")
        self.until = until


class RoleOfAllMembers(ServiceError):
    """@everyone was chosen."""


class RoleOfIntegration(ServiceError):
    """A role that Discord gives to a bot or to subscribers was chosen."""

    def __init__(self, role_id: int) -> None:
        super().__init__(str(role_id))
        self.role_id = role_id


class RoleNotPingable(ServiceError):
    """The bot may not ping the role."""

    def __init__(self, role_id: int) -> None:
        super().__init__(str(role_id))
        self.role_id = role_id


class ChannelUnusable(ServiceError):
    """The bot lacks permissions in a channel.

    Attributes:
        missing: as discord.py names them.
    """

    def __init__(self, channel_id: int, missing: Iterable[str]) -> None:
        self.channel_id = channel_id
        self.missing = tuple(missing)
        super().__init__(f"{channel_id} lacks {self.missing}")


class GuildExportTooLarge(ServiceError):
    """All that is stored about a guild is too large for Discord."""


class WrongServerName(ServiceError):
    """What was typed is not the name of the Discord server."""
