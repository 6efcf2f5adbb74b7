"""The command line: `python -m bot`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import discord
import typer

from bot import logs, settings
from bot.app import DispatchBot, open_services
from bot.services import links_csv
from bot.settings import Settings, SettingsError
from bot.storage.database import Database, upgrade
from bot.storage.errors import StorageError
from bot.storage.links import Link, LinkStore

T = TypeVar("T")

EXIT_SETTINGS = 2  # the settings, the command line or the database
EXIT_TOKEN = 3
EXIT_INTENTS = 4
EXIT_DISCORD = 5

# View Channels, Send Messages, Embed Links: what the bot needs beyond its commands.
_PERMISSIONS = discord.Permissions(view_channel=True, send_messages=True, embed_links=True)

cli = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Puts units on Sonoran CAD calls, from Discord. Without a command, runs the bot.",
    epilog=(
        "Exit codes: 0 stopped as asked, 1 a fault of the bot, 2 settings or database, "
        "3 Discord refuses the token, 4 an intent is missing, 5 Discord cannot be reached."
    ),
)
links_cli = typer.Typer(help="Move the links between people and ids in and out.")
db_cli = typer.Typer(help="Look after the database.")
cli.add_typer(links_cli, name="links")
cli.add_typer(db_cli, name="db")

Guild = Annotated[int, typer.Option("--guild", help="The Discord server's id.")]


@cli.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Run the bot unless a command says otherwise."""
    if context.invoked_subcommand is None:
        run()


@cli.command()
def run() -> None:
    """Run the bot with the settings of the environment and of .env."""
    try:
        loaded = settings.load()
    except SettingsError as error:
        _stop(EXIT_SETTINGS, "The settings cannot be used:", *error.faults)
    logs.set_up(loaded.log_level, loaded.log_format, loaded.secrets)
    try:
        asyncio.run(_serve(loaded))
    except StorageError as error:
        _stop(EXIT_SETTINGS, str(error))
    except discord.LoginFailure:
        _stop(EXIT_TOKEN, "Discord refuses the token. Copy it anew into DISCORD_TOKEN.")
    except discord.PrivilegedIntentsRequired:
        _stop(
            EXIT_INTENTS,
            "Discord misses an intent. Turn it on in the Developer Portal, under Bot.",
        )
    except (OSError, discord.GatewayNotFound, discord.HTTPException) as error:
        _stop(EXIT_DISCORD, f"Discord cannot be reached: {error}")


@cli.command()
def invite() -> None:
    """Print the address that adds the bot to a server."""
    try:
        loaded = settings.load()
    except SettingsError as error:
        _stop(EXIT_SETTINGS, "The settings cannot be used:", *error.faults)
    try:
        application_id = asyncio.run(_application_id(loaded.discord_token.get_secret_value()))
    except discord.LoginFailure:
        _stop(EXIT_TOKEN, "Discord refuses the token. Copy it anew into DISCORD_TOKEN.")
    except (OSError, discord.HTTPException) as error:
        _stop(EXIT_DISCORD, f"Discord cannot be reached: {error}")
    typer.echo(
        discord.utils.oauth_url(
            application_id, permissions=_PERMISSIONS, scopes=("bot", "applications.commands")
        )
    )


@links_cli.command("import")
def import_links(
    file: Annotated[Path, typer.Argument(help="CSV with the header discord_id,api_id.")],
    guild: Guild,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Write the good rows although others are bad.")
    ] = False,
) -> None:
    """Write links from a CSV file, all of them or none."""
    try:
        parsed = links_csv.read_links(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        _stop(EXIT_SETTINGS, f"{file} cannot be read: {error}")
    for fault in parsed.faults:
        typer.echo(str(fault), err=True)
    if parsed.faults and not skip_bad:
        _stop(EXIT_SETTINGS, "Nothing was written. Mend these lines or use --skip-bad.")
    now = datetime.now(UTC)
    rows = [Link(guild, row.discord_id, row.api_id, 0, now) for row in parsed.rows]

    async def put(links: LinkStore) -> None:
        counts = await links.put_many(rows)
        typer.echo(
            f"{counts.added} added, {counts.changed} changed, {counts.unchanged} as they were."
        )

    _with_links(put)


@links_cli.command("export")
def export_links(guild: Guild) -> None:
    """Print a server's links as CSV."""

    async def write(links: LinkStore) -> None:
        found = await links.all(guild)
        links_csv.write_links(found, typer.get_text_stream("stdout"))

    _with_links(write)


@db_cli.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to this version's form; the bot does so by itself when it starts."""
    before, after = _on_database(upgrade)
    typer.echo(
        f"Already at {after}." if before == after else f"From {before or 'nothing'} to {after}."
    )


def _with_links(work: Callable[[LinkStore], Awaitable[None]]) -> None:
    async def on_links(url: str) -> None:
        database = await Database.open(url)
        try:
            await work(LinkStore(database))
        finally:
            await database.close()

    _on_database(on_links)


def _on_database(work: Callable[[str], Coroutine[Any, Any, T]]) -> T:
    """Run work on the address of the database; end the process where that fails."""
    try:
        url = settings.load_database().database_url
    except SettingsError as error:
        _stop(EXIT_SETTINGS, "The settings cannot be used:", *error.faults)
    try:
        return asyncio.run(work(url))
    except StorageError as error:
        _stop(EXIT_SETTINGS, str(error))


async def _serve(loaded: Settings) -> None:
    """Run until SIGINT or SIGTERM, then let what is under way finish."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl+C interrupts at once.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with open_services(loaded) as services:
        bot = DispatchBot(services, loaded.discord_guild_id)
        running = asyncio.create_task(bot.start(loaded.discord_token.get_secret_value()))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                await bot.drain()
        finally:
            stopping.cancel()
            await bot.close()
            # A start that failed by itself says why; one that was cut short has nothing to say.
            if stop.is_set():
                running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _application_id(token: str) -> int:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(token)
        return (await client.application_info()).id


def _stop(code: int, *lines: str) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    cli(prog_name="python -m bot")
