"""The command line: `python -m bot`."""

# What takes long to import (discord.py, SQLAlchemy, pydantic) is imported by the commands that
# need it: `--help` answers at once, and a signal is heeded from the first moment.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
import typer.core

from bot.ending import Exit, Failure, StopSignals

if TYPE_CHECKING:
    from bot.storage.links import LinkStore

T = TypeVar("T")

_log = logging.getLogger("bot")  # this module's own name is __main__


class Commands(typer.core.TyperGroup):
    """The commands; a fault that the operator can mend ends them with a line about it."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as the library has it
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            failure = _failure(error)
            if failure is None:
                raise
            for line in failure.lines:
                typer.echo(line, err=True)
            raise typer.Exit(failure.code) from None


cli = typer.Typer(
    cls=Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Puts units on Sonoran CAD calls, from Discord. Without a command, runs the bot.",
    epilog=(
        "Exit codes: 0 done, or stopped as asked; 1 a fault of the bot; 2 settings, command line,"
        " file or database; 3 Discord refuses the token; 4 an intent is missing; 5 Discord cannot"
        " be reached, or, for the doctor, the CAD."
    ),
)
links_cli = typer.Typer(help="Move the links between people and ids in and out.")
db_cli = typer.Typer(help="Look after the database.")
cli.add_typer(links_cli, name="links")
cli.add_typer(db_cli, name="db")

Guild = Annotated[int, typer.Option("--guild", min=1, help="The Discord server's id.")]


@cli.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Run the bot unless a command says otherwise."""
    if context.invoked_subcommand is None:
        run()


def run() -> None:
    """Run the bot with the settings of the environment and of .env until a signal comes."""
    signals = StopSignals()
    from bot import logs, settings

    loaded = settings.load()
    logs.set_up(loaded.log_level, loaded.log_format, loaded.secrets)
    try:
        from bot import process

        process.run(loaded, signals)
    except Exception as error:  # noqa: BLE001 - whatever it was, the log's last line says so
        failure = _failure(error)
        if failure is None:
            _log.critical("the bot has failed: %r", error, exc_info=error)
            raise typer.Exit(Exit.FAULT) from None
        _log.critical("%s", failure)
        raise typer.Exit(failure.code) from None


@cli.command()
def invite() -> None:
    """Print the address that adds the bot to a server."""
    from bot import process, settings

    token = settings.load_token().discord_token.get_secret_value()
    typer.echo(asyncio.run(process.invitation(token)))


@cli.command()
def doctor() -> None:
    """Check everything that can be set up wrongly, and say what to do; changes nothing."""
    from bot import examining, logs

    read = examining.read_settings()
    # The findings say what is wrong; the log is left for what nobody expects.
    logs.set_up("ERROR", "text", read.settings.secrets if read.settings else ())
    findings = asyncio.run(examining.examine(read))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names may be in a script it does not have
    for line in examining.lines(findings):
        typer.echo(line)
    raise typer.Exit(examining.exit_code(findings))


@links_cli.command("import")
def import_links(
    file: Annotated[Path, typer.Argument(help="CSV with the header discord_id,api_id.")],
    guild: Guild,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Write the good lines although others are bad.")
    ] = False,
) -> None:
    """Write links from a CSV file, all of them or none."""
    from bot.services import links_csv
    from bot.storage.links import Link, Source

    parsed = links_csv.read_links(_text_of(file))
    for fault in parsed.faults:
        typer.echo(str(fault), err=True)
    if parsed.faults and not parsed.rows:
        raise Failure(Exit.SETTINGS, "Nothing was written: the file has no good line.")
    if parsed.faults and not skip_bad:
        raise Failure(Exit.SETTINGS, "Nothing was written. Mend these lines or use --skip-bad.")
    now = datetime.now(UTC)
    rows = [Link(guild, row.discord_id, row.api_id, 0, now, Source.IMPORT) for row in parsed.rows]

    async def put(links: LinkStore) -> None:
        counts = await links.put_many(rows)
        skipped = f", {len(parsed.faults)} lines skipped" if parsed.faults else ""
        typer.echo(
            f"{counts.added} added, {counts.changed} changed,"
            f" {counts.unchanged} as they were{skipped}."
        )

    _with_links(put)


@links_cli.command("export")
def export_links(guild: Guild) -> None:
    """Print a server's links as CSV."""
    from bot.services import links_csv

    async def write(links: LinkStore) -> None:
        links_csv.write_links(await links.all(guild), sys.stdout)

    _with_links(write)


@db_cli.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to this version's form; the bot does so by itself when it starts."""
    from bot.storage.database import upgrade

    before, after = _on_database(upgrade)
    typer.echo(
        f"Already at {after}." if before == after else f"From {before or 'nothing'} to {after}."
    )


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Failure(Exit.SETTINGS, f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        advice = "Save it anew as CSV UTF-8."
        raise Failure(Exit.SETTINGS, f"{file} is not UTF-8 text. {advice}") from error


def _with_links(work: Callable[[LinkStore], Awaitable[None]]) -> None:
    from bot.storage.database import Database
    from bot.storage.links import LinkStore

    async def on_links(url: str) -> None:
        database = await Database.open(url)
        try:
            await work(LinkStore(database))
        finally:
            await database.close()

    _on_database(on_links)


def _on_database(work: Callable[[str], Coroutine[Any, Any, T]]) -> T:
    from bot import settings

    return asyncio.run(work(settings.load_database().database_url))


def _failure(error: Exception) -> Failure | None:
    """Return what an operator can mend as a Failure; None for a fault of the bot."""
    from bot.settings import SettingsError
    from bot.storage.errors import StorageError

    match error:
        case Failure():
            return error
        case SettingsError():
            return Failure(Exit.SETTINGS, "The settings cannot be used:", *error.faults)
        case StorageError():
            return Failure(Exit.SETTINGS, str(error))
    return None


if __name__ == "__main__":
    cli(prog_name="python -m bot")
