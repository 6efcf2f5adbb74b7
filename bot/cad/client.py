"""CadClient: what the bot asks of the CAD, whichever version of the API speaks to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.cad.http.rate_limits import RateLimiter
from bot.cad.models import (
    Account,
    AttachRequest,
    Calls,
    Community,
    DetachRequest,
    NewCall,
    Receipt,
    Unit,
    UnitRef,
)


class CadClient(Protocol):
    """One community's CAD. Every method raises the CadError family and nothing else.

    Attaching and detaching is sent once and at once: whoever orders it looks at the budgets and
    decides about another attempt. Everything else waits up to `retry.WINDOW` for its budget.
    Questions are asked again after a passing fault; other orders only where the CAD surely has
    not carried them out, because creating twice makes twins.
    """

    @property
    def calls_per_attach(self) -> int:
        """How many calls one attach request can name."""

    @property
    def attach_limiter(self) -> RateLimiter:
        """What may still be attached."""

    @property
    def detach_limiter(self) -> RateLimiter:
        """What may still be detached."""

    async def attach(self, attachments: Sequence[AttachRequest]) -> Receipt | None:
        """Put people on calls; None where the CAD does not say who was attached."""

    async def detach(self, detachments: Sequence[DetachRequest]) -> Receipt | None:
        """Take people off their calls; None where the CAD does not say who was detached."""

    async def create_call(self, new: NewCall) -> int:
        """Create a dispatch call; return its number.

        Where some people of it have a unit on duty and others do not, v2 takes only the former.

        Raises:
            CadUnnumbered: it was created, but the CAD does not say under which number.
        """

    async def close_call(self, server_id: int, call_id: int) -> None:
        """Close a dispatch call."""

    async def add_note(
        self, server_id: int, call_id: int, text: str, *, label: str = "Discord"
    ) -> None:
        """Write a line into the log of a dispatch call; label says who writes it."""

    async def set_status(self, server_id: int, unit: UnitRef, status: int) -> None:
        """Set the status of a unit, for the numbers see Unit."""

    async def remove_emergency_call(self, server_id: int, call_id: int) -> None:
        """Take a 911 call off the list."""

    async def calls(self, server_id: int) -> Calls:
        """Return the open calls, dispatch and 911."""

    async def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return all units on duty."""

    @property
    def has_discord_links(self) -> bool:
        """Whether the CAD says who has linked which Discord account."""

    async def check_api_id(self, server_id: int, api_id: str) -> Account | None:
        """Return the account that has an API id spelled exactly so, None if the CAD knows none.

        One request: v1 tells the name alone, v2 the UUID alone.
        """

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:
        """Return all that the CAD tells of an account, None if there is none any more.

        At most one request; none where v1 has told the name already.
        """

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        """Return the account that a Discord person has linked in the CAD, if it tells."""

    async def get_account_by_api_id(self, api_id: str) -> Account | None:
        """Return the account behind an API id, if the CAD tells."""

    async def get_idents_on_call(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        """Return which of these units are on this call at this moment."""

    async def close(self) -> None:
        """Close the connections."""


class InspectableCad(CadClient, Protocol):
    """A CAD that can also be asked how it is set up; only whoever checks that needs to."""

    @property
    def clock_skew(self) -> float | None:
        """The seconds by which our clock is ahead of the CAD's; None where that is not known."""

    async def community(self) -> Community | None:
        """Return whom the key belongs to; None where this version does not say."""

    async def servers(self) -> dict[int, str] | None:
        """Return the names of the game servers by number; None where this version does not say."""

    async def find_attach_variant(self) -> str | None:
        """Return how the CAD wants to be told to attach, without attaching anybody.

        None where only a real attachment shows that; empty where there is but one way.

        Raises:
            CadRefused: it understands none of the ways that are known.
        """
