"""The settings of one guild: who may do what, which channels, and the community at the CAD."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.common.discord_limits import LAST_SERVER_ID
from bot.config.server_list import CadServerSetting, CadServerSettings
from bot.config.setting_fields import (
    IdFormat,
    Secret,
    Snowflake,
    Snowflakes,
    Text,
    Texts,
    requires_log_channel,
    requires_members_intent,
    to_api_version,
    valid_server_id,
)


class GuildSettings(BaseModel):
    """What a guild decides; `.env.example` documents each."""

    model_config = ConfigDict(frozen=True)

    api_id_format: IdFormat = "{hex}"
    dispatch_role_ids: Snowflakes = frozenset()
    self_dispatch_role_ids: Snowflakes = frozenset()
    link_role_ids: Snowflakes = frozenset()
    admin_role_ids: Snowflakes = frozenset()
    calls_channel_id: Snowflake | None = None
    calls_overview: bool = True
    card_keep_minutes: Annotated[int, Field(ge=0, le=10080)] = 60
    ping_role_id: Snowflake | None = None
    urgent_priorities: Texts = frozenset({"1"})
    log_channel_id: Snowflake | None = None
    link_approval: Annotated[bool, AfterValidator(requires_log_channel)] = False
    forget_on_leave: Annotated[bool, AfterValidator(requires_members_intent)] = False
    sonoran_community_id: Text
    sonoran_api_key: Secret
    sonoran_api_version: Annotated[Literal["auto", 1, 2], BeforeValidator(to_api_version)] = "auto"
    require_cad_permission: bool = False
    sonoran_servers: CadServerSettings = ()
    # The default is not validated: it need not be among the servers that are listed.
    sonoran_server_id: Annotated[
        int,
        Field(ge=1, le=LAST_SERVER_ID, validate_default=False),
        AfterValidator(valid_server_id),
    ] = 1
    sonoran_websocket: bool = False
    status_on_attach: Annotated[int, Field(ge=0, le=4)] | None = None

    @property
    def servers(self) -> tuple[CadServerSetting, ...]:
        """The servers of the community, each with the channel of its cards; at least one."""
        listed = self.sonoran_servers or (CadServerSetting(self.sonoran_server_id),)
        return tuple(
            one._replace(channel_id=one.channel_id or self.calls_channel_id) for one in listed
        )

    @property
    def default_server_id(self) -> int:
        """The server of commands and push events that name none."""
        ids = [one.server_id for one in self.servers]
        return self.sonoran_server_id if self.sonoran_server_id in ids else ids[0]
