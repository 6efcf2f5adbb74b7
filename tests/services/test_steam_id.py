from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.services import steam_id
from bot.services.errors import InvalidApiId, VanityUrl
from bot.storage.id_spelling import identity

BASE = 0x0110_0001_0000_0000
LAST = 2**32 - 1
FORMATS = ("{hex}", "{HEX}", "{steam64}", "steam:{hex}", "STEAM:{HEX}")

# Everything that people copy from somewhere, of one account.
SPELLINGS = {
    "SteamID64": lambda account: f"{BASE + account}",
    "SteamID64 with spaces": lambda account: f"  {BASE + account}\n",
    "hex": lambda account: f"{BASE + account:x}",
    "HEX": lambda account: f"{BASE + account:X}",
    "STEAM_0": lambda account: f"STEAM_0:{account % 2}:{account // 2}",
    "STEAM_1": lambda account: f"STEAM_1:{account % 2}:{account // 2}",
    "steam_0": lambda account: f"steam_0:{account % 2}:{account // 2}",
    "SteamID3": lambda account: f"[U:1:{account}]",
    "SteamID3 without brackets": lambda account: f"u:1:{account}",
    "address": lambda account: f"https://steamcommunity.com/profiles/{BASE + account}",
    "address of a page": lambda account: (
        f"http://www.steamcommunity.com/profiles/{BASE + account}/inventory/?l=english#top"
    ),
    "address without scheme": lambda account: f"SteamCommunity.com/profiles/{BASE + account}/",
}

accounts = st.integers(1, LAST)
formats = st.sampled_from(FORMATS)


@given(accounts, formats, st.sampled_from(sorted(SPELLINGS)))
@example(876_224_623, "{hex}", "SteamID64")
@example(LAST, "{hex}", "SteamID64")
@example(LAST, "{hex}", "address")
def test_every_spelling_of_an_account_is_the_same_id(account, id_format, spelling) -> None:
    expected = id_format.format(
        hex=f"{BASE + account:x}", HEX=f"{BASE + account:X}", steam64=BASE + account
    )
    assert steam_id.parse_api_id(SPELLINGS[spelling](account), id_format) == expected


@given(accounts, formats, formats)
def test_what_was_stored_can_be_pasted_again(account, stored_as, id_format) -> None:
    stored = steam_id.format_id(account, stored_as)
    again = steam_id.parse_api_id(stored, id_format)
    # A prefix makes it verbatim; anything else is written in the format of today.
    assert again == (stored if ":" in stored else steam_id.format_id(account, id_format))
    assert steam_id.looks_like_api_id(stored)


@given(accounts)
def test_the_two_halves_of_a_known_pair_agree(account) -> None:
    assert steam_id.without_prefix(f"STEAM:{BASE + account:X}") == steam_id.without_prefix(
        f"{BASE + account:x}"
    )


def test_the_pair_of_the_reference() -> None:
    assert steam_id.parse_api_id("76561198836490351", "{hex}") == "1100001343a206f"


prefixes = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,9}", fullmatch=True)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@given(prefixes, values, formats)
@example("license", "abc123", "{hex}")
@example("STEAM", "1234", "{hex}")
@example("Steam", "76561198836490351", "{hex}")
@example("fivem", "12345", "{hex}")
def test_an_id_with_a_prefix_stays_as_it_is(prefix, value, id_format) -> None:
    assume(not value.startswith("//"))
    assume(prefix.lower() != "u" and not prefix.lower().startswith("steam_"))
    assert steam_id.parse_api_id(f" {prefix}:{value} ", id_format) == f"{prefix}:{value}"


@pytest.mark.parametrize(
    "text",
    [
        "https://steamcommunity.com/id/somebody",
        "steamcommunity.com/id/76561198836490351",
        "https://steamcommunity.com/profiles/somebody/",
    ],
)
def test_an_address_with_a_name_in_it(text) -> None:
    with pytest.raises(VanityUrl) as fault:
        steam_id.parse_api_id(text, "{hex}")
    assert fault.value.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Pat",
        "A-12",
        "me",
        "<@123456789012345678>",
        f"{BASE}",  # account 0
        f"{BASE + LAST + 1}",
        f"{BASE:x}",
        "STEAM_0:0:0",
        "STEAM_0:1:2147483648",
        "[U:1:0]",
        "[U:1:4294967296]",
        "7656119883649035",
        "765611988364903511",
        "７６５６１１９８８３６４９０３５１",
        "2100001343a206f",
        "https://example.com/profiles/76561198836490351",
        "steam:",
        "steam: 1234",
        "javascript://76561198836490351",
        "license:" + "a" * 193,
    ],
)
def test_what_is_no_id(text) -> None:
    with pytest.raises(InvalidApiId) as fault:
        steam_id.parse_api_id(text, "{hex}")
    assert type(fault.value) is InvalidApiId


pieces = st.sampled_from(
    [
        "STEAM_",
        "[U:1:",
        "]",
        "0:1:",
        "76561198836490351",
        "1100001343a206f",
        "license:",
        ":",
        "https://steamcommunity.com/",
        "profiles/",
        "id/",
        "/",
        "{hex}",
        "\x00",
        "\u200b",
        "٣",
        "\n",
    ]
)
hostile = st.one_of(
    st.text(max_size=300), st.lists(st.one_of(pieces, st.text(max_size=3)), max_size=8).map("".join)
)


@given(hostile, formats)
def test_hostile_text_is_refused_or_becomes_a_clean_id(text, id_format) -> None:
    try:
        found = steam_id.parse_api_id(text, id_format)
    except InvalidApiId:
        return
    assert 0 < len(found) <= steam_id.API_ID_LIMIT
    assert all("!" <= one <= "~" for one in found)


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


# What a CAD may hold and people copy from there, beside what Steam itself writes.
STORED = {
    "steam:hex": lambda account: f"steam:{BASE + account:x}",
    "STEAM:HEX": lambda account: f"STEAM:{BASE + account:X}",
    "Steam:hex": lambda account: f"Steam:{BASE + account:x}",
    "steam:SteamID64": lambda account: f"steam:{BASE + account}",
}
ALL = SPELLINGS | STORED
IN_FILES = [*sorted(STORED), "hex", "HEX", "SteamID64", "STEAM_0", "STEAM_1", "SteamID3"]


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


@given(accounts, st.sampled_from(IN_FILES), st.sampled_from(sorted(ALL)))
def test_a_stored_id_is_found_by_every_spelling(account, stored, asked) -> None:
    looked_for = steam_id.parse_api_id(ALL[asked](account), "{hex}")
    assert identity(ALL[stored](account)) == identity(looked_for)


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
