from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.common import steam_id
from bot.common.steam_id import identity
from tests.common.id_spellings import (
    ALL,
    BASE,
    IDS,
    LAST,
    SPELLINGS,
    STORED,
    accounts,
    formats,
    hostile,
)


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("license:abc", True),
        ("STEAM_0:1:5", True),
        ("steam:" + "x" * 194, True),
        ("steam:" + "x" * 195, False),
        ("1100001343A206F", True),
        ("76561198836490351", True),
        ("A-12", False),
        ("10:30", False),
        (":police:", False),
        ("steam:", False),
        ("https://b.example", False),
        ("[x](https://b.example)", False),
    ],
)
def test_an_api_id_among_unit_numbers(word, is_one) -> None:
    assert steam_id.looks_like_api_id(word) is is_one


@given(accounts, formats, st.sampled_from(sorted(SPELLINGS)), st.sampled_from(sorted(ALL)))
@example(876_224_623, "{hex}", "SteamID64", "STEAM:HEX")
def test_every_spelling_has_the_same_candidates(account, id_format, one, other) -> None:
    expected = set(steam_id.spellings(SPELLINGS[one](account), id_format))
    found = steam_id.spellings(ALL[other](account), id_format)
    assert expected <= set(found)
    assert len(found) == len(set(found)) <= 8
    # Only a spelling that no CAD has been seen to use comes on top, because it was pasted so.
    assert set(found) - expected <= {f"steam:{BASE + account}"}


@given(accounts, formats, st.sampled_from(sorted(ALL)))
def test_the_likeliest_candidate_comes_first(account, id_format, spelling) -> None:
    pasted = ALL[spelling](account)
    found = steam_id.spellings(pasted, "STEAM:{HEX}", id_format)
    assert found[0] == f"STEAM:{BASE + account:X}"
    found = steam_id.spellings(pasted, id_format)
    assert found[0] == steam_id.format_id(account, id_format)
    if spelling in STORED:
        assert pasted in found[:2]


@given(accounts, accounts, st.sampled_from(sorted(ALL)), st.sampled_from(sorted(ALL)))
def test_different_people_are_different(one, other, spelling, another) -> None:
    assume(one != other)
    assert identity(ALL[spelling](one)) != identity(ALL[another](other))


def test_the_candidates_in_their_order() -> None:
    assert steam_id.spellings("76561198836490351", "steam:{hex}") == (
        "steam:1100001343a206f",
        "1100001343a206f",
        "1100001343A206F",
        "STEAM:1100001343A206F",
        "Steam:1100001343a206f",
    )
    assert steam_id.spellings(" License:AbC ", "{hex}") == ("License:AbC", "AbC")
    assert steam_id.spellings("player-1234", "{hex}") == ("player-1234",)
    assert steam_id.spellings("STEAM:1234", "{hex}") == ("STEAM:1234", "1234")


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("License:AbC", "License:AbC"),
        ("license:AbC", "LICENSE:AbC"),
        ("LICENSE:AbC", "license:AbC"),
        ("AbC", "license:AbC"),
        ("license:abc", "abc"),
        ("fivem:1", "1"),
        ("player-1", "player-1"),
    ],
)
def test_other_ids_are_found_in_other_spellings(stored, asked) -> None:
    assert identity(stored) == identity(asked)


@given(hostile, formats)
def test_hostile_text_has_candidates_and_no_error(text, id_format) -> None:
    assert steam_id.spellings(text, id_format)[0] is not None
    assert steam_id.detect_format([text] * 9) is None


# An id without letters is the same in both cases: it teaches nothing.
lettered = st.integers(1, LAST // 16).map(lambda number: number * 16 + 10)


@given(st.lists(lettered, min_size=25, max_size=25, unique=True), st.integers(0, 25))
def test_a_format_is_learned_from_ten_ids(people, count) -> None:
    found = [f"STEAM:{BASE + one:X}" for one in people[:count]]
    assert steam_id.detect_format(found + ["license:abc"] * 40) == (
        "STEAM:{HEX}" if count >= 10 else None
    )


def test_the_most_usual_format_is_learned() -> None:
    ids = [f"{BASE + one:x}" for one in range(0xA0, 0xAF)]
    assert steam_id.detect_format([*ids, *(f"steam:{one}" for one in ids[:12])]) == "{hex}"
    assert steam_id.detect_format([*ids[:12], *(f"steam:{one}" for one in ids)]) == "steam:{hex}"
    assert steam_id.detect_format([f"{BASE + one:x}" for one in range(0x10, 0x1A)]) is None


@given(accounts)
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


NAMESPACES = ("license", "license2", "discord", "fivem", "live", "xbl", "x")


@given(accounts, st.sampled_from(sorted(IDS)), st.sampled_from(sorted(IDS)))
def test_each_pair_of_spellings_of_one_account_is_one_id(account, one, other) -> None:
    assert identity(IDS[one](account)) == identity(IDS[other](account))


@given(accounts, st.sampled_from(sorted(IDS)), st.sampled_from(NAMESPACES))
def test_the_end_of_a_spelling_alone_is_another_id(account, spelling, namespace) -> None:
    """What follows the last colon of STEAM_0:1:5 is no id of that account."""
    written = IDS[spelling](account)
    if "_" in written or "u:" in written.casefold():
        assert identity(f"{namespace}:{written.rpartition(':')[2]}") != identity(written)


@given(
    st.text("0123456789abcdef", min_size=8, max_size=40),
    st.sampled_from(NAMESPACES),
    accounts,
    st.sampled_from(sorted(IDS)),
)
def test_ids_of_other_kinds_are_no_steam_id(value, namespace, account, spelling) -> None:
    assume(value not in (f"{BASE + account:x}", f"{BASE + account}"))
    assert identity(f"{namespace}:{value}") == identity(f"{namespace.upper()}:{value.upper()}")
    assert identity(f"{namespace}:{value}") != identity(IDS[spelling](account))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("76561198836490351", "1100001343a206f"),
        ("STEAM_0:1:438112311", "1100001343a206f"),
        ("[U:1:876224623]", "1100001343a206f"),
        ("License:AbC", "abc"),
        ("x:119867136", "119867136"),
        ("STEAM_0:1:119867136", "11000010e4a0e01"),
        ("steam:x:119867136", "119867136"),
        ("STEAM_0:0:0", "110000100000000"),
        ("https://steamcommunity.com/profiles/76561198836490351", None),
        ("", ""),
    ],
)
def test_the_results_that_databases_hold_stay(text: str, stored: str | None) -> None:
    assert identity(text) == (stored or text.rpartition(":")[2])
