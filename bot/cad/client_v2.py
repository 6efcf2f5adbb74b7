"""CadClient over the v2 API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bot.cad.api_choice import ApiStatus
from bot.cad.client import Limiters
from bot.cad.codec import readers, v2, v2_accounts, v2_calls, v2_layouts
from bot.cad.errors import CadError
from bot.cad.http.transport import RequestSender
from bot.cad.http.wire import Credentials, Request
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
    UnitsPage,
    idents_on_call,
)
from bot.cad.permissions import GranularPermissions
from bot.cad.unit_list_loader import UnitListLoader

T = TypeVar("T")

MAX_SINGLE_LOOKUPS = 3  # units; for more of them, one request for the list of calls is cheaper


class V2Client:
    """Returns receipts, and names units by ident where the ident is known."""

    api = ApiStatus(2)
    calls_per_attach = 1
    has_discord_links = True

    def __init__(self, sender: RequestSender, credentials: Credentials) -> None:
        self._sender = sender
        self.limiters = Limiters(
            attach=sender.limiter(v2.ATTACH),
            detach=sender.limiter(v2.DETACH),
            create=sender.limiter(v2.NEW_CALL),
            close=sender.limiter(v2.CLOSE),
            note=sender.limiter(v2.NOTE),
            primary=sender.limiter(v2.PRIMARY),
            status=sender.limiter(v2.STATUS),
            remove_911=sender.limiter(v2.REMOVE_911),
            calls=sender.limiter(v2.CALLS),
        )
        self._credentials = credentials
        self._unit_list = UnitListLoader(self._units_page, sender.clock)

    async def attach(self, attachments: Sequence[AttachRequest]) -> Receipt | None:
        """Attach units to calls, in several requests if necessary; stop at the first failure.

        Attaching a unit twice has the same result as attaching it once, so the caller may send
        all of it again after a failure.
        """
        return await self._send_all(
            request
            for attachment in attachments
            for request in v2.attach(self._credentials, attachment)
        )

    async def detach(self, detachments: Sequence[DetachRequest]) -> Receipt | None:
        """Detach units from the calls that they are on; failures as for `attach`."""
        return await self._send_all(
            request
            for detachment in detachments
            for request in v2.detach(self._credentials, detachment)
        )

    async def create_call(self, new: NewCall) -> int:
        """Create a dispatch call; return its number.

        If some of its units are on duty and others are not, only those on duty are attached.
        """
        return await self._sender.command(
            v2_calls.new_dispatch(self._credentials, new), v2_calls.read_new_call
        )

    async def close_call(self, server_id: int, call_id: int) -> None:
        """Close a dispatch call."""
        await self._sender.command(
            v2_calls.close_call(self._credentials, server_id, call_id), v2.read_done
        )

    async def add_note(
        self, server_id: int, call_id: int, text: str, *, label: str = "Discord"
    ) -> None:
        """Add a note to a dispatch call; `label` names the author."""
        request = v2_calls.add_note(self._credentials, server_id, call_id, text, label)
        await self._sender.command(request, v2.read_done)

    async def set_primary(self, server_id: int, call_id: int, ident: int, *, track: bool) -> None:
        """Make a unit the primary unit of a dispatch call; `track` as in `Call.track_primary`."""
        request = v2_calls.set_primary(self._credentials, server_id, call_id, ident, track=track)
        await self._sender.command(request, v2.read_done)

    async def set_status(self, server_id: int, unit: UnitRef, status: int) -> None:
        """Set the status of a unit."""
        request = v2.set_status(self._credentials, server_id, unit, status)
        await self._sender.command(request, v2.read_done)

    async def remove_emergency_call(self, server_id: int, call_id: int) -> None:
        """Remove a 911 call from the list."""
        await self._sender.command(
            v2.remove_911(self._credentials, server_id, call_id), v2.read_done
        )

    async def calls(self, server_id: int) -> Calls:
        """Return the open dispatch calls and 911 calls."""
        return await self._sender.query(
            v2_calls.get_calls(self._credentials, server_id), v2_calls.read_calls
        )

    async def recent_calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the open dispatch calls, and the last 100 that were closed."""
        request = v2_calls.get_recent_calls(self._credentials, server_id)
        return await self._sender.query(request, v2_calls.read_recent_calls)

    async def layouts(self) -> tuple[Layout, ...]:
        """Return the layouts of dispatch calls that the community has made."""
        request = v2_layouts.get_layouts(self._credentials)
        return await self._sender.query(request, v2_layouts.read_layouts)

    async def units(self, server_id: int) -> UnitListPart:
        """Fetch the units on duty; see `UnitListLoader`."""
        return await self._unit_list.load(server_id)

    async def check_api_id(self, server_id: int, api_id: str) -> Account | None:  # noqa: ARG002
        """Return the account that has an API id, without its name; None if there is none."""
        uuid = await self._sender.query(
            v2_accounts.check_link(self._credentials, api_id), v2_accounts.read_linked_account
        )
        return None if uuid is None else Account(uuid, "", api_id)

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:  # noqa: ARG002
        """Return an account with all its fields; None if it does not exist any more."""
        request = (
            v2_accounts.account_by_uuid(self._credentials, account.uuid)
            if account.uuid
            else v2_accounts.account_by_community_user(self._credentials, account.api_id)
        )
        return await self._sender.query(request, v2_accounts.read_account)

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:
        """Return the account that is linked to a Discord id; None if there is none."""
        request = v2_accounts.account_by_discord(self._credentials, discord_id)
        return await self._sender.query(request, v2_accounts.read_account)

    async def get_account_by_api_id(self, server_id: int, api_id: str) -> Account | None:  # noqa: ARG002
        """Return the account that has an API id, with its permissions; None if there is none."""
        request = v2_accounts.account_by_community_user(self._credentials, api_id)
        return await self._sender.query(request, v2_accounts.read_account)

    async def get_granular_permissions(self, account: str) -> GranularPermissions | None:
        """Return the granular permissions of an account; None if there is no such account.

        Raises:
            CadError: they cannot be read. That says nothing about what the account may do.
        """
        request = v2_accounts.granular_permissions(self._credentials, account)
        return await self._sender.query(request, v2_accounts.read_granular_permissions)

    async def get_permission_catalog(self) -> frozenset[str]:
        """Return the ids of all granular permissions that the community has."""
        request = v2_accounts.permission_catalog(self._credentials)
        return await self._sender.query(request, v2_accounts.read_permission_catalog)

    async def get_idents_on_call(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        """Return the idents of those of these units that are on this call now.

        A few units are looked up one by one. The CAD then returns the call of the unit that the
        account has selected; the other units of that account count as not on the call.
        """
        if len(units) > MAX_SINGLE_LOOKUPS or not all(unit.account for unit in units):
            return idents_on_call((await self.calls(server_id)).dispatch, call_id, units)
        return frozenset([unit.ident for unit in units if await self._is_on_call(call_id, unit)])

    @property
    def clock_skew(self) -> float | None:
        """The seconds by which our clock is ahead of the CAD's; None before its first answer."""
        return self._sender.clock_skew

    async def community_id(self) -> str:
        """Return the id of the community that the key belongs to; empty if the CAD omits it."""
        return await self._general(v2.INFO, readers.read_community_id)

    async def check_key(self) -> None:
        """Ask once, and at once, whether v2 takes the key; raise the error of any other answer."""
        request = v2_accounts.general(self._credentials, v2.VERSION)
        await self._sender.send_now(request, v2_accounts.read_general)

    async def servers(self) -> dict[int, str]:
        """Return the names of the game servers by number."""
        return await self._general(v2.SERVERS, readers.read_servers)

    async def find_attach_variant(self) -> str:
        """Return an empty string: v2 has only one attach request."""
        return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def _send_all(self, requests: Iterable[Request]) -> Receipt | None:
        receipts: list[Receipt | None] = []
        for request in requests:
            try:
                receipts.append(await self._sender.send_now(request, v2.read_receipt))
            except CadError as error:
                # The CAD has carried out the earlier requests.
                error.may_have_arrived = error.may_have_arrived or bool(receipts)
                raise
        ident_sets = [receipt.idents for receipt in receipts if receipt]
        return Receipt(frozenset().union(*ident_sets)) if len(ident_sets) == len(receipts) else None

    async def _units_page(self, server_id: int, offset: int) -> UnitsPage:
        request = v2.get_units(self._credentials, server_id, offset=offset)
        # Orders wait in the queue instead, where they hold up no other.
        return await self._sender.query(request, v2.read_units, waits_long=False)

    async def _general(self, endpoint: str, read: Callable[[object], T]) -> T:
        return await self._sender.query(
            v2_accounts.general(self._credentials, endpoint),
            lambda answer: read(v2_accounts.read_general(answer)),
        )

    async def _is_on_call(self, call_id: int, unit: Unit) -> bool:
        request = v2.current_call(self._credentials, unit.account)
        current = await self._sender.query(request, v2.read_current_call)
        return current is not None and (current.ident, current.call_id) == (unit.ident, call_id)
