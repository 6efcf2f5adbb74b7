"""What can be found out about the bot at Discord. Changes nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import discord

from bot.services.doctor.findings import Finding, What, fault, fine, warning
from bot.services.doctor.runner import examined

DISPATCH = "DISPATCH_ROLE_IDS"  # whose roles have to reach the commands
GUILDS_LOOKED_AT = 10
PATIENCE = 15.0  # seconds for one thing at one server

# What the bot needs where it writes.
CHANNEL_PERMISSIONS = ("view_channel", "send_messages", "embed_links", "read_message_history")

_NOT_THERE = frozenset({10004, 50001})  # unknown guild, missing access


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings say about Discord.

    Attributes:
        roles: ids by the setting that names them.
        channels: the id by the setting that names it.
    """

    guild_id: int | None = None
    members_intent: bool = False
    roles: Mapping[str, frozenset[int]] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    ping_role_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A server that the bot is on, as Discord has it now."""

    guild: discord.Guild
    me: discord.Member
    channels: Mapping[int, discord.abc.GuildChannel]


class DiscordChecks:
    """Asks Discord through a client that is logged in; it need not be connected.

    Args:
        commands: the names that Discord should know.
    """

    def __init__(self, client: discord.Client, wanted: Wanted, commands: Collection[str]) -> None:
        self._client = client
        self._wanted = wanted
        self._commands = frozenset(commands)

    async def all(self, guild_id: int | None = None) -> list[Finding]:
        """Check the application and the server that the bot serves.

        Args:
            guild_id: where the bot serves several, the one to look at; None for all.
        """
        return await _told(self._all(guild_id))

    async def _all(self, guild_id: int | None) -> list[Finding]:
        found = [fine(What.TOKEN_FINE, name=str(self._client.user)), await self._intents()]
        only = self._wanted.guild_id or guild_id
        ids, told = await self._guilds(only)
        looked_at = ids[:GUILDS_LOOKED_AT]
        found_places = await asyncio.gather(*map(self._place, looked_at))
        places = [place for place in found_places if place]
        found += told
        if not places:
            return [*found, await self._absent(only)] if only else found
        if only:
            found.append(fine(What.GUILD_FINE, name=places[0].guild.name))
        # Where a role or channel may be another server's, not finding it here proves nothing.
        is_whole = self._wanted.guild_id is not None or (not only and len(places) == len(ids))
        found += await examined(
            {
                "The commands": lambda: _told(self._known_commands(places[0].guild.id)),
                "The roles": lambda: _now(self._roles(places, is_whole)),
                "The channels": lambda: _told(self._channels(places, is_whole)),
            },
            PATIENCE,
        )
        return found

    async def _intents(self) -> Finding:
        flags = (await self._client.application_info()).flags
        is_on = flags.gateway_guild_members or flags.gateway_guild_members_limited
        if self._wanted.members_intent and not is_on:
            return fault(What.INTENTS_OFF)
        return fine(What.INTENTS_FINE)

    async def _guilds(self, only: int | None) -> tuple[list[int], list[Finding]]:
        if only:
            return [only], []
        guilds = [guild async for guild in self._client.fetch_guilds(limit=200)]
        names = [guild.name for guild in guilds]
        told = fine(What.GUILDS_ALL, names=names) if names else fault(What.GUILDS_NONE)
        return [guild.id for guild in guilds], [told]

    async def _place(self, guild_id: int) -> _Place | None:
        user = self._client.user
        try:
            guild = await self._client.fetch_guild(guild_id, with_counts=False)
            me = await guild.fetch_member(user.id if user else 0)
            channels = await guild.fetch_channels()
        except discord.HTTPException as error:
            if error.code not in _NOT_THERE:
                raise
            return None
        return _Place(guild, me, {channel.id: channel for channel in channels})

    async def _absent(self, guild_id: int) -> Finding:
        guilds = [guild async for guild in self._client.fetch_guilds(limit=200)]
        names = [f"{guild.name} ({guild.id})" for guild in guilds]
        return fault(What.GUILD_ABSENT, guild=guild_id, names=names)

    async def _known_commands(self, guild_id: int) -> list[Finding]:
        http, application = self._client.http, self._client.application_id or 0
        try:
            if self._wanted.guild_id:
                listed = await http.get_guild_commands(application, guild_id)
            else:
                listed = await http.get_global_commands(application)
        except discord.Forbidden:
            return [fault(What.COMMANDS_REFUSED)]
        known = {command["name"]: int(command["id"]) for command in listed}
        if missing := sorted(self._commands - set(known)):
            return [warning(What.COMMANDS_MISSING, names=missing)]
        found = [fine(What.COMMANDS_FINE, count=len(known))]
        return [*found, *await self._narrowed(guild_id, known)]

    async def _narrowed(self, guild_id: int, known: Mapping[str, int]) -> list[Finding]:
        """Say what Server Settings → Integrations changes about who sees which command."""
        application = self._client.application_id or 0
        ids = {"": application, **known}  # first those of the whole bot
        asked = await asyncio.gather(*(self._overrides(guild_id, one) for one in ids.values()))
        overrides = {name: found for name, found in zip(ids, asked, strict=True) if found}
        general = overrides.pop("", {})
        dispatch = self._wanted.roles.get(DISPATCH, frozenset())
        closed = [
            name
            for name in known
            if _is_closed({**general, **overrides.get(name, {})}, guild_id, dispatch)
        ]
        found: list[Finding] = []
        if closed:
            found.append(warning(What.COMMANDS_CLOSED, names=sorted(closed)))
        narrowed = sorted(set(known if general else overrides) - set(closed))
        if narrowed:
            found.append(fine(What.COMMANDS_NARROWED, names=narrowed))
        return found

    async def _overrides(self, guild_id: int, command_id: int) -> dict[int, bool]:
        """Return what Discord says for roles, members and channels; empty for nothing special."""
        application = self._client.application_id or 0
        try:
            told = await self._client.http.get_application_command_permissions(
                application, guild_id, command_id
            )
        except discord.NotFound:
            return {}
        return {int(one["id"]): one["permission"] for one in told["permissions"]}

    def _roles(self, places: list[_Place], is_whole: bool) -> Iterator[Finding]:
        known = {role.id: role for place in places for role in place.guild.roles}
        everyone = {place.guild.id for place in places}
        wanted = dict(self._wanted.roles)
        if ping := self._wanted.ping_role_id:
            wanted["PING_ROLE_ID"] = frozenset({ping})
        find = fault if is_whole else warning
        missing = {name: sorted(ids - set(known)) for name, ids in wanted.items()}
        for name, ids in missing.items():
            if ids:
                yield find(What.ROLE_UNKNOWN, setting=name, ids=list(map(str, ids)))
            if name != "PING_ROLE_ID" and everyone & wanted[name]:
                yield warning(What.ROLE_EVERYONE, setting=name)
        if not self._wanted.roles.get(DISPATCH):
            yield fine(What.ROLES_NONE)
        if not any(missing.values()):
            yield fine(What.ROLES_FINE, count=len(frozenset().union(*wanted.values())))
        if ping in known and not self._may_mention(known[ping], places):
            yield fault(What.ROLE_SILENT, name=known[ping].name)

    def _may_mention(self, role: discord.Role, places: list[_Place]) -> bool:
        place = next(one for one in places if one.guild.id == role.guild.id)
        channel = place.channels.get(self._wanted.channels.get("CALLS_CHANNEL_ID", 0))
        rights = channel.permissions_for(place.me) if channel else place.me.guild_permissions
        return role.mentionable or rights.mention_everyone

    async def _channels(self, places: list[_Place], is_whole: bool) -> list[Finding]:
        looked = [
            self._channel(name, channel_id, places, is_whole)
            for name, channel_id in self._wanted.channels.items()
        ]
        return list(await asyncio.gather(*looked))

    async def _channel(
        self, name: str, channel_id: int, places: list[_Place], is_whole: bool
    ) -> Finding:
        place = next((one for one in places if channel_id in one.channels), None)
        if place is None:
            return await self._elsewhere(name, channel_id, places, is_whole)
        channel = place.channels[channel_id]
        if not isinstance(channel, discord.TextChannel):
            return fault(What.CHANNEL_NO_TEXT, setting=name, name=channel.name)
        rights = channel.permissions_for(place.me)
        missing = [one for one in CHANNEL_PERMISSIONS if not getattr(rights, one)]
        if missing:
            return fault(What.CHANNEL_LOCKED, setting=name, name=channel.name, missing=missing)
        return fine(What.CHANNEL_FINE, setting=name, name=channel.name)

    async def _elsewhere(
        self, name: str, channel_id: int, places: list[_Place], is_whole: bool
    ) -> Finding:
        data = {"setting": name, "id": str(channel_id)}
        find = fault if is_whole else warning
        try:
            channel = await self._client.fetch_channel(channel_id)
        except discord.NotFound:
            return fault(What.CHANNEL_UNKNOWN, **data)
        except discord.Forbidden:
            return find(What.CHANNEL_ELSEWHERE, **data)
        guild = getattr(channel, "guild", None)
        if guild is not None and guild.id in {place.guild.id for place in places}:
            return fault(What.CHANNEL_NO_TEXT, setting=name, name=str(channel))  # a thread
        return find(What.CHANNEL_ELSEWHERE, **data)


def trouble(error: Exception) -> Finding:
    """Say why Discord cannot be asked."""
    match error:
        case discord.LoginFailure():
            return fault(What.TOKEN_REFUSED)
        case discord.HTTPException(status=status):
            return fault(What.DISCORD_UNUSABLE, status=status)
        case _:
            return fault(What.DISCORD_UNREACHABLE, reason=str(error) or type(error).__name__)


def _is_closed(overrides: Mapping[int, bool], guild_id: int, dispatch: frozenset[int]) -> bool:
    """Tell whether a command is taken from everyone and given to no role that may dispatch."""
    if overrides.get(guild_id, True):
        return False
    allowed = {one for one, may in overrides.items() if may}
    return dispatch.isdisjoint(allowed) if dispatch else not allowed


async def _told(checking: Awaitable[list[Finding]]) -> list[Finding]:
    """Find trouble where Discord does not answer as it should."""
    try:
        return await checking
    except (discord.HTTPException, OSError) as error:
        return [trouble(error)]


async def _now(found: Iterator[Finding]) -> list[Finding]:
    return list(found)
