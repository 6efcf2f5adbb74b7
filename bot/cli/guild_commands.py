"""`python -m bot guilds`: the servers that are set up in the database."""

# Slow imports are inside of the commands that need them.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli import guild_choice
from bot.runtime.exit_codes import ExitCode, FatalError

if TYPE_CHECKING:
    from bot.storage.database import Database
    from bot.storage.stores.guild_store import GuildStore, StoredGuild

T = TypeVar("T")

cli = typer.Typer(help="Look after the servers that are set up in the database.")

Guild = Annotated[int, typer.Option("--guild", min=1, help="The Discord server's id.")]


@cli.command("list")
def list_guilds() -> None:
    """List the servers that are set up in the database."""

    async def print_all(guilds: GuildStore, _: Database) -> None:
        for guild in await guilds.all():
            typer.echo(f"{guild.guild_id} community {guild.cad_id}, {_describe_key(guilds, guild)}")

    _run(print_all)


@cli.command("show")
def show_guild(guild: Guild) -> None:
    """Print the stored settings of a server, without its API key."""

    async def show(guilds: GuildStore, _: Database) -> None:
        found = await _find(guilds, guild)
        typer.echo(f"SONORAN_COMMUNITY_ID={found.cad_id}")
        typer.echo(f"SONORAN_API_KEY: {_describe_key(guilds, found)}")
        for name, value in sorted(json.loads(found.settings).items()):
            typer.echo(f"{name.upper()}={value if isinstance(value, str) else json.dumps(value)}")

    _run(show)


@cli.command("adopt")
def adopt_guild(
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the settings that are stored already.")
    ] = False,
) -> None:
    """Store the settings of DISCORD_GUILD_ID from the environment, its API key sealed."""
    from bot.config import settings
    from bot.config.stored_settings import to_stored

    loaded = settings.load()
    guild_id, cad_id = loaded.discord_guild_id, loaded.sonoran_community_id
    if guild_id is None:
        raise settings.SettingsError(["DISCORD_GUILD_ID: is not set"])
    api_key = loaded.sonoran_api_key.get_secret_value()

    async def adopt(guilds: GuildStore, _: Database) -> None:
        if not replace and await guilds.get(guild_id) is not None:
            raise FatalError(
                ExitCode.SETTINGS,
                f"Nothing was stored: server {guild_id} is set up already; see --replace.",
            )
        await guilds.save(guild_id, cad_id, api_key, to_stored(loaded), datetime.now(UTC))

    _run(adopt, need_keys=True)
    typer.echo(f"Server {guild_id} is set up with community {cad_id}. Restart the bot.")
    typer.echo(f"These settings are read from the database now: {_names_in_use()}.")


@cli.command("export")
def export_guild(guild: Guild) -> None:
    """Print all that is stored about a server as JSON, without its API key."""
    from bot.storage.stores.guild_data_store import GuildDataStore

    async def export(_: GuildStore, database: Database) -> None:
        rows = await GuildDataStore(database).export(guild)
        typer.echo(json.dumps(rows, default=str, indent=1, ensure_ascii=False))

    _run(export)


@cli.command("forget")
def forget_guild(
    guild: Guild,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> None:
    """Delete all that is stored about a server; the bot must not run."""
    from bot.storage.stores.guild_data_store import GuildDataStore

    if not yes:
        _confirm(guild)

    async def forget(_: GuildStore, database: Database) -> int:
        return await GuildDataStore(database).forget(guild)

    count = _run(forget, is_owner=True)
    typer.echo(f"Server {guild} is forgotten; rows deleted: {count}.")


def _confirm(guild: int) -> None:
    """Let the operator type the id; raise if there is no terminal or it is another one."""
    if not guild_choice.is_terminal():
        raise FatalError(ExitCode.SETTINGS, "Nothing was deleted. --yes deletes without asking.")
    if typer.prompt("Type the server's id to delete all about it", err=True) != str(guild):
        raise FatalError(ExitCode.SETTINGS, "Nothing was deleted: that is not the server's id.")


async def _find(guilds: GuildStore, guild_id: int) -> StoredGuild:
    found = await guilds.get(guild_id)
    if found is None:
        raise FatalError(
            ExitCode.SETTINGS,
            f"Server {guild_id} is not set up in the database.",
        )
    return found


def _describe_key(guilds: GuildStore, guild: StoredGuild) -> str:
    from bot.storage.errors import SecretLocked

    try:
        guilds.api_key(guild)
    except SecretLocked:
        return "its API key cannot be opened with SECRETS_KEYS"
    return f"its API key is sealed since {guild.key_set_at:%Y-%m-%d}"


def _names_in_use() -> str:
    """Name the settings of a guild that the environment and .env have."""
    from bot.config.environment import FILE_SUFFIX, environment_names
    from bot.config.guild_settings import GuildSettings
    from bot.config.settings import ENV_FILE

    names = {name.upper() for name in environment_names(ENV_FILE)}
    known = {name.upper() for name in GuildSettings.model_fields}
    return ", ".join(sorted(one for one in names if one.removesuffix(FILE_SUFFIX) in known))


def _run(
    work: Callable[[GuildStore, Database], Awaitable[T]],
    *,
    need_keys: bool = False,
    is_owner: bool = False,
) -> T:
    """Open the database, also while the bot runs unless `is_owner`, and do some work there."""
    from bot.config import settings
    from bot.storage.database import Database
    from bot.storage.sealing import Sealer
    from bot.storage.stores.guild_store import GuildStore

    loaded = settings.load_secrets(need_keys=need_keys)

    async def run() -> T:
        database = await Database.open(loaded.database_url, is_owner=is_owner)
        try:
            return await work(GuildStore(database, Sealer(loaded.sealing_keys)), database)
        finally:
            await database.close()

    return asyncio.run(run())
