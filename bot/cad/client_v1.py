"""CadClient over the v1 API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bot.cad.api_choice import ApiStatus
from bot.cad.client import Limiters
from bot.cad.codec import v1, v1_accounts, v1_calls
from bot.cad.codec.v1 import AttachVariant
from bot.cad.errors import CadError, CadRefused, CadUnreadable, InvalidRequestType
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
    Unit,
    UnitListPart,
    UnitRef,
    UnitsPage,
    idents_on_call,
)
from bot.cad.unit_list_loader import UnitListLoader


def _ignore_variant(_variant: AttachVariant) -> None: ...


class V1Client:
    """Keeps, for the life of the process, which attach requests work.

    Args:
        on_variant_change: called with the new variant when the CAD needs another one than before.
    """

    api = ApiStatus(1)
    has_discord_links = False

    def __init__(
        self,
        sender: RequestSender,
        credentials: Credentials,
        *,
        on_variant_change: Callable[[AttachVariant], None] = _ignore_variant,
    ) -> None:
        self._sender = sender
        self.limiters = Limiters.shared(sender.limiter(v1.ENDPOINT))
        self._credentials = credentials
        self._unit_list = UnitListLoader(self._units_page, sender.clock)
        self._on_variant_change = on_variant_change
        self._variant: AttachVariant | None = None
        self._takes_idents = True
        self.calls_per_attach = 1000

    async def attach(self, attachments: Sequence[AttachRequest]) -> None:
        """Attach units to calls, all in one request if API ids or idents name them.

        It is not documented what the CAD does if it refuses one of several calls, nor whether an
        API id stands for one unit of its account or for all: where several are on duty, idents
        name the units, if the CAD takes them.

        Raises:
            UnitNotAddressable: the CAD takes API ids only, and a unit has none.
        """
        without_api_id = v1.without_api_id(attachments)
        shared = self._unit_list.shared_accounts
        is_shared = self._takes_idents and any(
            unit.account in shared.get(order.server_id, ())
            for order in attachments
            for unit in order.units
        )
        refusals: list[CadRefused | CadUnreadable] = []
        for variant in self._variants_for(without_api_id, is_shared=is_shared):
            by_ident = is_shared and variant is v1.ATTACH_VARIANTS[-1]
            first, *further = v1.attach(self._credentials, attachments, variant, by_ident=by_ident)
            try:
                await self._sender.send_now(first, v1.read_done)
            except (CadRefused, CadUnreadable) as refusal:
                if not v1.is_unknown_variant(refusal):
                    raise
                refusals.append(refusal)
            else:
                if is_shared:
                    self._takes_idents = by_ident
                elif variant is not self._variant and not without_api_id:
                    self._record_variant(variant)
                if further:
                    await self._send_further(further)
                return
        if without_api_id and await self._is_about_idents(refusals):
            raise v1.not_addressable(without_api_id)
        raise _most_specific(refusals)

    async def detach(self, detachments: Sequence[DetachRequest]) -> None:
        """Detach units from the calls that they are on, all in one request if API ids name them.

        Raises:
            UnitNotAddressable: a unit has neither an API id nor an account.
        """
        first, *further = v1.detach(self._credentials, detachments)
        await self._sender.send_now(first, v1.read_done)
        await self._send_further(further)

    async def create_call(self, new: NewCall) -> int:
        """Create a dispatch call; return its number."""
        return await self._sender.command(
            v1_calls.new_dispatch(self._credentials, new), v1_calls.read_new_call
        )

    async def close_call(self, server_id: int, call_id: int) -> None:
        """Close a dispatch call."""
        await self._sender.command(
            v1_calls.close_call(self._credentials, server_id, call_id), v1.read_done
        )

    async def add_note(
        self, server_id: int, call_id: int, text: str, *, label: str = "Discord"
    ) -> None:
        """Add a note to a dispatch call; `label` names the author."""
        request = v1_calls.add_note(self._credentials, server_id, call_id, text, label)
        await self._sender.command(request, v1.read_done)

    async def set_primary(self, server_id: int, call_id: int, ident: int, *, track: bool) -> None:
        """Make a unit the primary unit of a dispatch call; `track` as in `Call.track_primary`."""
        request = v1_calls.set_primary(self._credentials, server_id, call_id, ident, track=track)
        await self._sender.command(request, v1.read_done)

    async def set_status(self, server_id: int, unit: UnitRef, status: int) -> None:
        """Set the status of a unit."""
        request = v1.set_status(self._credentials, server_id, unit, status)
        await self._sender.command(request, v1.read_done)

    async def remove_emergency_call(self, server_id: int, call_id: int) -> None:
        """Remove a 911 call from the list."""
        await self._sender.command(
            v1.remove_911(self._credentials, server_id, call_id), v1.read_done
        )

    async def calls(self, server_id: int) -> Calls:
        """Return the open dispatch calls and 911 calls."""
        return await self._sender.query(
            v1_calls.get_calls(self._credentials, server_id), v1_calls.read_calls
        )

    async def recent_calls(self, server_id: int) -> tuple[Call, ...]:
        """Return the open dispatch calls, and the last 100 that were closed."""
        request = v1_calls.get_recent_calls(self._credentials, server_id)
        return await self._sender.query(request, v1_calls.read_recent_calls)

    async def layouts(self) -> tuple[Layout, ...]:
        """Return no layout: v1 does not describe them."""
        return ()

    async def units(self, server_id: int) -> UnitListPart:
        """Fetch the units on duty; see `UnitListLoader`."""
        return await self._unit_list.load(server_id)

    async def check_api_id(self, server_id: int, api_id: str) -> Account | None:
        """Return the account that has an API id, without its UUID; None if there is none."""
        request = v1_accounts.check_api_id(self._credentials, server_id, api_id)
        name = await self._sender.query(request, v1_accounts.read_account_name)
        return None if name is None else Account("", name, api_id)

    async def get_full_account(self, server_id: int, account: Account) -> Account | None:
        """Return an account with its user name; None if it does not exist any more."""
        if account.username:
            return account
        if account.uuid and not account.api_id:
            request = v1_accounts.get_account_by_uuid(self._credentials, server_id, account.uuid)
            return await self._sender.query(request, v1_accounts.read_account)
        found = await self.check_api_id(server_id, account.api_id)
        return found and replace(account, username=found.username)

    async def get_account_by_discord_id(self, discord_id: int) -> Account | None:  # noqa: ARG002
        """Return None: v1 cannot find accounts by Discord id."""
        return None

    async def get_granular_permissions(self, account: str) -> None:
        """Return None: v1 knows no granular permissions."""

    async def get_permission_catalog(self) -> None:
        """Return None: v1 knows no granular permissions."""

    async def get_account_by_api_id(self, server_id: int, api_id: str) -> Account | None:
        """Return the account that has an API id, with its permissions; None if there is none."""
        request = v1_accounts.get_account(self._credentials, server_id, api_id)
        return await self._sender.query(request, v1_accounts.read_account)

    async def get_idents_on_call(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        """Return the idents of those of these units that are on this call now."""
        return idents_on_call((await self.calls(server_id)).dispatch, call_id, units)

    @property
    def clock_skew(self) -> float | None:
        """The seconds by which our clock is ahead of the CAD's; None before its first answer."""
        return self._sender.clock_skew

    async def community_id(self) -> None:
        """Return None: v1 does not say which community the key belongs to."""

    async def servers(self) -> None:
        """Return None: v1 has no documented request for the game servers."""

    async def find_attach_variant(self) -> str | None:
        """Return the variant that has worked, otherwise the first that the CAD seems to accept.

        The test request names no call and no unit, so it moves no unit. Return None if the CAD
        refuses it for another reason than an unknown type.
        """
        if self._variant:
            return str(self._variant)
        refusals: list[CadRefused | CadUnreadable] = []
        for variant in v1.ATTACH_VARIANTS:
            try:
                await self._sender.query(v1.empty_attach(self._credentials, variant), v1.read_done)
            except (CadRefused, CadUnreadable) as refusal:
                if not v1.is_unknown_variant(refusal):
                    return None
                refusals.append(refusal)
            else:
                return str(variant)
        raise _most_specific(refusals)

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def _is_about_idents(self, refusals: Sequence[CadRefused | CadUnreadable]) -> bool:
        """Return whether the CAD takes attach requests with API ids, but none with idents."""
        if not refusals:
            return True  # it is known
        if not self._variant and not await self.find_attach_variant():
            return False
        # A web page may be gone the next time.
        self._takes_idents = not any(isinstance(one, CadRefused) for one in refusals)
        return True

    async def _units_page(self, server_id: int, offset: int) -> UnitsPage:
        request = v1.get_active_units(self._credentials, server_id, offset=offset)
        # Orders wait in the queue instead, where they hold up no other.
        return await self._sender.query(request, v1.read_units, waits_long=False)

    async def _send_further(self, requests: Sequence[Request]) -> None:
        """Send the further requests of a command, of which the CAD has carried out the first."""
        for request in requests:
            try:
                await self._sender.send_now(request, v1.read_done)
            except CadError as error:
                error.may_have_arrived = True
                raise

    def _variants_for(
        self, without_api_id: Sequence[UnitRef], *, is_shared: bool
    ) -> Iterable[AttachVariant]:
        if without_api_id:
            # The older ones might answer 200 and attach no unit.
            return v1.ATTACH_VARIANTS[-1:] if self._takes_idents else ()
        variants = (self._variant,) if self._variant else v1.ATTACH_VARIANTS
        # Only today's knows idents.
        return dict.fromkeys((v1.ATTACH_VARIANTS[-1], *variants)) if is_shared else variants

    def _record_variant(self, variant: AttachVariant) -> None:
        if variant != (self._variant or v1.ATTACH_VARIANTS[0]):
            self._on_variant_change(variant)
        self._variant = variant


def _most_specific(refusals: Sequence[CadRefused | CadUnreadable]) -> CadRefused | CadUnreadable:
    """Return the last refusal that is about the request, not about an unknown request type."""
    specific = [refusal for refusal in refusals if not isinstance(refusal, InvalidRequestType)]
    return (specific or list(refusals))[-1]
