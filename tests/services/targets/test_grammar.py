"""The grammar: what users type, and the terms that it means."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.services.errors import NoTargets, TooManyTargets
from bot.services.targets.grammar import (
    RANGE_LIMIT,
    TARGET_LIMIT,
    depends_on_duty,
    format_unit_group,
    is_single_token,
    member_ids_in,
    parse,
    parse_units,
    remove_member_ids,
    targets_only,
)
from bot.services.targets.terms import (
    EveryoneTerm,
    MemberGroupTerm,
    MembersUnavailable,
    MemberTerm,
    Mention,
    Term,
    TermMeaning,
    TextTerm,
    UnitGroupKind,
    UnitGroupTerm,
    UnitRangeTerm,
    UnknownTerm,
)

ME = 42
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e"
BLANK = r"\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
SEPARATOR = re.compile(rf"[{BLANK},;|]+")
MENTION = re.compile(r"<(@!?|@&|#)(\d{1,20})(?::(?:[a-z]+|[0-9,]*))?>")


def texts(found: tuple[Term, ...]) -> list[str]:
    return [one.text for one in found]


def meaning(text: str) -> TermMeaning:
    (term,) = parse(text, actor_id=ME)
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
        found = parse(text, actor_id=ME)
        assert [one.meaning for one in found] == [
            MemberTerm(ME),
            MemberTerm(7),
            TextTerm("A-12"),
            TextTerm("1100001343a206f"),
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
        assert texts(parse(text, actor_id=ME)) == kept

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
        assert texts(parse(text, actor_id=ME)) == tokens

    def test_a_member_id_that_no_database_could_hold(self) -> None:
        largest = f"<@{2**63 - 1}>"
        assert meaning(largest) == MemberTerm(2**63 - 1)
        for text in (f"<@{2**63}>", "<@99999999999999999999>"):
            assert meaning(text) == UnknownTerm()

    @pytest.mark.parametrize(
        "text", ["", " \n\t", ",;|", ZERO_WIDTH, f" , {ZERO_WIDTH} ;", "-me", "- A-12, -<@7>"]
    )
    def test_texts_without_a_target(self, text) -> None:
        with pytest.raises(NoTargets):
            parse(text, actor_id=ME)

    def test_the_limit_counts_what_is_left_after_folding(self) -> None:
        fifty = [f"U-{number}" for number in range(TARGET_LIMIT)]
        assert texts(parse(" ".join([*fifty, *fifty, "u-0"]), actor_id=ME)) == fifty
        with pytest.raises(TooManyTargets) as fault:
            parse(" ".join([*fifty, "-U-50"]), actor_id=ME)
        assert (fault.value.count, fault.value.limit) == (51, 50)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("dept:LSPD", UnitGroupTerm(UnitGroupKind.DEPARTMENT, "LSPD")),
        ("DEPT:LSPD", UnitGroupTerm(UnitGroupKind.DEPARTMENT, "LSPD")),
        ("group:CAR-51", UnitGroupTerm(UnitGroupKind.GROUP, "CAR-51")),
        ("sub:K-9", UnitGroupTerm(UnitGroupKind.SUBDIVISION, "K-9")),
        ('dept:"Los Santos PD"', UnitGroupTerm(UnitGroupKind.DEPARTMENT, "Los Santos PD")),
        ("dept:“Los, Santos PD”", UnitGroupTerm(UnitGroupKind.DEPARTMENT, "Los, Santos PD")),
        ('group:""', UnitGroupTerm(UnitGroupKind.GROUP, "")),
        ("group:", UnitGroupTerm(UnitGroupKind.GROUP, "")),
        ("ſub:x", UnitGroupTerm(UnitGroupKind.SUBDIVISION, "x")),
        ('ſub:"x"', UnitGroupTerm(UnitGroupKind.SUBDIVISION, "x")),
        ("dept:A-1..A-9", UnitGroupTerm(UnitGroupKind.DEPARTMENT, "A-1..A-9")),
        # A prefix that only resembles a keyword makes an API id.
        ("department:x", TextTerm("department:x")),
        ("license:abc", TextTerm("license:abc")),
        ("steam:1..9", TextTerm("steam:1..9")),
        ("license:dept:x", TextTerm("license:dept:x")),
        ("me:1", MemberTerm(ME, number="1")),
        ("ME:A-12", MemberTerm(ME, number="A-12")),
        ("A-1..A-9", UnitRangeTerm("A-", 1, 9, is_valid=True)),
        ("a-1..A-9", UnitRangeTerm("a-", 1, 9, is_valid=True)),
        ("A-01..A-09", UnitRangeTerm("A-", 1, 9, is_valid=True)),
        ("A-9..A-1", UnitRangeTerm("A-", 1, 9, is_valid=True)),
        ("A-1..9", UnitRangeTerm("A-", 1, 9, is_valid=True)),
        ("1..9", UnitRangeTerm("", 1, 9, is_valid=True)),
        ("2A-1..2A-9", UnitRangeTerm("2A-", 1, 9, is_valid=True)),
        ("A-1..B-9", UnitRangeTerm("A-", 1, 9, is_valid=False)),
        ("A-1..A-50", UnitRangeTerm("A-", 1, 50, is_valid=True)),
        ("A-1..A-51", UnitRangeTerm("A-", 1, 51, is_valid=False)),
        ("A-1..", TextTerm("A-1..")),
        ("..9", TextTerm("..9")),
        ("A..B", TextTerm("A..B")),
        (f"A-1..A-{'9' * 5000}", TextTerm(f"A-1..A-{'9' * 5000}")),
        ("@everyone", EveryoneTerm()),
        ("@HERE", EveryoneTerm()),
        ("<:police:1>", UnknownTerm()),
        ("<@&5>", UnknownTerm()),
        ("<#5>", UnknownTerm()),
        ("@bob", TextTerm("@bob")),
    ],
)
def test_what_a_word_means(text: str, means: TermMeaning) -> None:
    assert meaning(text) == means


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("-A-12", TextTerm("A-12")),
        ("- A-12", TextTerm("A-12")),
        ("-\u200b \nA-12", TextTerm("A-12")),
        ("-me", MemberTerm(ME)),
        ("-<@!7>", MemberTerm(7)),
        ("-<@&5:1,2>", MemberGroupTerm((1, 2), is_role=True)),
        ("-<#6:>", MemberGroupTerm((), is_role=False)),
        ('-dept:"x y"', UnitGroupTerm(UnitGroupKind.DEPARTMENT, "x y")),
        ("-A-1..A-3", UnitRangeTerm("A-", 1, 3, is_valid=True)),
        ("-@everyone", EveryoneTerm()),
        ("--A-12", TextTerm("-A-12")),
    ],
)
def test_a_minus_leaves_out_whatever_follows_it(text: str, means: TermMeaning) -> None:
    first, term = parse(f"X {text}", actor_id=ME)
    assert first == Term("X", TextTerm("X"))
    assert (term.meaning, term.is_excluded) == (means, True)
    assert term.text == "-" + remove_member_ids(re.sub(rf"^-[{BLANK}]*", "", text))


@pytest.mark.parametrize("text", ["-", "-,A-1", "A-1 -", "A-1;-|"])
def test_a_lone_minus_is_not_understood(text: str) -> None:
    found = {one.text: one for one in parse(text, actor_id=ME)}
    assert found["-"] == Term("-", UnknownTerm())


class TestWrittenOut:
    def test_mentions_hold_who_is_meant(self) -> None:
        seen: list[Mention] = []
        answers = {"@": None, "@!": MembersUnavailable.NOT_VISIBLE, "@&": (11, 12), "#": ()}

        def look(mention: Mention):
            seen.append(mention)
            return answers[mention.sigil]

        parsed = parse_units("me <@1> <@!2>, -<@&3>x<#4>", actor_id=ME, lookup=look)
        text = parsed.text
        assert text == "me <@1> <@!2:elsewhere>, -<@&3:11,12>x<#4:>"
        assert seen == [Mention("@", 1), Mention("@!", 2), Mention("@&", 3), Mention("#", 4)]
        assert remove_member_ids(text) == "me <@1> <@!2>, -<@&3>x<#4>"
        assert parse(text, actor_id=ME) == parsed.terms
        assert [one.meaning for one in parsed.terms] == [
            MemberTerm(ME),
            MemberTerm(1),
            MemberTerm(2, is_in_guild=False),
            MemberGroupTerm((11, 12), is_role=True),
            TextTerm("x"),
            MemberGroupTerm((), is_role=False),
        ]

    @pytest.mark.parametrize("gap", list(MembersUnavailable))
    def test_or_why_that_is_not_known(self, gap: MembersUnavailable) -> None:
        parsed = parse_units("<@&5>", actor_id=ME, lookup=lambda _: gap)
        (term,) = parse(parsed.text, actor_id=ME)
        assert parsed.terms == (term,)
        assert term == Term("<@&5>", MemberGroupTerm(gap, is_role=True))

    def test_text_typed_into_a_mention_counts_for_nothing(self) -> None:
        group = parse_units("<@&5:1,2,3>", actor_id=ME, lookup=lambda _: (9,))
        assert (group.text, group.terms) == ("<@&5:9>", parse("<@&5:9>", actor_id=ME))
        member = parse_units("<@7:elsewhere>", actor_id=ME, lookup=lambda _: None)
        assert (member.text, member.terms) == ("<@7>", parse("<@7>", actor_id=ME))

    @pytest.mark.parametrize(
        ("known", "means"),
        [
            ("", MemberGroupTerm((), is_role=True)),
            (",,1,,2,", MemberGroupTerm((1, 2), is_role=True)),
            ("9" * 6000, MemberGroupTerm((), is_role=True)),
            (str(2**63), MemberGroupTerm((), is_role=True)),
            ("nonsense", UnknownTerm()),
        ],
    )
    def test_nothing_in_a_mention_breaks_the_parser(self, known: str, means: TermMeaning) -> None:
        (term,) = parse(f"<@&5:{known}>", actor_id=ME)
        assert term == Term("<@&5>", means)


def test_the_members_whose_links_are_read() -> None:
    found = parse("me <@7> -<@8> <@&5:1,2> -<#6:2,3> <@&9:hidden> A-12", actor_id=ME)
    assert member_ids_in(found) == ({ME, 7, 8}, {1, 2, 3})


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
    assert depends_on_duty(parse(text, actor_id=ME)) is is_group


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
    """Remove separators, normalise mentions, and fold the letter case."""
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
        found = parse(text, actor_id=ME)
    except NoTargets:
        # No target: nothing, or only exclusions.
        assert shown == "" or shown.startswith("-")
        return
    except TooManyTargets:
        assert len(text) > TARGET_LIMIT
        return
    known = {visible(one.text) for one in found}
    for sign in ("", "-"):
        if any(one.text[:1] in {"m", "M", "<"} or one.is_excluded for one in found):
            mine = {one.is_excluded for one in found if one.meaning == MemberTerm(ME)}
            known |= {f"{sign}me", f"{sign}<@{ME}>"} if (sign == "-") in mine else set()
    # The visible characters of the text are those of the terms, complete and in order.
    ends = {0}
    for start in range(len(shown)):
        if start in ends:
            ends |= {start + len(word) for word in known if shown.startswith(word, start)}
    assert len(shown) in ends
    assert all(visible(one.text) for one in found)


@given(hostile, st.randoms())
def test_the_order_of_terms_changes_no_meaning(text, random) -> None:
    try:
        found = parse(text, actor_id=ME)
    except (NoTargets, TooManyTargets):
        return
    words = [getattr(one.meaning, "name", one.text) for one in found]
    if set("".join(words)) & set('"“”„'):
        return  # an unclosed quote ends at the next one
    shuffled = list(found)
    random.shuffle(shuffled)
    bare = [
        one.text for one in shuffled if not isinstance(one.meaning, MemberGroupTerm | UnknownTerm)
    ]
    again = parse(", ".join([*bare, "A-99"]), actor_id=ME)
    kept = {(one.meaning, one.is_excluded) for one in again}
    for one in found:
        if isinstance(one.meaning, MemberTerm) and not one.meaning.is_in_guild:
            continue
        if not isinstance(one.meaning, MemberGroupTerm | UnknownTerm):
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
    assert isinstance(found, UnitRangeTerm)
    assert (found.prefix, found.first, found.last) == (prefix, low, high)
    is_same = is_short or prefix.swapcase().casefold() == prefix.casefold()
    assert found.is_valid is (is_same and high - low < RANGE_LIMIT)


@given(st.sampled_from(list(UnitGroupKind)), st.text(max_size=20))
@example(UnitGroupKind.DEPARTMENT, '"“0')
@example(UnitGroupKind.GROUP, "<@0:>")
def test_a_name_that_can_be_spelled_is_read_back(field: UnitGroupKind, name: str) -> None:
    team = UnitGroupTerm(field, name)
    text = format_unit_group(team)
    if text:
        assert parse(f"A-1, -{text}", actor_id=ME)[-1] == Term(f"-{text}", team, is_excluded=True)
    else:
        assert set(name) & set('"“”„') or MENTION.search(name)


@given(st.one_of(st.text(max_size=10), words))
def test_one_word_is_what_parse_reads_back_as_itself(text) -> None:
    try:
        found = parse(f"A-1 {text}", actor_id=ME)[1:]
    except TooManyTargets:
        found = ()
    is_itself = found == (Term(text, TextTerm(text)),)
    assert is_single_token(text) == is_itself or text.casefold() == "a-1"


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
    assert targets_only(parse_units(text, actor_id=1).terms, 1) is is_only


members = st.one_of(
    st.none(),
    st.sampled_from(list(MembersUnavailable)),
    st.lists(st.integers(1, 2**63 - 1), max_size=3),
)


@given(hostile, members)
@example('dept:"a <@&5:1> b"', [2])
@example("-<@&5:hidden>", None)
def test_a_stored_text_means_what_the_typed_text_meant(text: str, found) -> None:
    parsed = parse_units(text, actor_id=ME, lookup=lambda _: found)
    stored = parse_units(parsed.text, actor_id=ME)
    assert (stored.text, stored.terms) == (parsed.text, parsed.terms)
    without_ids = remove_member_ids(parsed.text)
    assert (
        parse_units(without_ids, actor_id=ME).terms
        == parse_units(remove_member_ids(text), actor_id=ME).terms
    )


@pytest.mark.parametrize(("text", "asked"), [("<@&5> " * 260, 1), ("<@&5> -<@&5> <@&5>", 2)])
def test_a_mention_is_looked_up_once_and_its_members_are_stored_once(text: str, asked: int) -> None:
    seen: list[Mention] = []

    def look(mention: Mention):
        seen.append(mention)
        return range(1, 5001)

    parsed = parse_units(text, actor_id=ME, lookup=look)
    assert len(seen) == asked
    assert parsed.text.count(":1,2,3,") == asked


def test_the_members_of_too_many_mentions_are_not_looked_up() -> None:
    seen: list[Mention] = []
    text = " ".join(f"<@&{number}>" for number in range(1, 261))
    parsed = parse_units(text, actor_id=ME, lookup=seen.append)
    assert isinstance(parsed.error, TooManyTargets)
    assert len(seen) == TARGET_LIMIT + 1
