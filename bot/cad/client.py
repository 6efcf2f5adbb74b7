"""CadClient: the requests that the bot sends to the CAD, the same for both API versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol, Self

from bot.cad.api_choice import ApiStatus
from bot.cad.http.rate_limits import RateLimiter
from bot.cad.layouts import Layout
from bot.cad.models import (
    Account,
    AttachRequest,
    Call,
    Calls,
    DetachRequest,
    NewCall,
    Receipt,
    Unit,
    UnitListPart,
    UnitRef,
)
from bot.cad.permissions import GranularPermissions


@dataclass(frozen=True, slots=True)
class Limiters:
    """The rate limiter of each kind of request that orders send; some may share one."""

    attach: RateLimiter
    detach: RateLimiter
    create: RateLimiter
    close: RateLimiter
    note: RateLimiter
    primary: RateLimiter
    status: RateLimiter
    remove_911: RateLimiter
    calls: RateLimiter

    @classmethod
    def shared(cls, limiter: RateLimiter) -> Self:
        """Return the limiters of an API that counts all requests alike."""
        return cls(*(limiter for _ in fields(cls)))


class CadClient(Protocol):
    """The CAD of one community. Every method raises `CadError` or a subclass, and nothing else.

    Commands are sent once: the caller decides about another attempt. `attach` and `detach` send
    each request at once, whatever the rate limit says; all other methods wait for it, up to
    `retry.TOTAL_TIMEOUT`. A query is sent again after a transient fault.
    """

    calls_per_attach: int
    """How many calls one attach request can name; set to 1 if the CAD does only the first."""

    @property
    def limiters(self) -> Limiters:
        """The rate limiters of the requests that orders send."""

    async def attach(self, attachments: Sequence[AttachRequest]) -> Receipt | None:
        """Attach units to calls; return None if the CAD does not say which units it attached."""

    async def detach(self, detachments: Sequence[DetachRequest]) -> Receipt | None:
        """Detach units from their calls; return None if the CAD does not say which units."""

    async def create_call(self, new: NewCall) -> int:
        """Create a dispatch call; return its number.

        If some of its units are on duty and others are not, v2 attaches only those on duty.

        Raises:
            CadUnnumbered: the CAD created the call, but its answer does not give the number.
        """

    async def close_call(self, server_id: int, call_id: int) -> None:
        """Close a dispatch call."""

    async def add_note(
        self, server_id: int, call_id: int, text: str, *, label: str = "Discord"
    ) -> None:
        """Add a note to a dispatch call; `label` names the author."""

    async def set_primary(self, server_id: int, call_id: int, ident: int, *, track: bool) -> None:
        """Make a unit the primary unit of a dispatch call; `track` as in `Call.track_primary`."""

    async def set_status(self, server_id: int, unit: UnitRef, status: int) -> None:
        """Set the status of a unit; `Unit.status` lists the numbers."""

    async def remove_emergency_call(self, server_id: int, call_id: int) -> None:
        """Remove a 911 call from the list."""

    async def calls(self, server_id: int) -> Calls:
        """Return the open dispatch calls and 911 calls."""

    async def recent_calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the open dispatch calls, and the last 100 that were closed."""

    async def units(self, server_id: int) -> UnitListPart:
        """Fetch the units on duty, as many pages as the rate limit allows now.

        If that is not all, the next call continues. A page that was fetched is never fetched again.
        """

    @property
    def has_discord_links(self) -> bool:
        """Whether the CAD can find an account by its linked Discord id."""

    async def check_api_id(self, server_id: int, api_id: str) -> Account | None:
        """Return the account that has exactly this API id; None if there is no such account.

        One request. v1 returns the user name only, v2 the UUID only.
        """

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:
        """Return an account with all its fields; None if it does not exist any more.

        At most one request, by UUID or API id, whichever is known; v1 sends none if the name is
        already known.
        """

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        """Return the account that is linked to a Discord id; None if there is none (v1: always)."""

    async def get_account_by_api_id(self, server_id: int, api_id: str) -> Account | None:
        """Return the account that has an API id, with its permissions; None if there is none."""

    async def get_granular_permissions(self, account: str) -> GranularPermissions | None:
        """Return the granular permissions of the account with this UUID; None if it has none.

        v1 has none. An error says nothing about what the account may do.
        """

    async def get_idents_on_call(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        """Return the idents of those of these units that are on this call now."""

    async def close(self) -> None:
        """Close the connections."""


class InspectableCad(CadClient, Protocol):
    """A CAD that also returns its own settings, which orders do not need."""

    @property
    def api(self) -> ApiStatus:
        """Which of the CAD's APIs is in use, and why."""

    @property
    def clock_skew(self) -> float | None:
        """The seconds by which our clock is ahead of the CAD's; None if not known."""

    async def community_id(self) -> str | None:
        """Return the id of the community of the key, may be empty; None if v1 is in use."""

    async def servers(self) -> dict[int, str] | None:
        """Return the names of the game servers by number; None if this version does not say."""

    async def layouts(self) -> tuple[Layout, ...]:
        """Return the layouts of dispatch calls that the community has made (v1: none)."""

    async def get_permission_catalog(self) -> frozenset[str] | None:
        """Return the ids of all granular permissions of the community; None if v1 is in use.

        The CAD spells them; their letter case may differ from that of an account's grants.
        """

    async def find_attach_variant(self) -> str | None:
        """Return the name of the attach request that the CAD accepts, without attaching a unit.

        None if only a real attach request can show it; empty if there is only one variant.

        Raises:
            CadRefused: the CAD accepts none of the known variants.
            CadUnreadable: at the addresses of these variants is no such CAD.
        """
