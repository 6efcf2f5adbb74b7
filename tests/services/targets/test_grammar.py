"""The grammar: what people type, and what they may have meant by it."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.services.errors import NoTargets, TooManyTargets
from bot.services.targets.grammar import (
    SPAN_LIMIT,
    TARGET_LIMIT,
    Crowd,
    Everyone,
    Field,
    Gap,
    Meaning,
    Member,
    Mention,
    Span,
    Team,
    Term,
    Unclear,
    Word,
    as_typed,
    is_one_word,
    members,
    names_groups,
    names_only,
    parse,
    spelled,
    written_out,
)

ME = 42
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e"
BLANK = r"\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
SEPARATOR = re.compile(rf"[{BLANK},;|]+")
MENTION = re.compile(r"<(@!?|@&|#)(\d{1,20})(?::(?:[a-z]+|[0-9,]*))?>")


def texts(found: tuple[Term, ...]) -> list[str]:
    return [one.text for one in found]


def meaning(text: str) -> Meaning:
    (term,) = parse(text, me=ME)
    assert term.text == text
    return term.meaning


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
        assert [one.meaning for one in found] == [
            Member(ME),
            Member(7),
            Word("A-12"),
            Word("1100001343a206f"),
        ]
        assert not any(one.is_excluded for one in found)

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("<@42> me ME <@!42>", ["<@42>"]),
            ("me <@42>", ["me"]),
            ("A-12 a-12 A-7 A-12", ["A-12", "A-7"]),
            ("STEAM:1 steam:1", ["STEAM:1"]),
            ("B A b a C", ["B", "A", "C"]),
            ("42 <@42>", ["42", "<@42>"]),
            ("<@&5:1> <@&5:1> <#5:1>", ["<@&5>", "<#5>"]),
            ("dept:LSPD DEPT:lspd", ["dept:LSPD"]),
            ("A-12 -A-12 -a-12", ["A-12", "-A-12"]),
            ("me -me - <@42>", ["me", "-me"]),
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
            ("<@&5:x1>", ["<", "@&5:x1>"]),
            ("A-<@7>", ["A-", "<@7>"]),
        ],
    )
    def test_what_looks_like_a_mention(self, text, tokens) -> None:
        assert texts(parse(text, me=ME)) == tokens

    def test_a_member_id_that_no_database_could_hold(self) -> None:
        largest = f"<@{2**63 - 1}>"
        assert meaning(largest) == Member(2**63 - 1)
        for text in (f"<@{2**63}>", "<@99999999999999999999>"):
            assert meaning(text) == Unclear()

    @pytest.mark.parametrize(
        "text", ["", " \n\t", ",;|", ZERO_WIDTH, f" , {ZERO_WIDTH} ;", "-me", "- A-12, -<@7>"]
    )
    def test_nobody(self, text) -> None:
        with pytest.raises(NoTargets):
            parse(text, me=ME)

    def test_the_limit_counts_what_is_left_after_folding(self) -> None:
        fifty = [f"U-{number}" for number in range(TARGET_LIMIT)]
        assert texts(parse(" ".join([*fifty, *fifty, "u-0"]), me=ME)) == fifty
        with pytest.raises(TooManyTargets) as fault:
            parse(" ".join([*fifty, "-U-50"]), me=ME)
        assert (fault.value.count, fault.value.limit) == (51, 50)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("dept:LSPD", Team(Field.DEPARTMENT, "LSPD")),
        ("DEPT:LSPD", Team(Field.DEPARTMENT, "LSPD")),
        ("group:CAR-51", Team(Field.GROUP, "CAR-51")),
        ("sub:K-9", Team(Field.SUBDIVISION, "K-9")),
        ('dept:"Los Santos PD"', Team(Field.DEPARTMENT, "Los Santos PD")),
        ("dept:“Los, Santos PD”", Team(Field.DEPARTMENT, "Los, Santos PD")),
        ('group:""', Team(Field.GROUP, "")),
        ("group:", Team(Field.GROUP, "")),
        ("ſub:x", Team(Field.SUBDIVISION, "x")),
        ('ſub:"x"', Team(Field.SUBDIVISION, "x")),
        ("dept:A-1..A-9", Team(Field.DEPARTMENT, "A-1..A-9")),
        # What only resembles a reserved word is an API id, whatever it holds.
        ("department:x", Word("department:x")),
        ("license:abc", Word("license:abc")),
        ("steam:1..9", Word("steam:1..9")),
        ("license:dept:x", Word("license:dept:x")),
        ("me:1", Word("me:1")),
        ("A-1..A-9", Span("A-", 1, 9, is_sound=True)),
        ("a-1..A-9", Span("a-", 1, 9, is_sound=True)),
        ("A-01..A-09", Span("A-", 1, 9, is_sound=True)),
        ("A-9..A-1", Span("A-", 1, 9, is_sound=True)),
        ("A-1..9", Span("A-", 1, 9, is_sound=True)),
        ("1..9", Span("", 1, 9, is_sound=True)),
        ("2A-1..2A-9", Span("2A-", 1, 9, is_sound=True)),
        ("A-1..B-9", Span("A-", 1, 9, is_sound=False)),
        ("A-1..A-50", Span("A-", 1, 50, is_sound=True)),
        ("A-1..A-51", Span("A-", 1, 51, is_sound=False)),
        ("A-1..", Word("A-1..")),
        ("..9", Word("..9")),
        ("A..B", Word("A..B")),
        (f"A-1..A-{'9' * 5000}", Word(f"A-1..A-{'9' * 5000}")),
        ("@everyone", Everyone()),
        ("@HERE", Everyone()),
        ("<:police:1>", Unclear()),
        ("<@&5>", Unclear()),
        ("<#5>", Unclear()),
        ("@bob", Word("@bob")),
    ],
)
def test_what_a_word_means(text: str, means: Meaning) -> None:
    assert meaning(text) == means


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("-A-12", Word("A-12")),
        ("- A-12", Word("A-12")),
        ("-\u200b \nA-12", Word("A-12")),
        ("-me", Member(ME)),
        ("-<@!7>", Member(7)),
        ("-<@&5:1,2>", Crowd((1, 2), is_role=True)),
        ("-<#6:>", Crowd((), is_role=False)),
        ('-dept:"x y"', Team(Field.DEPARTMENT, "x y")),
        ("-A-1..A-3", Span("A-", 1, 3, is_sound=True)),
        ("-@everyone", Everyone()),
        ("--A-12", Word("-A-12")),
    ],
)
def test_a_minus_leaves_out_whatever_follows_it(text: str, means: Meaning) -> None:
    first, term = parse(f"X {text}", me=ME)
    assert first == Term("X", Word("X"))
    assert (term.meaning, term.is_excluded) == (means, True)
    assert term.text == "-" + as_typed(re.sub(rf"^-[{BLANK}]*", "", text))


@pytest.mark.parametrize("text", ["-", "-,A-1", "A-1 -", "A-1;-|"])
def test_a_lone_minus_is_not_understood(text: str) -> None:
    found = {one.text: one for one in parse(text, me=ME)}
    assert found["-"] == Term("-", Unclear())


class TestWrittenOut:
    def test_mentions_hold_who_is_meant(self) -> None:
        seen: list[Mention] = []
        answers = {"@": None, "@!": Gap.ELSEWHERE, "@&": (11, 12), "#": ()}

        def look(mention: Mention):
            seen.append(mention)
            return answers[mention.sigil]

        text = written_out("me <@1> <@!2>, -<@&3>x<#4>", look)
        assert text == "me <@1> <@!2:elsewhere>, -<@&3:11,12>x<#4:>"
        assert seen == [Mention("@", 1), Mention("@!", 2), Mention("@&", 3), Mention("#", 4)]
        assert as_typed(text) == "me <@1> <@!2>, -<@&3>x<#4>"
        assert [one.meaning for one in parse(text, me=ME)] == [
            Member(ME),
            Member(1),
            Member(2, is_here=False),
            Crowd((11, 12), is_role=True),
            Word("x"),
            Crowd((), is_role=False),
        ]

    @pytest.mark.parametrize("gap", list(Gap))
    def test_or_why_that_is_not_known(self, gap: Gap) -> None:
        text = written_out("<@&5>", lambda _: gap)
        (term,) = parse(text, me=ME)
        assert term == Term("<@&5>", Crowd(gap, is_role=True))

    def test_what_somebody_typed_into_a_mention_counts_for_nothing(self) -> None:
        assert written_out("<@&5:1,2,3>", lambda _: (9,)) == "<@&5:9>"
        assert written_out("<@7:elsewhere>", lambda _: None) == "<@7>"

    @pytest.mark.parametrize(
        ("known", "means"),
        [
            ("", Crowd((), is_role=True)),
            (",,1,,2,", Crowd((1, 2), is_role=True)),
            ("9" * 6000, Crowd((), is_role=True)),
            (str(2**63), Crowd((), is_role=True)),
            ("nonsense", Unclear()),
        ],
    )
    def test_nothing_in_a_mention_breaks_the_parser(self, known: str, means: Meaning) -> None:
        (term,) = parse(f"<@&5:{known}>", me=ME)
        assert term == Term("<@&5>", means)


def test_whom_the_links_are_asked_about() -> None:
    found = parse("me <@7> -<@8> <@&5:1,2> -<#6:2,3> <@&9:hidden> A-12", me=ME)
    assert members(found) == ({ME, 7, 8}, {1, 2, 3})


@pytest.mark.parametrize(
    ("text", "is_group"),
    [
        ("me A-12 <@7>", False),
        ("<@&5:hidden> <#6:> <@&5>", False),
        ("<@&5:1>", True),
        ("me -dept:x", True),
        ("A-1..A-3", True),
    ],
)
def test_what_depends_on_who_is_on_duty(text: str, is_group: bool) -> None:
    assert names_groups(parse(text, me=ME)) is is_group


separators = st.sampled_from([" ", ",", ";", "|", "\n", "\u3000", *ZERO_WIDTH])
words = st.sampled_from(
    [
        "me",
        "ME",
        "same",
        "A-12",
        "a-12",
        "-",
        "- ",
        "-A-12",
        "A-1..A-9",
        "..",
        "<@42>",
        "<@!7>",
        "<@&5>",
        "<@&5:1,2>",
        "<@&5:hidden>",
        "<@7:elsewhere>",
        "<#6>",
        "<#6:>",
        "<@",
        "<",
        ">",
        "@",
        "ß",
        "<:e:1>",
        "steam:1",
        "dept:",
        'dept:"a b"',
        'group:"',
        "sub:x",
        '"',
        "<@99999999999999999999>",
        "🚓",
        "\x00",
        "é",
        "@everyone",
    ]
)
hostile = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(words, separators, st.text(max_size=2)), max_size=25).map("".join),
)


def visible(text: str) -> str:
    """Drop what separates, write mentions one way, and fold the letter case."""
    text = MENTION.sub(lambda found: f"<{found[1].replace('!', '')}{int(found[2])}>", text)
    return SEPARATOR.sub("", text).casefold()


@given(hostile)
@example("<@<@42>>")
@example("me\u200bme")
@example("- - -A")
@example('dept:"a -<@7>" b"')
def test_no_token_is_lost(text) -> None:
    shown = visible(text)
    try:
        found = parse(text, me=ME)
    except NoTargets:
        # Nothing, or only what is to be left out.
        assert shown == "" or shown.startswith("-")
        return
    except TooManyTargets:
        assert len(text) > TARGET_LIMIT
        return
    known = {visible(one.text) for one in found}
    for sign in ("", "-"):
        if any(one.text[:1] in {"m", "M", "<"} or one.is_excluded for one in found):
            mine = {one.is_excluded for one in found if one.meaning == Member(ME)}
            known |= {f"{sign}me", f"{sign}<@{ME}>"} if (sign == "-") in mine else set()
    # All that can be seen of the text is put together from the terms, whole and in order.
    ends = {0}
    for start in range(len(shown)):
        if start in ends:
            ends |= {start + len(word) for word in known if shown.startswith(word, start)}
    assert len(shown) in ends
    assert all(visible(one.text) for one in found)


@given(hostile, st.randoms())
def test_the_order_of_terms_changes_no_meaning(text, random) -> None:
    try:
        found = parse(text, me=ME)
    except (NoTargets, TooManyTargets):
        return
    words = [getattr(one.meaning, "name", one.text) for one in found]
    if set("".join(words)) & set('"“”„'):
        return  # a quote that nothing closes reaches as far as the next one
    shuffled = list(found)
    random.shuffle(shuffled)
    bare = [one.text for one in shuffled if not isinstance(one.meaning, Crowd | Unclear)]
    again = parse(", ".join([*bare, "A-99"]), me=ME)
    kept = {(one.meaning, one.is_excluded) for one in again}
    for one in found:
        if isinstance(one.meaning, Member) and not one.meaning.is_here:
            continue
        if not isinstance(one.meaning, Crowd | Unclear):
            assert (one.meaning, one.is_excluded) in kept


numbers = st.integers(0, 10**9 - 1)
prefixes = st.text(st.sampled_from("Aß-X2 .".replace(" ", "")), max_size=4).filter(
    lambda one: ".." not in one and not one[-1:].isdecimal() and one[-1:] != "." and one[:1] != "-"
)


@given(prefixes, numbers, st.integers(-60, 60), st.booleans(), st.integers(0, 4))
def test_ranges(prefix: str, first: int, more: int, is_short: bool, zeros: int) -> None:
    last = min(max(0, first + more), 10**9 - 1)
    begin = str(first).zfill(min(9, len(str(first)) + zeros))
    low, high = sorted((first, last))
    text = f"{prefix}{begin}..{'' if is_short else prefix.swapcase()}{last}"
    found = meaning(text)
    assert isinstance(found, Span)
    assert (found.prefix, found.first, found.last) == (prefix, low, high)
    is_same = is_short or prefix.swapcase().casefold() == prefix.casefold()
    assert found.is_sound is (is_same and high - low < SPAN_LIMIT)


@given(st.sampled_from(list(Field)), st.text(max_size=20))
@example(Field.DEPARTMENT, '"“0')
@example(Field.GROUP, "<@0:>")
def test_a_name_that_can_be_spelled_is_read_back(field: Field, name: str) -> None:
    team = Team(field, name)
    text = spelled(team)
    if text:
        assert parse(f"A-1, -{text}", me=ME)[-1] == Term(f"-{text}", team, is_excluded=True)
    else:
        assert set(name) & set('"“”„') or MENTION.search(name)


@given(st.one_of(st.text(max_size=10), words))
def test_one_word_is_what_parse_reads_back_as_itself(text) -> None:
    try:
        found = parse(f"A-1 {text}", me=ME)[1:]
    except TooManyTargets:
        found = ()
    is_itself = found == (Term(text, Word(text)),)
    assert is_one_word(text) == is_itself or text.casefold() == "a-1"


@pytest.mark.parametrize(
    ("text", "is_only"),
    [
        ("me", True),
        ("<@1> ME", True),
        ("me -A-12", True),
        ("", False),
        ("-me", False),
        ("me A-12", False),
        ("<@2>", False),
        ("me <@2>", False),
        ("me <@&1>", False),
        ("<@&5:1>", False),
        ("dept:me", False),
    ],
)
def test_a_text_that_names_its_author_alone(text: str, is_only: bool):
    assert names_only(text, 1) is is_only
