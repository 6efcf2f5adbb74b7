"""Replies to interactions: their address, and what came of showing one."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """The address of the reply to an interaction.

    Attributes:
        token: the interaction's token, a secret.
        reply_id: the message id of the reply; None until Discord has returned it.
    """

    application_id: int
    token: str = field(repr=False)
    reply_id: int | None = None


class Delivery(enum.Enum):
    """What came of showing a text to a member."""

    DONE = enum.auto()
    FAILED = enum.auto()  # Discord does not answer; a later attempt may succeed
    IMPOSSIBLE = enum.auto()  # no later attempt can succeed: the token is dead, or Discord refuses
