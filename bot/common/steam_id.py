"""The spellings of a Steam id, and when two ids of the CAD are the same. Pure.

Reference: docs/sonoran-cad.md, "Who is who"; SteamID: a 32-bit account number under a constant
that says "individual account, public universe".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

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
    r"(?:https?://)?(?:www\.)?steamcommunity\.com/(profiles|id)/([^/?#\s]+)(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_PREFIXED = re.compile(r"[A-Za-z][A-Za-z0-9_]*:(?!//)[!-~]+")


def identity(api_id: str) -> str:
    """Return the same text for all spellings of one id, and another text for any other id.

    A Steam id counts as its hex form; of any other id, prefix and letter case do not count.
    The results are stored in the database: they must not change.
    """
    text = api_id.strip().casefold().removeprefix("steam:")
    if text.startswith(("steam_", "u:", "[u:")):
        account = _parse_steam2_or_3(text)
        if account is not None:
            return f"{_BASE + account:x}"
    value = text.rpartition(":")[2].strip()
    return f"{int(value):x}" if _STEAM64.fullmatch(value) else value


def parse_account(text: str) -> int | None:
    """Return the account number that a Steam id or a profile address holds; None for other texts.

    Raises:
        ValueError: it has the form of one, but holds no number of an account.
    """
    if url := _URL.fullmatch(text):
        if is_vanity_url(text):
            raise ValueError(text)
        text = url[2]
    if _STEAM64.fullmatch(text):
        account: int | None = int(text) - _BASE
    elif _HEX.fullmatch(text):
        account = int(text, 16) - _BASE
    else:
        account = _parse_steam2_or_3(text)
    if account is not None and not 0 < account <= _LAST_ACCOUNT:
        raise ValueError(text)
    return account


def is_vanity_url(text: str) -> bool:
    """Return whether a text is a profile address with a chosen name instead of the number."""
    url = _URL.fullmatch(text)
    return url is not None and (url[1].lower() == "id" or not _STEAM64.fullmatch(url[2]))


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
        without_prefix = (text.partition(":")[2],) if is_prefixed(text) else ()
        return tuple(dict.fromkeys((text, *without_prefix)))
    pasted = (text,) if _may_be_stored_verbatim(text) else ()
    expected = [format_id(account, one) for one in formats]
    usual = [format_id(account, one) for one in KNOWN_FORMATS]
    return tuple(dict.fromkeys((*expected, *pasted, *usual)))


def detect_format(api_ids: Iterable[str]) -> str | None:
    """Return the format that at least `MIN_SAMPLES` of these ids have, the most usual one."""
    counts = Counter(one for one in map(_format_of, api_ids) if one)
    ((found, count),) = counts.most_common(1) or [("", 0)]
    return found if count >= MIN_SAMPLES else None


def looks_like_api_id(text: str) -> bool:
    """Return whether a text is an API id and no radio number: a prefix or a whole Steam id."""
    return is_prefixed(text) or bool(_HEX.fullmatch(text)) or bool(_STEAM64.fullmatch(text))


def is_prefixed(text: str) -> bool:
    """Return whether a text is an id with a prefix, such as "license:abc"."""
    return bool(_PREFIXED.fullmatch(text)) and len(text) <= API_ID_LIMIT


def _parse_steam2_or_3(text: str) -> int | None:
    if steam2 := _STEAM2.fullmatch(text):
        return int(steam2[2]) * 2 + int(steam2[1])
    if steam3 := _STEAM3.fullmatch(text):
        return int(steam3[1])
    return None


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
        return parse_account(value if prefix.casefold() == "steam" else text.strip())
    except ValueError:
        return None


def _may_be_stored_verbatim(text: str) -> bool:
    """Return whether a CAD may hold an id as it is, unlike what only Steam's own pages write."""
    return is_prefixed(text) and _parse_steam2_or_3(text) is None
