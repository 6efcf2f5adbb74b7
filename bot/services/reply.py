"""The address of a reply."""

from __future__ import annotations

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
