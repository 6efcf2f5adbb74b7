"""How a guild is set up, and what a member enters to change that: data."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from bot.config.guild_settings import GuildSettings
from bot.services.communities.key_check import CadReport
from bot.services.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Connection:
    """What a member enters to connect a guild to the CAD.

    Attributes:
        api_key: None keeps the stored one.
        api_version: `auto`, `1` or `2`.
        servers: numbers; empty for all servers of the CAD.
        revision: of the set-up that the member has seen.
    """

    community_id: str
    api_key: SecretStr | None
    api_version: str
    servers: str
    revision: int


@dataclass(frozen=True, slots=True)
class Connected:
    """What was stored about a community, and what the CAD said."""

    settings: GuildSettings
    report: CadReport


@dataclass(frozen=True, slots=True)
class SetupState:
    """How a guild is set up.

    Attributes:
        settings: None if it is not, or they cannot be read.
        revision: counts the changes; 0 before the first.
        problem: why the guild is not served though it is set up.
        retry: the community that the actor's last key can be tried with again; None for none.
        may_forget_on_leave: whether the operator lets the bot see members leave.
        push_port: the operator's port for push events; None for none.
    """

    settings: GuildSettings | None = None
    revision: int = 0
    problem: type[ServiceError] | None = None
    retry: str | None = None
    may_forget_on_leave: bool = False
    push_port: int | None = None


@dataclass(frozen=True, slots=True)
class SetupPolicy:
    """What the operator decides about setting guilds up.

    Attributes:
        fixed_guild_id: the guild of the settings in the environment, until it is stored.
        push_port: takes the push events of all guilds; None for none.
    """

    fixed_guild_id: int | None
    members_intent: bool
    push_port: int | None
