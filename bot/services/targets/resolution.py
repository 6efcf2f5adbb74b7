"""The result of resolving a `units` text: the assignees, the skipped targets and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from bot.cad.models import Unit, UnitRef
from bot.common.account_id import ACCOUNT_PREFIX, account_of
from bot.common.steam_id import identity
from bot.services.targets.skipped_target import (
    FINAL_REASONS,
    NearMatch,
    SkippedTarget,
    SkipReason,
    Target,
)
from bot.services.targets.terms import format_ident
from bot.services.targets.unit_numbers import number_key

ASSIGNEE_LIMIT = 50  # of one order


@dataclass(frozen=True, slots=True)
class Assignee:
    """A unit or an API id that an order attaches or detaches.

    Attributes:
        api_id: empty where the CAD shows none for the unit; then the unit is known.
        discord_id: the member who was named, None for a number or an API id.
        unit: the unit on duty; None if the CAD lists none or did not answer.
        on_duty: None if unknown.
        call_id: the call that the unit was on when the order was resolved; None if none or
            unknown.
    """

    api_id: str
    discord_id: int | None
    unit: Unit | None
    on_duty: bool | None
    call_id: int | None = None

    @classmethod
    def of_unit(cls, unit: Unit) -> Assignee:
        """Return a unit on duty as an assignee."""
        return cls(unit.api_ids[0] if unit.api_ids else "", None, unit, on_duty=True)

    @property
    def key(self) -> str:
        """The key under which different spellings of the same unit or member are equal."""
        return f"unit {self.unit.ident}" if self.unit else identity(self.api_id)

    @property
    def ref(self) -> UnitRef:
        """The unit as a request to the CAD names it."""
        api_id = "" if self.api_id.startswith(ACCOUNT_PREFIX) else self.api_id
        if self.unit is None:
            return UnitRef(api_id, account=account_of(self.api_id))
        return UnitRef(api_id, self.unit.ident, self.unit.account)

    @property
    def reference(self) -> str:
        """The word that means it in a `units` text and in stored outcomes: its API id or ident."""
        return self.api_id or (format_ident(self.unit.ident) if self.unit else "")

    @property
    def name(self) -> str:
        """The unit's number, as it is named among the skipped targets; else its reference."""
        return (self.unit.number if self.unit else "") or self.reference


