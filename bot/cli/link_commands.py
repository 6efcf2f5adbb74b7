"""`python -m bot links`: import and export links."""

# Slow imports are inside of the commands that need them.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.runtime.exit_codes import ExitCode, FatalError

if TYPE_CHECKING:
    from rich.progress import Progress

    from bot.services.link_files.import_diff import ImportDiff
    from bot.services.link_files.rows import ParsedFile
    from bot.storage.stores.link_row import Link
    from bot.storage.stores.link_store import ImportCounts, LinkStore

T = TypeVar("T")

_MAX_LINES = 1_000  # of a dry run

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
    from bot.services.link_files.import_diff import compute_diff, links_of

    loaded = settings.load_links()
    with _progress_bar() as bar:
        bar.add_task("Reading", total=None)
        parsed = read_links(_read_file(file), loaded.api_id_format)

    async def put(links: LinkStore) -> None:
        before = await links.api_ids(guild)
        found = compute_diff(parsed, before, await links.proven_members(guild))
        _print_diff(found, with_changes=not yes)
        _require_good_lines(parsed, skip_bad=skip_bad)
        if found.shared and not allow_shared:
            raise FatalError(
                ExitCode.SETTINGS, "Nothing was written. --allow-shared lets people share."
            )
        if found.rows and not yes:
            _confirm()
        new = links_of(parsed, guild, 0, datetime.now(UTC))
        # `before` makes sure that exactly the shown changes are written.
        _print_counts(await _write_links(links, new, before), found.refused_count)

    asyncio.run(_with_link_store(loaded.database_url, put))


@cli.command("export")
def export_links(guild: Guild) -> None:
    """Print a server's links as CSV."""
    from bot.config import settings
    from bot.services.link_files.csv_format import write_links

    async def write(links: LinkStore) -> None:
        write_links(await links.api_ids(guild), sys.stdout)

    asyncio.run(_with_link_store(settings.load_database().database_url, write))


def _read_file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FatalError(ExitCode.SETTINGS, f"{file} cannot be read: {error.strerror}.") from error


def _print_diff(diff: ImportDiff, *, with_changes: bool) -> None:
    from bot.ui.link_files import import_report

    for error in diff.errors:
        typer.echo(import_report.error_line(error), err=True)
    for one in diff.shared:
        typer.echo(import_report.shared_line(one, diff.record_kind), err=True)
    for number, line in enumerate(import_report.changes(diff) if with_changes else ()):
        if number == _MAX_LINES:
            typer.echo("… and so on; these were the first 1,000 lines.")
            break
        typer.echo(line)


def _require_good_lines(parsed: ParsedFile, *, skip_bad: bool) -> None:
    if parsed.errors and not parsed.rows:
        raise FatalError(ExitCode.SETTINGS, "Nothing was written: the file has no good line.")
    if parsed.errors and not skip_bad:
        raise FatalError(
            ExitCode.SETTINGS, "Nothing was written. Correct these lines or use --skip-bad."
        )


def _confirm() -> None:
    """Ask the operator to confirm; raise if there is no terminal or the answer is no."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise FatalError(
            ExitCode.SETTINGS, "Nothing was written: this was a dry run. --yes writes."
        )
    if not typer.confirm("Write this?"):
        typer.echo("Nothing was written.")
        raise typer.Exit


async def _write_links(
    links: LinkStore, new: list[Link], before: Mapping[int, str]
) -> ImportCounts:
    with _progress_bar() as bar:
        task = bar.add_task("Writing", total=len(new))
        return await links.put_many(new, lambda count: bar.advance(task, count), expected=before)


def _progress_bar() -> Progress:
    """Create a progress bar, visible on a terminal only."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    columns = *Progress.get_default_columns(), MofNCompleteColumn()
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())


def _print_counts(counts: ImportCounts, refused: int) -> None:
    skipped = f", {refused} lines skipped" if refused else ""
    typer.echo(
        f"{counts.added} added, {counts.changed} changed, {counts.unchanged} unchanged{skipped}."
    )


async def _with_link_store(url: str, work: Callable[[LinkStore], Awaitable[T]]) -> T:
    from bot.storage.database import Database
    from bot.storage.stores.link_store import LinkStore

    database = await Database.open(url)
    try:
        return await work(LinkStore(database))
    finally:
        await database.close()
