"""Which names are taken for a misspelled setting."""

from __future__ import annotations

import pytest

from bot.config.misspelled import near_misses
from bot.config.settings import Settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DISPATCH_ROLE_ID", "DISPATCH_ROLE_IDS"),
        ("dispatch_roles_ids", "DISPATCH_ROLE_IDS"),
        ("REQUIRE_CAD_PERMISION", "REQUIRE_CAD_PERMISSION"),
        ("REQUIRE_CAD_PERMISSIONS", "REQUIRE_CAD_PERMISSION"),
        ("LINK_APROVAL", "LINK_APPROVAL"),
        ("DISCORD_GUILDID", "DISCORD_GUILD_ID"),
        ("MEMBER_INTENT", "MEMBERS_INTENT"),
    ],
)
def test_a_near_miss_names_the_setting(name: str, meant: str):
    assert near_misses([name], Settings.model_fields) == {name.upper(): meant}


@pytest.mark.parametrize("name", ["PATH", "LOG_DIR", "TEST_POSTGRES_URL", "DATABASE", "HOME", ""])
def test_the_names_of_other_programs_are_left_alone(name: str):
    assert near_misses([name], Settings.model_fields) == {}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_no_setting_is_taken_for_another(name: str):
    others = set(Settings.model_fields) - {name}
    assert near_misses([name], Settings.model_fields) == {}
    assert near_misses([name], others) == {}, "two settings are too much alike"
