"""The command line: `python -m bot`."""

# Slow imports (discord.py, SQLAlchemy, pydantic) are inside the commands that need them: `--help`
# answers at once, and signals are handled from the first moment.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
from typing import Any

import typer
import typer.core

from bot.cli import guild_commands, key_commands, link_commands
from bot.runtime import gc_tuning
from bot.runtime.exit_codes import ExitCode, FatalError, StopSignals

_log = logging.getLogger("bot")  # this module's own name is __main__


class CommandGroup(typer.core.TyperGroup):
    """The commands. An error that the operator can fix ends them with one line about it."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as the library has it
        """Run the requested command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            failure = _startup_error(error)
            if failure is None:
                raise
            for line in failure.lines:
                typer.echo(line, err=True)
            raise typer.Exit(failure.code) from None


cli = typer.Typer(
    cls=CommandGroup,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Puts units on Sonoran CAD calls, from Discord. Without a command, runs the bot.",
    epilog=(
        "Exit codes: 0 done, or stopped as asked; 1 a fault of the bot; 2 settings, command line,"
        " file or database; 3 Discord refuses the token; 4 an intent is missing; 5 Discord,"
        " the database or the address of PUSH_LISTEN cannot be reached now; for the doctor, Discord"
        " or the CAD."
    ),
)
db_cli = typer.Typer(help="Look after the database.")
cli.add_typer(link_commands.cli, name="links")
cli.add_typer(db_cli, name="db")
cli.add_typer(guild_commands.cli, name="guilds")
cli.add_typer(key_commands.cli, name="keys")


@cli.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Run the bot unless a command says otherwise."""
    os.umask(0o077)  # links, orders and tokens: files are for their owner alone
    if context.invoked_subcommand is None:
        run()


def run() -> None:
    """Run the bot with the settings of the environment and of .env until a signal comes."""
    signals = StopSignals()
    gc_tuning.disable_during_startup()
    from bot.cli import guild_choice
    from bot.config import settings
    from bot.runtime import logs

    loaded = settings.load_operator()
    logs.configure(loaded.log_level, loaded.log_format, loaded.secrets)
    try:
        from bot import process

        for name, meant in settings.find_misspelled().items():
            _log.warning("%s is no setting and has no effect. Perhaps %s is meant.", name, meant)
        if isinstance(loaded, settings.Settings) and loaded.discord_guild_id is None:
            loaded = guild_choice.confirm_guild(loaded, process.guild_names)
        process.run(loaded, signals)
    except Exception as error:  # noqa: BLE001 - the last line of the log names any error
        failure = _startup_error(error)
        if failure is None:
            _log.critical("the bot has failed: %r", error, exc_info=error)
            raise typer.Exit(ExitCode.FAULT) from None
        _log.critical("%s", failure)
        raise typer.Exit(failure.code) from None


@cli.command()
def invite() -> None:
    """Print the address that adds the bot to a server."""
    from bot import process
    from bot.config import settings

    token = settings.load_token().discord_token.get_secret_value()
    typer.echo(asyncio.run(process.invite_url(token)))


@cli.command()
def doctor() -> None:
    """Check everything that can be set up wrongly, and say what to do; changes nothing."""
    from bot.runtime import logs
    from bot.wiring import doctor_checks

    read = doctor_checks.read_settings()
    # The findings name the problems; the log shows only unexpected errors.
    logs.configure("ERROR", "text", read.settings.secrets if read.settings else ())
    findings = asyncio.run(doctor_checks.check_offline(read))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # its encoding may lack letters of a name
    for line in doctor_checks.format_lines(findings):
        typer.echo(line)
    raise typer.Exit(doctor_checks.exit_code(findings))


@db_cli.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to this version's form; the bot does so by itself when it starts."""
    from bot.config import settings
    from bot.storage.database import upgrade

    before, after = asyncio.run(upgrade(settings.load_database().database_url))
    typer.echo(
        f"Already at {after}." if before == after else f"From {before or 'nothing'} to {after}."
    )


def _startup_error(error: Exception) -> FatalError | None:
    """Return an error that the operator can fix as StartupError; None for a fault of the bot."""
    from bot.config.settings import SettingsError
    from bot.storage.errors import DatabaseUnavailable, StorageError

    match error:
        case FatalError():
            return error
        case SettingsError():
            return FatalError(ExitCode.SETTINGS, "The settings cannot be used:", *error.faults)
        case DatabaseUnavailable(may_pass=True):
            return FatalError(ExitCode.UNREACHABLE, str(error))
        case StorageError():
            return FatalError(ExitCode.SETTINGS, str(error))
    return None


if __name__ == "__main__":
    cli(prog_name="python -m bot")
