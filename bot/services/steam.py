"""The spellings of a Steam id, and what the CAD is told instead. Pure.

Reference: sonoran-cad.md, "Who is who"; Valve's SteamID: a 32-bit account number under a constant
that says "individual account, public universe".
"""

from __future__ import annotations

import re

from bot.services.errors import NotAnApiId, VanityUrl

API_ID_LIMIT = 200  # characters

_BASE = 0x0110000100000000  # SteamID64 of account number 0
_LAST_ACCOUNT = 2**32 - 1

_STEAM64 = re.compile(r"76561(?:19[7-9]|20[0-2])\d{9}", re.ASCII)
_STEAM2 = re.compile(r"STEAM_[0-5]:([01]):(\d{1,10})", re.IGNORECASE | re.ASCII)
_STEAM3 = re.compile(r"\[?U:1:(\d{1,10})\]?", re.IGNORECASE | re.ASCII)
_HEX = re.compile(r"1100001[0-9a-f]{8}", re.IGNORECASE | re.ASCII)
_URL = re.compile(
    r"(?:https?://)?(?:www\.)?steamcommunity\.com/(profiles|id)/([^/?#\s]+)\S*", re.IGNORECASE
)
_PREFIXED = re.compile(r"[A-Za-z][A-Za-z0-9_]*:(?!//)[!-~]+")


def api_id(pasted: str, id_format: str) -> str:
    """Return the API id for whatever spelling somebody pasted.

    Steam ids are written as id_format says, with `{hex}`, `{HEX}` or `{steam64}` in it; an id that
    carries a prefix ("license:abc") is the CAD's own spelling and stays verbatim.

    Raises:
        VanityUrl: a profile address that holds a name instead of the number.
        NotAnApiId: none of the known spellings.
    """
    text = pasted.strip()
    account = _account(text)
    if account is not None:
        return write(account, id_format)
    if _is_prefixed(text):
        return text
    raise NotAnApiId(text)


def write(account: int, id_format: str) -> str:
    """Write an account number as id_format says."""
    steam64 = _BASE + account
    return id_format.format(hex=f"{steam64:x}", HEX=f"{steam64:X}", steam64=steam64)


def looks_like_api_id(text: str) -> bool:
    """Tell an API id from a unit's radio number: a prefix or a whole Steam id."""
    return _is_prefixed(text) or bool(_HEX.fullmatch(text)) or bool(_STEAM64.fullmatch(text))


def bare(api_id: str) -> str:
    """Return an id without prefix and letter case, to compare spellings of the same id."""
    return api_id.rpartition(":")[2].casefold()


def _is_prefixed(text: str) -> bool:
    return bool(_PREFIXED.fullmatch(text)) and len(text) <= API_ID_LIMIT


def _account(text: str) -> int | None:
    """Return the account number that a text spells, None where it is no Steam id."""
    if url := _URL.fullmatch(text):
        if url[1].lower() == "id" or not _STEAM64.fullmatch(url[2]):
            raise VanityUrl(text)
        text = url[2]
    if _STEAM64.fullmatch(text):
        account = int(text) - _BASE
    elif _HEX.fullmatch(text):
        account = int(text, 16) - _BASE
    elif steam2 := _STEAM2.fullmatch(text):
        account = int(steam2[2]) * 2 + int(steam2[1])
    elif steam3 := _STEAM3.fullmatch(text):
        account = int(steam3[1])
    else:
        return None
    if not 0 < account <= _LAST_ACCOUNT:
        raise NotAnApiId(text)
    return account
