"""What a file would change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.services.link_files.import_diff import Change, Plan, Shared, plan
from bot.services.link_files.rows import Fault, FaultReason, Parsed, Row


def parsed(*ids: tuple[int, str]) -> Parsed:
    return Parsed(tuple(Row(line, *one) for line, one in enumerate(ids, 2)), ())


def shared(before: dict[int, str], *ids: tuple[int, str]) -> list[tuple[int, tuple[int, ...]]]:
    return [(one.row.discord_id, one.others) for one in plan(parsed(*ids), before).shared]


def test_everything_is_one_of_four() -> None:
    fault = Fault(9, "x", FaultReason.BAD_API_ID)
    rows = parsed((1, "a"), (2, "b"), (3, "c")).rows
    assert plan(Parsed(rows, (fault,), "entry"), {2: "x", 3: "c", 4: "d"}) == Plan(
        added=(rows[0],),
        changed=(Change(rows[1], "x"),),
        unchanged=1,
        shared=(),
        faults=(fault,),
        unit="entry",
    )


def test_a_line_with_two_faults_is_refused_once() -> None:
    faults = [
        Fault(2, "x", FaultReason.BAD_DISCORD_ID),
        Fault(2, "", FaultReason.EMPTY_API_ID),
        Fault(3, "", FaultReason.EMPTY_API_ID),
    ]
    assert plan(Parsed((), tuple(faults)), {}).refused == 2


class TestSharing:
    def test_two_in_the_file(self) -> None:
        assert shared({}, (1, "a"), (2, "b"), (3, "a")) == [(1, (3,)), (3, (1,))]

    def test_with_somebody_who_is_linked_already(self) -> None:
        assert shared({7: "a"}, (1, "a")) == [(1, (7,))]

    def test_another_spelling_of_the_id(self) -> None:
        assert shared({7: "steam:1100001343a206f"}, (1, "STEAM:1100001343A206F")) == [(1, (7,))]

    def test_nobody_shares_who_gives_it_up(self) -> None:
        assert shared({1: "a", 2: "b"}, (1, "b"), (2, "a")) == []

    def test_those_who_share_already_are_let_be(self) -> None:
        assert shared({1: "a", 2: "a"}, (1, "a"), (2, "a")) == []

    def test_at_most_three_are_named(self) -> None:
        found = plan(parsed(*((person, "a") for person in range(1, 1001))), {}).shared
        assert len(found) == 1000
        assert found[0] == Shared(Row(2, 1, "a"), (2, 3, 4))
        assert found[-1].others == (1, 2, 3)


tables = st.dictionaries(st.integers(1, 6), st.sampled_from(["a", "A", "x:a", "b", "c"]))


@given(tables, tables)
def test_what_is_written_is_what_was_planned(before: dict[int, str], file: dict[int, str]) -> None:
    found = plan(parsed(*file.items()), before)
    written = {row.discord_id: row.api_id for row in found.rows}
    assert before | written == before | file
    assert len(written) + found.unchanged == len(file)
    again = plan(parsed(*file.items()), before | written)
    assert (again.added, again.changed, again.shared) == ((), (), ())
