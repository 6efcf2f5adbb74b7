"""The `units` text: what somebody typed → targets → API ids. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.cad.models import Unit
from bot.services import steam
from bot.services.errors import NoTargets, TooManyTargets

TARGET_LIMIT = 50

_LAST_SNOWFLAKE = 2**63 - 1
# Anything invisible separates too: it cannot be part of a number that people read to each other.
_SEPARATORS = r"\s,;|\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_TOKEN = re.compile(
    rf"<@!?(?P<member>\d{{1,20}})>|<(?:@&|#)\d{{1,20}}>|(?:(?!<[@#])[^{_SEPARATORS}])+|<"
)


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that somebody typed; member_id is set for `me` and mentions of members."""

    text: str
    member_id: int | None = None


class Reason(enum.Enum):
    """Why a target was left out."""

    NOT_LINKED = enum.auto()  # the member has no API id
    NOT_ON_DUTY = enum.auto()  # linked, but the CAD lists no such unit
    NO_SUCH_UNIT = enum.auto()  # no unit on duty has this number
    AMBIGUOUS = enum.auto()  # several units on duty have this number
    NO_API_ID = enum.auto()  # the CAD shows no API id for this unit
    NOT_UNDERSTOOD = enum.auto()  # a role, a channel
    NOT_LOOKED_UP = enum.auto()  # the CAD did not say who is on duty
    NOT_ON_CALL = enum.auto()  # to be taken off one call, and not on it (any more)
    NOT_TOLD = enum.auto()  # a detach broke off half-way, and what became of it is not to be seen


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A target that stands for nobody the CAD could be told about."""

    target: Target
    reason: Reason


@dataclass(frozen=True, slots=True)
class Assignee:
    """Somebody an order is about.

    Attributes:
        discord_id: the member who was named, None for a number or an API id.
        unit: the unit on duty, None where the CAD lists none or did not say.
        on_duty: None where that is not known.
        call_id: the call that the unit was on when it was named, None for none or not known.
    """

    api_id: str
    discord_id: int | None
    unit: Unit | None
    on_duty: bool | None
    call_id: int | None = None

    @property
    def key(self) -> str:
        """What two ways of naming the same person have in common."""
        return f"unit {self.unit.ident}" if self.unit else self.api_id.casefold()


@dataclass(frozen=True, slots=True)
class Roster:
    """The units on duty; current if the list was asked for after the order arrived."""

    units: Sequence[Unit]
    current: bool
    _carriers: dict[str, Unit] = field(default_factory=dict, init=False, repr=False, compare=False)

    def carrier(self, api_id: str) -> Unit | None:
        """Return the first unit that has an API id, however that is spelled."""
        if not self._carriers:  # a list is asked about hundreds of people
            for unit in self.units:
                for known in unit.api_ids:
                    self._carriers.setdefault(steam.bare(known), unit)
        return self._carriers.get(steam.bare(api_id))

    def proves_absence(self) -> bool:
        """Tell whether somebody who is not in the list is off duty.

        A CAD that shows no API ids at all says nothing about anyone.
        """
        return self.current and (not self.units or any(unit.api_ids for unit in self.units))


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whom the targets stand for, in the order typed, each person once."""

    assignees: tuple[Assignee, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def is_certain(self) -> bool:
        """Tell whether a newer list of units could not change it."""
        return all(one.on_duty is not None for one in self.assignees) and all(
            one.reason in {Reason.NOT_LINKED, Reason.NOT_UNDERSTOOD} for one in self.left_out
        )


def parse(text: str, *, me: int) -> tuple[Target, ...]:
    """Split the text into targets, each once.

    Raises:
        NoTargets: the text names nobody.
        TooManyTargets: more than `TARGET_LIMIT`.
    """
    found = _found(text, me)
    if not found:
        raise NoTargets
    if len(found) > TARGET_LIMIT:
        raise TooManyTargets(len(found), TARGET_LIMIT)
    return found


def names_only(text: str, member_id: int) -> bool:
    """Tell whether `parse` would find this member, for whom `me` stands, and nobody else."""
    return [one.member_id for one in _found(text, member_id)] == [member_id]


def _found(text: str, me: int) -> tuple[Target, ...]:
    targets: dict[object, Target] = {}
    for token in _TOKEN.finditer(text):
        word, member = token[0], token["member"]
        if word.casefold() == "me":
            member_id: int | None = me
        else:
            member_id = int(member) if member and int(member) <= _LAST_SNOWFLAKE else None
        targets.setdefault(member_id or word.casefold(), Target(word, member_id))
    return tuple(targets.values())


def is_one_word(text: str) -> bool:
    """Tell whether `parse` would find this very text in a `units` text, as one word."""
    return bool(_TOKEN.fullmatch(text)) and text[0] != "<" and text.casefold() != "me"


def resolve(
    targets: Sequence[Target], api_ids: Mapping[int, str | None], roster: Roster
) -> Resolution:
    """Turn targets into people of the CAD.

    Args:
        api_ids: Discord id → API id for the members among the targets, None for who is not
            linked; who is missing could not be looked up.
    """
    assignees: dict[str, Assignee] = {}
    left_out: list[LeftOut] = []
    for target in targets:
        if target.member_id is not None:
            found = _member(target.member_id, api_ids, roster)
        else:
            found = _word(target.text, roster)
        if isinstance(found, Reason):
            left_out.append(LeftOut(target, found))
        else:
            assignees.setdefault(found.key, found)
    return Resolution(tuple(assignees.values()), tuple(left_out))


def _member(member_id: int, api_ids: Mapping[int, str | None], roster: Roster) -> Assignee | Reason:
    if member_id not in api_ids:
        return Reason.NOT_LOOKED_UP
    api_id = api_ids[member_id]
    if api_id is None:
        return Reason.NOT_LINKED
    unit = roster.carrier(api_id)
    if unit is None and roster.proves_absence():
        return Reason.NOT_ON_DUTY
    return Assignee(api_id, member_id, unit, on_duty=True if unit else None)


def _word(word: str, roster: Roster) -> Assignee | Reason:
    if word.startswith("<"):
        return Reason.NOT_UNDERSTOOD
    numbered = [unit for unit in roster.units if unit.number.casefold() == word.casefold()]
    if len(numbered) > 1:
        return Reason.AMBIGUOUS
    if numbered:
        unit = numbered[0]
        if not unit.api_ids:
            return Reason.NO_API_ID
        return Assignee(unit.api_ids[0], None, unit, on_duty=True)
    carrier = roster.carrier(word)
    # Whoever types a whole API id knows better than our list: it is sent verbatim either way.
    if carrier or steam.looks_like_api_id(word):
        absent = False if roster.proves_absence() else None
        return Assignee(word, None, carrier, on_duty=True if carrier else absent)
    return Reason.NO_SUCH_UNIT if roster.current else Reason.NOT_LOOKED_UP
