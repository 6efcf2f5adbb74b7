"""Links as CSV: every spelling of a file is read, and what is written is read again."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.link_files.csv_format import write_links
from bot.services.link_files.import_diff import compute_diff
from bot.services.link_files.rows import (
    ParsedFile,
    Row,
)
from tests.services.link_files.file_samples import ALEX, HEADER, PAT, read


class TestCsv:
    @pytest.mark.parametrize(
        "text",
        [
            f"discord_id,api_id\n{PAT},steam:1\n",
            f"\ufeffdiscord_id,api_id\r\n{PAT},steam:1\r\n",
            f'\ufeff"discord_id","api_id"\n"{PAT}","steam:1"',
            f"Discord_ID , API_ID ,name\n {PAT} ,\tsteam:1 ,Pat\n",
            f"name,api_id,discord_id\nPat,steam:1,{PAT}\n",
            f"discord_id,api_id\r{PAT},steam:1\r",
            f"discord_id;api_id\n{PAT};steam:1\n",
            f"discord_id\tapi_id\n{PAT}\tsteam:1\n",
            f"discord_id|api_id\n{PAT}|steam:1\n",
            f"{HEADER}<@{PAT}>,steam:1",
            f"{HEADER}<@!{PAT}>,steam:1",
            f"{HEADER}discord:{PAT},steam:1",
            f"{HEADER}'{PAT},'steam:1",
            f'{HEADER}="{PAT}","=""steam:1"""',
            f'"Discord, ID";api_id\n{PAT};steam:1\n',
            f"discord_id,api_id\r\n{PAT},steam:1\r\n".encode("utf-16"),
            codecs.BOM_UTF16_BE + f"discord_id\tapi_id\n{PAT}\tsteam:1\n".encode("utf-16-be"),
        ],
    )
    def test_spellings_of_one_file(self, text: str | bytes) -> None:
        assert read(text) == ParsedFile((Row(2, int(PAT), "steam:1"),), ())

    def test_the_separator_that_a_spreadsheet_names(self) -> None:
        parsed = read(f"sep=;\r\ndiscord_id;api_id\r\n{PAT};a\r\n{ALEX}\r\n")
        assert parsed.rows == (Row(3, int(PAT), "a"),)
        assert [fault.line for fault in parsed.errors] == [4]

    def test_a_separator_inside_of_cells_is_text(self) -> None:
        parsed = read(f"rank;a,b,c,d,e;discord_id;api_id\n1;a,b,c,d,e;{PAT};x,y\n")
        assert parsed.rows == (Row(2, int(PAT), "x,y"),)

    def test_blank_lines_are_skipped_but_counted(self) -> None:
        parsed = read(f"\n{HEADER}\n ,\n{PAT},a\n\n{ALEX},b\n\n")
        assert parsed.rows == (Row(5, int(PAT), "a"), Row(7, int(ALEX), "b"))
        assert parsed.errors == ()

    def test_quoted_fields(self) -> None:
        assert read(f'{HEADER}{PAT},"a,""b"""\n').rows == (Row(2, int(PAT), 'a,"b"'),)

    @pytest.mark.parametrize("discord_id", ["100000000000000", "9223372036854775807"])
    def test_limits_that_are_allowed(self, discord_id: str) -> None:
        parsed = read(f"{HEADER}{discord_id},{'a' * 200}\n")
        assert parsed.rows == (Row(2, int(discord_id), "a" * 200),)


discord_ids = st.integers(10**14, 2**63 - 1)


api_ids = st.text(
    st.one_of(
        st.characters().filter(lambda character: character.isprintable() and character != " "),
        st.sampled_from("=+-@'\"!.＝"),
    ),
    min_size=1,
    max_size=200,
)


@given(st.dictionaries(discord_ids, api_ids))
def test_round_trip(links: dict[int, str]) -> None:
    stream = io.StringIO(newline="")
    write_links(links, stream)
    parsed = read(stream.getvalue())
    assert parsed.errors == ()
    assert {row.discord_id: row.api_id for row in parsed.rows} == links
    assert [row.line for row in parsed.rows] == list(range(2, len(links) + 2))
    again = compute_diff(parsed, links)
    assert (again.rows, again.unchanged, again.shared) == ((), len(links), ())
