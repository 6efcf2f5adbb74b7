"""Orders about calls besides attaching: create, note, status, primary unit, close, 911 calls."""

from __future__ import annotations

from bot.cad.models import NewCall
from bot.common.steam_id import identity
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.errors import NotOnThatCall, SeveralUnits, TitleMissing
from bot.services.links.link_service import LinkService
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.intake import OrderIntake
from bot.services.orders.outcomes import OrderDetail, count_equal_notes
from bot.services.reply import ReplyAddress
from bot.services.targets import grammar
from bot.services.targets.terms import ParsedUnits
from bot.storage.stores.order_store import OrderAction

_NO_UNITS = ParsedUnits("", (), None)


class CallActions:
    """Checks who gives an order, and stores it; the CAD is not asked.

    Every method that returns an order raises ServiceError, StorageError and nothing else.
    """

    def __init__(
        self, access: Access, board: Board, *, intake: OrderIntake, links: LinkService
    ) -> None:
        self._access = access
        self._board = board
        self._intake = intake
        self._links = links

    def may_dispatch(self, actor: Actor) -> bool:
        """Return whether the actor may dispatch."""
        return self._access.may_dispatch(actor)

    def require_dispatch(self, actor: Actor) -> None:
        """Raise RoleRequired if the actor may not dispatch; call it before a form is shown."""
        self._access.require_dispatch(actor)

    def require_self_dispatch(self, actor: Actor) -> None:
        """Raise RoleRequired if the actor may not move their own unit."""
        self._access.require_self_dispatch(actor)

    async def may_note(self, actor: Actor, server_id: int, call_id: int) -> bool:
        """Return whether the actor may write notes on a call: dispatchers, and its own officers.

        Raises:
            StorageError: the links cannot be read.
        """
        if self._access.may_dispatch(actor) or not self._access.may_self_dispatch(actor):
            return self._access.may_dispatch(actor)
        call = self._board.call(server_id, call_id)
        api_id = await self._links.api_id_of(actor.guild_id, actor.user_id)
        if call is None or api_id is None:
            return False
        on_call = (one for one in self._board.units(server_id) if one.ident in call.idents)
        return any(
            identity(api_id) in map(identity, filter(None, (*one.api_ids, one.account)))
            for one in on_call
        )

    async def require_note(self, actor: Actor, server_id: int, call_id: int) -> None:
        """Raise RoleRequired, NotOnThatCall or StorageError unless the actor may write notes."""
        self._access.require_self_dispatch(actor)
        if not await self.may_note(actor, server_id, call_id):
            raise NotOnThatCall

    async def is_linked(self, actor: Actor) -> bool:
        """Return whether the actor has a link."""
        return await self._links.is_linked(actor.guild_id, actor.user_id)

    async def create_call(
        self, actor: Actor, reply: ReplyAddress, *, server_id: int | None, new: NewCall
    ) -> AcceptedOrder:
        """Store an order that creates a dispatch call without units.

        Args:
            server_id: None for the default server.
            new: what the call says.

        Raises:
            TitleMissing: it has no title.
        """
        if not new.title:
            raise TitleMissing
        return await self._intake.accept(
            OrderAction.CREATE,
            actor,
            reply,
            _NO_UNITS,
            call=None,
            server_id=server_id,
            detail=OrderDetail(new=new),
        )

    async def add_note(
        self,
        actor: Actor,
        reply: ReplyAddress,
        *,
        server_id: int,
        call_id: int,
        text: str,
        label: str,
    ) -> AcceptedOrder:
        """Store an order that adds a note to the log of a call; label names the author.

        Raises:
            NotOnThatCall: the actor is no dispatcher, and their unit is not on the call.
        """
        await self.require_note(actor, server_id, call_id)
        call = self._board.call(server_id, call_id)
        known = count_equal_notes(call.notes, text, label) if call else 0
        return await self._intake.accept(
            OrderAction.NOTE,
            actor,
            reply,
            _NO_UNITS,
            call=call_id,
            server_id=server_id,
            detail=OrderDetail(text=text, label=label, equal_notes=known),
            is_permitted=True,
        )

    async def close_call(
        self, actor: Actor, reply: ReplyAddress, *, server_id: int, call_id: int
    ) -> AcceptedOrder:
        """Store an order that closes a call."""
        return await self._intake.accept(
            OrderAction.CLOSE, actor, reply, _NO_UNITS, call=call_id, server_id=server_id
        )

    async def set_status(
        self,
        actor: Actor,
        reply: ReplyAddress,
        *,
        server_id: int | None,
        status: int,
        unit: str = "me",
    ) -> AcceptedOrder:
        """Store an order that sets the status of a unit.

        Args:
            unit: a `units` text that means one unit; officers may name their own alone.

        Raises:
            SeveralUnits: it means several.
        """
        parsed = grammar.parse_units(unit, actor_id=actor.user_id)
        if len(parsed.terms) > 1 or not grammar.names_units_one_by_one(parsed.terms):
            raise SeveralUnits
        return await self._intake.accept(
            OrderAction.STATUS,
            actor,
            reply,
            parsed,
            call=None,
            server_id=server_id,
            detail=OrderDetail(status=status),
        )

    async def set_primary(
        self, actor: Actor, reply: ReplyAddress, *, server_id: int, call_id: int, unit: str
    ) -> AcceptedOrder:
        """Store an order that makes a unit of a call its primary unit.

        Args:
            unit: a `units` text that means this unit alone.
        """
        self._access.require_dispatch(actor)
        call = self._board.call(server_id, call_id)
        return await self._intake.accept(
            OrderAction.PRIMARY,
            actor,
            reply,
            unit,
            call=call_id,
            server_id=server_id,
            detail=OrderDetail(primary=call.primary if call else None),
        )

    async def respond_to_911(
        self, actor: Actor, reply: ReplyAddress, *, server_id: int, number: int, units: str
    ) -> AcceptedOrder:
        """Store an order that makes a 911 call a dispatch call and sends units there.

        An existing dispatch call for the 911 call is used instead, so that simultaneous
        responders share one call. The 911 call leaves the list once the units are on the call.
        Officers may send their own unit.

        Raises:
            ServiceError: `units` names no unit, or others than the actor may send.
        """
        return await self._intake.accept(
            OrderAction.RESPOND,
            actor,
            reply,
            units,
            call=None,
            server_id=server_id,
            detail=OrderDetail(emergency=number),
        )

    async def dismiss_911(
        self, actor: Actor, reply: ReplyAddress, *, server_id: int, number: int
    ) -> AcceptedOrder:
        """Store an order that takes a 911 call off the list without attaching a unit."""
        return await self._intake.accept(
            OrderAction.DISMISS,
            actor,
            reply,
            _NO_UNITS,
            call=None,
            server_id=server_id,
            detail=OrderDetail(emergency=number),
        )
