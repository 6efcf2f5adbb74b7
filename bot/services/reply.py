"""Where an answer goes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where somebody is answered: an interaction's application and token, a secret.

    Attributes:
        reply_id: the message that holds the answer; None until Discord has said so.
    """

    application_id: int
    token: str = field(repr=False)
    reply_id: int | None = None
