"""How ids of the CAD are compared. Pure."""

from __future__ import annotations

import re

_BASE = 0x0110000100000000  # SteamID64 of account number 0

_STEAM64 = re.compile(r"76561(?:19[7-9]|20[0-2])\d{9}", re.ASCII)
_STEAM2 = re.compile(r"steam_[0-5]:([01]):(\d{1,10})", re.ASCII)
_STEAM3 = re.compile(r"\[?u:1:(\d{1,10})\]?", re.ASCII)


def identity(api_id: str) -> str:
    """Return the same for all spellings of one id, and something else for any other.

    A Steam id counts as its hex form; prefixes and letter case do not count.
    """
    text = api_id.strip().casefold().removeprefix("steam:")
    if steam2 := _STEAM2.fullmatch(text):
        return f"{_BASE + int(steam2[2]) * 2 + int(steam2[1]):x}"
    if steam3 := _STEAM3.fullmatch(text):
        return f"{_BASE + int(steam3[1]):x}"
    bare = text.rpartition(":")[2].strip()
    return f"{int(bare):x}" if _STEAM64.fullmatch(bare) else bare
