"""The findings of the doctor about the setup of the bot: data, no prose."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Level(enum.IntEnum):
    """How serious a finding is; a higher number is worse."""

    OK = 0
    WARNING = 1  # it works, but perhaps not as intended
    FAULT = 2  # something does not work until the operator fixes it


class FindingCode(enum.StrEnum):
    """All possible findings, each written as `topic.finding`."""

    SETTINGS_FINE = "settings.fine"
    SETTINGS_WRONG = "settings.wrong"
    SETTINGS_SKIPPED = "settings.skipped"
    SETTINGS_MISSPELLED = "settings.misspelled"

    DISCORD_UNREACHABLE = "discord.unreachable"
    DISCORD_UNUSABLE = "discord.unusable"
    TOKEN_FINE = "token.fine"  # noqa: S105 - no password
    TOKEN_REFUSED = "token.refused"  # noqa: S105
    INTENTS_FINE = "intents.fine"
    INTENTS_OFF = "intents.off"
    BOT_PUBLIC = "bot.public"
    GUILD_FINE = "server.fine"
    GUILD_UNNAMED = "server.unnamed"
    GUILDS_NONE = "server.none"
    GUILD_ABSENT = "server.absent"
    COMMANDS_FINE = "commands.fine"
    COMMANDS_MISSING = "commands.missing"
    COMMANDS_TWICE = "commands.twice"
    COMMANDS_REFUSED = "commands.refused"
    COMMANDS_NARROWED = "commands.narrowed"
    COMMANDS_CLOSED = "commands.closed"
    ROLES_FINE = "roles.fine"
    ROLES_NONE = "roles.none"
    ROLE_UNKNOWN = "roles.unknown"
    ROLE_EVERYONE = "roles.everyone"
    ROLE_SILENT = "roles.silent"
    CHANNEL_FINE = "channel.fine"
    CHANNEL_UNKNOWN = "channel.unknown"
    CHANNEL_ELSEWHERE = "channel.elsewhere"
    CHANNEL_NO_TEXT = "channel.no text"
    CHANNEL_LOCKED = "channel.locked"

    CAD_UNREACHABLE = "cad.unreachable"
    CAD_BUSY = "cad.busy"
    CAD_WRONG_ADDRESS = "cad.wrong address"
    CAD_REJECTED = "cad.refuses"
    KEY_FINE = "key.fine"
    KEY_REFUSED = "key.refused"
    COMMUNITY_UNKNOWN = "community.unknown"
    COMMUNITY_OTHER = "community.other"
    API_USED = "api.used"
    API_ABSENT = "api.absent"
    API_FORCED = "api.forced"
    API_REFUSES_KEY = "api.refuses the key"
    API_FORBIDDEN = "api.forbidden"
    WEB_PAGE = "cad.web page"
    PLAN_TOO_LOW = "plan.too low"
    CAD_SERVER_FINE = "cad server.fine"
    CAD_SERVER_UNKNOWN = "cad server.unknown"
    ATTACH_VARIANT_KNOWN = "variant.known"
    ATTACH_VARIANT_UNTRIED = "variant.open"
    ATTACH_VARIANT_NONE = "variant.none"
    ACCOUNTS_BY_DISCORD = "accounts.by Discord"
    ACCOUNTS_BY_LINK = "accounts.by link"
    ACCOUNTS_NOT_BY_DISCORD = "accounts.not by Discord"
    PERMISSIONS_FINE = "permissions.fine"
    PERMISSIONS_UNREADABLE = "permissions.unreadable"
    PERMISSIONS_MISSING = "permissions.missing"
    PERMISSIONS_UNLISTED = "permissions.unlisted"
    CLOCK_FINE = "clock.fine"
    CLOCK_OFF = "clock.off"
    BUDGET = "budget.left"

    DATABASE_FINE = "database.fine"
    DATABASE_NEW = "database.new"
    DATABASE_OLD = "database.old"
    DATABASE_UNUSABLE = "database.unusable"
    DATABASE_BROKEN = "database.broken"
    DATABASE_TOO_NEW = "database.too new"
    DISK_FULL = "disk.full"

    EVENTS_POLLED = "events.polled"
    PORT_FREE = "events.port free"
    PORT_SERVED = "events.port served"
    PORT_TAKEN = "events.port taken"
    WEBSOCKET_UNTRIED = "events.websocket untried"
    EVENTS_RECEIVED = "events.heard"
    EVENTS_SILENT = "events.silent"
    EVENTS_LOST = "events.lost"
    EVENTS_REFUSED = "events.refused"

    CHECK_LATE = "check.late"
    CHECK_BROKEN = "check.broken"

    @property
    def topic(self) -> str:
        """The subject of the finding, such as `token` or `database`."""
        return self.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `data` holds the values for its text, of simple types."""

    code: FindingCode
    level: Level
    data: Mapping[str, object] = field(default_factory=dict, hash=False)


def fine(code: FindingCode, **data: object) -> Finding:
    """Return a finding that something is in order."""
    return Finding(code, Level.OK, data)


def warning(code: FindingCode, **data: object) -> Finding:
    """Return a finding that something may not be intended."""
    return Finding(code, Level.WARNING, data)


def fault(code: FindingCode, **data: object) -> Finding:
    """Return a finding that the operator has to fix."""
    return Finding(code, Level.FAULT, data)
