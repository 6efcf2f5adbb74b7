"""An account without an id of its own is named by its UUID."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.common.account_id import account_id, account_of
from bot.common.steam_id import identity, looks_like_api_id

UUIDS = st.uuids().map(str)


@given(UUIDS)
def test_the_uuid_is_read_again(uuid: str) -> None:
    assert account_of(account_id(uuid)) == uuid


@given(UUIDS)
def test_an_account_of_v1_is_the_account_on_a_unit(uuid: str) -> None:
    assert identity(account_id(uuid)) == identity(uuid)
    assert looks_like_api_id(account_id(uuid))


@given(st.text())
def test_no_other_text_names_an_account(text: str) -> None:
    assert account_of(text) == "" or text == account_id(account_of(text))
