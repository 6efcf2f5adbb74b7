"""Checks of the slash commands that Discord lists. They change nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import discord

from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning


class CommandChecks:
    """Checks which commands there are, and who sees them.

    Args:
        commands: the names that Discord should know.
        dispatch_role_ids: the roles that must see them.
        is_per_guild: whether they are registered for the server alone, not for all servers.
    """

    def __init__(
        self,
        client: discord.Client,
        commands: Collection[str],
        dispatch_role_ids: frozenset[int],
        *,
        is_per_guild: bool,
    ) -> None:
        self._client = client
        self._commands = frozenset(commands)
        self._dispatch_role_ids = dispatch_role_ids
        self._is_per_guild = is_per_guild

    async def run(self, guild_id: int) -> list[Finding]:
        """Check the commands on one server; raise discord.HTTPException for an odd answer."""
        http, application = self._client.http, self._client.application_id or 0
        try:
            listed, others = await asyncio.gather(
                http.get_guild_commands(application, guild_id),
                http.get_global_commands(application),
            )
        except discord.Forbidden:
            return [fault(FindingCode.COMMANDS_REFUSED)]
        if not self._is_per_guild:
            listed, others = others, listed
        known = {command["name"]: int(command["id"]) for command in listed}
        if missing := sorted(self._commands - set(known)):
            return [warning(FindingCode.COMMANDS_MISSING, names=missing)]
        found = [fine(FindingCode.COMMANDS_FINE, count=len(known))]
        if twice := sorted({command["name"] for command in others} & self._commands):
            found.append(warning(FindingCode.COMMANDS_TWICE, names=twice))
        return [*found, *await self._check_overrides(guild_id, known)]

    async def _check_overrides(self, guild_id: int, known: Mapping[str, int]) -> list[Finding]:
        """Check how Server Settings → Integrations restricts who sees which command."""
        application = self._client.application_id or 0
        ids = {"": application, **known}  # "" stands for the overrides of the whole bot
        asked = await asyncio.gather(*(self._overrides(guild_id, one) for one in ids.values()))
        overrides = {name: found for name, found in zip(ids, asked, strict=True) if found}
        general = overrides.pop("", {})
        dispatch = self._dispatch_role_ids
        merged = {name: {**general, **overrides.get(name, {})} for name in known}
        closed = [name for name in known if _is_hidden(merged[name], guild_id, dispatch)]
        found: list[Finding] = []
        if closed:
            found.append(warning(FindingCode.COMMANDS_CLOSED, names=sorted(closed)))
        narrowed = sorted(set(known if general else overrides) - set(closed))
        if narrowed:
            found.append(fine(FindingCode.COMMANDS_NARROWED, names=narrowed))
        return found

    async def _overrides(self, guild_id: int, command_id: int) -> dict[int, bool]:
        """Return overrides by the id of a role, member or channel; empty if there are none."""
        application = self._client.application_id or 0
        try:
            answer = await self._client.http.get_application_command_permissions(
                application, guild_id, command_id
            )
        except discord.NotFound:
            return {}
        return {int(one["id"]): one["permission"] for one in answer["permissions"]}


def _is_hidden(overrides: Mapping[int, bool], guild_id: int, dispatch: frozenset[int]) -> bool:
    """Return True if a command is denied to @everyone and allowed to no dispatch role."""
    if overrides.get(guild_id, True):
        return False
    allowed = {one for one, may in overrides.items() if may}
    return dispatch.isdisjoint(allowed) if dispatch else not allowed
