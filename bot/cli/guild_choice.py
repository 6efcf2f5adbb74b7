"""Ask the operator which server the bot serves, where the settings do not say."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import typer
from dotenv import set_key

from bot.config.settings import Settings
from bot.runtime.exit_codes import ExitCode, FatalError

_NAME = "DISCORD_GUILD_ID"


def confirm_guild(
    loaded: Settings,
    guild_names: Callable[[str], Awaitable[dict[int, str]]],
    env_file: Path = Path(".env"),
) -> Settings:
    """Return the settings with the first server that the operator confirms, and store it.

    Without a named server, those who manage any server with the bot could dispatch and read what
    911 callers say. Without a terminal there is no one to ask.

    Args:
        guild_names: asks Discord for the bot's servers, with the token.

    Raises:
        FatalError: no server was confirmed.
    """
    if is_terminal():
        names = asyncio.run(_fetch(guild_names, loaded.discord_token.get_secret_value()))
        for guild_id, name in names.items():
            if typer.confirm(f"Serve the Discord server {name} ({guild_id})?", err=True):
                return _store(loaded, guild_id, env_file)
    raise FatalError(
        ExitCode.SETTINGS,
        f"{_NAME}: is not set. Set it to the id of the one Discord server that the bot serves:"
        " otherwise members with Manage Server on any server could dispatch.",
    )


def is_terminal() -> bool:
    """Return whether there is an operator to ask."""
    return sys.stdin.isatty()


async def _fetch(
    guild_names: Callable[[str], Awaitable[dict[int, str]]], token: str
) -> dict[int, str]:
    return await guild_names(token)


def _store(loaded: Settings, guild_id: int, env_file: Path) -> Settings:
    try:
        set_key(env_file, _NAME, str(guild_id), quote_mode="never")
        typer.echo(f"{_NAME}={guild_id} is in {env_file} now.", err=True)
    except OSError:
        typer.echo(f"Set {_NAME}={guild_id}, so that you are not asked again.", err=True)
    return loaded.model_copy(update={"discord_guild_id": guild_id})
