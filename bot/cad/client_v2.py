"""CadClient over the v2 API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bot.cad.codec import readers, v2
from bot.cad.codec.unit_pages import all_units
from bot.cad.errors import CadError
from bot.cad.http.rate_limits import Budget
from bot.cad.http.request_sender import Sender
from bot.cad.http.wire import Credentials, Request
from bot.cad.models import (
    Account,
    Attachment,
    Calls,
    Community,
    Detachment,
    NewCall,
    Receipt,
    Subject,
    Unit,
    UnitsPage,
    on_call,
)

T = TypeVar("T")

ASKED_SINGLY = 3  # units; for more, the list of calls costs fewer requests


class V2Client:
    """Asks for receipts, and knows people by the idents of their units where it can."""

    calls_per_attach = 1
    tells_discord = True

    def __init__(self, sender: Sender, credentials: Credentials) -> None:
        self._sender = sender
        self._who = credentials

    @property
    def attach_budget(self) -> Budget:
        """What may still be attached; people by ident and people by API id cost a request each."""
        return self._sender.budget(v2.ATTACH)

    @property
    def detach_budget(self) -> Budget:
        """What may still be detached."""
        return self._sender.budget(v2.DETACH)

    async def attach(self, attachments: Sequence[Attachment]) -> Receipt | None:
        """Put people on calls; where it needs several requests, the first failure ends it.

        Attaching is a set operation: after a failure, all may be sent again.
        """
        return await self._order(
            request for order in attachments for request in v2.attach(self._who, order)
        )

    async def detach(self, detachments: Sequence[Detachment]) -> Receipt | None:
        """Take people off whatever call each is on; failures as for `attach`."""
        return await self._order(
            request for order in detachments for request in v2.detach(self._who, order)
        )

    async def create_call(self, new: NewCall) -> int:
        """Create a dispatch call; return its number.

        Where some people of it have a unit on duty and others do not, only the former are on it.
        """
        return await self._sender.act(v2.new_dispatch(self._who, new), v2.read_new_call)

    async def close_call(self, server_id: int, call_id: int) -> None:
        """Close a dispatch call."""
        await self._sender.act(v2.close_call(self._who, server_id, call_id), v2.read_done)

    async def add_note(
        self, server_id: int, call_id: int, text: str, *, label: str = "Discord"
    ) -> None:
        """Write a line into the log of a dispatch call; label says who writes it."""
        request = v2.add_note(self._who, server_id, call_id, text, label)
        await self._sender.act(request, v2.read_done)

    async def set_status(self, server_id: int, subject: Subject, status: int) -> None:
        """Set the status of a unit."""
        request = v2.set_status(self._who, server_id, subject, status)
        await self._sender.act(request, v2.read_done)

    async def remove_emergency_call(self, server_id: int, call_id: int) -> None:
        """Take a 911 call off the list."""
        await self._sender.act(v2.remove_911(self._who, server_id, call_id), v2.read_done)

    async def calls(self, server_id: int) -> Calls:
        """Return the open calls, dispatch and 911."""
        return await self._sender.ask(v2.get_calls(self._who, server_id), v2.read_calls)

    async def units(self, server_id: int) -> tuple[Unit, ...]:
        """Return all units on duty."""
        return await all_units(self._units_page, server_id)

    async def account_behind(self, server_id: int, api_id: str) -> Account | None:  # noqa: ARG002
        """Return the account that has an API id, None if the CAD knows none; without its name."""
        uuid = await self._sender.ask(v2.check_link(self._who, api_id), v2.read_linked_account)
        return None if uuid is None else Account(uuid, "", api_id)

    async def full_account(self, server_id: int, account: Account) -> Account | None:  # noqa: ARG002
        """Return all of an account."""
        request = (
            v2.account_by_uuid(self._who, account.uuid)
            if account.uuid
            else v2.account_by_community_user(self._who, account.api_id)
        )
        return await self._sender.ask(request, v2.read_account)

    async def account_of(self, discord_id: int) -> Account | None:
        """Return the account that a Discord person has linked in the CAD."""
        request = v2.account_by_discord(self._who, discord_id)
        return await self._sender.ask(request, v2.read_account)

    async def account_with(self, api_id: str) -> Account | None:
        """Return the account behind an API id."""
        request = v2.account_by_community_user(self._who, api_id)
        return await self._sender.ask(request, v2.read_account)

    async def idents_on(
        self, server_id: int, call_id: int, units: Sequence[Unit]
    ) -> frozenset[int]:
        """Return which of these units are on this call at this moment.

        Few are asked for one by one. The CAD then tells of the unit that an account has selected;
        an account's other units count as not on the call.
        """
        if len(units) > ASKED_SINGLY or not all(unit.account for unit in units):
            return on_call((await self.calls(server_id)).dispatch, call_id, units)
        return frozenset([unit.ident for unit in units if await self._is_on(call_id, unit)])

    @property
    def clock_skew(self) -> float | None:
        """The seconds by which our clock is ahead of the CAD's; None before its first answer."""
        return self._sender.clock_skew

    async def community(self) -> Community:
        """Return whom the key belongs to."""
        community_id = await self._general(v2.INFO, readers.read_community_id)
        return Community(community_id, await self._general(v2.VERSION, readers.read_plan))

    async def servers(self) -> dict[int, str]:
        """Return the names of the game servers by number."""
        return await self._general(v2.SERVERS, readers.read_servers)

    async def attach_dialect(self) -> str:
        """Return nothing: v2 knows one way of attaching."""
        return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def _order(self, requests: Iterable[Request]) -> Receipt | None:
        receipts: list[Receipt | None] = []
        for request in requests:
            try:
                receipts.append(await self._sender.once(request, v2.read_receipt))
            except CadError as error:
                # What went before has been done.
                error.may_have_arrived = error.may_have_arrived or bool(receipts)
                raise
        told = [receipt.idents for receipt in receipts if receipt]
        return Receipt(frozenset().union(*told)) if len(told) == len(receipts) else None

    async def _units_page(self, server_id: int, offset: int) -> UnitsPage:
        request = v2.get_units(self._who, server_id, offset=offset)
        return await self._sender.ask(request, v2.read_units)

    async def _general(self, what: str, read: Callable[[object], T]) -> T:
        return await self._sender.ask(
            v2.general(self._who, what), lambda answer: read(v2.read_general(answer))
        )

    async def _is_on(self, call_id: int, unit: Unit) -> bool:
        request = v2.current_call(self._who, unit.account)
        current = await self._sender.ask(request, v2.read_current_call)
        return current is not None and (current.ident, current.call_id) == (unit.ident, call_id)
