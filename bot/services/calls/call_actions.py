"""Actions on calls besides attaching: notes, status, closing, and answering 911 calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from bot.cad.client import CadClient
from bot.cad.codec.emergencies import build_dispatch_call
from bot.cad.errors import CadError, CadUnnumbered
from bot.cad.models import Call, NewCall, Note
from bot.cad.push.events import (
    CallNoteAdded,
    CallsClosed,
    CallUpserted,
    EmergenciesRemoved,
    UnitStatusChanged,
)
from bot.common.clock import Clock
from bot.services.access.cad_permissions import CadPermissionCheck, allow_all
from bot.services.access.policy import Access, Actor
from bot.services.board.live_board import Board
from bot.services.errors import (
    DutyUnknown,
    EmergencyNotFound,
    NotLinked,
    NotOnDuty,
    OnDutyAsDispatcher,
)
from bot.services.links.link_service import LinkService
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.intake import OrderIntake
from bot.services.orders.order_resolver import TargetResolver
from bot.services.reply import ReplyAddress
from bot.services.targets import grammar
from bot.services.targets.resolution import Assignee, SkipReason
from bot.services.targets.terms import MemberTerm, Term

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NoteResult:
    """A note was written into the log of a call; `server` as in `OrderView`."""

    call_id: int
    text: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class CloseResult:
    """A call was closed; title is empty if unknown, `server` as in `OrderView`."""

    call_id: int
    title: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class StatusResult:
    """A unit's status was set; number is empty if unknown, `server` as in `OrderView`."""

    number: str
    status: int
    server: str = ""


@dataclass(frozen=True, slots=True)
class DismissResult:
    """A 911 call was removed from the list; `server` as in `OrderView`."""

    number: int
    server: str = ""


