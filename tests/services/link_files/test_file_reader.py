"""Files of links as administrators have them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.link_files.file_reader import read_links
from bot.services.link_files.rows import (
    Row,
)
from bot.ui.link_files.import_report import error_line
from tests.services.link_files.file_samples import (
    ALEX,
    HEADER,
    PAT,
    error_lines,
    members,
    read,
)


class TestEncodings:
    def test_a_byte_of_another_encoding_spoils_its_cell_alone(self) -> None:
        text = f"name,discord_id,api_id\nJosé,{PAT},a\nPat,{ALEX},é\n"
        parsed = read(text.encode("cp1252"))
        assert parsed.rows == (Row(2, int(PAT), "a"),)
        assert [error_line(fault) for fault in parsed.errors] == [
            "line 3: '\\udce9' is not UTF-8 text; save the file as CSV UTF-8"
        ]

    @pytest.mark.parametrize(
        "data",
        [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0\xa1", b"%PDF-1.7", b"\xff\xfea", b"\x1f\x8b\x08"],
    )
    def test_what_is_no_text(self, data: bytes) -> None:
        assert error_lines(data) == ["line 1: this is not a text file; save it as CSV UTF-8"]


cells = st.one_of(
    st.sampled_from([PAT, ALEX, "1E5", '"', "\r", "", "a", "pat"]), st.text(max_size=5)
)
files = st.lists(st.lists(cells, max_size=4).map(",".join)).map("\n".join)
headers = st.sampled_from([HEADER, "user\tsteam\n", "sep=;\nname;hex\n"])
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), cells),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.one_of(st.sampled_from(["discord_id", "steam", PAT]), st.text(max_size=3)), inner
        )
    ),
)


@given(
    st.one_of(
        st.binary(),
        st.text(),
        files,
        st.tuples(headers, files).map("".join),
        values.map(json.dumps),
        st.text(st.sampled_from('[]{}",:1a')).map("[{".__add__),
    )
)
def test_never_raises(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    parsed = read_links(data, "{hex}", members)
    for fault in parsed.errors:
        assert fault.line >= 1
        assert error_line(fault).isprintable()
    assert len({row.discord_id for row in parsed.rows}) == len(parsed.rows)
    good = {row.line for row in parsed.rows}
    assert good.isdisjoint(fault.line for fault in parsed.errors)
