"""Which headers are recognised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.link_files.columns import MAX_COLUMNS, Columns, ColumnsNotFound, detect_columns


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (["discord_id", "api_id"], Columns(0, 1)),
        (["api_id", "discord_id"], Columns(1, 0)),
        (["DISCORD ID", "API-ID"], Columns(0, 1)),
        (["Name", "Discord_ID", "Rank", "SteamID64"], Columns(1, 3, is_steam=True)),
        (["Discord User ID", "Steam (Hex)"], Columns(0, 1, is_steam=True)),
        (["user id", "hex"], Columns(0, 1, is_steam=True)),
        (["mention", "licence"], Columns(0, 1)),
        (["discord:id", "Community ID"], Columns(0, 1)),
        (["discord", "Community User Id"], Columns(0, 1, by_name=True)),
        (["Username", "Steam ID"], Columns(0, 1, by_name=True, is_steam=True)),
        # The more exact header wins.
        (["discord_id", "user_id", "api_id", "steam", "license"], Columns(0, 2)),
        (["name", "discord name", "steam"], Columns(1, 2, by_name=True, is_steam=True)),
    ],
)
def test_headers(headers: list[str], found: Columns) -> None:
    assert detect_columns(headers) == found


@pytest.mark.parametrize(
    ("headers", "candidates"),
    [
        ([], []),
        (["discord_id"], []),
        (["api_id"], []),
        (["rank", "callsign"], []),
        (["Steam", "License", "discord_id"], ["Steam", "License"]),
        (["discord id", "DiscordID", "api_id"], ["discord id", "DiscordID"]),
        (["name", "nick", "api_id"], ["name", "nick"]),
    ],
)
def test_headers_that_do_not_do(headers: list[str], candidates: list[str]) -> None:
    with pytest.raises(ColumnsNotFound) as caught:
        detect_columns(headers)
    assert caught.value.candidates == tuple(candidates) or caught.value.candidates == candidates


def test_not_all_of_a_million_columns_are_looked_at() -> None:
    assert detect_columns(["discord_id", "api_id", *["api_id"] * 0, *[""] * 1_000_000]) == Columns(
        0, 1
    )
    with pytest.raises(ColumnsNotFound):
        detect_columns([*[""] * MAX_COLUMNS, "discord_id", "api_id"])


@given(st.lists(st.one_of(st.text(), st.sampled_from(["discord_id", "steam", "api_id", "name"]))))
def test_headers_never_raise_anything_else(headers: list[str]) -> None:
    try:
        columns = detect_columns(headers)
    except ColumnsNotFound:
        return
    assert columns.person != columns.api_id
