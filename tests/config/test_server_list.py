"""SONORAN_SERVERS: the servers of the community, with the channels of their cards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bot.config.server_list import CadServerSetting, CadServerSettings
from bot.config.settings import Settings

REQUIRED = {"discord_token": "a.bot.token", "sonoran_community_id": "c", "sonoran_api_key": "k"}
ADAPTER: TypeAdapter[tuple[CadServerSetting, ...]] = TypeAdapter(CadServerSettings)


def settings(**more: Any) -> Settings:
    return Settings.model_validate(REQUIRED | more)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("1", [(1, None, "")]),
        ("1, 2", [(1, None, ""), (2, None, "")]),
        (
            "1:1300000000000000500,2:1300000000000000600",
            [(1, 1300000000000000500, ""), (2, 1300000000000000600, "")],
        ),
        (
            " 1 : 1300000000000000500 : Los  Santos , 2::Liberty: City,",
            [(1, 1300000000000000500, "Los Santos"), (2, None, "Liberty: City")],
        ),
        ("", []),
    ],
)
def test_servers_have_a_channel_and_a_name_or_neither(text: str, servers: list[object]):
    assert list(ADAPTER.validate_python(text)) == servers


@pytest.mark.parametrize(
    "text",
    ["one", "0", "1;2", "1:#calls", "1:500", "-1", "1:" + "9" * 19, "1::" + "x" * 41, "9" * 10],
)
def test_what_is_no_server_is_refused_with_an_example(text: str):
    with pytest.raises(ValidationError, match="2:CHANNEL"):
        ADAPTER.validate_python(text)


def test_a_server_is_listed_once():
    with pytest.raises(ValidationError, match="names server 2 twice"):
        ADAPTER.validate_python("2:1300000000000000500, 1, 2")


@given(st.text())
def test_any_text_is_servers_or_an_error(text: str):
    try:
        servers = ADAPTER.validate_python(text)
    except ValidationError:
        return
    assert all(one.server_id > 0 for one in servers)


@pytest.mark.parametrize(
    ("values", "servers", "default"),
    [
        ({}, [(1, None, "")], 1),
        (
            {"sonoran_server_id": 3, "calls_channel_id": 1300000000000000500},
            [(3, 1300000000000000500, "")],
            3,
        ),
        (
            {"sonoran_servers": "2:1300000000000000600,3", "calls_channel_id": 1300000000000000500},
            [(2, 1300000000000000600, ""), (3, 1300000000000000500, "")],
            2,
        ),
        ({"sonoran_servers": "2,1"}, [(2, None, ""), (1, None, "")], 1),
        ({"sonoran_servers": "2,3", "sonoran_server_id": 3}, [(2, None, ""), (3, None, "")], 3),
    ],
)
def test_the_servers_and_the_one_that_is_meant_where_none_is_named(
    values: dict[str, Any], servers: list[object], default: int
):
    loaded = settings(**values)
    assert list(loaded.servers) == servers
    assert loaded.default_server_id == default


def test_the_default_server_is_one_of_the_list():
    with pytest.raises(ValidationError, match="must be one of the servers in SONORAN_SERVERS"):
        settings(sonoran_servers="2,3", sonoran_server_id=4)
