"""The command line: `python -m sandbox`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Annotated

import typer

from sandbox import check as scripted_check
from sandbox import serve
from sandbox.cad.state.behaviour import SpokenApi

cli = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A pretend Discord and a pretend Sonoran CAD, with the real bot between them.",
)


@cli.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    cad_port: Annotated[int, typer.Option(help="Port of the CAD; if in use, a free one.")] = 8100,
    discord_port: Annotated[int, typer.Option(help="Port of the Discord page; as above.")] = 8101,
    *,
    api: Annotated[
        SpokenApi, typer.Option(help="The API that the CAD speaks; its page switches it.")
    ] = SpokenApi.V1,
    cad_permissions: Annotated[
        bool, typer.Option("--cad-permissions", help="Orders need the CAD's permission as well.")
    ] = False,
    second_server: Annotated[
        bool, typer.Option("--second-server", help="Show the channel of the second CAD server.")
    ] = False,
    units: Annotated[
        int, typer.Option(min=0, help="Further units on duty; every third has no API id.")
    ] = 0,
    setup: Annotated[
        bool, typer.Option("--setup", help="Show a Discord server that is not set up yet.")
    ] = False,
    still: Annotated[bool, typer.Option("--still", help="Simulate no users of the CAD.")] = False,
) -> None:
    """Serve both pages, unless a subcommand is given."""
    if context.invoked_subcommand is None:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(
                serve.serve(
                    cad_port,
                    discord_port,
                    simulate=not still,
                    cad_permissions=cad_permissions,
                    second_server=second_server,
                    new_server=setup,
                    api=api,
                    units=units,
                )
            )


@cli.command()
def check() -> None:
    """Run the scenario without a page; exit with 1 if an answer or the CAD is not as expected."""
    # The printed conversation shows the same as the bot's warnings.
    logging.disable(logging.WARNING)
    raise typer.Exit(asyncio.run(scripted_check.run()))


@cli.command()
def pictures(folder: Path) -> None:
    """Write the pictures of the documents into a folder; needs a Chromium."""
    # playwright and Pillow are needed for nothing else
    from sandbox.browser.chromium import ChromiumNotFound  # noqa: PLC0415
    from sandbox.browser.pictures import make_pictures  # noqa: PLC0415

    try:
        asyncio.run(make_pictures(folder))
    except ChromiumNotFound as missing:
        typer.echo(str(missing), err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    cli(prog_name="python -m sandbox")
