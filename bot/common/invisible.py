"""Which characters show nothing. Pure."""

from __future__ import annotations

import unicodedata

_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and signs that are drawn as nothing: fillers, a braille pattern without dots.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def is_invisible(character: str) -> bool:
    """Return whether a character shows nothing; an ordinary space does not count."""
    return character in _BLANK or unicodedata.category(character) in _CATEGORIES
