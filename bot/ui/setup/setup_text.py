"""What each part of the page of `/setup` says, and the outcome of a change."""

from __future__ import annotations

from collections.abc import Iterable

from bot.config.guild_settings import GuildSettings
from bot.services.access.policy import Access
from bot.services.communities.setup_state import Connected, SetupState
from bot.services.doctor.findings import Finding
from bot.services.guild_errors import StoredKeyLocked, StoredSettingsInvalid
from bot.ui.doctor.doctor_report import finding_line, permission_line
from bot.ui.text import code_span, escape, role_mentions

TITLE = (
    "## Set up this server\n"
    "Five parts, from the top to the bottom. Each is checked before it is saved, and counts at"
    " once. Only members with Manage Server can do this."
)
STATUSES = ("Unavailable", "Busy", "Available", "Enroute", "On scene")
NOT_YET = "Connect to Sonoran CAD first."
_PUSH_PATH = "/sonorancad/event"


def connection(state: SetupState) -> str:
    """Return which community the server is connected to."""
    if state.problem is StoredKeyLocked:
        return "❌ The stored key cannot be opened any more. Enter it again."
    if state.problem is StoredSettingsInvalid:
        return "❌ The stored settings cannot be used. Connect again."
    if state.settings is None:
        return (
            "❌ Not connected. You need the community ID and the API key from the CAD's Admin"
            " panel, under Advanced → In-Game Integration."
        )
    settings = state.settings
    version = settings.sonoran_api_version
    api = "the API is chosen automatically" if version == "auto" else f"API {version}"
    servers = settings.sonoran_servers or settings.servers
    named = ", ".join(f"{one.server_id} {escape(one.name, 40)}".rstrip() for one in servers)
    noun = "servers" if len(servers) > 1 else "server"
    return f"✅ Community {code_span(settings.sonoran_community_id, 60)}, {noun} {named}, {api}."


def rights(state: SetupState) -> str:
    """Return who may do what."""
    if state.settings is None:
        return NOT_YET
    settings = state.settings
    lines = "\n".join(map(permission_line, _access(settings).rules))
    mark = "✅ " if settings.dispatch_role_ids else "⚠️ No role may dispatch yet.\n"
    return f"{mark}{lines}"


def channels(state: SetupState) -> str:
    """Return where cards and the log go."""
    if state.settings is None:
        return NOT_YET
    settings = state.settings
    own = [one for one in settings.sonoran_servers if one.channel_id]
    has_cards = settings.calls_channel_id or own
    parts = [
        f"Cards: {_channel(settings.calls_channel_id)}",
        *(f"server {one.server_id}: {_channel(one.channel_id)}" for one in own),
        f"log: {_channel(settings.log_channel_id)}",
    ]
    if settings.ping_role_id:
        parts.append(f"pings {role_mentions([settings.ping_role_id])}")
    parts.append(f"closed cards stay {settings.card_keep_minutes} minutes")
    return f"{'✅' if has_cards else '⚠️'} {', '.join(parts)}."


def people(state: SetupState) -> str:
    """Return what counts for members and their links."""
    if state.settings is None:
        return NOT_YET
    settings = state.settings
    status = settings.status_on_attach
    parts = [
        f"Ids as {code_span(settings.api_id_format, 60)}",
        "a link needs an approval" if settings.link_approval else "members link themselves",
        "an attached unit keeps its status"
        if status is None
        else f"an attached unit becomes {STATUSES[status]}",
    ]
    if settings.require_cad_permission:
        parts.append("orders need the CAD's permission too")
    if settings.forget_on_leave and state.may_forget_on_leave:
        parts.append("members who leave are forgotten")
    return f"✅ {', '.join(parts)}."


def push(state: SetupState) -> str:
    """Return how the bot hears of changes."""
    if state.settings is None:
        return NOT_YET
    if state.settings.sonoran_websocket:
        return "✅ The bot listens to the CAD's websocket."
    if state.push_port is not None:
        return (
            f"✅ The bot listens on port {state.push_port}. Set the CAD's or the game server's push"
            f" address to `http://ADDRESS_OF_THE_BOT:{state.push_port}{_PUSH_PATH}`."
        )
    return "✅ None: the bot asks the CAD every 15 seconds, and cards are at most that far behind."


def connected(outcome: Connected) -> str:
    """Return the outcome of connecting a server."""
    report, settings = outcome.report, outcome.settings
    over = "" if report.api_version is None else f" over API {report.api_version}"
    community = code_span(settings.sonoran_community_id, 60)
    used = {one.server_id for one in settings.servers}
    others = ", ".join(
        f"{one} {escape(name, 40)}".rstrip()
        for one, name in report.servers.items()
        if one not in used
    )
    more = f" The CAD also has server {others}; press **Connect…** to use it." if others else ""
    if report.can_attach:
        return f"✅ Connected to community {community}{over}.{more} Next: who may do what."
    return (
        f"⚠️ Connected to community {community}{over}, but its plan cannot attach units; that takes"
        f" the plan Plus or a higher one, or a key that API 2 takes.{more}"
    )


def roles_saved(settings: GuildSettings) -> str:
    """Return the outcome of choosing roles: who may do what now."""
    rules = _access(settings).rules
    return "\n".join(["✅ Saved. **Who may do what now**", *map(permission_line, rules)])


def channels_saved(readable: Iterable[int]) -> str:
    """Return the outcome of choosing channels.

    Args:
        readable: the channels that all members can read.
    """
    if warned := ", ".join(_channel(one) for one in readable):
        return (
            f"⚠️ Saved. All members can read {warned}, and 911 calls have names and addresses in"
            " them. Change the permissions of the channel if that is not what you want."
        )
    return "✅ Saved."


def heard(findings: Iterable[Finding]) -> str:
    """Return what is known of the push events."""
    return "\n".join(map(finding_line, findings))


def _access(settings: GuildSettings) -> Access:
    return Access(
        settings.dispatch_role_ids,
        settings.self_dispatch_role_ids,
        settings.link_role_ids,
        settings.admin_role_ids,
    )


def _channel(channel_id: int | None) -> str:
    return f"<#{channel_id}>" if channel_id else "none"
