"""Compares unit numbers as people type them: `k9` for `K-9`, `a12` for `A-12`. Pure."""

from __future__ import annotations

from itertools import groupby, pairwise


def number_key(number: str) -> str:
    """Return what all usual spellings of a unit number have in common.

    Letters and digits count, in any case. Other characters count only between two digits: `1-12`
    and `11-2` are two units.
    """
    words = ["".join(run) for is_word, run in groupby(number.casefold(), str.isalnum) if is_word]
    key = "".join(words[:1])
    for before, after in pairwise(words):
        is_between_digits = before[-1].isdecimal() and after[0].isdecimal()
        key += f"-{after}" if is_between_digits else after
    return key


def split_number(number: str) -> tuple[str, str]:
    """Return what stands before the digits at the end of a unit number, and these digits."""
    prefix = number.rstrip("0123456789")
    return prefix, number[len(prefix) :]
