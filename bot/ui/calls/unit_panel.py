"""What the private panel of units offers, and what is selected in it.

The selection is stored in the message itself, as the default values of its selects: the panel
works after a restart of the bot, and no state has to expire. The panel shows the selection, so
its order needs no confirmation, however many units it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import discord
from discord import ActionRow, Button, Component, SelectMenu, SelectOption

from bot.common.discord_limits import MAX_OPTIONS
from bot.services.pickers.unit_picker import Candidate, department_key, free_by_department
from bot.ui.calls.select_options import (
    ALL_DEPARTMENTS,
    department_filter,
    department_option,
    distinct,
    next_page,
    selected_values,
    unit_option,
)
from bot.ui.interactions.guild_services import GuildServices


@dataclass(frozen=True, slots=True)
class UnitPanel:
    """The state of the panel's selects.

    Attributes:
        members: Discord ids of the selected members.
        units, departments: the options shown; the selected ones have `default` set.
        more_units, more_departments: the label of the button that shows further ones, which says
            how many are shown; empty where all fit into the select.
        shown_departments: the options that limit the list of units to one department; none where
            all units fit.
    """

    members: tuple[int, ...] = ()
    units: tuple[SelectOption, ...] = ()
    departments: tuple[SelectOption, ...] = ()
    more_units: str = ""
    more_departments: str = ""
    shown_departments: tuple[SelectOption, ...] = ()

    @classmethod
    def from_candidates(cls, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return a panel that offers these units in this order, with nothing selected."""
        shown = len(candidates) > MAX_OPTIONS
        panel = cls(
            shown_departments=department_filter(candidates, ALL_DEPARTMENTS) if shown else ()
        )
        return panel.with_next_units(candidates).with_next_departments(candidates)

    @classmethod
    def from_message(cls, message: discord.Message | None) -> UnitPanel:
        """Read the state of the panel from its message."""
        panel = cls()
        for one in _components(message):
            match _action_of(one), one:
                case "pick-members", SelectMenu(default_values=members):
                    panel = replace(panel, members=tuple(member.id for member in members))
                case "pick-units", SelectMenu(options=options):
                    panel = replace(panel, units=tuple(options))
                case "pick-departments", SelectMenu(options=options):
                    panel = replace(panel, departments=tuple(options))
                case "pick-shown", SelectMenu(options=options):
                    panel = replace(panel, shown_departments=tuple(options))
                case "next-units", Button(label=str() as label):
                    panel = replace(panel, more_units=label)
                case "next-departments", Button(label=str() as label):
                    panel = replace(panel, more_departments=label)
        return panel

    def with_next_units(self, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the next units of these, and those that are selected."""
        only = next(iter(selected_values(self.shown_departments)), ALL_DEPARTMENTS)
        options = distinct(
            unit_option(one)
            for one in candidates
            if only in {ALL_DEPARTMENTS, department_key(one.unit.department)}
        )
        shown = next_page(self.units, options)
        return replace(self, units=shown, more_units=_more("units", len(options)))

    def with_department(self, key: str, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the units of one department, and those that are selected."""
        return replace(
            self,
            units=tuple(one for one in self.units if one.default),
            shown_departments=department_filter(candidates, key),
        ).with_next_units(candidates)

    def with_next_departments(self, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the next departments of these units, and the selected ones."""
        crews = free_by_department(candidates).items()
        options = distinct(department_option(*crew) for crew in crews)
        shown = next_page(self.departments, options)
        more = _more("departments", len(options))
        return replace(self, departments=shown, more_departments=more)

    def units_text(self, services: GuildServices, server_id: int) -> str:
        """Return the selection as the text of a `units` option."""
        units, departments = selected_values(self.units), selected_values(self.departments)
        return services.unit_picker.to_units_text(server_id, self.members, units, departments)


def _more(what: str, count: int) -> str:
    """Return the label of a button that shows further options, empty if all are shown."""
    return f"More {what} ({MAX_OPTIONS} of {count})" if count > MAX_OPTIONS else ""


def has_action(message: discord.Message | None, action: str) -> bool:
    """Return whether a message has a button or select of an action."""
    return any(_action_of(one) == action for one in _components(message))


def _action_of(one: Component) -> str:
    """Return the action of a button or select of a call; see `call_component`."""
    custom_id = one.custom_id if isinstance(one, SelectMenu | Button) else None
    return (custom_id or "::").split(":")[1]


def _components(message: discord.Message | None) -> Iterator[Component]:
    for row in message.components if message else ():
        if isinstance(row, ActionRow):
            yield from row.children
