"""Setting a guild up in Discord: what is stored, checked before, and takes effect at once."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from bot.cad.client import InspectableCad
from bot.common.clock import Clock
from bot.common.discord_limits import INTERACTION_LIFETIME
from bot.config.guild_settings import GuildSettings
from bot.config.settings import SettingsError
from bot.config.stored_settings import from_stored, to_stored
from bot.services.access.policy import Actor
from bot.services.communities.attempts import Attempts
from bot.services.communities.departures import Departures
from bot.services.communities.key_check import CadReport, check_key
from bot.services.communities.server_numbers import chosen_servers, parse_numbers
from bot.services.communities.setup_state import Connected, Connection, SetupPolicy, SetupState
from bot.services.communities.setup_values import entered_key, validated
from bot.services.errors import ServiceError
from bot.services.guild_errors import (
    CadOutOfReach,
    KeyOfOtherCommunity,
    ManagerRequired,
    NotConnected,
    NothingToRetry,
    SetUpByOperator,
    SetupOutdated,
    StoredKeyLocked,
    StoredSettingsInvalid,
    WrongServerName,
)
from bot.storage.errors import SecretLocked
from bot.storage.stores.guild_store import GuildStore, StoredGuild
from bot.storage.stores.left_guild_store import LeftGuildStore

_log = logging.getLogger(__name__)

_LOCKED = "locked"  # in the place of a key that does not open; it is never stored or sent


class GuildSetup:
    """Reads and changes how guilds are set up.

    Args:
        open_cad: opens a connection to the CAD with some settings; it is closed afterwards.
        reopen: lets a guild be served as it is stored now.
        redact: keeps a secret out of the log from now on.
    """

    def __init__(
        self,
        store: GuildStore,
        left: LeftGuildStore,
        departures: Departures,
        policy: SetupPolicy,
        *,
        open_cad: Callable[[GuildSettings], InspectableCad],
        reopen: Callable[[int], Awaitable[None]],
        redact: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._store = store
        self._left = left
        self._departures = departures
        self._policy = policy
        self._open_cad = open_cad
        self._reopen = reopen
        self._redact = redact
        self._clock = clock
        self._attempts = Attempts(clock)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._to_retry: dict[tuple[int, int], tuple[float, Connection]] = {}

    async def read(self, actor: Actor) -> SetupState:
        """Return how the actor's guild is set up.

        Raises:
            ManagerRequired, SetUpByOperator.
        """
        if not actor.manages_server:
            raise ManagerRequired
        stored = await self._store.get(actor.guild_id)
        if stored is None and actor.guild_id == self._policy.fixed_guild_id:
            raise SetUpByOperator
        state = SetupState(
            may_forget_on_leave=self._policy.members_intent,
            push_port=self._policy.push_port,
        )
        if (kept := self._kept(actor)) is not None:
            state = replace(state, retry=kept.community_id)
        return state if stored is None else self._with_stored(state, stored)

    async def connect(self, actor: Actor, wanted: Connection) -> Connected:
        """Store a community and its key, if the CAD takes them.

        Raises:
            KeyMalformed, KeyMissing, ServersMalformed, SettingsInvalid, TooManyTries, those of
            `read` and `check_key`, and SetupOutdated. Nothing was stored then.
        """
        async with self._changing(actor, wanted.revision) as state:
            return await self._connect(actor, wanted, state)

    async def retry(self, actor: Actor) -> Connected:
        """Try the actor's last key again, which the CAD has not answered about.

        Raises:
            NothingToRetry: it is not in memory any more.
        """
        if (wanted := self._kept(actor)) is None:
            raise NothingToRetry
        return await self.connect(actor, wanted)

    async def change(
        self, actor: Actor, revision: int, changes: Mapping[str, object]
    ) -> GuildSettings:
        """Store other values of settings; return all settings.

        Args:
            revision: of the set-up that the actor has seen.

        Raises:
            NotConnected, SettingsInvalid, SetupOutdated, and those of `read`.
        """
        async with self._changing(actor, revision) as state:
            return await self._change(actor, state.settings, changes)

    async def change_server(
        self, actor: Actor, revision: int, server_id: int, channel_id: int | None
    ) -> GuildSettings:
        """Store the channel for the cards of one server of the CAD; otherwise as `change`."""
        async with self._changing(actor, revision) as state:
            listed = state.settings.sonoran_servers if state.settings else ()
            servers = tuple(
                one._replace(channel_id=channel_id) if one.server_id == server_id else one
                for one in listed
            )
            return await self._change(actor, state.settings, {"sonoran_servers": servers})

    async def _change(
        self, actor: Actor, before: GuildSettings | None, changes: Mapping[str, object]
    ) -> GuildSettings:
        if before is None:
            raise NotConnected
        settings = validated({**dict(before), **changes})
        await self._store.change(actor.guild_id, to_stored(settings), self._clock.now())
        names = ", ".join(changes)
        _log.info("member %s of guild %s has set %s", actor.user_id, actor.guild_id, names)
        await self._reopen(actor.guild_id)
        return settings

    async def export(self, actor: Actor) -> dict[str, list[dict[str, Any]]]:
        """Return all that is stored about the guild, without secrets; raises as `read` does."""
        await self.read(actor)
        return await self._departures.export(actor.guild_id)

    async def forget(self, actor: Actor, typed: str, name: str) -> None:
        """Delete all that is stored about the guild.

        Args:
            typed: what the actor has typed to confirm it.
            name: of the guild, which that must be.

        Raises:
            WrongServerName, and those of `read`.
        """
        await self.read(actor)
        if typed != name.strip():
            raise WrongServerName
        await self._departures.forget(actor.guild_id)

    @asynccontextmanager
    async def _changing(self, actor: Actor, revision: int) -> AsyncIterator[SetupState]:
        """Let one member at a time change a guild, as that member has seen it."""
        async with self._locks[actor.guild_id]:
            state = await self.read(actor)
            if state.revision != revision:
                raise SetupOutdated
            yield state

    async def _connect(self, actor: Actor, wanted: Connection, state: SetupState) -> Connected:
        key = entered_key(wanted, state)
        self._redact(key.get_secret_value())
        numbers = parse_numbers(wanted.servers)
        before = state.settings or await self._settings_before_leaving(actor, wanted, key)
        values = {
            **(dict(before) if before else {}),
            "sonoran_community_id": wanted.community_id,
            "sonoran_api_key": key,
            "sonoran_api_version": wanted.api_version,
            **chosen_servers(numbers, {}, before),
        }
        settings = validated(values)
        self._attempts.count(actor)
        report = await self._check(actor, wanted, settings)
        settings = validated({**values, **chosen_servers(numbers, report.servers, before)})
        await self._store.save(
            actor.guild_id,
            settings.sonoran_community_id,
            settings.sonoran_api_key.get_secret_value(),
            to_stored(settings),
            self._clock.now(),
        )
        _log.info(
            "member %s has connected guild %s to community %s",
            *(actor.user_id, actor.guild_id, settings.sonoran_community_id),
        )
        await self._reopen(actor.guild_id)
        return Connected(settings, report)

    async def _settings_before_leaving(
        self, actor: Actor, wanted: Connection, key: SecretStr
    ) -> GuildSettings | None:
        """Return the settings of a guild that the bot is on again; None for a new one."""
        text = await self._left.settings(actor.guild_id)
        try:
            if text is not None:
                return from_stored(text, wanted.community_id, key.get_secret_value())
        except SettingsError:
            _log.warning("the former settings of guild %s cannot be used", actor.guild_id)
        return None

    async def _check(self, actor: Actor, wanted: Connection, settings: GuildSettings) -> CadReport:
        """Ask the CAD; what can be tried again is kept in memory."""
        cad = self._open_cad(settings)
        kept_until = self._clock.monotonic() + INTERACTION_LIFETIME.total_seconds()
        member = (actor.guild_id, actor.user_id)
        self._to_retry.pop(member, None)
        try:
            return await check_key(cad, settings, self._clock)
        except CadOutOfReach:
            self._to_retry[member] = kept_until, wanted
            raise
        except KeyOfOtherCommunity as error:
            self._to_retry[member] = kept_until, replace(wanted, community_id=error.theirs)
            raise
        finally:
            await cad.close()

    def _kept(self, actor: Actor) -> Connection | None:
        """Return what the actor can try again, and forget what is too old."""
        now = self._clock.monotonic()
        for member, (until, _) in [*self._to_retry.items()]:
            if until < now:
                del self._to_retry[member]
        kept = self._to_retry.get((actor.guild_id, actor.user_id))
        return kept and kept[1]

    def _with_stored(self, state: SetupState, stored: StoredGuild) -> SetupState:
        problem: type[ServiceError] | None = None
        try:
            key = self._store.api_key(stored)
        except SecretLocked:
            key, problem = _LOCKED, StoredKeyLocked
        try:
            settings = from_stored(stored.settings, stored.cad_id, key)
        except SettingsError:
            settings, problem = None, StoredSettingsInvalid
        return replace(state, settings=settings, problem=problem, revision=stored.revision)
