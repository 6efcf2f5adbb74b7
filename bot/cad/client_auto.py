"""CadClient over the API that takes the key: v2, else v1.

Reference: docs/sonoran-cad.md, "Which API answers".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bot.cad.api_choice import ApiStatus
from bot.cad.api_switch import AnyClient, ApiSwitch
from bot.cad.client import Limiters
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.errors import CadRateLimited
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
from bot.common.clock import Clock


class AutoClient:
    """Sends each request over the API that `ApiSwitch` chooses."""

    def __init__(
        self, v1: V1Client, v2: V2Client, clock: Clock, on_choice: Callable[[ApiStatus], None]
    ) -> None:
        self._clients = (v1, v2)
        self._switch = ApiSwitch(v1, v2, clock, on_choice)

    @property
    def api(self) -> ApiStatus:
        """Which API is in use, and why."""
        return self._switch.status

    @property
    def calls_per_attach(self) -> int:
        """The number of calls that one attach request can name."""
        return self._switch.planned.calls_per_attach

    @calls_per_attach.setter
    def calls_per_attach(self, value: int) -> None:
        self._switch.planned.calls_per_attach = value

    @property
    def limiters(self) -> Limiters:
        """The rate limiters of the requests that orders send."""
        return self._switch.planned.limiters

    @property
    def has_discord_links(self) -> bool:
        """Whether the CAD can find an account by its linked Discord id."""
        return self._switch.planned.has_discord_links

    @property
    def clock_skew(self) -> float | None:
        """The seconds by which our clock is ahead of the CAD's; None before its first answer."""
        return self._switch.planned.clock_skew

    async def attach(self, attachments: Sequence[AttachRequest]) -> Receipt | None:
        """Attach units to calls.

        Raises:
            CadRateLimited: also if another API than planned for has to take a batch that is too
                large for it; nothing has been sent then.
        """
        planned = self._switch.planned

        async def send(cad: AnyClient) -> Receipt | None:
            if cad is not planned:
                _require_room(cad.limiters.attach, len(attachments), cad.calls_per_attach)
            return await cad.attach(attachments)

        return await self._switch.ask(send)

    async def detach(self, detachments: Sequence[DetachRequest]) -> Receipt | None:
        """Detach units from their calls; raises as `attach` does."""
        planned = self._switch.planned

        async def send(cad: AnyClient) -> Receipt | None:
            if cad is not planned:
                _require_room(cad.limiters.detach, len(detachments))
            return await cad.detach(detachments)

        return await self._switch.ask(send)

    async def create_call(self, new: NewCall) -> int:
        """Create a dispatch call; return its number."""
        return await self._switch.ask(lambda cad: cad.create_call(new), once=True)

    async def close_call(self, server_id: int, call_id: int) -> None:
        """Close a dispatch call."""
        await self._switch.ask(lambda cad: cad.close_call(server_id, call_id))

    async def add_note(
        self, server_id: int, call_id: int, text: str, *, label: str = "Discord"
    ) -> None:
        """Add a note to a dispatch call; `label` names the author."""
        await self._switch.ask(
            lambda cad: cad.add_note(server_id, call_id, text, label=label), once=True
        )

    async def set_primary(self, server_id: int, call_id: int, ident: int, *, track: bool) -> None:
        """Make a unit the primary unit of a dispatch call; `track` as in `Call.track_primary`."""
        await self._switch.ask(lambda cad: cad.set_primary(server_id, call_id, ident, track=track))

    async def set_status(self, server_id: int, unit: UnitRef, status: int) -> None:
        """Set the status of a unit."""
        await self._switch.ask(lambda cad: cad.set_status(server_id, unit, status))

    async def remove_emergency_call(self, server_id: int, call_id: int) -> None:
        """Remove a 911 call from the list."""
        await self._switch.ask(lambda cad: cad.remove_emergency_call(server_id, call_id))

    async def calls(self, server_id: int) -> Calls:
        """Return the open dispatch calls and 911 calls."""
        return await self._switch.ask(lambda cad: cad.calls(server_id))

    async def recent_calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the open dispatch calls, and the last 100 that were closed."""
        return await self._switch.ask(lambda cad: cad.recent_calls(server_id))

    async def units(self, server_id: int) -> UnitListPart:
        """Fetch the units on duty; see `UnitListLoader`."""
        return await self._switch.ask(lambda cad: cad.units(server_id))

    async def check_api_id(self, server_id: int, api_id: str) -> Account | None:
        """Return the account that has an API id; None if there is none."""
        return await self._switch.ask(lambda cad: cad.check_api_id(server_id, api_id))

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:
        """Return an account with all its fields; None if it does not exist any more."""
        return await self._switch.ask(lambda cad: cad.get_full_account(server_id, account))

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        """Return the account that is linked to a Discord id; None if there is none."""
        return await self._switch.ask(lambda cad: cad.get_account_by_discord_id(discord_id))

    async def get_account_by_api_id(self, server_id: int, api_id: str) -> Account | None:
        """Return the account that has an API id, with its permissions; None if there is none."""
        return await self._switch.ask(lambda cad: cad.get_account_by_api_id(server_id, api_id))

    async def get_granular_permissions(self, account: str) -> GranularPermissions | None:
        """Return the granular permissions of an account; None if it has none."""
        return await self._switch.ask(lambda cad: cad.get_granular_permissions(account))

    async def get_permission_catalog(self) -> frozenset[str] | None:
        """Return the ids of all granular permissions of the community; None if v1 is in use."""
        return await self._switch.ask(lambda cad: cad.get_permission_catalog())

    async def get_idents_on_call(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        """Return the idents of those of these units that are on this call now."""
        return await self._switch.ask(lambda cad: cad.get_idents_on_call(server_id, call_id, units))

    async def community_id(self) -> str | None:
        """Return the id of the community of the key; None if v1 is in use."""
        return await self._switch.ask(lambda cad: cad.community_id())

    async def servers(self) -> dict[int, str] | None:
        """Return the names of the game servers by number; None if the API does not say."""
        return await self._switch.ask(lambda cad: cad.servers())

    async def layouts(self) -> tuple[Layout, ...]:
        """Return the layouts of dispatch calls that the community has made."""
        return await self._switch.ask(lambda cad: cad.layouts())

    async def find_attach_variant(self) -> str | None:
        """Return the attach request that the CAD accepts; see `InspectableCad`."""
        return await self._switch.ask(lambda cad: cad.find_attach_variant())

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.close()


def _require_room(limiter: RateLimiter, count: int, most: float = math.inf) -> None:
    """Raise CadRateLimited if a limiter allows no request now, or one request is too small."""
    if count > most or limiter.wait():
        raise CadRateLimited(retry_after=limiter.wait())
