"""The doctor: which checks there are, for the bot that runs and for one that does not."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import discord
from discord.ext import commands

import cogs
from bot.cad.client import InspectableCad
from bot.cad.http.transport import Transport
from bot.common.clock import SYSTEM_CLOCK
from bot.common.discord_limits import LONGEST_RATE_LIMIT
from bot.config import settings
from bot.config.guild_settings import GuildSettings
from bot.config.settings import OperatorSettings, Settings, SettingsError
from bot.runtime.exit_codes import ExitCode
from bot.services.board.push_listener import PushListener
from bot.services.doctor import setup_checks
from bot.services.doctor.account_checks import account_findings
from bot.services.doctor.findings import Finding, FindingCode, Level, fault, fine, warning
from bot.services.doctor.runner import CHECK_TIMEOUT, Check, Doctor, run_checks, worst_first
from bot.services.doctor.setup_checks import CadChecks
from bot.storage import health
from bot.ui.doctor import doctor_report as words
from bot.ui.doctor.discord_checks import DiscordChecks, DiscordSetup, connection_fault
from bot.wiring import cad_connection
from bot.wiring.dependencies import Dependencies

RECENT = timedelta(minutes=1)  # what the CAD has shown since needs no other question

# Which settings each check stands on.
_REQUIRED_SETTINGS = {
    "Discord": frozenset({"discord_token"}),
    "The CAD": frozenset(
        {
            "sonoran_community_id",
            "sonoran_api_key",
            "sonoran_api_url",
            "sonoran_api_version",
            "sonoran_server_id",
            "sonoran_servers",
        }
    ),
    "The database": frozenset({"database_url"}),
    setup_checks.PUSH_CHECK: frozenset({"push_listen", "sonoran_websocket"}),
}

_EXIT_CODES = {
    "token": ExitCode.TOKEN,
    "intents": ExitCode.INTENTS,
    "discord": ExitCode.UNREACHABLE,
}
_UNREACHABLE = frozenset({FindingCode.CAD_UNREACHABLE, FindingCode.CHECK_LATE})
_PLACEHOLDER = "unknown"  # for a setting that has no default


def build_doctor(needed: Dependencies, listener: PushListener) -> Doctor:
    """Build the doctor of a bot that is running."""
    loaded, cad, board, clock = needed.settings, needed.cad, needed.board, needed.clock
    operator = needed.operator

    async def calls_are_shown(server_id: int) -> None:
        confirmed = board.confirmed_at(server_id)
        if confirmed is None or clock.now() - confirmed > RECENT:
            await board.fetch_calls(server_id)

    async def what_is_remembered() -> list[Finding]:
        names = cad_connection.feed_names(operator, loaded)
        listening = zip(names, listener.feed_statuses, strict=True)
        spent = setup_checks.budget_findings(cad.limiters.attach, cad.limiters.detach)
        return [*setup_checks.feed_findings(dict(listening), clock.now()), *spent]

    wanted = _wanted(operator, needed.guild_id, loaded)
    at_discord = DiscordChecks(needed.client, wanted, command_names())
    return Doctor(
        needed.access,
        {
            "The CAD": partial(_check_cad, loaded, cad, calls_are_shown),
            "The database": partial(
                setup_checks.database_findings, partial(health.examine, needed.database)
            ),
            setup_checks.PUSH_CHECK: what_is_remembered,
        },
        lambda guild_id: {"Discord": partial(at_discord.run, guild_id)},
    )


@dataclass(frozen=True, slots=True)
class SettingsReading:
    """What the settings came to.

    Attributes:
        settings: the faulty ones as if they were not set; None where nothing can be read.
        faulty: the names of those.
        findings: what there is to say about them.
    """

    settings: OperatorSettings | None
    faulty: frozenset[str]
    findings: tuple[Finding, ...]


async def check_offline(read: SettingsReading, time_limit: float = CHECK_TIMEOUT) -> list[Finding]:
    """Check a bot that may not be running, and change nothing; the worst comes first."""
    if read.settings is None:
        return list(read.findings)
    all_checks = _checks(read.settings)
    skipped = [name for name in all_checks if _REQUIRED_SETTINGS[name] & read.faulty]
    found = [warning(FindingCode.SETTINGS_SKIPPED, plain=name) for name in skipped]
    possible = {name: check for name, check in all_checks.items() if name not in skipped}
    return worst_first([*read.findings, *found, *await run_checks(possible, time_limit)])


def read_settings(env_file: Path = Path(".env")) -> SettingsReading:
    """Read the settings, and go on without the faulty ones."""
    instead: dict[str, object] = {}
    faults: tuple[Finding, ...] = ()
    while True:
        try:
            loaded = settings.load_operator(env_file, instead)
        except SettingsError as error:
            faults = faults or tuple(
                fault(FindingCode.SETTINGS_WRONG, line=one) for one in error.faults
            )
            names = {line.partition(":")[0].lower() for line in error.faults}
            names &= set(Settings.model_fields) - set(instead)
            if not names:
                return SettingsReading(None, frozenset(), faults)
            instead |= {name: _placeholder(name) for name in names}
        else:
            found = faults or (fine(FindingCode.SETTINGS_FINE),)
            misspelled = tuple(
                warning(FindingCode.SETTINGS_MISSPELLED, name=name, meant=meant)
                for name, meant in settings.find_misspelled(env_file).items()
            )
            return SettingsReading(loaded, frozenset(instead), (*found, *misspelled))


def format_lines(findings: Iterable[Finding]) -> list[str]:
    """Say what was found, one line each, and count it."""
    findings = list(findings)
    return [*map(words.terminal_line, findings), words.summary(findings)]


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the exit code of the worst fault, the one to correct first; 0 for none."""
    return min((_exit_code_of(one) for one in findings if one.level is Level.FAULT), default=0)