@dataclass(frozen=True, slots=True)
class PartialUnitList:
    """A list of units on duty that is still loading.

    Attributes:
        loaded: how many units have been fetched.
        as_of: when the first of them were fetched.
    """

    loaded: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Roster:
    """The units on duty; is_current if the list was fetched after the order arrived.

    Attributes:
        units: the units that can be sent to calls.
        dispatchers: the units that are logged in as dispatchers; they are not sent to calls.
        partial_list: what is known of a list that is still loading; then it is not current.
    """

    units: Sequence[Unit]
    is_current: bool
    dispatchers: Sequence[Unit] = ()
    partial_list: PartialUnitList | None = None
    # Indexes, built on first use: one order looks up hundreds of members.
    _units_by_api_id: dict[str, Unit] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _units_by_number: dict[str, list[Unit]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _units_by_number_key: dict[str, list[Unit]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def doubt(self) -> SkipReason:
        """Why a target that is not found may be on duty all the same, if it is not current."""
        return SkipReason.LIST_INCOMPLETE if self.partial_list else SkipReason.NOT_LOOKED_UP

    def by_api_id(self, api_id: str) -> Unit | None:
        """Return the first unit that has an API id, in any spelling of it, or this account."""
        if not self._units_by_api_id:
            for unit in self.units:
                for known in filter(None, (*unit.api_ids, unit.account)):
                    first = self._units_by_api_id.setdefault(identity(known), unit)
                    self._units_by_api_id.setdefault(known, first)
        units = self._units_by_api_id
        return units[api_id] if api_id in units else units.get(identity(api_id))

    def by_number(self, number: str) -> Sequence[Unit]:
        """Return the units with a number, ignoring letter case."""
        if not self._units_by_number:
            for unit in self.units:
                self._units_by_number.setdefault(unit.number.casefold(), []).append(unit)
        return self._units_by_number.get(number.casefold(), ())

    def by_number_key(self, number: str) -> Sequence[Unit]:
        """Return the units with a number in any spelling, such as K-9 for `k9`."""
        if not self._units_by_number_key:
            for unit in self.units:
                self._units_by_number_key.setdefault(number_key(unit.number), []).append(unit)
        key = number_key(number)
        return self._units_by_number_key.get(key, ()) if key else ()

    def by_ident(self, ident: int) -> Unit | None:
        """Return the unit with an ident."""
        return next((unit for unit in self.units if unit.ident == ident), None)

    def has_dispatcher(self, number_or_api_id: str) -> bool:
        """Return whether a dispatcher has this number or API id."""
        number, api_id = number_key(number_or_api_id), identity(number_or_api_id)
        return any(
            (number and number == number_key(one.number))
            or api_id in map(identity, filter(None, (*one.api_ids, one.account)))
            for one in self.dispatchers
        )

    def is_conclusive(self, api_id: str = "") -> bool:
        """Return whether a member with this id who is not in the list is off duty.

        A list with units but without any id of this kind proves nothing.
        """
        if not self.is_current or not self.units:
            return self.is_current
        if account_of(api_id):
            return any(unit.account for unit in self.units)
        return any(unit.api_ids for unit in self.units)


@dataclass(frozen=True, slots=True)
class MemberGroupSummary:
    """How many of the members with a role or in a channel cannot be sent."""

    target: Target
    count: int
    not_linked: int
    not_on_duty: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """The assignees of a `units` text, in the order typed, each person once.

    Attributes:
        excluded: assignees that were both named and excluded.
        attendances: one summary for each role and channel with an assignee.
        too_many: the number of people named if it exceeds `ASSIGNEE_LIMIT`, else 0; then
            assignees is empty.
        partial_list: as in `Roster`.
        pending: members who are still being looked up.
    """

    assignees: tuple[Assignee, ...] = ()
    left_out: tuple[SkippedTarget, ...] = ()
    excluded: tuple[Assignee, ...] = ()
    attendances: tuple[MemberGroupSummary, ...] = ()
    too_many: int = 0
    partial_list: PartialUnitList | None = None
    pending: tuple[int, ...] = ()

    @property
    def near_matches(self) -> list[NearMatch]:
        """The units that the skipped targets may have meant, each once, in their order."""
        near = (near for one in self.left_out for near in one.near)
        return list({one.token: one for one in near}.values())

    def without(
        self, reasons: Mapping[str, SkipReason], calls: Mapping[str, int] = MappingProxyType({})
    ) -> Resolution:
        """Return it without some assignees.

        Args:
            reasons: why each is left out, by `Assignee.key`.
            calls: the calls that they are on now, where that matters.
        """
        if not reasons:
            return self
        kept = tuple(one for one in self.assignees if one.key not in reasons)
        left_out = [
            SkippedTarget(
                Target(one.name, one.discord_id), reasons[one.key], call_id=calls.get(one.key)
            )
            for one in self.assignees
            if one.key in reasons
        ]
        return replace(self, assignees=kept, left_out=(*self.left_out, *left_out))

    def only_on_duty(self, *, is_final: bool) -> Resolution:
        """Return it without the assignees that are off duty.

        Args:
            is_final: whether the CAD has been asked. Those whose duty it does not tell stay then.
        """
        absent = {one.key: SkipReason.NOT_ON_DUTY for one in self.assignees if one.on_duty is False}
        kept = self.without(absent)
        if is_final:
            return kept
        return replace(kept, assignees=tuple(one for one in kept.assignees if one.on_duty))

    def is_certain(self) -> bool:
        """Return whether a newer list of units cannot change it; ignores unit groups and ranges."""
        unknown = [one for one in self.assignees if one.on_duty is None]
        return not unknown and {one.reason for one in self.left_out} <= FINAL_REASONS