class CallActions:
    """Checks permissions, sends the action to the CAD, and updates the board.

    The board is updated at once, because the CAD sends no events for what the bot does. Every
    method raises ServiceError, StorageError or CadError and nothing else.

    Args:
        server_labels: see `CadServers.labels`.
    """

    def __init__(
        self,
        access: Access,
        cad: CadClient,
        board: Board,
        *,
        intake: OrderIntake,
        resolver: TargetResolver,
        links: LinkService,
        server_labels: Mapping[int, str],
        clock: Clock,
        check_cad_permission: CadPermissionCheck = allow_all,
    ) -> None:
        self._access = access
        self._cad = cad
        self._board = board
        self._intake = intake
        self._resolver = resolver
        self._links = links
        self._server_labels = server_labels
        self._clock = clock
        self._check_cad_permission = check_cad_permission
        # By server and 911 call, while a lock is held or awaited.
        self._locks: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    def require_dispatch(self, actor: Actor) -> None:
        """Raise RoleRequired if the actor may not dispatch; call it before a form is shown."""
        self._access.require_dispatch(actor)

    def require_self_dispatch(self, actor: Actor) -> None:
        """Raise RoleRequired if the actor may not move their own unit."""
        self._access.require_self_dispatch(actor)

    async def is_linked(self, actor: Actor) -> bool:
        """Return whether the actor has a link."""
        return await self._links.is_linked(actor.guild_id, actor.user_id)

    async def add_note(
        self, actor: Actor, server_id: int, call_id: int, text: str, *, label: str
    ) -> NoteResult:
        """Add a note to the log of a call; label names the author."""
        await self._require_dispatch(actor)
        await self._cad.add_note(server_id, call_id, text, label=label)
        note = Note(self._clock.now().strftime("%H:%M:%S"), label, text)
        self._board.apply(server_id, [CallNoteAdded(call_id, note)])
        return NoteResult(call_id, text, self._server_labels[server_id])

    async def close_call(self, actor: Actor, server_id: int, call_id: int) -> CloseResult:
        """Close a call."""
        await self._require_dispatch(actor)
        call = self._board.call(server_id, call_id)
        await self._cad.close_call(server_id, call_id)
        _log.info("%s closed call %s of server %s", actor.user_id, call_id, server_id)
        self._board.apply(server_id, [CallsClosed((call_id,))])
        return CloseResult(call_id, call.title if call else "", self._server_labels[server_id])

    async def set_status(self, actor: Actor, server_id: int, status: int) -> StatusResult:
        """Set the status of the actor's own unit."""
        self._access.require_self_dispatch(actor)
        await self._check_cad_permission(actor.user_id, actor.guild_id, only_self=True)
        assignee = await self._resolve_self(actor, server_id)
        unit = assignee.unit
        await self._cad.set_status(server_id, assignee.ref, status)
        if unit is not None:
            self._board.apply(server_id, [UnitStatusChanged((unit.ident,), status)])
        return StatusResult(unit.number if unit else "", status, self._server_labels[server_id])

    async def respond_to_911(
        self, actor: Actor, reply: ReplyAddress, server_id: int, number: int, units: str
    ) -> AcceptedOrder:
        """Make a 911 call a dispatch call, unless it is one already; return the order for units.

        An existing dispatch call for the 911 call is used instead, so that simultaneous
        responders share one call. The 911 call is removed from the list.

        Raises:
            EmergencyNotFound: the CAD lists neither the 911 call nor a call that answers it.
        """
        await self._require_dispatch(actor)
        parsed = grammar.parse_units(units, actor_id=actor.user_id)
        if parsed.error is not None:
            raise parsed.error  # before a call is created that no unit would be sent to
        async with self._lock(server_id, number):
            call_id = await self._find_answering_call(server_id, number) or await self._create_call(
                server_id, number
            )
            await self._remove_quietly(server_id, number)
        return await self._intake.attach(actor, reply, parsed, call=call_id, server_id=server_id)

    async def dismiss_911(self, actor: Actor, server_id: int, number: int) -> DismissResult:
        """Remove a 911 call from the list without attaching a unit."""
        await self._require_dispatch(actor)
        async with self._lock(server_id, number):
            await self._remove_emergency(server_id, number)
        _log.info("%s dismissed 911 call %s of server %s", actor.user_id, number, server_id)
        return DismissResult(number, self._server_labels[server_id])

    async def _require_dispatch(self, actor: Actor) -> None:
        """Raise unless the actor may dispatch, by Discord roles and by CAD permissions."""
        self._access.require_dispatch(actor)
        await self._check_cad_permission(actor.user_id, actor.guild_id, only_self=False)

    def _lock(self, server_id: int, number: int) -> asyncio.Lock:
        return self._locks.setdefault((server_id, number), asyncio.Lock())

    async def _find_answering_call(self, server_id: int, number: int) -> int | None:
        """Poll the CAD for the open dispatch call that answers a 911 call; None if none does.

        A dispatcher in the CAD or a player in the game may have created it.
        """
        await self._board.fetch_calls(server_id)
        found = self._board.answering_call(server_id, number)
        return found.call_id if found else None

    async def _create_call(self, server_id: int, number: int) -> int:
        emergency = self._board.snapshot(server_id).emergencies.get(number)
        if emergency is None:
            raise EmergencyNotFound(number)
        new = build_dispatch_call(server_id, emergency)
        try:
            call_id = await self._cad.create_call(new)
        except CadUnnumbered:
            # The call exists, but the CAD did not return its id: find it in the list.
            found = await self._find_answering_call(server_id, number)
            if found is None:
                raise
            return found
        _log.info("911 call %s of server %s became call %s", number, server_id, call_id)
        self._board.apply(server_id, [CallUpserted(_call_as_created(call_id, new))])
        return call_id

    async def _remove_quietly(self, server_id: int, number: int) -> None:
        """Remove an answered 911 call from the list; a failure is logged and ignored."""
        if number not in self._board.snapshot(server_id).emergencies:
            return
        try:
            await self._remove_emergency(server_id, number)
        except CadError as error:
            _log.warning("911 call %s of server %s stays listed: %r", number, server_id, error)

    async def _remove_emergency(self, server_id: int, number: int) -> None:
        await self._cad.remove_emergency_call(server_id, number)
        self._board.apply(server_id, [EmergenciesRemoved((number,))])

    async def _resolve_self(self, actor: Actor, server_id: int) -> Assignee:
        me = Term("me", MemberTerm(actor.user_id))
        found = await self._resolver.resolve(actor.guild_id, server_id, [me])
        if found.assignees:
            return found.assignees[0]
        match found.left_out[0].reason:
            case SkipReason.NOT_LINKED:
                raise NotLinked
            case SkipReason.NOT_ON_DUTY:
                raise NotOnDuty
            case SkipReason.DISPATCHER:
                raise OnDutyAsDispatcher
            case _:
                raise DutyUnknown


def _call_as_created(call_id: int, new: NewCall) -> Call:
    """Return a new call as the CAD has created it, without units."""
    return Call(
        call_id=call_id,
        title=new.title,
        code=new.code,
        idents=(),
        status=new.status,
        priority=new.priority,
        block=new.block,
        address=new.address,
        postal=new.postal,
        description=new.description,
        meta=new.meta,
    )
