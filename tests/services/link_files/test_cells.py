"""Cells as spreadsheets write them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.services.link_files.cells import is_formula, is_rounded, read_cell, write_cell
from bot.services.link_files.csv_format import write_links

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("steam:1", ("steam:1", False)),
        ("  steam:1\xa0", ("steam:1", False)),
        ("'steam:1", ("steam:1", True)),
        ("'", ("", True)),
        ("''x", ("'x", True)),
        ('="76561198836490351"', ("76561198836490351", False)),
        ('=" 7656 "', ("7656", False)),
        ('="a""b"', ('a"b', False)),
        ('="a"b"', ('="a"b"', False)),
        ("=1+1", ("=1+1", False)),
        ("'=1+1", ("=1+1", True)),
        ("", ("", False)),
    ],
)
def test_typed_cells(raw: str, read: tuple[str, bool]) -> None:
    assert read_cell(raw) == read


@pytest.mark.parametrize("start", DANGEROUS)
@pytest.mark.parametrize("before", ["", "x:1;", "x:1;;"])
def test_no_cell_begins_a_formula(start: str, before: str) -> None:
    written = write_cell(f"{before}{start}HYPERLINK(1)")
    assert written.startswith("'")
    # Spreadsheets of some countries split at semicolons, and drop a single quote.
    assert not any(part.startswith(DANGEROUS) for part in written.split(";"))


@pytest.mark.parametrize("text", ["steam:1100001343a206f", "76561198836490351", "license:a-b=c;d"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert write_cell(text) == text


@given(st.text(st.sampled_from("=+-@';\"ab17E.,#＝")))
@example("7.65612E+16")
@example(";'=x")
@example("#NAME?")
def test_whatever_is_written_is_read_again(text: str) -> None:
    read, is_literal = read_cell(write_cell(text))
    assert read == text
    assert is_literal or not (is_rounded(text) or is_formula(text))


# Ids are printable: other ids do not get into the database.
@given(st.text(st.one_of(st.sampled_from("=+-@';\",＝a"), st.characters().filter(str.isprintable))))
@example('x;"=a')
@example('";')
def test_no_part_of_what_is_written_can_be_run(text: str) -> None:
    stream = io.StringIO(newline="")
    write_links({1: text, 2: text}, stream)
    for separator in ",;":
        for row in csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter=separator):
            # An unclosed quote includes the rest of the line and the next line.
            assert not any(cell.lstrip("\n").startswith(DANGEROUS) for cell in row)


@pytest.mark.parametrize("text", ["7.65612E+16", "7,65612E+16", "1e5", "-1.2E-7"])
def test_rounded_numbers(text: str) -> None:
    assert is_rounded(text)
    assert not is_rounded(f"x{text}")


@pytest.mark.parametrize(("text", "formula"), [("=1", True), ("#NAME?", True), ("#1", False)])
def test_formulas(text: str, formula: bool) -> None:
    assert is_formula(text) is formula
