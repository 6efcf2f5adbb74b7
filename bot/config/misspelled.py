"""Find names in the environment that are almost the name of a setting. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# DISPATCH_ROLE_ID for DISPATCH_ROLE_IDS, REQUIRE_CAD_PERMISION; not DATABASE_URI_2 of another
# program, or LOG_DIR.
_SIMILARITY = 0.9


def near_misses(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return the setting that was probably meant, by each name that is not one."""
    known = [one.upper() for one in known]
    found: dict[str, str] = {}
    for name in sorted(set(map(str.upper, names)) - set(known)):
        if close := get_close_matches(name, known, n=1, cutoff=_SIMILARITY):
            found[name] = close[0]
    return found
