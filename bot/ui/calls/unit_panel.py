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
from bot.services.pickers.unit_picker import Candidate, free_by_department
from bot.ui.calls.select_options import (
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
        has_more_units, has_more_departments: whether not all fit into the select.
    """

    members: tuple[int, ...] = ()
    units: tuple[SelectOption, ...] = ()
    departments: tuple[SelectOption, ...] = ()
    has_more_units: bool = False
    has_more_departments: bool = False

    @classmethod
    def from_candidates(cls, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return a panel that offers these units in this order, with nothing selected."""
        return cls().with_next_units(candidates).with_next_departments(candidates)

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
                case "next-units", _:
                    panel = replace(panel, has_more_units=True)
                case "next-departments", _:
                    panel = replace(panel, has_more_departments=True)
        return panel

    def with_next_units(self, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the next units of these, and those that are selected."""
        options = distinct(map(unit_option, candidates))
        return replace(
            self, units=next_page(self.units, options), has_more_units=len(options) > MAX_OPTIONS
        )

    def with_next_departments(self, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the next departments of these units, and the selected ones."""
        crews = free_by_department(candidates).items()
        options = distinct(department_option(*crew) for crew in crews)
        return replace(
            self,
            departments=next_page(self.departments, options),
            has_more_departments=len(options) > MAX_OPTIONS,
        )

    def units_text(self, services: GuildServices, server_id: int) -> str:
        """Return the selection as the text of a `units` option."""
        units, departments = selected_values(self.units), selected_values(self.departments)
        return services.unit_picker.to_units_text(server_id, self.members, units, departments)


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
