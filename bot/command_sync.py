"""Register the slash commands with Discord, where they differ from those that it has."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from typing import Any

import discord
from discord.app_commands import CommandSyncFailure, CommandTree

from bot.storage.stores.command_sync_store import CommandSyncStore

# https://docs.discord.com/developers/interactions/application-commands: an application with
# Activities has an Entry Point command, which Discord makes itself and an overwrite has to keep.
_ENTRY_POINT = 4
_MISSING_ACCESS = 50001
_UNKNOWN_GUILD = 10004
_INVALID_FORM = 50035
_GLOBAL = "global"

_log = logging.getLogger(__name__)


class CommandsNotAuthorized(discord.DiscordException):
    """The bot is on the server, but was invited without the scope applications.commands."""


class CommandSync:
    """Brings the commands that Discord lists to those of the tree.

    Args:
        fingerprints: of the commands that were last registered.
    """

    def __init__(self, tree: CommandTree[Any], fingerprints: CommandSyncStore) -> None:
        self._tree = tree
        self._http = tree.client.http
        self._application = tree.client.application_id or 0
        self._fingerprints = fingerprints

    async def run(self, guild_id: int | None) -> None:
        """Register the commands of all servers and of one, and remove those of earlier servers.

        Raises:
            CommandsNotAuthorized: the invite to this server lacked a scope.
            CommandSyncFailure: Discord refuses the commands.
            discord.HTTPException: Discord does not answer as it should.
        """
        scopes = [None, guild_id] if guild_id else [None]
        for scope in scopes:
            await self._register(scope)
        for key in await self._fingerprints.scopes(f"{self._application}:"):
            name = key.partition(":")[2]
            if name != _GLOBAL and int(name) != guild_id:
                await self._clear(int(name))
                await self._fingerprints.delete(key)

    async def _register(self, guild_id: int | None) -> None:
        commands = self._tree.get_commands(guild=discord.Object(guild_id) if guild_id else None)
        payload = [command.to_dict(self._tree) for command in commands]
        text = json.dumps(payload, sort_keys=True, default=str)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        key = f"{self._application}:{guild_id or _GLOBAL}"
        listed = await self._list(guild_id)
        kept = [one for one in listed if one["type"] == _ENTRY_POINT]
        is_known = _names(listed) - _names(kept) == _names(payload)
        if is_known and await self._fingerprints.get(key) == fingerprint:
            return
        try:
            await self._overwrite(guild_id, [*payload, *kept])
        except discord.HTTPException as error:
            if error.code == _INVALID_FORM:
                raise CommandSyncFailure(error, commands) from None
            raise
        await self._fingerprints.put(key, fingerprint)
        _log.info("registered %d commands with Discord (%s)", len(payload), key)

    async def _list(self, guild_id: int | None) -> list[Any]:
        listed: list[Any]
        try:
            if guild_id is None:
                listed = await self._http.get_global_commands(self._application)
            else:
                listed = await self._http.get_guild_commands(self._application, guild_id)
        except discord.Forbidden as error:
            if error.code == _MISSING_ACCESS and guild_id:
                await self._http.get_guild(guild_id)  # raises the same error where the bot is not
                raise CommandsNotAuthorized from error
            raise
        return listed

    async def _overwrite(self, guild_id: int | None, payload: list[Any]) -> None:
        if guild_id is None:
            await self._http.bulk_upsert_global_commands(self._application, payload)
        else:
            await self._http.bulk_upsert_guild_commands(self._application, guild_id, payload)

    async def _clear(self, guild_id: int) -> None:
        """Remove the commands of a server; one that the bot has left has none."""
        try:
            await self._overwrite(guild_id, [])
        except (discord.Forbidden, discord.NotFound) as error:
            if error.code not in {_MISSING_ACCESS, _UNKNOWN_GUILD}:
                raise
            return
        _log.info("removed the commands of server %d, which is not served any more", guild_id)


def _names(commands: Iterable[Any]) -> set[str]:
    return {command["name"] for command in commands}
