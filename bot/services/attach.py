"""The main job: put people on a call, take them off."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.cad.client import CadClient
from bot.cad.errors import CadError
from bot.cad.models import Attachment, Detachment, Subject
from bot.services import targets
from bot.services.access import Access, Actor
from bot.services.board import Board
from bot.services.targets import Resolution, Roster
from bot.storage.links import LinkStore

_log = logging.getLogger(__name__)


OrderT = TypeVar("OrderT", Attachment, Detachment)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order.

    Attributes:
        call_id: None for a detach, which names no call.
        call_title: empty where the call is not known.
        resolution: whom the CAD was told about, and who was left out.
        error: why the CAD did not do it, None if it did.
    """

    call_id: int | None
    call_title: str
    resolution: Resolution
    error: CadError | None


class AttachService:
    """Targets → API ids → order → Outcome."""

    def __init__(
        self,
        access: Access,
        links: LinkStore,
        board: Board,
        cad: CadClient,
        default_server_id: int,
    ) -> None:
        self._access = access
        self._links = links
        self._board = board
        self._cad = cad
        self._default_server_id = default_server_id

    async def attach(
        self, actor: Actor, call_id: int, units: str, server_id: int | None = None
    ) -> Outcome:
        """Put everyone named in units on a call.

        Raises:
            ServiceError: the order cannot be made out, or the actor may not give it.
            StorageError: the links cannot be read.
        """
        server = server_id or self._default_server_id
        resolution = await self._resolve(actor, server, units)
        order = Attachment(server, call_id, _subjects(resolution))
        error = await _carried_out(self._cad.attach, order)
        _report("attach", actor, order, resolution, error)
        call = self._board.call(server, call_id)
        return Outcome(call_id, call.title if call else "", resolution, error)

    async def detach(self, actor: Actor, units: str, server_id: int | None = None) -> Outcome:
        """Take everyone named in units off whatever call each is on; raises as `attach` does."""
        server = server_id or self._default_server_id
        resolution = await self._resolve(actor, server, units)
        order = Detachment(server, _subjects(resolution))
        error = await _carried_out(self._cad.detach, order)
        _report("detach", actor, order, resolution, error)
        return Outcome(None, "", resolution, error)

    async def _resolve(self, actor: Actor, server_id: int, units: str) -> Resolution:
        self._access.require_dispatch(actor)
        parsed = targets.parse(units, me=actor.user_id)
        members = [one.member_id for one in parsed if one.member_id is not None]
        links = await self._links.find(actor.guild_id, members)
        api_ids = {member_id: link.api_id for member_id, link in links.items()}

        remembered = Roster(self._board.units(server_id), current=False)
        resolution = targets.resolve(parsed, api_ids, remembered)
        if resolution.is_certain():
            return resolution
        # Nobody is called off duty on the strength of an old list: ask before saying no.
        try:
            roster = Roster(await self._board.units_now(server_id), current=True)
        except CadError as error:
            _log.warning("units of server %s not known: %r", server_id, error)
            return resolution
        return targets.resolve(parsed, api_ids, roster)


def _subjects(resolution: Resolution) -> tuple[Subject, ...]:
    return tuple(
        Subject(one.api_id, one.unit.ident if one.unit else None) for one in resolution.assignees
    )


async def _carried_out(
    send: Callable[[list[OrderT]], Awaitable[object]], order: OrderT
) -> CadError | None:
    """Send an order unless it is about nobody; return why the CAD did not do it."""
    if not order.subjects:
        return None
    try:
        await send([order])
    except CadError as error:
        return error
    return None


def _report(
    verb: str, actor: Actor, order: OrderT, resolution: Resolution, error: CadError | None
) -> None:
    _log.info(
        "%s by %s: %s, %d left out, %s",
        verb,
        actor.user_id,
        order,
        len(resolution.left_out),
        repr(error) if error else "done",
    )
