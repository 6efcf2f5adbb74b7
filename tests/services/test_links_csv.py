from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.links_csv import Fault, FaultReason, Row, read_links, write_links

PAT = "123456789012345678"
ALEX = "223456789012345678"
HEADER = "discord_id,api_id\n"


def reasons(text: str) -> list[tuple[int, FaultReason]]:
    return [(fault.line, fault.reason) for fault in read_links(text).faults]


class TestRead:
    @pytest.mark.parametrize(
        "text",
        [
            f"discord_id,api_id\n{PAT},steam:1\n",
            f"\ufeffdiscord_id,api_id\r\n{PAT},steam:1\r\n",
            f'\ufeff"discord_id","api_id"\n"{PAT}","steam:1"',
            f"Discord_ID , API_ID ,name\n {PAT} ,\tsteam:1 ,Pat\n",
            f"name,api_id,discord_id\nPat,steam:1,{PAT}\n",
            f"discord_id,api_id\r{PAT},steam:1\r",
        ],
    )
    def test_spellings_of_one_file(self, text: str) -> None:
        parsed = read_links(text)
        assert parsed.rows == (Row(2, int(PAT), "steam:1"),)
        assert parsed.faults == ()

    def test_blank_lines_are_skipped_but_counted(self) -> None:
        parsed = read_links(f"\n{HEADER}\n ,\n{PAT},a\n\n{ALEX},b\n\n")
        assert parsed.rows == (Row(5, int(PAT), "a"), Row(7, int(ALEX), "b"))
        assert parsed.faults == ()

    def test_quoted_fields(self) -> None:
        parsed = read_links(f'{HEADER}{PAT},"a,""b"""\n')
        assert parsed.rows == (Row(2, int(PAT), 'a,"b"'),)

    def test_streams(self) -> None:
        parsed = read_links(io.StringIO(f"\ufeff{HEADER}{PAT},a\n"))
        assert parsed.rows == (Row(2, int(PAT), "a"),)


