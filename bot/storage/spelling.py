"""How ids of the CAD are compared. Pure."""

from __future__ import annotations


def bare(api_id: str) -> str:
    """Return an id without prefix and letter case, to compare spellings of the same id."""
    return api_id.rpartition(":")[2].casefold()
