from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.config.guild_settings import GuildSettings
from bot.services.communities.setup_state import Connection, SetupState
from bot.services.communities.setup_values import entered_key, validated
from bot.services.guild_errors import (
    KeyMalformed,
    KeyMissing,
    SettingsInvalid,
    StoredKeyLocked,
)

VALUES = {"sonoran_community_id": "x", "sonoran_api_key": "key"}
SETTINGS = GuildSettings.model_validate(VALUES)
SECRET = "two words"


def wanted(key: str | None) -> Connection:
    return Connection("x", SecretStr(key) if key else None, "auto", "1", 0)


def test_the_key_that_was_entered_goes_before_the_stored_one():
    state = SetupState(SETTINGS)
    assert entered_key(wanted("new"), state).get_secret_value() == "new"
    assert entered_key(wanted(None), state).get_secret_value() == "key"


@pytest.mark.parametrize("state", [SetupState(), SetupState(SETTINGS, problem=StoredKeyLocked)])
def test_without_a_key_none_is_used(state: SetupState):
    with pytest.raises(KeyMissing):
        entered_key(wanted(None), state)


def test_no_error_has_the_value():
    with pytest.raises(KeyMalformed) as malformed:
        validated({**VALUES, "sonoran_api_key": SECRET})
    with pytest.raises(SettingsInvalid) as invalid:
        validated({**VALUES, "card_keep_minutes": SECRET})
    assert invalid.value.faults == ("CARD_KEEP_MINUTES: must be a whole number from 0 to 10080",)
    for error in (malformed.value, invalid.value):
        assert SECRET not in f"{error!r} {error.__cause__!r}"
        assert error.__suppress_context__
