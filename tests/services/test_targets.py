from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.services.errors import NoTargets, TooManyTargets
from bot.services.targets import TARGET_LIMIT, Target, is_one_word, names_only, parse

ME = 42
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e"
SEPARATOR = re.compile(r"[\s,;|\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
MENTION = re.compile(r"<@!?(\d{1,20})>")


def texts(found: tuple[Target, ...]) -> list[str]:
    return [one.text for one in found]


class TestParse:
    @pytest.mark.parametrize(
        "text",
        [
            "me <@7> A-12 1100001343a206f",
            "me,<@7>,A-12,1100001343a206f",
            " me ;<@!7>|A-12\n\t1100001343a206f,, ",
            "me<@7>A-12 1100001343a206f",
            "\u200bme\u200b<@7>\ufeffA-12\u00a0\u3000\u202e1100001343a206f\u2069",
        ],
    )
    def test_any_separators(self, text) -> None:
        found = parse(text, me=ME)
        assert [one.member_id for one in found] == [ME, 7, None, None]
        assert texts(found)[2:] == ["A-12", "1100001343a206f"]

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("<@42> me ME <@!42>", ["<@42>"]),
            ("me <@42>", ["me"]),
            ("A-12 a-12 A-7 A-12", ["A-12", "A-7"]),
            ("STEAM:1 steam:1", ["STEAM:1"]),
            ("B A b a C", ["B", "A", "C"]),
            ("42 <@42>", ["42", "<@42>"]),
        ],
    )
    def test_duplicates_are_folded_and_the_order_is_kept(self, text, kept) -> None:
        assert texts(parse(text, me=ME)) == kept

    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("<@&123>", ["<@&123>"]),
            ("<#123>A-1", ["<#123>", "A-1"]),
            ("<:police:123>", ["<:police:123>"]),
            ("<@abc>", ["<", "@abc>"]),
            ("<@7", ["<", "@7"]),
            ("A<@7>", ["A", "<@7>"]),
            ("🚓🚓", ["🚓🚓"]),
            ("@everyone", ["@everyone"]),
        ],
    )
    def test_what_looks_like_a_mention(self, text, tokens) -> None:
        assert texts(parse(text, me=ME)) == tokens

    def test_a_member_id_that_no_database_could_hold(self) -> None:
        largest = f"<@{2**63 - 1}>"
        assert parse(largest, me=ME) == (Target(largest, 2**63 - 1),)
        for text in (f"<@{2**63}>", "<@99999999999999999999>"):
            assert parse(text, me=ME) == (Target(text),)

    @pytest.mark.parametrize("text", ["", " \n\t", ",;|", ZERO_WIDTH, f" , {ZERO_WIDTH} ;"])
    def test_nobody(self, text) -> None:
        with pytest.raises(NoTargets):
            parse(text, me=ME)

    def test_the_limit_counts_what_is_left_after_folding(self) -> None:
        fifty = [f"U-{number}" for number in range(TARGET_LIMIT)]
        assert texts(parse(" ".join([*fifty, *fifty, "u-0"]), me=ME)) == fifty
        with pytest.raises(TooManyTargets) as fault:
            parse(" ".join([*fifty, "U-50"]), me=ME)
        assert (fault.value.count, fault.value.limit) == (51, 50)


separators = st.sampled_from([" ", ",", ";", "|", "\n", "\u3000", *ZERO_WIDTH])
words = st.sampled_from(
    [
        "me",
        "ME",
        "same",
        "A-12",
        "a-12",
        "<@42>",
        "<@!7>",
        "<@&5>",
        "<#6>",
        "<@",
        "<",
        ">",
        "@",
        "ß",
        "<:e:1>",
        "steam:1",
        "<@99999999999999999999>",
        "🚓",
        "\x00",
        "é",
        "@everyone",
    ]
)
hostile = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(words, separators, st.text(max_size=2)), max_size=25).map("".join),
)


def spelled(text: str) -> str:
    """Write mentions one way, and fold the letter case as duplicates are folded."""
    return MENTION.sub(lambda found: f"<@{int(found[1])}>", text).casefold()


@given(hostile)
@example("<@<@42>>")
@example("me\u200bme")
def test_no_token_is_lost(text) -> None:
    chunks = [chunk for chunk in SEPARATOR.split(text) if chunk]
    try:
        found = parse(text, me=ME)
    except NoTargets:
        assert chunks == []
        return
    except TooManyTargets:
        assert len(text) > TARGET_LIMIT
        return
    known = {spelled(one.text) for one in found}
    if any(one.member_id == ME for one in found):
        known |= {"me", f"<@{ME}>"}
    # Every visible run of the text is put together from targets, whole and in order.
    for chunk in map(spelled, chunks):
        ends = {0}
        for start in range(len(chunk)):
            if start in ends:
                ends |= {start + len(word) for word in known if chunk.startswith(word, start)}
        assert len(chunk) in ends
    # And the targets stand in the order of the text.
    position = 0
    for one in found:
        position = text.index(one.text, position)
    assert all(one.text and not SEPARATOR.search(one.text) for one in found)


@given(st.one_of(st.text(max_size=10), words))
def test_one_word_is_what_parse_reads_back_as_itself(text) -> None:
    try:
        found = parse(f"A-1 {text}", me=ME)[1:]
    except TooManyTargets:
        found = ()
    is_itself = found == (Target(text),) and not text.startswith("<")
    assert is_one_word(text) == is_itself or spelled(text) == "a-1"


@pytest.mark.parametrize(
    ("text", "is_only"),
    [
        ("me", True),
        ("<@1> ME", True),
        ("", False),
        ("me A-12", False),
        ("<@2>", False),
        ("me <@2>", False),
        ("me <@&1>", False),
    ],
)
def test_a_text_that_names_its_author_alone(text: str, is_only: bool):
    assert names_only(text, 1) is is_only
