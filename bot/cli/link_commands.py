"""`python -m bot links`: the links between people and ids, in and out."""

# What takes long to import is imported by the commands that need it.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.runtime.exit_codes import Exit, Failure

if TYPE_CHECKING:
    from rich.progress import Progress

    from bot.services.link_files.import_diff import Plan
    from bot.services.link_files.rows import Parsed
    from bot.storage.stores.link_row import Link
    from bot.storage.stores.link_store import ImportCounts, LinkStore

T = TypeVar("T")

_SHOWN = 1_000  # lines of a dry run

cli = typer.Typer(help="Move the links between people and ids in and out.")

Guild = Annotated[int, typer.Option("--guild", min=1, help="The Discord server's id.")]


@cli.command("import")
def import_links(
    file: Annotated[Path, typer.Argument(help="CSV or JSON; the headers say what is what.")],
    guild: Guild,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Write the good lines although others are bad.")
    ] = False,
    allow_shared: Annotated[
        bool, typer.Option("--allow-shared", help="Let an id belong to several people.")
    ] = False,
) -> None:
    """Show what a file of links would change, ask, and write all of it or none."""
    from bot.config import settings
    from bot.services.link_files.file_reader import read_links
    from bot.services.link_files.import_diff import plan
    from bot.services.link_files.import_export import links_of

    loaded = settings.load_links()
    with _bar() as bar:
        bar.add_task("Reading", total=None)
        parsed = read_links(_bytes_of(file), loaded.api_id_format)

    async def put(links: LinkStore) -> None:
        before = await links.api_ids(guild)
        found = plan(parsed, before)
        _show(found, with_changes=not yes)
        _refuse_bad(parsed, skip_bad=skip_bad)
        if found.shared and not allow_shared:
            raise Failure(Exit.SETTINGS, "Nothing was written. --allow-shared lets people share.")
        if found.rows and not yes:
            _ask()
        new = links_of(parsed, guild, 0, datetime.now(UTC))
        # What was shown is what is written, however long it took to say so.
        _tell(await _written(links, new, before), found.refused)

    asyncio.run(_on_links(loaded.database_url, put))


@cli.command("export")
def export_links(guild: Guild) -> None:
    """Print a server's links as CSV."""
    from bot.config import settings
    from bot.services.link_files.csv_format import write_links

    async def write(links: LinkStore) -> None:
        write_links(await links.api_ids(guild), sys.stdout)

    asyncio.run(_on_links(settings.load_database().database_url, write))


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(Exit.SETTINGS, f"{file} cannot be read: {error.strerror}.") from error


def _show(found: Plan, *, with_changes: bool) -> None:
    from bot.ui.link_files import import_report

    for fault in found.faults:
        typer.echo(str(fault), err=True)
    for one in found.shared:
        typer.echo(import_report.shared(one, found.unit), err=True)
    for number, line in enumerate(import_report.changes(found) if with_changes else ()):
        if number == _SHOWN:
            typer.echo("… and so on; these were the first 1,000 lines.")
            break
        typer.echo(line)


def _refuse_bad(parsed: Parsed, *, skip_bad: bool) -> None:
    if parsed.faults and not parsed.rows:
        raise Failure(Exit.SETTINGS, "Nothing was written: the file has no good line.")
    if parsed.faults and not skip_bad:
        raise Failure(Exit.SETTINGS, "Nothing was written. Mend these lines or use --skip-bad.")


def _ask() -> None:
    """Go on if whoever is there says so."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure(Exit.SETTINGS, "Nothing was written: this was a dry run. --yes writes.")
    if not typer.confirm("Write this?"):
        typer.echo("Nothing was written.")
        raise typer.Exit


async def _written(links: LinkStore, new: list[Link], before: Mapping[int, str]) -> ImportCounts:
    with _bar() as bar:
        task = bar.add_task("Writing", total=len(new))
        return await links.put_many(new, lambda count: bar.advance(task, count), expected=before)


def _bar() -> Progress:
    """Make a progress bar that is seen where there is somebody to see it."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    columns = *Progress.get_default_columns(), MofNCompleteColumn()
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())


def _tell(counts: ImportCounts, refused: int) -> None:
    skipped = f", {refused} lines skipped" if refused else ""
    typer.echo(
        f"{counts.added} added, {counts.changed} changed, {counts.unchanged} as they were{skipped}."
    )


async def _on_links(url: str, work: Callable[[LinkStore], Awaitable[T]]) -> T:
    from bot.storage.database import Database
    from bot.storage.stores.link_store import LinkStore

    database = await Database.open(url)
    try:
        return await work(LinkStore(database))
    finally:
        await database.close()
