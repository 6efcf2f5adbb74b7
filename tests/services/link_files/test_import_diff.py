"""What an import would change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.services.link_files.import_diff import ChangedLink, ImportDiff, SharedId, compute_diff
from bot.services.link_files.rows import LineError, LineErrorKind, ParsedFile, Row


def parsed(*ids: tuple[int, str]) -> ParsedFile:
    return ParsedFile(tuple(Row(line, *one) for line, one in enumerate(ids, 2)), ())


def shared(before: dict[int, str], *ids: tuple[int, str]) -> list[tuple[int, tuple[int, ...]]]:
    return [(one.row.discord_id, one.others) for one in compute_diff(parsed(*ids), before).shared]


def test_everything_is_one_of_four() -> None:
    fault = LineError(9, "x", LineErrorKind.BAD_API_ID)
    rows = parsed((1, "a"), (2, "b"), (3, "c")).rows
    assert compute_diff(
        ParsedFile(rows, (fault,), "entry"), {2: "x", 3: "c", 4: "d"}
    ) == ImportDiff(
        added=(rows[0],),
        changed=(ChangedLink(rows[1], "x"),),
        unchanged=1,
        shared=(),
        errors=(fault,),
        record_kind="entry",
    )


def test_an_id_that_the_cad_has_confirmed_is_marked() -> None:
    before = {1: "steam:a", 2: "b", 3: "c", 4: "d"}
    rows = parsed((1, "A"), (2, "x"), (3, "x"), (4, "d"), (5, "x")).rows
    found = compute_diff(ParsedFile(rows, ()), before, proven={1, 2, 4, 5})
    assert found.replacements == (ChangedLink(rows[1], "b", is_proven=True),)
    assert len(found.changed) == 3


def test_a_line_with_two_faults_is_refused_once() -> None:
    faults = [
        LineError(2, "x", LineErrorKind.BAD_DISCORD_ID),
        LineError(2, "", LineErrorKind.EMPTY_API_ID),
        LineError(3, "", LineErrorKind.EMPTY_API_ID),
    ]
    assert compute_diff(ParsedFile((), tuple(faults)), {}).refused_count == 2


class TestSharing:
    def test_two_in_the_file(self) -> None:
        assert shared({}, (1, "a"), (2, "b"), (3, "a")) == [(1, (3,)), (3, (1,))]

    def test_with_a_member_who_is_linked_already(self) -> None:
        assert shared({7: "a"}, (1, "a")) == [(1, (7,))]

    def test_another_spelling_of_the_id(self) -> None:
        assert shared({7: "steam:1100001343a206f"}, (1, "STEAM:1100001343A206F")) == [(1, (7,))]

    def test_a_member_who_gives_an_id_up_does_not_share_it(self) -> None:
        assert shared({1: "a", 2: "b"}, (1, "b"), (2, "a")) == []

    def test_members_who_share_an_id_already_keep_it(self) -> None:
        assert shared({1: "a", 2: "a"}, (1, "a"), (2, "a")) == []

    def test_at_most_three_are_named(self) -> None:
        found = compute_diff(parsed(*((person, "a") for person in range(1, 1001))), {}).shared
        assert len(found) == 1000
        assert found[0] == SharedId(Row(2, 1, "a"), (2, 3, 4))
        assert found[-1].others == (1, 2, 3)


tables = st.dictionaries(st.integers(1, 6), st.sampled_from(["a", "A", "x:a", "b", "c"]))


@given(tables, tables)
def test_what_is_written_is_what_was_planned(before: dict[int, str], file: dict[int, str]) -> None:
    found = compute_diff(parsed(*file.items()), before)
    written = {row.discord_id: row.api_id for row in found.rows}
    assert before | written == before | file
    assert len(written) + found.unchanged == len(file)
    again = compute_diff(parsed(*file.items()), before | written)
    assert (again.added, again.changed, again.shared) == ((), (), ())
