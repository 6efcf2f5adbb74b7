"""The settings of a guild, which may come from elsewhere than the environment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.config.guild_settings import GuildSettings
from bot.config.server_list import CadServerSetting

REQUIRED = {"sonoran_community_id": "sandbox", "sonoran_api_key": "sandbox-key"}


def test_a_community_has_at_least_one_server():
    settings = GuildSettings.model_validate(REQUIRED | {"calls_channel_id": 10**17})
    assert settings.servers == (CadServerSetting(1, 10**17),)
    assert settings.default_server_id == 1


def test_the_default_server_is_one_of_those_listed():
    listed = REQUIRED | {"sonoran_servers": "4:100000000000000000:North,5"}
    settings = GuildSettings.model_validate(listed | {"calls_channel_id": 10**17 + 1})
    assert settings.servers == (
        CadServerSetting(4, 10**17, "North"),
        CadServerSetting(5, 10**17 + 1),
    )
    assert settings.default_server_id == 4
    with pytest.raises(ValidationError, match="one of the servers in SONORAN_SERVERS"):
        GuildSettings.model_validate(listed | {"sonoran_server_id": 6})


def test_they_cannot_be_changed():
    settings = GuildSettings.model_validate(REQUIRED)
    with pytest.raises(ValidationError, match="frozen"):
        settings.link_approval = True


def test_the_key_does_not_show():
    assert "sandbox-key" not in repr(GuildSettings.model_validate(REQUIRED))
