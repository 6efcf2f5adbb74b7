"""The bot's process: connect to Discord, run until a signal, shut down."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from collections.abc import AsyncIterator, Iterator

import discord

from bot.app import DispatchBot, open_bot
from bot.command_sync import CommandsNotAuthorized
from bot.common.clock import SYSTEM_CLOCK
from bot.common.discord_limits import LONGEST_RATE_LIMIT
from bot.common.outage_log import OutageLog
from bot.config.settings import OperatorSettings
from bot.runtime import gc_tuning
from bot.runtime.exit_codes import ExitCode, FatalError, StopSignals
from bot.storage.errors import DatabaseUnavailable
from bot.wiring.push_server import ListenError
from bot.wiring.services import SHUTDOWN_GRACE

REOPEN_EVERY = 1.0  # seconds; a database that was there before is waited for
CLOSE_TIMEOUT = 3.0  # seconds for closing the connection to Discord, which may be unreachable

_SCOPES = ("bot", "applications.commands")
# For its posts in channels; commands need no permission.
_PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True, read_message_history=True
)

_INVITE = "Invite it with the address that `python -m bot invite` prints."

_log = logging.getLogger(__name__)


def run(settings: OperatorSettings, signals: StopSignals) -> None:
    """Run the bot until a signal asks it to stop.

    Raises:
        StorageError: the database cannot be used; Discord was not contacted then.
        StartupError: Discord cannot be used.
    """
    # Otherwise discord.py warns about libraries that only voice needs.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    asyncio.run(_serve(settings, signals))


async def invite_url(token: str) -> str:
    """Return the URL that adds the bot to a server.

    Raises:
        StartupError: Discord cannot be used.
    """
    async with _rest_client() as client:
        with _as_startup_errors(client):
            await client.login(token)
            application = await client.application_info()
    return discord.utils.oauth_url(application.id, permissions=_PERMISSIONS, scopes=_SCOPES)


async def guild_names(token: str) -> dict[int, str]:
    """Return the name of each server that the bot is on.

    Raises:
        StartupError: Discord cannot be used.
    """
    async with _rest_client() as client:
        with _as_startup_errors(client):
            await client.login(token)
            return {guild.id: guild.name async for guild in client.fetch_guilds()}


def _rest_client() -> discord.Client:
    """Return a client for questions to Discord, without the gateway."""
    return discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=LONGEST_RATE_LIMIT)


async def _serve(settings: OperatorSettings, signals: StopSignals) -> None:
    running = asyncio.create_task(_open_and_connect(settings))
    signals.cancel_on_signal(running)
    with contextlib.suppress(asyncio.CancelledError):  # asked to stop
        await running
    _log.info("stopped")


async def _open_and_connect(settings: OperatorSettings) -> None:
    """Serve for as long as this process owns the database; until then and after that, stand by."""
    outage = OutageLog(_log, "the database cannot be reached", "the database can be reached again")
    has_served = False
    while True:
        try:
            async with _opened_bot(settings) as bot:
                outage.record_success()
                gc_tuning.tune()
                has_served = True
                await _connect(bot, settings.discord_token.get_secret_value())
        except DatabaseUnavailable as error:
            if not (has_served and error.may_pass):
                raise
            outage.record_failure(error)
            await SYSTEM_CLOCK.sleep(REOPEN_EVERY)


@contextlib.asynccontextmanager
async def _opened_bot(settings: OperatorSettings) -> AsyncIterator[DispatchBot]:
    try:
        async with open_bot(settings) as bot:
            yield bot
    except ListenError as error:
        # Other trouble passes: at boot, the address of a network may not be there yet.
        number = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
        is_lasting = number in {errno.EADDRINUSE, errno.EACCES}
        code = ExitCode.SETTINGS if is_lasting else ExitCode.UNREACHABLE
        raise FatalError(code, f"PUSH_LISTEN: cannot listen there: {error}.") from error


async def _connect(bot: DispatchBot, token: str) -> None:
    """Stay connected to Discord while this process owns the database.

    When cancelled, running work finishes first.
    """
    # A separate task: the connection must stay open while the last commands are answered.
    connection = asyncio.create_task(_log_in_and_connect(bot, token))
    # An error of the connection is nothing to wait for once the ownership is lost.
    connection.add_done_callback(lambda done: done.cancelled() or done.exception())
    loss = asyncio.create_task(bot.ownership.wait_lost())
    try:
        await asyncio.wait({connection, loss}, return_when=asyncio.FIRST_COMPLETED)
        if bot.is_trusted:
            with _as_startup_errors(bot):
                connection.result()
        else:
            _log.warning("another bot may own the database now; this one sends nothing any more")
    except asyncio.CancelledError:
        _log.info("stopping; running commands have %d seconds to finish", SHUTDOWN_GRACE)
        raise
    finally:
        # Also when Discord ends it: what runs in the background needs the database until then.
        await (bot.drain() if bot.is_trusted else bot.abandon())
        loss.cancel()
        connection.cancel()
        leaving = asyncio.create_task(bot.close())
        await asyncio.wait({connection, leaving}, timeout=CLOSE_TIMEOUT)


async def _log_in_and_connect(bot: DispatchBot, token: str) -> None:
    await bot.login(token)
    flags = bot.application_flags
    is_on = flags.gateway_guild_members or flags.gateway_guild_members_limited
    if bot.intents.members and not is_on:
        # Found out at the gateway, each start would use one of the 1,000 identifies of a day.
        # https://docs.discord.com/developers/events/gateway#session-start-limit
        raise discord.PrivilegedIntentsRequired(None)
    await bot.connect()


@contextlib.contextmanager
def _as_startup_errors(client: discord.Client) -> Iterator[None]:
    """Raise errors that the operator can fix as StartupError; others are faults of the bot."""
    try:
        yield
    except discord.DiscordException as error:
        if (failure := _startup_error(error)) is None:
            raise
        raise failure from error
    except Exception as error:
        # Until Discord has said who the bot is, nothing but the connection can have failed.
        if client.user is not None and not isinstance(error, OSError):
            raise
        reason = str(error) or type(error).__name__
        raise FatalError(ExitCode.UNREACHABLE, f"Discord cannot be reached: {reason}.") from error


def _startup_error(  # noqa: PLR0911 - one return for each cause
    error: discord.DiscordException,
) -> FatalError | None:
    """Return the StartupError for an error of discord.py; None for a fault of the bot.

    https://discord.com/developers/docs/topics/opcodes-and-status-codes
    """
    match error:
        case discord.app_commands.CommandSyncFailure() | discord.HTTPException(status=400):
            return None  # Discord does not like what the bot sends: a fault of the bot
        case CommandsNotAuthorized():
            return FatalError(
                ExitCode.SETTINGS,
                "DISCORD_GUILD_ID: the bot was invited to this server without its commands"
                f" (scope applications.commands). {_INVITE}",
            )
        case discord.LoginFailure() | discord.ConnectionClosed(code=4004):
            return FatalError(
                ExitCode.TOKEN, "Discord refuses the token. Copy it again into DISCORD_TOKEN."
            )
        case discord.PrivilegedIntentsRequired() | discord.ConnectionClosed(code=4013):
            return FatalError(
                ExitCode.INTENTS,
                "The bot needs an intent that is off."
                " Turn it on in the Developer Portal, under Bot.",
            )
        case discord.Forbidden(code=50001):
            return FatalError(
                ExitCode.SETTINGS, f"DISCORD_GUILD_ID: the bot is not on this server. {_INVITE}"
            )
        case discord.HTTPException(status=status):
            return FatalError(
                ExitCode.UNREACHABLE, f"Discord cannot be used now: it answers {status}."
            )
        case discord.RateLimited():
            return FatalError(ExitCode.UNREACHABLE, "Discord cannot be used now: it answers 429.")
    return None
