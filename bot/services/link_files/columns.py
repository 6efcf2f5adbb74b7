"""Which column holds the people and which one their ids, guessed from the headers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Further columns are not looked at; a line of a million commas is no table.
COLUMNS = 200

_NOT_LETTERS = re.compile(r"[\W_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Headers in small letters, without spaces and signs. Of several groups the first that is found
# counts: a file with names beside ids is read by the ids.
_IDS = (
    _words("discordid discorduserid discordmemberid discordaccountid discordidentifier iddiscord"),
    _words("discordmention mention userid memberid snowflake"),
)
_NAMES = (
    _words("discord discordname discordusername discorduser discordmember discordtag"),
    _words("member membername user username displayname nickname nick name"),
)
_API_IDS = _words("apiid apiids apiidentifier cadapiid cadid sonoranapiid sonoranid sonorancadid")
_STEAM = _words(
    "steam steamid steamids steam64 steamid64 steam64id steam2 steamid2 steam3 steamid3 steamhex"
    " steamidhex steamhexid hex hexid steamidentifier steamurl steamprofile steamprofileurl"
    " steamlink"
)
_OTHERS = _words(
    "license licence licenseid fivemlicense rockstarlicense fivem fivemid cfxid communityid"
    " communityuserid identifier"
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where to look in a record.

    Attributes:
        by_name: the people may be named by what they are called.
        is_steam: the ids are Steam ids in whatever spelling; any others are taken as they stand.
    """

    person: int
    api_id: int
    by_name: bool = False
    is_steam: bool = False


class NoColumns(Exception):
    """There is no column of people or none of ids; or there are several, candidates."""

    def __init__(self, candidates: Sequence[str] = ()) -> None:
        super().__init__(*candidates)
        self.candidates = candidates


def guess(headers: Sequence[str]) -> Columns:
    """Find the two columns.

    Raises:
        NoColumns.
    """
    known = [_NOT_LETTERS.sub("", header[:100].casefold()) for header in headers[:COLUMNS]]
    person = _find(headers, known, (*_IDS, *_NAMES))
    api_id = _find(headers, known, (_API_IDS, _STEAM | _OTHERS))
    by_name = any(known[person] in group for group in _NAMES)
    return Columns(person, api_id, by_name, known[api_id] in _STEAM)


def _find(headers: Sequence[str], known: Sequence[str], groups: Iterable[frozenset[str]]) -> int:
    for group in groups:
        found = [position for position, header in enumerate(known) if header in group]
        if len(found) > 1:
            raise NoColumns([headers[position] for position in found])
        if found:
            return found[0]
    raise NoColumns
