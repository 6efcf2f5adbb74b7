from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services import steam_id
from bot.storage.id_spelling import identity

ACCOUNTS = st.integers(1, 2**32 - 1)


@given(ACCOUNTS)
def test_all_spellings_of_one_steam_id_are_equal(account: int) -> None:
    whole = [steam_id.format_id(account, form) for form in ("{hex}", "{HEX}", "{steam64}")]
    spellings = [
        *whole,
        *(f"{prefix}{text}" for prefix in ("steam:", "STEAM:", "Steam:") for text in whole),
        f"STEAM_0:{account % 2}:{account // 2}",
        f"STEAM_1:{account % 2}:{account // 2}",
        f"[U:1:{account}]",
        f" U:1:{account} ",
    ]
    assert {identity(text) for text in spellings} == {steam_id.format_id(account, "{hex}")}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("license:AbC", "LICENSE:abc", True),
        ("license:abc", "abc", True),
        ("license:abc", "license:abd", False),
        ("", "x:", True),
        ("steam:", "license:abc", False),
        ("76561198836490351", "76561198836490352", False),
        ("1" * 17, "1" * 16 + "2", False),
        ("Ä", "ä", True),
    ],
)
def test_other_ids(one: str, other: str, same: bool) -> None:
    assert (identity(one) == identity(other)) is same


@given(st.text(), st.sampled_from(["", "steam:", "x:", "a:b:"]))
def test_any_text_has_an_identity_of_its_own(text: str, prefix: str) -> None:
    found = identity(f"{prefix}{text}")
    assert ":" not in found
    assert identity(found) == found
