"""`python -m bot keys`: the keys that seal the communities' API keys in the database."""

# Slow imports are inside of the commands that need them.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import typer

from bot.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from bot.storage.stores.community_store import CommunityStore, KeyCounts

cli = typer.Typer(help="Look after the keys that seal API keys in the database (SECRETS_KEYS).")


@cli.command("new")
def print_new_key() -> None:
    """Print a new key for SECRETS_KEYS; stores nothing."""
    from bot.config.secret_keys import new_secret_key

    typer.echo(new_secret_key())


@cli.command("check")
def check_keys() -> None:
    """Open every sealed API key with SECRETS_KEYS; changes nothing."""
    counts = _run(lambda communities: communities.check())
    typer.echo(
        f"API keys sealed with the newest key of SECRETS_KEYS: {counts.newest},"
        f" with an older one: {counts.older}."
    )
    _report_locked(counts)


@cli.command("rotate")
def rotate_keys() -> None:
    """Seal every API key with the newest key of SECRETS_KEYS, also while the bot runs."""
    counts = _run(lambda communities: communities.rotate())
    typer.echo(
        f"API keys sealed with the newest key of SECRETS_KEYS now: {counts.older},"
        f" before: {counts.newest}."
    )
    _report_locked(counts)


def _report_locked(counts: KeyCounts) -> None:
    for cad_id in counts.locked:
        typer.echo(
            f"The API key of community {cad_id} cannot be opened: no key of SECRETS_KEYS fits.",
            err=True,
        )
    if counts.locked:
        raise typer.Exit(ExitCode.SETTINGS)


def _run(work: Callable[[CommunityStore], Awaitable[KeyCounts]]) -> KeyCounts:
    from bot.config import settings
    from bot.storage.database import Database
    from bot.storage.sealing import Sealer
    from bot.storage.stores.community_store import CommunityStore

    loaded = settings.load_secrets(need_keys=True)

    async def run() -> KeyCounts:
        database = await Database.open(loaded.database_url)
        try:
            return await work(CommunityStore(database, Sealer(loaded.sealing_keys)))
        finally:
            await database.close()

    return asyncio.run(run())
