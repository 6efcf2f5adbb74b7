"""What a spreadsheet does to a cell, undone; and cells that a spreadsheet cannot run. Pure.

A program that opens a CSV file takes a cell that begins with = + - or @ for a formula, and runs it.
Who links themselves chooses what stands in the file that an administrator opens later, so such a
cell gets an apostrophe in front: spreadsheets then take it for text, and reading takes it off.
"""

from __future__ import annotations

import re

# The last four are what keyboards of East Asia type; some spreadsheets know them too.
_FORMULA_STARTS = "=+\\-@'#\t\r\n＝＋－＠"
_RISKY = re.compile(f"[{_FORMULA_STARTS}]")
# Where a semicolon separates cells, as in half of Europe, a cell can begin inside of ours, and
# quotes before it are dropped.
_RISKY_INSIDE = re.compile(f';(?="*[{_FORMULA_STARTS}])')
_GUARDED_INSIDE = re.compile(f";'(?=\"*[{_FORMULA_STARTS}])")
# ="7656…" is how people keep a spreadsheet from rounding a long number.
_QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
# What becomes of a long number otherwise: 1.23E+17, with a comma in half of Europe.
_ROUNDED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
# Or, in a column of numbers without decimals, zeros after the fifteenth digit.
_ZEROED = re.compile(r"[1-9][0-9]{14}0{2,5}")
_ERRORS = frozenset({"#NAME?", "#REF!", "#VALUE!", "#N/A", "#NUM!", "#NULL!", "#DIV/0!"})


def read_cell(raw: str) -> tuple[str, bool]:
    """Return what somebody typed into a cell, and whether it is marked as text by an apostrophe.

    Marked text is meant letter by letter, however much it looks like a number or a formula.
    """
    cell = raw.strip()
    if cell.startswith("'"):
        return _GUARDED_INSIDE.sub(";", cell[1:]), True
    if cell.startswith("=") and (quoted := _QUOTED_FORMULA.fullmatch(cell)):
        return quoted[1].replace('""', '"').strip(), False
    return cell, False


def write_cell(text: str) -> str:
    """Write text so that `read_cell` gives it back and no spreadsheet runs it or rounds it."""
    if _RISKY.match(text) or _RISKY_INSIDE.search(text) or is_rounded(text):
        return "'" + _RISKY_INSIDE.sub(";'", text)
    return text


def is_rounded(text: str) -> bool:
    """Tell whether a spreadsheet has made a number such as 7.65612E+16 of an id."""
    return bool(_ROUNDED.fullmatch(text))


def may_be_rounded(text: str) -> bool:
    """Tell whether an id ends as a rounded one does; one id in a hundred does so by nature."""
    return bool(_ZEROED.fullmatch(text))


def is_formula(text: str) -> bool:
    """Tell a formula, or what a spreadsheet writes where one has failed."""
    return text.startswith("=") or text in _ERRORS
