"""The settings of the bot in the sandbox, and those of its application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import HttpUrl, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from simcord.http import router
from simcord.http.routes import application

from bot.cad.push.http_push import EVENT_PATH
from bot.config.server_list import CadServerSetting
from bot.config.settings import Settings
from sandbox.cad.state import second_server, seed
from sandbox.free_address import free_address
from sandbox.new_server import SECRETS_KEY

if TYPE_CHECKING:
    from sandbox.environment import Environment

# Short, so that the channel keeps few cards while the simulation runs.
CARD_KEEP_MINUTES = 5
_MEMBERS_INTENT = 1 << 15  # GATEWAY_GUILD_MEMBERS_LIMITED


class _Settings(Settings):
    """Settings without the environment and without a .env: neither may change the sandbox."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the caller passes all by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the values that the code passes."""
        return (init_settings,)


def with_push(environment: Environment, settings: Settings) -> Settings:
    """Set a free local address that the CAD pushes to and the bot listens on.

    Each server has an address of its own, because no event names its server.
    """
    address = free_address()
    url = f"http://{address}{EVENT_PATH}"
    environment.home_server.push_url = url
    environment.second_server.push_url = f"{url}/{second_server.SERVER_ID}"
    return settings.model_copy(update={"push_listen": address})


def build_settings(
    environment: Environment, folder: Path, *, cards: bool, cad_permissions: bool = False
) -> Settings:
    """Return the settings; with cards, each server has a channel of its own."""
    return _Settings(
        discord_token=SecretStr("no.token.is-needed"),
        discord_guild_id=environment.guild_id,
        members_intent=True,
        sonoran_servers=_servers(environment) if cards else (),
        dispatch_role_ids=frozenset({environment.dispatch_role.id}),
        require_cad_permission=cad_permissions,
        self_dispatch_role_ids=frozenset({environment.officer_role.id}),
        card_keep_minutes=CARD_KEEP_MINUTES,
        ping_role_id=environment.dispatch_role.id,
        urgent_priorities=frozenset({"1", "high"}),
        sonoran_community_id=seed.COMMUNITY_ID,
        sonoran_api_key=SecretStr(seed.API_KEY),
        sonoran_api_url=HttpUrl(environment.cad.url),
        sonoran_server_id=seed.SERVER_ID,
        secrets_keys=(SecretStr(SECRETS_KEY),) if environment.new_server else (),
        database_url=f"sqlite+aiosqlite:///{(folder / 'sandbox.db').as_posix()}",
    )


def _servers(environment: Environment) -> tuple[CadServerSetting, ...]:
    home, second = environment.home_server, environment.second_server
    return (
        CadServerSetting(home.id, environment.channel.id, home.name),
        CadServerSetting(second.id, environment.second_channel.id, second.name),
    )


def make_application_private() -> None:
    """Answer for a private application with Server Members Intent; simcord's is public."""
    router._ROUTES["GET"].insert(0, (["oauth2", "applications", "@me"], _describe_application))  # noqa: SLF001


def _describe_application(context: Any) -> Any:  # noqa: ANN401 - as the library has it
    return {
        **application.application_info(context),
        "bot_public": False,
        "flags": _MEMBERS_INTENT,
    }
