from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.common import steam_id
from bot.common.steam_id import identity
from bot.services.link_errors import InvalidApiId, VanityUrl
from bot.services.pasted_api_id import parse_api_id
from tests.common.id_spellings import ALL, BASE, LAST, SPELLINGS, STORED, accounts, formats, hostile


@given(accounts, formats, st.sampled_from(sorted(SPELLINGS)))
@example(876_224_623, "{hex}", "SteamID64")
@example(LAST, "{hex}", "SteamID64")
@example(LAST, "{hex}", "address")
def test_every_spelling_of_an_account_is_the_same_id(account, id_format, spelling) -> None:
    expected = id_format.format(
        hex=f"{BASE + account:x}", HEX=f"{BASE + account:X}", steam64=BASE + account
    )
    assert parse_api_id(SPELLINGS[spelling](account), id_format) == expected


@given(accounts, formats, formats)
def test_what_was_stored_can_be_pasted_again(account, stored_as, id_format) -> None:
    stored = steam_id.format_id(account, stored_as)
    again = parse_api_id(stored, id_format)
    # A prefix makes it verbatim; anything else is written in the format of today.
    assert again == (stored if ":" in stored else steam_id.format_id(account, id_format))
    assert steam_id.looks_like_api_id(stored)


def test_the_pair_of_the_reference() -> None:
    assert parse_api_id("76561198836490351", "{hex}") == "1100001343a206f"


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
    assert parse_api_id(f" {prefix}:{value} ", id_format) == f"{prefix}:{value}"


@pytest.mark.parametrize(
    "text",
    [
        "https://steamcommunity.com/id/some-name",
        "steamcommunity.com/id/76561198836490351",
        "https://steamcommunity.com/profiles/some-name/",
    ],
)
def test_an_address_with_a_name_in_it(text) -> None:
    with pytest.raises(VanityUrl) as fault:
        parse_api_id(text, "{hex}")
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
        parse_api_id(text, "{hex}")
    assert type(fault.value) is InvalidApiId


@given(hostile, formats)
def test_hostile_text_is_refused_or_becomes_a_clean_id(text, id_format) -> None:
    try:
        found = parse_api_id(text, id_format)
    except InvalidApiId:
        return
    assert 0 < len(found) <= steam_id.API_ID_LIMIT
    assert all("!" <= one <= "~" for one in found)


IN_FILES = [*sorted(STORED), "hex", "HEX", "SteamID64", "STEAM_0", "STEAM_1", "SteamID3"]


@given(accounts, st.sampled_from(IN_FILES), st.sampled_from(sorted(ALL)))
def test_a_stored_id_is_found_by_every_spelling(account, stored, asked) -> None:
    looked_for = parse_api_id(ALL[asked](account), "{hex}")
    assert identity(ALL[stored](account)) == identity(looked_for)