def command_names() -> frozenset[str]:
    """Name the slash commands of all cogs, as Discord lists them."""
    modules = [
        importlib.import_module(one.name) for one in pkgutil.iter_modules(cogs.__path__, "cogs.")
    ]
    return frozenset(
        command.name
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, commands.Cog)
        for command in thing.__cog_app_commands__
    )


def _exit_code_of(finding: Finding) -> ExitCode:
    if finding.code is FindingCode.CHECK_BROKEN:
        return ExitCode.FAULT
    if finding.code in _UNREACHABLE:
        return ExitCode.UNREACHABLE
    return _EXIT_CODES.get(finding.code.topic, ExitCode.SETTINGS)


def _placeholder(name: str) -> object:
    setting = Settings.model_fields[name]
    return _PLACEHOLDER if setting.is_required() else setting.default


def _checks(loaded: OperatorSettings) -> Mapping[str, Check]:
    checks: dict[str, Check] = {
        "Discord": partial(_discord, loaded),
        "The database": partial(
            setup_checks.database_findings, partial(health.examine_at, loaded.database_url)
        ),
    }
    if isinstance(loaded, Settings):
        checks["The CAD"] = partial(_cad, loaded)
        checks[setup_checks.PUSH_CHECK] = partial(_events, loaded)
    return checks


async def _discord(loaded: OperatorSettings) -> list[Finding]:
    intents = discord.Intents(guilds=True)
    async with discord.Client(intents=intents, max_ratelimit_timeout=LONGEST_RATE_LIMIT) as client:
        try:
            await client.login(loaded.discord_token.get_secret_value())
        except Exception as error:  # noqa: BLE001 - nothing but the connection can have failed
            return [connection_fault(error)]
        own = loaded if isinstance(loaded, Settings) else None
        wanted = _wanted(loaded, loaded.discord_guild_id if own else None, own)
        return await DiscordChecks(client, wanted, command_names()).run()


async def _cad(loaded: Settings) -> list[Finding]:
    transport = Transport(str(loaded.sonoran_api_url))
    connection = cad_connection.CadConnection.over(
        transport, budget_share=loaded.sonoran_budget_share, clock=SYSTEM_CLOCK
    )
    cad = cad_connection.build_client(loaded, connection)
    try:
        return await _check_cad(loaded, cad, cad.calls)
    finally:
        await cad.close()


async def _check_cad(
    loaded: GuildSettings, cad: InspectableCad, query_calls: Callable[[int], Awaitable[object]]
) -> list[Finding]:
    default_id = loaded.default_server_id
    others = (one.server_id for one in loaded.servers if one.server_id != default_id)
    setting = "SONORAN_SERVERS" if loaded.sonoran_servers else "SONORAN_SERVER_ID"
    checks = CadChecks(
        cad, loaded.sonoran_community_id, [default_id, *others], setting, query_calls
    )
    found = await checks.all()
    if any(one.level is Level.FAULT for one in found):
        return found  # what is wrong with the CAD would show again
    needs_permission = loaded.require_cad_permission
    accounts = await account_findings(cad, default_id, requires_permission=needs_permission)
    return [*found, *accounts]


async def _events(loaded: Settings) -> list[Finding]:
    found: list[Finding] = []
    if address := loaded.push_address:
        from bot.cad.push.http_push import HttpPushServer  # noqa: PLC0415 - a web server, see connect

        found += await setup_checks.port_findings(HttpPushServer(*address))
    if loaded.sonoran_websocket:
        found.append(fine(FindingCode.WEBSOCKET_UNTRIED))
    return found or [fine(FindingCode.EVENTS_POLLED)]


def _wanted(
    operator: OperatorSettings, guild_id: int | None, loaded: GuildSettings | None
) -> DiscordSetup:
    setup = DiscordSetup(guild_id, operator.members_intent, is_hosted=bool(operator.secrets_keys))
    if loaded is None:
        return setup
    channels = {
        "CALLS_CHANNEL_ID": loaded.calls_channel_id,
        **{
            f"SONORAN_SERVERS, server {one.server_id}": one.channel_id
            for one in loaded.sonoran_servers
        },
        "LOG_CHANNEL_ID": loaded.log_channel_id,
    }
    card_channels = {one.channel_id for one in loaded.servers if one.channel_id is not None}
    return replace(
        setup,
        roles={
            "DISPATCH_ROLE_IDS": loaded.dispatch_role_ids,
            "SELF_DISPATCH_ROLE_IDS": loaded.self_dispatch_role_ids,
            "LINK_ROLE_IDS": loaded.link_role_ids,
            "ADMIN_ROLE_IDS": loaded.admin_role_ids,
        },
        channels={name: one for name, one in channels.items() if one is not None},
        card_channel_ids=frozenset(card_channels),
        ping_role_id=loaded.ping_role_id,
    )
