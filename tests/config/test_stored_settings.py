from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.config.guild_settings import GuildSettings
from bot.config.server_list import CadServerSetting
from bot.config.settings import SettingsError
from bot.config.stored_settings import from_stored, to_stored

KEY = "canary-key-value"
ROLE = 1100000000000000001
FULL = GuildSettings(
    api_id_format="steam:{HEX}",
    dispatch_role_ids=frozenset({ROLE, ROLE + 1}),
    calls_channel_id=ROLE + 2,
    log_channel_id=ROLE + 3,
    urgent_priorities=frozenset({"1", "code 3"}),
    link_approval=True,
    sonoran_community_id="sandbox",
    sonoran_api_key=SecretStr(KEY),
    sonoran_api_version=2,
    sonoran_servers=(CadServerSetting(2, ROLE + 4, "Liberty City"), CadServerSetting(3)),
    sonoran_server_id=3,
    status_on_attach=3,
)
LEAST = GuildSettings(sonoran_community_id="sandbox", sonoran_api_key=SecretStr(KEY))


@pytest.mark.parametrize("settings", [FULL, LEAST])
def test_what_is_stored_is_read_again(settings: GuildSettings) -> None:
    assert from_stored(to_stored(settings), "sandbox", KEY) == settings


def test_neither_the_key_nor_a_default_is_stored() -> None:
    assert to_stored(LEAST) == "{}"
    assert KEY not in to_stored(FULL)
    assert "sandbox" not in to_stored(FULL)


def test_a_setting_of_a_later_version_is_left_out() -> None:
    assert from_stored('{"holograms": true}', "sandbox", KEY) == LEAST


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[]", ["the settings are no JSON object"]),
        ("{", ["the settings are no JSON object"]),
        (
            f'{{"status_on_attach": "{KEY}", "link_approval": true}}',
            [
                "LINK_APPROVAL: needs LOG_CHANNEL_ID, where the requests are shown",
                "STATUS_ON_ATTACH: must be a number from 0 to 4",
            ],
        ),
    ],
)
def test_what_cannot_be_used_is_named_without_its_value(text: str, faults: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        from_stored(text, "sandbox", KEY)
    assert caught.value.faults == faults
