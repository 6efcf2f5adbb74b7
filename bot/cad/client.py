"""CadClient: what the bot asks of the CAD, whichever version of the API speaks to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.cad.limits import Budget
from bot.cad.models import Account, Attachment, Calls, Detachment, Receipt, Unit


class CadClient(Protocol):
    """One community's CAD. Every method raises the CadError family and nothing else.

    Orders are sent once and at once: whoever gives them looks at the budgets and decides about
    another attempt. Questions wait for their budget and are asked again after a passing fault.
    """

    @property
    def calls_per_attach(self) -> int:
        """How many calls one attach request can name."""

    @property
    def attach_budget(self) -> Budget:
        """What may still be attached."""

    @property
    def detach_budget(self) -> Budget:
        """What may still be detached."""

    async def attach(self, attachments: Sequence[Attachment]) -> Receipt | None:
        """Put people on calls; None where the CAD does not say who was attached."""

    async def detach(self, detachments: Sequence[Detachment]) -> Receipt | None:
        """Take people off their calls; None where the CAD does not say who was detached."""

    async def calls(self, server_id: int) -> Calls:
        """Return the open calls, dispatch and 911."""

    async def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return all units on duty."""

    async def account_name(self, server_id: int, api_id: str) -> str | None:
        """Return the user name of the account behind an API id, None if the CAD knows none."""

    async def account_of(self, discord_id: int) -> Account | None:
        """Return the account that a Discord person has linked in the CAD, if it tells."""

    async def idents_on(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        """Return which of these units are on this call at this moment."""

    async def close(self) -> None:
        """Close the connections."""