class TestFaults:
    @pytest.mark.parametrize("text", ["", "\n\n", f"{PAT},a\n", f"discord_id;api_id\n{PAT};a\n"])
    def test_header_missing(self, text: str) -> None:
        parsed = read_links(text)
        assert parsed.rows == ()
        assert [fault.reason for fault in parsed.faults] == [FaultReason.NO_HEADER]

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("12345678901234,a", FaultReason.BAD_DISCORD_ID),
            ("1" * 21 + ",a", FaultReason.BAD_DISCORD_ID),
            ("9223372036854775808,a", FaultReason.BAD_DISCORD_ID),
            ("012345678901234567,a", FaultReason.BAD_DISCORD_ID),
            ("٣٣٣٣٣٣٣٣٣٣٣٣٣٣٣٣٣,a", FaultReason.BAD_DISCORD_ID),
            ("<@123456789012345678>,a", FaultReason.BAD_DISCORD_ID),
            (",a", FaultReason.BAD_DISCORD_ID),
            ("1.23E+17,a", FaultReason.SPREADSHEET_NUMBER),
            ('"1,23457e17",a', FaultReason.SPREADSHEET_NUMBER),
            (PAT, FaultReason.EMPTY_API_ID),
            (f"{PAT},  ", FaultReason.EMPTY_API_ID),
            (f"{PAT},{'a' * 201}", FaultReason.LONG_API_ID),
            (f"{PAT},a b", FaultReason.BAD_API_ID),
            (f"{PAT},a\x00b", FaultReason.BAD_API_ID),
            (f"{PAT},a\u200bb", FaultReason.BAD_API_ID),
            (f'{PAT},"a\nb"', FaultReason.BAD_API_ID),
            (f'{PAT},"a"b', FaultReason.NOT_CSV),
            (f'{PAT},"never closed\n1,2\n3,4', FaultReason.NOT_CSV),
            (f"{PAT},{'a' * 200_000}", FaultReason.NOT_CSV),
        ],
    )
    def test_bad_line(self, row: str, reason: FaultReason) -> None:
        parsed = read_links(f"{HEADER}{ALEX},good\n{row}\n")
        assert parsed.rows == (Row(2, int(ALEX), "good"),)
        assert [(fault.line, fault.reason) for fault in parsed.faults] == [(3, reason)]
        said = str(parsed.faults[0])
        assert said.startswith("line 3: ")
        assert said.isprintable()
        assert len(said) < 200

    @pytest.mark.parametrize("discord_id", ["100000000000000", "9223372036854775807"])
    def test_limits_that_are_allowed(self, discord_id: str) -> None:
        parsed = read_links(f"{HEADER}{discord_id},{'a' * 200}\n")
        assert parsed.rows == (Row(2, int(discord_id), "a" * 200),)

    def test_lines_after_a_bad_one_are_read(self) -> None:
        parsed = read_links(f'{HEADER}{PAT},"a"b\nx,\n"{ALEX}","a\nb"\n{PAT},a\n')
        assert [(fault.line, fault.reason) for fault in parsed.faults] == [
            (2, FaultReason.NOT_CSV),
            (3, FaultReason.BAD_DISCORD_ID),
            (3, FaultReason.EMPTY_API_ID),
            (4, FaultReason.BAD_API_ID),
        ]
        assert parsed.rows == (Row(6, int(PAT), "a"),)

    def test_duplicates_name_the_first_line(self) -> None:
        parsed = read_links(f"{HEADER}{PAT},a\n{ALEX},b\n{PAT},c\n{PAT},a\n")
        assert [row.line for row in parsed.rows] == [2, 3]
        assert parsed.faults == (
            Fault(4, PAT, FaultReason.DUPLICATE, 2),
            Fault(5, PAT, FaultReason.DUPLICATE, 2),
        )
        assert str(parsed.faults[0]) == f"line 4: the Discord id {PAT} is already in line 2"

    def test_the_words_of_a_fault(self) -> None:
        (fault,) = read_links(f"{HEADER}1.23E+17,a\n").faults
        assert str(fault) == (
            "line 2: '1.23E+17' is a Discord id that a spreadsheet has rounded; "
            "format the column as text and paste the ids again"
        )
        # What the file contains is never taken for a format.
        (fault,) = read_links(HEADER + "{line},a\n").faults
        assert "'{line}'" in str(fault)


discord_ids = st.integers(10**14, 2**63 - 1)
api_ids = st.text(
    st.characters().filter(lambda character: character.isprintable() and character != " "),
    min_size=1,
    max_size=200,
)


@dataclass
class Exported:
    discord_id: int
    api_id: str


@given(st.dictionaries(discord_ids, api_ids))
def test_round_trip(links: dict[int, str]) -> None:
    stream = io.StringIO(newline="")
    write_links([Exported(*link) for link in links.items()], stream)
    parsed = read_links(stream.getvalue())
    assert parsed.faults == ()
    assert {row.discord_id: row.api_id for row in parsed.rows} == links
    assert [row.line for row in parsed.rows] == list(range(2, len(links) + 2))


cells = st.one_of(st.sampled_from([PAT, ALEX, "1E5", '"', "\r", "", "a"]), st.text(max_size=5))
files = st.lists(st.lists(cells, max_size=4).map(",".join)).map("\n".join)


@given(st.one_of(st.text(), files, files.map(lambda text: HEADER + text)))
def test_never_raises(text: str) -> None:
    parsed = read_links(text)
    lines = len(io.StringIO(text, newline="").readlines())
    for fault in parsed.faults:
        assert 1 <= fault.line <= max(lines, 1)
        assert str(fault).isprintable()
    assert len({row.discord_id for row in parsed.rows}) == len(parsed.rows)
    good = {row.line for row in parsed.rows}
    assert good.isdisjoint(fault.line for fault in parsed.faults)
