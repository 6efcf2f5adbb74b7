"""A target of a `units` text for which nothing is sent, and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One target as typed; member_id is set for `me` and for mentions of members."""

    text: str
    member_id: int | None = None


class SkipReason(enum.Enum):
    """Why a target was skipped. Stored by number: append new reasons at the end."""

    NOT_LINKED = enum.auto()  # the member has no API id
    NOT_ON_DUTY = enum.auto()  # linked, but the CAD lists no such unit
    NO_SUCH_UNIT = enum.auto()  # no unit on duty has this number
    AMBIGUOUS = enum.auto()  # several units on duty have this number
    NO_API_ID = enum.auto()  # no API id for this unit; stored by earlier versions only
    NOT_UNDERSTOOD = enum.auto()  # an emoji, a lone minus
    NOT_LOOKED_UP = enum.auto()  # the CAD did not say who is on duty
    NOT_ON_CALL = enum.auto()  # the unit to detach has left the call since the order was given
    RESULT_UNKNOWN = enum.auto()  # the order was interrupted, and the CAD does not show the unit
    EVERYONE = enum.auto()  # `@everyone` or `@here`
    NOT_A_MEMBER = enum.auto()  # not linked, and not a member of this server
    NOT_VISIBLE = enum.auto()  # a role or channel that the actor cannot see in this server
    MEMBERS_HIDDEN = enum.auto()  # a role; the bot lacks the Server Members intent
    MEMBERS_LOADING = enum.auto()  # a role; Discord has not listed the members yet
    TOO_MANY_MEMBERS = enum.auto()  # a role or channel with thousands of people
    NOT_A_VOICE_CHANNEL = enum.auto()
    EMPTY_ROLE = enum.auto()
    EMPTY_CHANNEL = enum.auto()
    NO_MEMBER_LINKED = enum.auto()  # no member with the role or in the channel has an API id
    NO_MEMBER_ON_DUTY = enum.auto()  # none of the linked members is on duty
    NO_UNIT_IN_RANGE = enum.auto()  # no unit on duty has a number within the range
    NO_SUCH_UNIT_GROUP = enum.auto()  # no unit on duty is in a department or group of this name
    INVALID_RANGE = enum.auto()  # the ends have different prefixes or are too far apart
    DISPATCHER = enum.auto()  # on duty as a dispatcher only
    NOT_ADDRESSABLE = enum.auto()  # no request of this CAD's API can name the unit
    STATUS_CHANGED = enum.auto()  # the unit got another status while the order waited
    ON_ANOTHER_CALL = enum.auto()  # the unit has been sent to another call since
    FORMER_CALL_CLOSED = enum.auto()  # the unit cannot go back to the call that it came from
    LIST_INCOMPLETE = enum.auto()  # units may be missing: their list is still loading
    MEMBERS_PENDING = enum.auto()  # members are still being looked up in the CAD
    PRIMARY_CHANGED = enum.auto()  # another unit became the primary unit while the order waited
    NEVER_ON_CALL = enum.auto()  # the unit to detach was not on the named call before either
    ON_NO_CALL = enum.auto()  # the unit to detach is on no call
    MOVED_BY_LATER_ORDER = enum.auto()  # another order came after the one to undo
    ON_NEW_CALL = enum.auto()  # a detach was interrupted; the unit may have come to its call since
    NOT_OWN_UNIT = enum.auto()  # the actor may move their own unit alone, and this is another
    # About the order; the target is then the whole text.
    CAD_PERMISSION_MISSING = 101  # the account in the CAD lacks the permission
    NO_CAD_ACCOUNT = 102  # the actor has no account in the CAD
    CAD_PERMISSION_UNKNOWN = 103  # the CAD did not return the permissions
    CAD_ACCOUNT_EXPIRED = 104
    CAD_ACCOUNT_REMOVED = 105
    CAD_ACCOUNT_BANNED = 106
    EMERGENCY_GONE = 107  # the 911 call is not listed any more, and no call answers it


# Reasons that a newer list of units cannot change.
FINAL_REASONS = {
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
class NearMatch:
    """A unit on duty that a target may have meant.

    Attributes:
        token: the word that means it in a `units` text.
        number, name: as they are shown; the name may be empty.
        member_id: its member, where the member's name was typed.
    """

    token: str
    number: str
    name: str = ""
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class SkippedTarget:
    """A target that resolved to no assignee.

    Attributes:
        is_excluded: True if the target was an exclusion that matched no unit.
        call_id: the call that the unit is on now, where that matters.
        near: the units that may have been meant.
    """

    target: Target
    reason: SkipReason
    is_excluded: bool = False
    call_id: int | None = None
    near: tuple[NearMatch, ...] = ()
