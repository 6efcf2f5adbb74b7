"""Checks of the bot's set-up at Discord. They change nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import discord

from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning
from bot.services.doctor.runner import run_checks
from bot.ui.doctor.command_checks import CommandChecks

DISPATCH_ROLES_SETTING = "DISPATCH_ROLE_IDS"  # these roles must see the commands
MAX_GUILDS = 10
DISCORD_TIMEOUT = 15.0  # seconds for one check

# What the bot needs in a channel to which it posts.
CHANNEL_PERMISSIONS = ("view_channel", "send_messages", "embed_links", "read_message_history")

_GUILD_NOT_FOUND = frozenset({10004, 50001})  # unknown guild, missing access


@dataclass(frozen=True, slots=True)
class DiscordSetup:
    """What the settings expect at Discord.

    Attributes:
        roles: ids by the setting that names them.
        channels: the id by the setting that names it.
        card_channel_ids: the channels in which a role is pinged.
        is_hosted: whether the bot serves any server that is set up in its database.
    """

    guild_id: int | None = None
    members_intent: bool = False
    roles: Mapping[str, frozenset[int]] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    card_channel_ids: frozenset[int] = frozenset()
    ping_role_id: int | None = None
    is_hosted: bool = False


@dataclass(frozen=True, slots=True)
class _GuildState:
    """A server that the bot is on, fetched from Discord."""

    guild: discord.Guild
    me: discord.Member
    channels: Mapping[int, discord.abc.GuildChannel]


class DiscordChecks:
    """Checks through a client that is logged in; it need not be connected.

    Args:
        commands: the names that Discord should know.
    """

    def __init__(
        self, client: discord.Client, setup: DiscordSetup, commands: Collection[str]
    ) -> None:
        self._client = client
        self._setup = setup
        self._commands = frozenset(commands)

    async def run(self, guild_id: int | None = None) -> list[Finding]:
        """Check the application and the servers that the bot serves.

        Args:
            guild_id: the only server to check if the settings name none; None for all.
        """
        return await _catch_discord_errors(self._run_all(guild_id))

    async def _run_all(self, guild_id: int | None) -> list[Finding]:
        found = [
            fine(FindingCode.TOKEN_FINE, name=str(self._client.user)),
            *await self._check_application(),
        ]
        only = self._setup.guild_id or guild_id
        ids, told = await self._list_guilds(only)
        looked_at = ids[:MAX_GUILDS]
        found_places = await asyncio.gather(*map(self._fetch_guild, looked_at))
        places = [place for place in found_places if place]
        found += told
        if not places:
            return [*found, await self._guild_absent(only)] if only else found
        if only:
            found.append(fine(FindingCode.GUILD_FINE, name=places[0].guild.name))
        # If not all servers were checked, a missing role or channel may be on another one.
        is_whole = self._setup.guild_id is not None or (not only and len(places) == len(ids))
        commands = CommandChecks(
            self._client,
            self._commands,
            self._setup.roles.get(DISPATCH_ROLES_SETTING, frozenset()),
            is_per_guild=self._setup.guild_id is not None and not self._setup.is_hosted,
        )
        found += await run_checks(
            {
                "The commands": lambda: _catch_discord_errors(commands.run(places[0].guild.id)),
                "The roles": lambda: _as_coroutine(self._check_roles(places, is_whole)),
                "The channels": lambda: _catch_discord_errors(
                    self._check_channels(places, is_whole)
                ),
            },
            DISCORD_TIMEOUT,
        )
        return found

    async def _check_application(self) -> list[Finding]:
        application = await self._client.application_info()
        flags = application.flags
        is_on = flags.gateway_guild_members or flags.gateway_guild_members_limited
        is_missing = self._setup.members_intent and not is_on
        intents = fault(FindingCode.INTENTS_OFF) if is_missing else fine(FindingCode.INTENTS_FINE)
        is_too_public = application.bot_public and not self._setup.is_hosted
        return [intents, *([fault(FindingCode.BOT_PUBLIC)] if is_too_public else [])]

    async def _list_guilds(self, only: int | None) -> tuple[list[int], list[Finding]]:
        if only:
            return [only], []
        guilds = [guild async for guild in self._client.fetch_guilds(limit=200)]
        names = [f"{guild.name} ({guild.id})" for guild in guilds]
        told = fault(FindingCode.GUILD_UNNAMED if names else FindingCode.GUILDS_NONE, names=names)
        return [guild.id for guild in guilds], [] if self._setup.is_hosted else [told]

    async def _fetch_guild(self, guild_id: int) -> _GuildState | None:
        user = self._client.user
        try:
            guild = await self._client.fetch_guild(guild_id, with_counts=False)
            me = await guild.fetch_member(user.id if user else 0)
            channels = await guild.fetch_channels()
        except discord.HTTPException as error:
            if error.code not in _GUILD_NOT_FOUND:
                raise
            return None
        return _GuildState(guild, me, {channel.id: channel for channel in channels})

    async def _guild_absent(self, guild_id: int) -> Finding:
        guilds = [guild async for guild in self._client.fetch_guilds(limit=200)]
        names = [f"{guild.name} ({guild.id})" for guild in guilds]
        return fault(FindingCode.GUILD_ABSENT, guild=guild_id, names=names)

    def _check_roles(self, places: list[_GuildState], is_whole: bool) -> Iterator[Finding]:
        known = {role.id: role for place in places for role in place.guild.roles}
        default_roles = {place.guild.id for place in places}
        wanted = dict(self._setup.roles)
        if ping := self._setup.ping_role_id:
            wanted["PING_ROLE_ID"] = frozenset({ping})
        find = fault if is_whole else warning
        missing = {name: sorted(ids - set(known)) for name, ids in wanted.items()}
        for name, ids in missing.items():
            if ids:
                yield find(FindingCode.ROLE_UNKNOWN, setting=name, ids=list(map(str, ids)))
            if name != "PING_ROLE_ID" and default_roles & wanted[name]:
                yield warning(FindingCode.ROLE_EVERYONE, setting=name)
        if not self._setup.roles.get(DISPATCH_ROLES_SETTING):
            yield fine(FindingCode.ROLES_NONE)
        if not any(missing.values()):
            yield fine(FindingCode.ROLES_FINE, count=len(frozenset().union(*wanted.values())))
        if ping in known and not self._can_mention(known[ping], places):
            yield fault(FindingCode.ROLE_SILENT, name=known[ping].name)

    def _can_mention(self, role: discord.Role, places: list[_GuildState]) -> bool:
        place = next(one for one in places if one.guild.id == role.guild.id)
        channels = [place.channels.get(one) for one in self._setup.card_channel_ids]
        rights = [one.permissions_for(place.me) for one in channels if one]
        rights = rights or [place.me.guild_permissions]
        return role.mentionable or all(one.mention_everyone for one in rights)

    async def _check_channels(self, places: list[_GuildState], is_whole: bool) -> list[Finding]:
        looked = [
            self._check_channel(name, channel_id, places, is_whole)
            for name, channel_id in self._setup.channels.items()
        ]
        return list(await asyncio.gather(*looked))

    async def _check_channel(
        self, name: str, channel_id: int, places: list[_GuildState], is_whole: bool
    ) -> Finding:
        place = next((one for one in places if channel_id in one.channels), None)
        if place is None:
            return await self._channel_not_found(name, channel_id, places, is_whole)
        channel = place.channels[channel_id]
        if not isinstance(channel, discord.TextChannel):
            return fault(FindingCode.CHANNEL_NO_TEXT, setting=name, name=channel.name)
        rights = channel.permissions_for(place.me)
        missing = [one for one in CHANNEL_PERMISSIONS if not getattr(rights, one)]
        if missing:
            return fault(
                FindingCode.CHANNEL_LOCKED, setting=name, name=channel.name, missing=missing
            )
        return fine(FindingCode.CHANNEL_FINE, setting=name, name=channel.name)

    async def _channel_not_found(
        self, name: str, channel_id: int, places: list[_GuildState], is_whole: bool
    ) -> Finding:
        data = {"setting": name, "id": str(channel_id)}
        find = fault if is_whole else warning
        try:
            channel = await self._client.fetch_channel(channel_id)
        except discord.NotFound:
            return fault(FindingCode.CHANNEL_UNKNOWN, **data)
        except discord.Forbidden:
            return find(FindingCode.CHANNEL_ELSEWHERE, **data)
        guild = getattr(channel, "guild", None)
        if guild is not None and guild.id in {place.guild.id for place in places}:
            return fault(FindingCode.CHANNEL_NO_TEXT, setting=name, name=str(channel))  # a thread
        return find(FindingCode.CHANNEL_ELSEWHERE, **data)


def connection_fault(error: Exception) -> Finding:
    """Return the finding for an error of a request to Discord."""
    match error:
        case discord.LoginFailure():
            return fault(FindingCode.TOKEN_REFUSED)
        case discord.HTTPException(status=status):
            return fault(FindingCode.DISCORD_UNUSABLE, status=status)
        case discord.RateLimited():
            return fault(FindingCode.DISCORD_UNUSABLE, status=429)
        case _:
            return fault(FindingCode.DISCORD_UNREACHABLE, reason=str(error) or type(error).__name__)


async def _catch_discord_errors(checking: Awaitable[list[Finding]]) -> list[Finding]:
    """Await checks; an error of Discord or of the network becomes the only finding."""
    try:
        return await checking
    except (discord.HTTPException, discord.RateLimited, OSError) as error:
        return [connection_fault(error)]


async def _as_coroutine(found: Iterator[Finding]) -> list[Finding]:
    return list(found)
