"""What the doctor found → one line each: what it is, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.services.access.policy import Kind, Right
from bot.services.doctor.findings import Finding, Level, What
from bot.services.doctor.runner import Report
from bot.ui.text import MESSAGE_LIMIT, code, listed, roles, visible

_MARKS = {Level.FAULT: "❌", Level.WARNING: "⚠️", Level.OK: "✅"}
_LIST = 300  # characters
_ROLES = 200
_AS_THEY_ARE = frozenset({"line", "setting", "plain"})  # the bot's own words

_PORTAL = "in the Developer Portal, under Bot"
_INVITE = "Open the link that `python -m bot invite` prints"

_WORDS: dict[What, str] = {
    What.SETTINGS_FINE: "All settings can be used.",
    What.SETTINGS_WRONG: "{line}.",
    What.SETTINGS_SKIPPED: "{plain} was not looked at, for want of these settings.",
    What.DISCORD_UNREACHABLE: (
        "Discord cannot be reached: {reason}. Check the network and the proxy."
    ),
    What.DISCORD_UNUSABLE: "Discord cannot be used now: it answers {status}. Wait, then try again.",
    What.TOKEN_FINE: "The token is that of {name}.",
    What.TOKEN_REFUSED: f"Discord refuses the token. Reset it {_PORTAL}, and copy it into"
    " DISCORD_TOKEN.",
    What.INTENTS_FINE: "Every intent that the bot asks for is on.",
    What.INTENTS_OFF: f"MEMBERS_INTENT is true, but Server Members Intent is off. Turn it on"
    f" {_PORTAL}, or set MEMBERS_INTENT to false.",
    What.GUILD_FINE: "The bot is on {name}.",
    What.GUILDS_ALL: "DISCORD_GUILD_ID is not set: the bot serves every server that it is on:"
    " {names}.",
    What.GUILDS_NONE: f"The bot is on no server. {_INVITE}.",
    What.GUILD_ABSENT: f"DISCORD_GUILD_ID: the bot is not on server {{guild}}. {_INVITE}, or mend"
    " the id. The bot is on: {names}.",
    What.COMMANDS_FINE: "Discord knows the {count} commands.",
    What.COMMANDS_MISSING: "Discord does not know these commands: {names}. The bot tells it when"
    " it starts; start it again.",
    What.COMMANDS_REFUSED: "The bot may not have commands on this server."
    f" {_INVITE}, and choose the server again.",
    What.COMMANDS_NARROWED: "Narrowed in Server Settings → Integrations: {names}. Whoever is left"
    " out there does not see them, whatever the roles say.",
    What.COMMANDS_CLOSED: "Nobody with a dispatch role sees these commands: {names}. Allow the"
    " roles in Server Settings → Integrations.",
    What.ROLES_FINE: "The {count} roles that the settings name exist.",
    What.ROLES_NONE: "DISPATCH_ROLE_IDS is empty: only members with Manage Server may dispatch.",
    What.ROLE_UNKNOWN: "{setting}: no role here has the id {ids}. Copy it anew.",
    What.ROLE_EVERYONE: "{setting} names the server itself, and with it everyone. Name roles.",
    What.ROLE_SILENT: "PING_ROLE_ID: the bot may not ping {name}. Make the role mentionable, or"
    " allow the bot to mention all roles.",
    What.CHANNEL_FINE: "{setting}: the bot can write in {name}.",
    What.CHANNEL_UNKNOWN: "{setting}: there is no channel {id}. Copy the id anew.",
    What.CHANNEL_ELSEWHERE: "{setting}: channel {id} is on another server, or on none that the bot"
    " is on. Copy the id anew.",
    What.CHANNEL_NO_TEXT: "{setting}: {name} is no text channel. Choose one.",
    What.CHANNEL_LOCKED: "{setting}: in {name} the bot lacks {missing}. Allow it in the channel's"
    " permissions.",
    What.CAD_UNREACHABLE: "The CAD cannot be reached: {reason}. Check the network and"
    " SONORAN_API_URL; it may be an outage.",
    What.CAD_BUSY: "The CAD takes no more questions for now. Try again in a minute.",
    What.CAD_WRONG_ADDRESS: "What answers at SONORAN_API_URL is not the CAD: {reason}. Mend the"
    " address.",
    What.CAD_REFUSES: "The CAD refuses to show its calls: {reason}.",
    What.KEY_FINE: "The CAD takes the key.",
    What.KEY_REFUSED: "The CAD refuses the key: {reason}. Copy it anew into SONORAN_API_KEY.",
    What.COMMUNITY_UNKNOWN: "The CAD knows no such community: {reason}. Mend SONORAN_COMMUNITY_ID.",
    What.COMMUNITY_OTHER: "The key is that of the community {theirs}. Mend SONORAN_COMMUNITY_ID,"
    " or SONORAN_API_KEY.",
    What.PLAN_FINE: "The plan {plan} is enough to attach.",
    What.PLAN_TOO_LOW: "The plan {plan} is too low: {reason}. Attaching needs Plus or higher.",
    What.API_OFF: "The CAD does not let this community use its API: {reason}. Attaching needs the"
    " plan Plus or a higher one.",
    What.CAD_SERVER_FINE: "SONORAN_SERVER_ID: the CAD has server {server} {name}.",
    What.CAD_SERVER_UNKNOWN: "SONORAN_SERVER_ID: the CAD has no server {server}. Known are:"
    " {servers}.",
    What.DIALECT_KNOWN: "Attaching is {dialect} for this CAD.",
    What.DIALECT_OPEN: "How this CAD wants to be told to attach is not known yet. It is found out"
    " at the first attachment.",
    What.DIALECT_NONE: "This CAD knows none of the ways of attaching: {reason}. Check"
    " SONORAN_API_URL; if it is right, please open an issue.",
    What.CLOCK_FINE: "The clock is right, to {seconds} s.",
    What.CLOCK_OFF: "The clock is wrong by {seconds} s. Have the machine set it by NTP.",
    What.BUDGET: "Left now: {attach} attach and {detach} detach requests, of {per_minute} a"
    " minute.",
    What.DATABASE_FINE: "The database {location} can be used, revision {revision}.",
    What.DATABASE_NEW: "The database {location} is created when the bot starts.",
    What.DATABASE_OLD: "The database {location} is at revision {revision}; it is brought to"
    " {newest} when the bot starts.",
    What.DATABASE_UNUSABLE: "The database {location} cannot be used: {reason}. Check the path, its"
    " permissions, the free disk space, and that no other program holds it.",
    What.DATABASE_BROKEN: "{location} is not a usable database: {reason}. Restore a backup, or move"
    " the file away to start with an empty one.",
    What.DATABASE_TOO_NEW: "The database {location} is from a newer version of this bot, revision"
    " {revision}. Update the bot, or restore the backup made before the update.",
    What.DISK_FULL: "The disk of the database has {megabytes} MiB left. Make room.",
    What.EVENTS_POLLED: "No push events: the CAD is asked for its calls every 15 seconds.",
    What.PORT_FREE: "PUSH_LISTEN: the bot can listen there.",
    What.PORT_SERVED: "PUSH_LISTEN: a bot that is running listens there.",
    What.PORT_TAKEN: "PUSH_LISTEN: cannot listen there: {reason}. End the program that holds the"
    " port, or choose another.",
    What.WEBSOCKET_UNTRIED: "SONORAN_WEBSOCKET is not tried from here, where it could take the"
    " place of another session. `/doctor` says how it goes.",
    What.EVENTS_HEARD: "{name}: the last push event came {ago} ago.",
    What.EVENTS_SILENT: "{name}: no push event in the {ago} since the start. If the CAD is in use,"
    " check that it is told where to send them.",
    What.EVENTS_LOST: "{name}: no session, the bot keeps trying: {reason}.",
    What.EVENTS_REFUSED: "{name}: the CAD refuses the session: {reason}. Check"
    " SONORAN_COMMUNITY_ID and SONORAN_API_KEY.",
    What.CHECK_LATE: "{plain} could not be looked at within {seconds} s. Check the network, and"
    " how busy this machine is.",
    What.CHECK_BROKEN: "The check of {plain} has failed ({kind}). A fault of the bot; please open"
    " an issue.",
}

_KINDS = {
    Kind.DISPATCH: "Dispatch",
    Kind.SELF_DISPATCH: "Move themselves",
    Kind.LINK: "Link others",
    Kind.ADMINISTER: "Administer",
}


def words(finding: Finding) -> str:
    """Say what was found and what to do, on one line."""
    shown = {name: _shown(name, value) for name, value in finding.data.items()}
    text = " ".join(_WORDS[finding.what].format_map(shown).split())
    return text.replace(" .", ".").replace(" ,", ",")


def line(finding: Finding) -> str:
    """Say it for a terminal: how bad it is, what it is about, the words."""
    return f"{finding.level.name.lower():<8} {finding.what.topic:<11} {words(finding)}"


def total(findings: Iterable[Finding]) -> str:
    """Count what was found."""
    levels = [one.level for one in findings]
    faults, warnings = levels.count(Level.FAULT), levels.count(Level.WARNING)
    parts = {"fault": faults, "warning": warnings, "finding": len(levels)}
    return ", ".join(_counted(count, what) for what, count in parts.items())


def report(found: Report) -> str:
    """List what was found, the worst first, and who may do what, as a message has room."""
    worst = max((one.level for one in found.findings), default=Level.OK)
    head = f"{_MARKS[worst]} {total(found.findings)}."
    tail = ["**Who may do what**", *map(_right, found.rights)]
    if found.needs_cad:
        tail.append("Besides, dispatching and moving oneself take that permission in the CAD.")
    room = MESSAGE_LIMIT - len("\n".join([head, *tail]))
    return "\n".join([head, *_fitting(found.findings, room), *tail])


def _fitting(findings: Iterable[Finding], room: int) -> list[str]:
    """Return as many lines as fit, and how many did not."""
    lines = [f"{_MARKS[one.level]} {words(one)}" for one in findings]
    for count in range(len(lines), -1, -1):
        rest = [f"and {len(lines) - count} more; `python -m bot doctor` prints all"]
        shown = lines[:count] + (rest if count < len(lines) else [])
        if sum(len(one) + 1 for one in shown) <= room:
            return shown
    return []


def _right(right: Right) -> str:
    who = [listed([roles([one]) for one in sorted(right.role_ids)], _ROLES)]
    if right.managers:
        who.append("members with Manage Server")
    return f"{_KINDS[right.kind]}: {', '.join(filter(None, who))}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count or 'no'} {what}s"


def _shown(name: str, value: object) -> str:
    match name, value:
        case _, str() if name in _AS_THEY_ARE:
            return visible(value, _LIST).rstrip(".") if name == "line" else visible(value, _LIST)
        case "missing", list():
            return ", ".join(str(one).replace("_", " ").title() for one in value)
        case _, list():
            return listed([code(str(one), 60) for one in value], _LIST) or "nothing"
        case "ago", float():
            return _lasting(value)
        case _, str():
            return code(value, 200) if value else ""
        case _:
            return str(value)


def _lasting(seconds: float) -> str:
    return str(timedelta(seconds=max(0, round(seconds))))
