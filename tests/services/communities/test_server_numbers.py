from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.common.discord_limits import LAST_SERVER_ID
from bot.config.guild_settings import GuildSettings
from bot.config.server_list import CadServerSetting
from bot.services.communities.server_numbers import chosen_servers, parse_numbers
from bot.services.guild_errors import ServersMalformed

KNOWN = {2: "Vice City", 1: "Los Santos"}


def settings(**values: object) -> GuildSettings:
    apart = {"sonoran_community_id": "x", "sonoran_api_key": "key"}
    return GuildSettings.model_validate({**apart, **values})


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("", []), (" , ", []), ("1", [1]), ("2, 1 7", [2, 1, 7]), ("1,1", [1])],
)
def test_numbers_are_read(text: str, numbers: list[int]):
    assert parse_numbers(text) == numbers


@pytest.mark.parametrize(
    "text", ["0", "-1", "a", "1;2", "1.5", "²", "1" * 10, " ".join("123456789" * 3)]
)
def test_other_texts_are_refused(text: str):
    if text.startswith("1 2"):
        text = " ".join(map(str, range(1, 27)))
    with pytest.raises(ServersMalformed):
        parse_numbers(text)


@given(st.text())
def test_any_text_gives_numbers_that_the_settings_take_or_is_refused(text: str):
    try:
        numbers = parse_numbers(text)
    except ServersMalformed:
        return
    assert all(1 <= one <= LAST_SERVER_ID for one in numbers)
    assert settings(**chosen_servers(numbers, {}, None)).servers


def test_one_server_needs_no_list():
    assert chosen_servers([7], KNOWN, None) == {"sonoran_server_id": 7, "sonoran_servers": ()}
    assert chosen_servers([], {}, None) == {"sonoran_server_id": 1, "sonoran_servers": ()}


def test_several_servers_have_their_names_and_keep_their_channels():
    before = settings(sonoran_servers="1::Old, 2:700000000000000001", sonoran_server_id=2)
    assert chosen_servers([], KNOWN, before) == {
        "sonoran_server_id": 2,
        "sonoran_servers": (
            CadServerSetting(1, None, "Los Santos"),
            CadServerSetting(2, 700000000000000001, "Vice City"),
        ),
    }
    chosen = chosen_servers([3, 1], {}, before)
    assert chosen["sonoran_server_id"] == 3
    assert chosen["sonoran_servers"] == (CadServerSetting(3), CadServerSetting(1, None, "Old"))
