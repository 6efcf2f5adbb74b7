"""Read cells that a spreadsheet has changed, and write cells that it does not execute. Pure.

A spreadsheet executes a cell that begins with = + - or @ as a formula. Members choose the ids that
an administrator later opens in an exported file, so such a cell gets an apostrophe in front:
spreadsheets then treat it as text, and `read_cell` removes it.
"""

from __future__ import annotations

import re

# The last four are the full-width forms of East Asian keyboards; some spreadsheets accept them.
_FORMULA_STARTS = "=+\\-@'#\t\r\n＝＋－＠"
_RISKY = re.compile(f"[{_FORMULA_STARTS}]")
# In countries where a semicolon separates cells, a new cell can begin inside of ours; quotes
# before it are dropped.
_RISKY_INSIDE = re.compile(f';(?="*[{_FORMULA_STARTS}])')
_GUARDED_INSIDE = re.compile(f";'(?=\"*[{_FORMULA_STARTS}])")
# ="7656…" is a common way to keep a spreadsheet from rounding a long number.
_QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
# Without it, a long number becomes 1.23E+17, or 1,23E+17 in some countries.
_ROUNDED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
# In a column without decimals, the digits after the fifteenth become zeros.
_ZEROED = re.compile(r"[1-9][0-9]{14}0{2,5}")
_ERRORS = frozenset({"#NAME?", "#REF!", "#VALUE!", "#N/A", "#NUM!", "#NULL!", "#DIV/0!"})


def read_cell(raw: str) -> tuple[str, bool]:
    """Return the text of a cell, and whether an apostrophe marks it as literal text.

    Literal text is not checked for formulas and rounded numbers.
    """
    cell = raw.strip()
    if cell.startswith("'"):
        return _GUARDED_INSIDE.sub(";", cell[1:]), True
    if cell.startswith("=") and (quoted := _QUOTED_FORMULA.fullmatch(cell)):
        return quoted[1].replace('""', '"').strip(), False
    return cell, False


def write_cell(text: str) -> str:
    """Return a cell that `read_cell` reads as `text`, and no spreadsheet executes or rounds."""
    if _RISKY.match(text) or _RISKY_INSIDE.search(text) or is_rounded(text):
        return "'" + _RISKY_INSIDE.sub(";'", text)
    return text


def is_rounded(text: str) -> bool:
    """Return True for a number such as 7.65612E+16, which a spreadsheet has rounded."""
    return bool(_ROUNDED.fullmatch(text))


def may_be_rounded(text: str) -> bool:
    """Return True if an id ends in zeros like a rounded one; one real id in a hundred does."""
    return bool(_ZEROED.fullmatch(text))


def is_formula(text: str) -> bool:
    """Return True for a formula, or for the error text of a failed formula."""
    return text.startswith("=") or text in _ERRORS
