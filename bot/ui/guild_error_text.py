"""The texts for members of a server that the bot does not serve, and for those who set it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from bot.common.discord_limits import INTERACTION_LIFETIME, minutes
from bot.services.errors import ServiceError
from bot.services.guild_errors import (
    CadOutOfReach,
    CadServerUnknown,
    CadUnusable,
    ChannelUnusable,
    CommunityUnknown,
    GuildExportTooLarge,
    GuildNotServed,
    GuildNotSetUp,
    GuildReopening,
    KeyMalformed,
    KeyMissing,
    KeyOfOtherCommunity,
    KeyRefused,
    ManagerRequired,
    NotConnected,
    NothingToRetry,
    RoleNotPingable,
    RoleOfAllMembers,
    RoleOfIntegration,
    ServersMalformed,
    SettingsInvalid,
    SetUpByOperator,
    SetupOutdated,
    StoredKeyLocked,
    StoredSettingsInvalid,
    TooManyTries,
    WrongServerName,
)
from bot.ui.text import code_span, role_mentions, timestamp

GuildError: TypeAlias = (
    CadServerUnknown
    | CadUnusable
    | ChannelUnusable
    | CommunityUnknown
    | KeyOfOtherCommunity
    | RoleNotPingable
    | RoleOfIntegration
    | SettingsInvalid
    | TooManyTries
)

_UNCHANGED = "Nothing was saved."

FIXED_GUILD_TEXTS: Mapping[type[ServiceError], str] = {
    GuildNotServed: "This bot does not dispatch for this server.",
    GuildNotSetUp: (
        "This server is not connected to Sonoran CAD yet. A member with Manage Server uses"
        " `/setup`."
    ),
    GuildReopening: "The settings of this server are just being changed. Try again in a minute.",
    StoredKeyLocked: (
        "The stored API key of this server cannot be opened any more. A member with Manage Server"
        " enters it again with `/setup`."
    ),
    StoredSettingsInvalid: (
        "The stored settings of this server cannot be used. A member with Manage Server uses"
        " `/setup` again."
    ),
    SetUpByOperator: (
        "This server is set up by the settings of the person who runs this bot. With"
        " `SECRETS_KEYS` and `python -m bot guilds adopt`, that person hands it over to `/setup`."
    ),
    ManagerRequired: "You need the Manage Server permission to set the bot up.",
    SetupOutdated: (
        f"Another member has changed the set-up meanwhile. {_UNCHANGED} Look again, then repeat"
        " your change."
    ),
    NotConnected: "Connect this server to Sonoran CAD first.",
    KeyMalformed: (
        f"That is not an API key: it is one word of letters, digits and signs. {_UNCHANGED}"
    ),
    KeyMissing: f"Enter the API key: none is stored that can be used. {_UNCHANGED}",
    KeyRefused: f"Sonoran CAD refuses this key. Copy it again and try once more. {_UNCHANGED}",
    ServersMalformed: (
        f"Those are no numbers of servers. Write them like `1` or `1, 2`. {_UNCHANGED}"
    ),
    CadOutOfReach: (
        f"Sonoran CAD cannot be reached. {_UNCHANGED} **Try with community …** works for"
        f" {minutes(INTERACTION_LIFETIME)} minutes without the key."
    ),
    NothingToRetry: f"The key is forgotten by now: enter it again. {_UNCHANGED}",
    GuildExportTooLarge: (
        "What is stored is too large for Discord. The person who runs this bot gets it with"
        " `python -m bot guilds export`."
    ),
    WrongServerName: "That is not the name of this server. Nothing was deleted.",
    RoleOfAllMembers: f"@everyone cannot be given a right and is not pinged. {_UNCHANGED}",
}


def guild_message(error: GuildError) -> str:
    """Return what was wrong with the set-up that was entered."""
    match error:
        case CommunityUnknown(community_id=community_id):
            text = f"Sonoran CAD knows no community {code_span(community_id, 60)}."
        case KeyOfOtherCommunity(theirs=theirs, entered=entered):
            text = (
                f"The key belongs to the community {code_span(theirs, 60)}, not to"
                f" {code_span(entered, 60)}."
            )
        case CadServerUnknown(server_id=server_id, known=known):
            text = f"The CAD has no server {server_id}, only {' and '.join(known) or 'others'}."
        case CadUnusable(reason=reason):
            text = f"The CAD cannot be used with this key: {code_span(reason, 100)}."
        case TooManyTries(until=until):
            text = f"Too many tries. Try again {timestamp(until, 'R')}."
        case RoleOfIntegration(role_id=role_id):
            role = role_mentions([role_id])
            text = f"The role {role} belongs to a bot or an integration. Choose another one."
        case RoleNotPingable(role_id=role_id):
            text = (
                f"The bot may not ping {role_mentions([role_id])}. Let the role be mentioned by all"
                " members, or allow the bot to mention all roles."
            )
        case ChannelUnusable(channel_id=channel_id, missing=missing):
            named = ", ".join(one.replace("_", " ").title() for one in missing)
            place = f"<#{channel_id}>"
            text = f"In {place} the bot lacks {named}. Allow it and choose the channel again."
        case SettingsInvalid(faults=faults):
            text = f"This cannot be saved. {'; '.join(faults)}."
    return f"{text} {_UNCHANGED}"
