"""Detect the column of members and the column of ids from the headers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Further columns are ignored: a line of a million commas is no table.
MAX_COLUMNS = 200

_NOT_LETTERS = re.compile(r"[\W_]+")


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Headers in lower case, without spaces and signs. The first group with a match counts: a file with
# names and ids is read by the ids.
_DISCORD_ID_HEADERS = (
    _word_set(
        "discordid discorduserid discordmemberid discordaccountid discordidentifier iddiscord"
    ),
    _word_set("discordmention mention userid memberid snowflake"),
)
_NAME_HEADERS = (
    _word_set("discord discordname discordusername discorduser discordmember discordtag"),
    _word_set("member membername user username displayname nickname nick name"),
)
_API_ID_HEADERS = _word_set(
    "apiid apiids apiidentifier cadapiid cadid sonoranapiid sonoranid sonorancadid"
)
_STEAM_HEADERS = _word_set(
    "steam steamid steamids steam64 steamid64 steam64id steam2 steamid2 steam3 steamid3 steamhex"
    " steamidhex steamhexid hex hexid steamidentifier steamurl steamprofile steamprofileurl"
    " steamlink"
)
_OTHER_ID_HEADERS = _word_set(
    "license licence licenseid fivemlicense rockstarlicense fivem fivemid cfxid communityid"
    " communityuserid identifier"
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The positions of the two columns in a record, from 0.

    Attributes:
        by_name: whether the members may be given by name.
        is_steam: whether the ids are Steam ids, in any spelling; other ids are kept as they are.
    """

    person: int
    api_id: int
    by_name: bool = False
    is_steam: bool = False


class ColumnsNotFound(Exception):
    """A column is missing; or it is ambiguous, then `candidates` are the possible headers."""

    def __init__(self, candidates: Sequence[str] = ()) -> None:
        super().__init__(*candidates)
        self.candidates = candidates


def detect_columns(headers: Sequence[str]) -> Columns:
    """Return the two columns, or raise ColumnsNotFound."""
    normalised = [_NOT_LETTERS.sub("", header[:100].casefold()) for header in headers[:MAX_COLUMNS]]
    person = _find(headers, normalised, (*_DISCORD_ID_HEADERS, *_NAME_HEADERS))
    api_id = _find(headers, normalised, (_API_ID_HEADERS, _STEAM_HEADERS | _OTHER_ID_HEADERS))
    by_name = any(normalised[person] in group for group in _NAME_HEADERS)
    return Columns(person, api_id, by_name, normalised[api_id] in _STEAM_HEADERS)


def _find(
    headers: Sequence[str], normalised: Sequence[str], groups: Iterable[frozenset[str]]
) -> int:
    for group in groups:
        found = [position for position, header in enumerate(normalised) if header in group]
        if len(found) > 1:
            raise ColumnsNotFound([headers[position] for position in found])
        if found:
            return found[0]
    raise ColumnsNotFound
