"""Whom an order is about: who is meant, who is left out, and why."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.cad.models import Unit
from bot.common.steam_id import identity

ASSIGNEE_LIMIT = 50  # people in one order


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that somebody typed; member_id is set for `me` and mentions of members."""

    text: str
    member_id: int | None = None


class SkipReason(enum.Enum):
    """Why a target was left out. Stored by number: new ones come last."""

    NOT_LINKED = enum.auto()  # the member has no API id
    NOT_ON_DUTY = enum.auto()  # linked, but the CAD lists no such unit
    NO_SUCH_UNIT = enum.auto()  # no unit on duty has this number
    AMBIGUOUS = enum.auto()  # several units on duty have this number
    NO_API_ID = enum.auto()  # the CAD shows no API id for this unit
    NOT_UNDERSTOOD = enum.auto()  # an emoji, a lone minus
    NOT_LOOKED_UP = enum.auto()  # the CAD did not say who is on duty
    NOT_ON_CALL = enum.auto()  # to be taken off one call, and not on it (any more)
    RESULT_UNKNOWN = enum.auto()  # a detach broke off half-way, and its result cannot be seen
    EVERYONE = enum.auto()  # all people of the server
    NOT_A_MEMBER = enum.auto()  # not linked, and no member of this server
    NOT_VISIBLE = enum.auto()  # a role or a channel that is not to be seen in this server
    MEMBERS_HIDDEN = enum.auto()  # a role, while the bot may not know who the members are
    MEMBERS_LOADING = enum.auto()  # a role, and Discord has not listed the members yet
    TOO_MANY_MEMBERS = enum.auto()  # a role or channel with thousands of people
    NOT_A_VOICE_CHANNEL = enum.auto()
    EMPTY_ROLE = enum.auto()
    EMPTY_CHANNEL = enum.auto()
    NO_MEMBER_LINKED = enum.auto()  # nobody with the role or in the channel has an API id
    NO_MEMBER_ON_DUTY = enum.auto()  # nobody of those with an API id is on duty
    NO_UNIT_IN_RANGE = enum.auto()  # no unit on duty has a number within the range
    NO_SUCH_UNIT_GROUP = enum.auto()  # no unit on duty is in a department or group of this name
    INVALID_RANGE = enum.auto()  # its ends do not belong together, or are too far apart
    # About whoever gave the order; the target is then the whole text.
    CAD_PERMISSION_MISSING = 101  # their account in the CAD lacks the permission
    NO_CAD_ACCOUNT = 102  # the CAD knows no account of theirs
    CAD_PERMISSION_UNKNOWN = 103  # the CAD did not say what they may do


# What a newer list of units cannot change.
_FINAL_REASONS = {
    SkipReason.NOT_LINKED,
    SkipReason.NOT_UNDERSTOOD,
    SkipReason.EVERYONE,
    SkipReason.NOT_A_MEMBER,
    SkipReason.NOT_VISIBLE,
    SkipReason.MEMBERS_HIDDEN,
    SkipReason.MEMBERS_LOADING,
    SkipReason.TOO_MANY_MEMBERS,
    SkipReason.NOT_A_VOICE_CHANNEL,
    SkipReason.EMPTY_ROLE,
    SkipReason.EMPTY_CHANNEL,
    SkipReason.NO_MEMBER_LINKED,
    SkipReason.INVALID_RANGE,
}


@dataclass(frozen=True, slots=True)
class SkippedTarget:
    """A target that stands for nobody the CAD could be told about.

    Attributes:
        is_excluded: whether it was itself to be left out, and nobody could be for it.
    """

    target: Target
    reason: SkipReason
    is_excluded: bool = False


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
        return f"unit {self.unit.ident}" if self.unit else identity(self.api_id)


@dataclass(frozen=True, slots=True)
class Roster:
    """The units on duty; current if the list was asked for after the order arrived."""

    units: Sequence[Unit]
    is_current: bool
    # Filled once: a list is asked about hundreds of people.
    _units_by_api_id: dict[str, Unit] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _units_by_number: dict[str, list[Unit]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def by_api_id(self, api_id: str) -> Unit | None:
        """Return the first unit that has an API id, in any spelling of it."""
        if not self._units_by_api_id:
            for unit in self.units:
                for known in unit.api_ids:
                    self._units_by_api_id.setdefault(identity(known), unit)
        return self._units_by_api_id.get(identity(api_id))

    def by_number(self, number: str) -> Sequence[Unit]:
        """Return the units with a number, in whatever letter case."""
        if not self._units_by_number:
            for unit in self.units:
                self._units_by_number.setdefault(unit.number.casefold(), []).append(unit)
        return self._units_by_number.get(number.casefold(), ())

    def is_conclusive(self) -> bool:
        """Tell whether somebody who is not in the list is off duty.

        A CAD that shows no API ids at all says nothing about anyone.
        """
        return self.is_current and (not self.units or any(unit.api_ids for unit in self.units))


@dataclass(frozen=True, slots=True)
class MemberGroupSummary:
    """How many of the people with a role or in a channel cannot be sent."""

    target: Target
    count: int
    not_linked: int
    not_on_duty: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whom the targets stand for, in the order typed, each person once.

    Attributes:
        excluded: those who were named, and excluded.
        attendances: of each role and channel that somebody was found in.
        too_many: how many people were named where those were too many for one order; then there
            are no assignees.
    """

    assignees: tuple[Assignee, ...] = ()
    left_out: tuple[SkippedTarget, ...] = ()
    excluded: tuple[Assignee, ...] = ()
    attendances: tuple[MemberGroupSummary, ...] = ()
    too_many: int = 0

    def is_certain(self) -> bool:
        """Tell whether a newer list of units could not change it, but for departments and such."""
        return all(one.on_duty is not None for one in self.assignees) and all(
            one.reason in _FINAL_REASONS for one in self.left_out
        )
