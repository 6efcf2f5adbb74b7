"""The state of the pretend CAD and the operations on it. No HTTP here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from sandbox.cad.api.matching_units import Target, find_units, has_id
from sandbox.cad.state.behaviour import Behaviour
from sandbox.cad.state.change_log import Actor, Change, ChangeKind, Observer, ReceivedRequest
from sandbox.cad.state.models import (
    Account,
    Badge,
    CadRefusal,
    CallForm,
    CallStatus,
    Community,
    DispatchCall,
    EmergencyCall,
    EmergencyForm,
    Note,
    Server,
    Unit,
    UnitStatus,
)

# No document gives these two texts; they are guesses.
CALL_NOT_FOUND = "CALL NOT FOUND"
INVALID_SERVER = "INVALID SERVER ID"


def utc_now() -> datetime:
    """Read the wall clock."""
    return datetime.now(UTC)


class CadWorld:
    """The communities of the pretend CAD, with observers of changes and a log of requests."""

    def __init__(
        self, communities: Iterable[Community] = (), now: Callable[[], datetime] = utc_now
    ) -> None:
        self.communities = {community.id: community for community in communities}
        self.behaviour = Behaviour()
        self.history: list[ReceivedRequest] = []
        self.now = now
        self._observers: list[Observer] = []
        self._next_ident = 1
        self._actor = Actor.PERSON

    def on_change(self, observer: Observer) -> None:
        """Call `observer` after every change, in the order of the changes."""
        self._observers.append(observer)

    @contextmanager
    def acting_as(self, actor: Actor) -> Iterator[None]:
        """Set the source of the changes inside the block; the default is a person.

        The block must not await.
        """
        before, self._actor = self._actor, actor
        try:
            yield
        finally:
            self._actor = before

    def server(self, community: str, server_id: int = 1) -> Server:
        """Find a server; refuse an unknown number."""
        try:
            return self.communities[community].servers[server_id]
        except KeyError:
            raise CadRefusal(400, INVALID_SERVER) from None

    def requests(self, *types: str) -> list[ReceivedRequest]:
        """Return the requests received; with types given, only those of these types."""
        return [entry for entry in self.history if not types or entry.type in types]

    # People

    def login(
        self, server: Server, account: Account, badge: Badge, *, is_dispatch: bool = False
    ) -> Unit:
        """Put a new unit of this account on duty."""
        unit = Unit(self._next_ident, account, badge, is_dispatch=is_dispatch)
        self._next_ident += 1
        server.units[unit.id] = unit
        self._notify(ChangeKind.UNIT_LOGIN, server, idents=(unit.id,))
        return unit

    def logout(self, server: Server, ident: int) -> None:
        """Log a unit out and detach it from its calls."""
        self.detach(server, Target(ident_ids=(ident,)))
        server.units[ident].status = UnitStatus.OFFLINE
        self._notify(ChangeKind.UNIT_LOGOUT, server, idents=(ident,))

    def put_account(self, community: Community, account: Account) -> None:
        """Add an account, or replace it also on its units."""
        community.accounts[account.uuid] = account
        for server in community.servers.values():
            for unit in server.units.values():
                if unit.account.uuid == account.uuid:
                    unit.account = account

    def register(self, community: Community, account: Account) -> None:
        """Add or replace an account with a verified API id, and notify each server."""
        self.put_account(community, account)
        for server in community.servers.values():
            self._notify(ChangeKind.LINK_VERIFIED, server, account=account)

    def find_account(self, community: Community, api_id: str) -> Account | None:
        """Find the account that has this API id."""
        for account in community.accounts.values():
            if has_id(account, api_id, strip_prefix=self.behaviour.strip_prefix):
                return account
        return None

    def resolve(self, server: Server, target: Target) -> tuple[Unit, ...]:
        """Find the units on duty that a request names; unknown ids are ignored."""
        return find_units(target, server.units.values(), strip_prefix=self.behaviour.strip_prefix)

    def set_status(self, server: Server, target: Target, status: int) -> tuple[Unit, ...]:
        """Set the status of the target's units; return them."""
        units = self.resolve(server, target)
        for unit in units:
            unit.status = status
        if units:
            self._notify(ChangeKind.UNIT_STATUS, server, idents=tuple(unit.id for unit in units))
        return units

    def move(self, server: Server, ident: int, location: str) -> None:
        """Set the location of a unit."""
        server.units[ident].location = location
        self._notify(ChangeKind.UNIT_UPDATE, server, idents=(ident,))

    def set_panic(self, server: Server, ident: int, *, is_panic: bool) -> None:
        """Press or release a unit's panic button."""
        server.units[ident].is_panic = is_panic
        self._notify(ChangeKind.UNIT_PANIC, server, idents=(ident,))

    # Dispatch calls

    def find_call(self, server: Server, call_id: int) -> DispatchCall:
        """Find an active call; refuse an unknown number."""
        call = server.calls.get(call_id)
        if call is None:
            raise CadRefusal(400, CALL_NOT_FOUND)
        return call

    def attach(self, server: Server, call_id: int, target: Target) -> tuple[Unit, ...]:
        """Attach the target's units to an active call; return them."""
        if call_id not in server.calls and not self.behaviour.refuse_unknown_call:
            return ()
        call = self.find_call(server, call_id)
        units = self.resolve(server, target)
        if self.behaviour.single_call:
            for other in server.calls.values():
                if other is not call:
                    self._detach_from(server, other, units)
        idents = [unit.id for unit in units if unit.id not in call.idents]
        if idents:
            call.idents.extend(idents)
            call.updated = self._timestamp()
            self._notify(ChangeKind.ATTACH, server, call_id, tuple(idents))
        return units

    def detach(self, server: Server, target: Target) -> tuple[Unit, ...]:
        """Detach the target's units from all their calls; return them."""
        units = self.resolve(server, target)
        for call in server.calls.values():
            self._detach_from(server, call, units)
        return units

    def new_dispatch(
        self, server: Server, form: CallForm, target: Target | None = None
    ) -> DispatchCall:
        """Create a call with the target's units on it; the first becomes the primary unit."""
        call_id = server.next_call_id
        server.next_call_id += 1
        call = DispatchCall(
            call_id, form, form.status, form.primary, self._timestamp(), list(form.notes)
        )
        units = self.resolve(server, target) if target else ()
        if units:
            # The event of the new call names the primary unit, which is attached after it.
            call.primary = units[0].id
        server.calls[call_id] = call
        self._notify(ChangeKind.CALL_NEW, server, call_id)
        if target:
            self.attach(server, call_id, target)
        return call

    def edit_call(self, server: Server, call_id: int, form: CallForm) -> DispatchCall:
        """Replace the fields of an active call; keep its notes."""
        call = self.find_call(server, call_id)
        call.form = replace(form, notes=call.form.notes)
        call.updated = self._timestamp()
        self._notify(ChangeKind.CALL_EDIT, server, call_id)
        return call

    def set_primary(self, server: Server, call_id: int, ident: int, *, track: bool | None) -> None:
        """Set the primary unit of an active call, -1 for none; `track` None stays as it is."""
        call = self.find_call(server, call_id)
        call.primary = max(ident, 0)
        if track is not None:
            call.form = replace(call.form, track_primary=track)
        call.updated = self._timestamp()
        self._notify(ChangeKind.CALL_EDIT, server, call_id)

    def close(self, server: Server, call_id: int) -> DispatchCall:
        """Close a call; it keeps the list of its units."""
        call = self.find_call(server, call_id)
        call.status = CallStatus.CLOSED
        call.updated = self._timestamp()
        server.closed.insert(0, server.calls.pop(call_id))
        self._notify(ChangeKind.CALL_CLOSED, server, call_id)
        return call

    def add_note(self, server: Server, call_id: int, content: str, label: str = "") -> Note:
        """Add a note to an active call."""
        call = self.find_call(server, call_id)
        note = Note(self.now().strftime("%H:%M:%S"), label, content)
        call.notes.append(note)
        call.updated = self._timestamp()
        self._notify(ChangeKind.NOTE, server, call_id)
        return note

    # 911 calls

    def call_911(self, server: Server, form: EmergencyForm) -> EmergencyCall:
        """Create a 911 call."""
        call = EmergencyCall(server.next_emergency_id, form)
        server.next_emergency_id += 1
        server.emergencies[call.call_id] = call
        self._notify(ChangeKind.EMERGENCY_NEW, server, call.call_id)
        return call

    def find_emergency(self, server: Server, call_id: int) -> EmergencyCall:
        """Find a 911 call; refuse an unknown number."""
        call = server.emergencies.get(call_id)
        if call is None:
            raise CadRefusal(400, CALL_NOT_FOUND)
        return call

    def remove_911(self, server: Server, call_id: int) -> EmergencyCall:
        """Remove a 911 call from the list."""
        call = self.find_emergency(server, call_id)
        del server.emergencies[call_id]
        self._notify(ChangeKind.EMERGENCY_REMOVED, server, call_id)
        return call

    def _detach_from(self, server: Server, call: DispatchCall, units: tuple[Unit, ...]) -> None:
        gone = tuple(unit.id for unit in units if unit.id in call.idents)
        if not gone:
            return
        call.idents = [ident for ident in call.idents if ident not in gone]
        if call.primary in gone:
            call.primary = 0
        call.updated = self._timestamp()
        self._notify(ChangeKind.DETACH, server, call.call_id, gone)

    def _timestamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _notify(
        self,
        kind: ChangeKind,
        server: Server,
        call_id: int | None = None,
        idents: tuple[int, ...] = (),
        account: Account | None = None,
    ) -> None:
        self.announce(Change(kind, server, call_id, idents, self._actor, account))

    def announce(self, change: Change) -> None:
        """Tell the observers of a change that has been made."""
        for observer in self._observers:
            observer(change)
