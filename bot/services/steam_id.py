"""The spellings of a Steam id, and what the CAD is told instead. Pure.

Reference: docs/sonoran-cad.md, "Who is who"; SteamID: a 32-bit account number under a constant
that says "individual account, public universe".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from bot.services.errors import InvalidApiId, VanityUrl

API_ID_LIMIT = 200  # characters
# The ways in which CADs have been seen to write a Steam id, the most usual first.
KNOWN_FORMATS = ("{hex}", "{HEX}", "steam:{hex}", "STEAM:{HEX}", "Steam:{hex}")
MIN_SAMPLES = 10  # ids of one format, before others are expected to have it too

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


def parse_api_id(pasted: str, id_format: str) -> str:
    """Return the API id for whatever spelling somebody pasted.

    Steam ids are written as id_format says, with `{hex}`, `{HEX}` or `{steam64}` in it; an id that
    carries a prefix ("license:abc") is the CAD's own spelling and stays verbatim.

    Raises:
        VanityUrl: a profile address that holds a name instead of the number.
        NotAnApiId: none of the known spellings.
    """
    text = pasted.strip()
    account = _parse_account(text)
    if account is not None:
        return format_id(account, id_format)
    if _is_prefixed(text):
        return text
    raise InvalidApiId(text)


def format_id(account: int, id_format: str) -> str:
    """Write an account number as id_format says."""
    steam64 = _BASE + account
    return id_format.format(hex=f"{steam64:x}", HEX=f"{steam64:X}", steam64=steam64)


def spellings(text: str, *formats: str) -> tuple[str, ...]:
    """Return the spellings under which the CAD may know an id, each once, the likeliest first.

    The same ones for every spelling of one Steam id; an odd one that carries a prefix
    ("StEaM:…") comes on top. Of any other id: as it is, and without its prefix, which the in-game
    integration strips. Never empty, and whatever the text is, it is no error.

    Args:
        formats: how this community writes Steam ids, as far as that is known.
    """
    text = text.strip()
    account = _account_of_id(text)
    if account is None:
        bare_too = (text.partition(":")[2],) if _is_prefixed(text) else ()
        return tuple(dict.fromkeys((text, *bare_too)))
    pasted = (text,) if _may_be_stored_verbatim(text) else ()
    expected = [format_id(account, one) for one in formats]
    usual = [format_id(account, one) for one in KNOWN_FORMATS]
    return tuple(dict.fromkeys((*expected, *pasted, *usual)))


def detect_format(api_ids: Iterable[str]) -> str | None:
    """Return the format that `ENOUGH` of these ids have, the most usual one; None for none."""
    counts = Counter(one for one in map(_format_of, api_ids) if one)
    ((found, count),) = counts.most_common(1) or [("", 0)]
    return found if count >= MIN_SAMPLES else None


def looks_like_api_id(text: str) -> bool:
    """Tell an API id from a unit's radio number: a prefix or a whole Steam id."""
    return _is_prefixed(text) or bool(_HEX.fullmatch(text)) or bool(_STEAM64.fullmatch(text))


def without_prefix(api_id: str) -> str:
    """Return an id without prefix and letter case, to compare spellings of the same id."""
    return api_id.rpartition(":")[2].casefold()


def _format_of(api_id: str) -> str | None:
    """Return the known format of an id, None where several are possible, or none is."""
    account = _account_of_id(api_id)
    if account is None:
        return None
    fitting = [one for one in KNOWN_FORMATS if format_id(account, one) == api_id]
    return fitting[0] if len(fitting) == 1 else None


def _account_of_id(text: str) -> int | None:
    """Return the Steam account of an id, with a prefix or without; None if it has none."""
    prefix, _, value = text.strip().rpartition(":")
    try:
        return _parse_account(value if prefix.casefold() == "steam" else text.strip())
    except InvalidApiId:
        return None


def _may_be_stored_verbatim(text: str) -> bool:
    """Tell what a CAD may hold from what Steam and its web pages write."""
    return _is_prefixed(text) and not (_STEAM2.fullmatch(text) or _STEAM3.fullmatch(text))


def _is_prefixed(text: str) -> bool:
    return bool(_PREFIXED.fullmatch(text)) and len(text) <= API_ID_LIMIT


def _parse_account(text: str) -> int | None:
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
        raise InvalidApiId(text)
    return account
