"""The text of each finding, with the names of its data in braces."""

from __future__ import annotations

from bot.services.doctor.findings import FindingCode
from bot.ui.doctor.account_report import ACCOUNT_TEXTS

TEXTS: dict[FindingCode, str] = {
    **ACCOUNT_TEXTS,
    FindingCode.SETTINGS_FINE: "All settings can be used.",
    FindingCode.SETTINGS_WRONG: "{line}.",
    FindingCode.SETTINGS_SKIPPED: "{plain} was not checked, because these settings are missing.",
    FindingCode.SETTINGS_MISSPELLED: (
        "{name} is no setting and has no effect. Perhaps {meant} is meant."
    ),
    FindingCode.BOT_PUBLIC: (
        "Public Bot is on: other people can add the bot to their servers. Turn it off in the"
        " Developer Portal, under Bot; first set Install Link to None, under Installation."
    ),
    FindingCode.COMMANDS_TWICE: (
        "Discord lists these commands twice: {names}. Restart the bot: it removes those that are"
        " left from before DISCORD_GUILD_ID was changed."
    ),
    FindingCode.DISCORD_UNREACHABLE: (
        "Discord cannot be reached: {reason}. Check the network and the proxy."
    ),
    FindingCode.DISCORD_UNUSABLE: (
        "Discord cannot be used now: it answers {status}. Wait, then try again."
    ),
    FindingCode.TOKEN_FINE: "The token is that of {name}.",
    FindingCode.TOKEN_REFUSED: (
        "Discord refuses the token. Reset it in the Developer Portal, under Bot, and copy it"
        " into DISCORD_TOKEN."
    ),
    FindingCode.INTENTS_FINE: "Every intent that the bot asks for is on.",
    FindingCode.INTENTS_OFF: (
        "MEMBERS_INTENT is true, but Server Members Intent is off. Turn it on in the"
        " Developer Portal, under Bot, or set MEMBERS_INTENT to false."
    ),
    FindingCode.GUILD_FINE: "The bot is on {name}.",
    FindingCode.GUILD_UNNAMED: (
        "DISCORD_GUILD_ID is not set. Set it to the id of the one server that the bot serves. The"
        " bot is on: {names}."
    ),
    FindingCode.GUILDS_NONE: (
        "The bot is on no server. Open the link that `python -m bot invite` prints."
    ),
    FindingCode.GUILD_ABSENT: (
        "DISCORD_GUILD_ID: the bot is not on server {guild}. Open the link that `python -m"
        " bot invite` prints, or correct the id. The bot is on: {names}."
    ),
    FindingCode.COMMANDS_FINE: "Discord knows the {count} commands.",
    FindingCode.COMMANDS_MISSING: (
        "Discord does not know these commands: {names}. The bot registers them when it"
        " starts; restart it."
    ),
    FindingCode.COMMANDS_REFUSED: (
        "The bot may not have commands on this server. Open the link that `python -m bot"
        " invite` prints, and choose the server again."
    ),
    FindingCode.COMMANDS_NARROWED: (
        "Restricted in Server Settings → Integrations: {names}. Members who are not allowed"
        " there do not see these commands, even with the right role."
    ),
    FindingCode.COMMANDS_CLOSED: (
        "No member with a dispatch role sees these commands: {names}. Allow the roles in"
        " Server Settings → Integrations."
    ),
    FindingCode.ROLES_FINE: "The {count} roles that the settings name exist.",
    FindingCode.ROLES_NONE: (
        "DISPATCH_ROLE_IDS is empty: only members with Manage Server may dispatch."
    ),
    FindingCode.ROLE_UNKNOWN: "{setting}: no role here has the id {ids}. Copy the id again.",
    FindingCode.ROLE_EVERYONE: "{setting} names `@everyone`. Name roles instead.",
    FindingCode.ROLE_SILENT: (
        "PING_ROLE_ID: the bot may not ping {name}. Make the role mentionable, or allow the"
        " bot to mention all roles."
    ),
    FindingCode.CHANNEL_FINE: "{setting}: the bot can write in {name}.",
    FindingCode.CHANNEL_UNKNOWN: "{setting}: there is no channel {id}. Copy the id again.",
    FindingCode.CHANNEL_ELSEWHERE: (
        "{setting}: channel {id} is on another server, or on one that the bot is not on. Copy"
        " the id again."
    ),
    FindingCode.CHANNEL_NO_TEXT: "{setting}: {name} is not a text channel. Choose one.",
    FindingCode.CHANNEL_LOCKED: (
        "{setting}: in {name} the bot lacks {missing}. Allow it in the channel's permissions."
    ),
    FindingCode.CAD_UNREACHABLE: (
        "The CAD cannot be reached: {reason}. Check the network and SONORAN_API_URL; it may"
        " be an outage."
    ),
    FindingCode.CAD_BUSY: "The CAD takes no more requests for now. Try again in a minute.",
    FindingCode.CAD_WRONG_ADDRESS: (
        "What answers at SONORAN_API_URL is not the CAD: {reason}. Correct the address."
    ),
    FindingCode.CAD_REJECTED: "The CAD refuses to show its calls: {reason}.",
    FindingCode.KEY_FINE: "The CAD accepts the key.",
    FindingCode.KEY_REFUSED: (
        "The CAD refuses the key: {reason}. Copy it again into SONORAN_API_KEY."
    ),
    FindingCode.COMMUNITY_UNKNOWN: (
        "The CAD knows no such community: {reason}. Correct SONORAN_COMMUNITY_ID."
    ),
    FindingCode.COMMUNITY_OTHER: (
        "The key belongs to the community {theirs}. Correct SONORAN_COMMUNITY_ID or"
        " SONORAN_API_KEY."
    ),
    FindingCode.PLAN_TOO_LOW: (
        "The CAD does not let this community use API 1: {reason}. Attaching over API 1 needs the"
        " Plus plan or a higher one."
    ),
    FindingCode.API_USED: "The bot uses the CAD's API {version}.",
    FindingCode.API_ABSENT: "API {version} is not served at SONORAN_API_URL: {reason}.",
    FindingCode.API_FORCED: (
        "API {version} does not answer at SONORAN_API_URL: {reason}. Set SONORAN_API_VERSION to"
        " auto, or correct the address."
    ),
    FindingCode.API_REFUSES_KEY: "API {version} refuses the key: {reason}. Copy it again.",
    FindingCode.API_FORBIDDEN: "API 2 does not let the key in: {reason}. Turn it on in the CAD.",
    FindingCode.WEB_PAGE: (
        "SONORAN_API_URL leads to a web page, not the CAD's API: {reason}. Correct the address."
    ),
    FindingCode.CAD_SERVER_FINE: "{setting}: the CAD has server {server} {name}.",
    FindingCode.CAD_SERVER_UNKNOWN: (
        "{setting}: the CAD has no server {server}. Known are: {servers}."
    ),
    FindingCode.ATTACH_VARIANT_KNOWN: "This CAD's attach request is {variant}.",
    FindingCode.ATTACH_VARIANT_UNTRIED: (
        "Which attach request this CAD accepts is not known yet. The first attach shows it."
    ),
    FindingCode.ATTACH_VARIANT_NONE: (
        "This CAD accepts none of the attach requests: {reason}. Check SONORAN_API_URL; if it"
        " is right, please open an issue."
    ),
    FindingCode.CLOCK_FINE: "The clock is right to within {seconds} s.",
    FindingCode.CLOCK_OFF: "The clock is wrong by {seconds} s. Let the machine set it by NTP.",
    FindingCode.BUDGET: (
        "Requests that can go out at once: {attach} to attach and {detach} to detach; {per_minute}"
        " a minute."
    ),
    FindingCode.DATABASE_FINE: "The database {location} can be used, revision {revision}.",
    FindingCode.DATABASE_NEW: "The database {location} is created when the bot starts.",
    FindingCode.DATABASE_OLD: (
        "The database {location} is at revision {revision}; it is upgraded to {newest} when"
        " the bot starts."
    ),
    FindingCode.DATABASE_UNUSABLE: (
        "The database {location} cannot be used: {reason}. Check the path, its permissions,"
        " the free disk space, and that no other program uses it."
    ),
    FindingCode.DATABASE_BROKEN: (
        "{location} is not a usable database: {reason}. Restore a backup, or move the file"
        " away to start with an empty one."
    ),
    FindingCode.DATABASE_TOO_NEW: (
        "The database {location} is from a newer version of this bot, revision {revision}."
        " Update the bot, or restore the backup made before the update."
    ),
    FindingCode.DISK_FULL: "The disk of the database has {megabytes} MiB left. Free some space.",
    FindingCode.EVENTS_POLLED: (
        "No push events: the bot asks the CAD for its calls every 15 seconds."
    ),
    FindingCode.PORT_FREE: "PUSH_LISTEN: the bot can listen there.",
    FindingCode.PORT_SERVED: "PUSH_LISTEN: a running bot listens there.",
    FindingCode.PORT_TAKEN: (
        "PUSH_LISTEN: cannot listen there: {reason}. End the program that uses the port, or"
        " choose another port."
    ),
    FindingCode.WEBSOCKET_UNTRIED: (
        "SONORAN_WEBSOCKET is not tested from here, because it could end another session."
        " `/doctor` shows its state."
    ),
    FindingCode.EVENTS_RECEIVED: "{name}: the last push event came {ago} ago.",
    FindingCode.EVENTS_SILENT: (
        "{name}: no push event in the {ago} since the start. If the CAD is in use, check that"
        " it is set to send them here."
    ),
    FindingCode.EVENTS_LOST: "{name}: not connected, the bot keeps trying: {reason}.",
    FindingCode.EVENTS_REFUSED: (
        "{name}: the CAD refuses the connection: {reason}. Check SONORAN_COMMUNITY_ID and"
        " SONORAN_API_KEY."
    ),
    FindingCode.CHECK_LATE: (
        "{plain} could not be checked within {seconds} s. Check the network, and how busy"
        " this machine is."
    ),
    FindingCode.CHECK_BROKEN: (
        "The check of {plain} failed ({kind}). This is a fault of the bot; please open an issue."
    ),
}
