"""Why a target is skipped: stored by number, so that the numbers keep their meaning."""

from __future__ import annotations

from bot.services.targets.skipped_target import SkipReason

OF_TARGETS = """
    NOT_LINKED NOT_ON_DUTY NO_SUCH_UNIT AMBIGUOUS
    NO_API_ID NOT_UNDERSTOOD NOT_LOOKED_UP NOT_ON_CALL
    RESULT_UNKNOWN EVERYONE NOT_A_MEMBER NOT_VISIBLE
    MEMBERS_HIDDEN MEMBERS_LOADING TOO_MANY_MEMBERS NOT_A_VOICE_CHANNEL
    EMPTY_ROLE EMPTY_CHANNEL NO_MEMBER_LINKED NO_MEMBER_ON_DUTY
    NO_UNIT_IN_RANGE NO_SUCH_UNIT_GROUP INVALID_RANGE DISPATCHER
    NOT_ADDRESSABLE STATUS_CHANGED ON_ANOTHER_CALL FORMER_CALL_CLOSED
    LIST_INCOMPLETE MEMBERS_PENDING PRIMARY_CHANGED NEVER_ON_CALL
    ON_NO_CALL MOVED_BY_LATER_ORDER ON_NEW_CALL NOT_OWN_UNIT
"""
OF_ORDERS = """
    CAD_PERMISSION_MISSING NO_CAD_ACCOUNT CAD_PERMISSION_UNKNOWN
    CAD_ACCOUNT_EXPIRED CAD_ACCOUNT_REMOVED CAD_ACCOUNT_BANNED
    EMERGENCY_GONE
"""


def test_the_numbers_in_the_file_keep_their_meaning() -> None:
    """A new reason gets a new number, at the end."""
    numbers = {**dict(enumerate(OF_TARGETS.split(), 1)), **dict(enumerate(OF_ORDERS.split(), 101))}
    assert {one.value: one.name for one in SkipReason} == numbers
