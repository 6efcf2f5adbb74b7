"""The private panel where a dispatcher picks whom to send.

What has been picked is kept in the message itself, as what its selects show: the panel works after
a restart of the bot, and there is nothing to be forgotten. As it shows who is picked, it asks no
second time, however many those are.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, cast

import discord
from discord import (
    ActionRow,
    Component,
    SelectDefaultValue,
    SelectDefaultValueType,
    SelectMenu,
    SelectOption,
)
from discord import Button as ButtonComponent
from discord.ui import Item, Select, UserSelect, View

from bot.services.pickers.unit_picker import Candidate, free_by_department
from bot.ui.calls import select_options
from bot.ui.calls.call_component import CallButton, CallItem, call_item_pattern
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.responses import Interaction, submit_order

_MAX_OPTIONS = 25  # Discord takes no more options, nor people
# A select needs an option even where discord.py only makes one to see what was picked in it.
_PLACEHOLDER_OPTIONS = (SelectOption(label="-"),)


@dataclass(frozen=True, slots=True)
class UnitPanel:
    """What the selects offer and what is picked in them: member ids; options with `default`."""

    members: tuple[int, ...] = ()
    units: tuple[SelectOption, ...] = ()
    departments: tuple[SelectOption, ...] = ()

    @classmethod
    def from_candidates(cls, candidates: Sequence[Candidate]) -> UnitPanel:
        """Offer these, in this order, with nothing picked."""
        crews = free_by_department(candidates).items()
        units = [
            select_options.unit_option(one)
            for one in candidates
            if len(one.token) <= select_options.MAX_OPTION_LENGTH
        ]
        departments = [
            select_options.department_option(*crew)
            for crew in crews
            if len(crew[0]) <= select_options.MAX_OPTION_LENGTH
        ]
        return cls(units=tuple(units[:_MAX_OPTIONS]), departments=tuple(departments[:_MAX_OPTIONS]))

    @classmethod
    def from_message(cls, message: discord.Message | None) -> UnitPanel:
        """Read the panel off its message."""
        panel = cls()
        for menu in _components(message):
            if not isinstance(menu, SelectMenu):
                continue
            match (menu.custom_id or "").split(":")[1]:
                case MemberSelect.action:
                    members = tuple(value.id for value in menu.default_values)
                    panel = replace(panel, members=members)
                case UnitSelect.action:
                    panel = replace(panel, units=tuple(menu.options))
                case DepartmentSelect.action:
                    panel = replace(panel, departments=tuple(menu.options))
        return panel

    def view(self, button: CallItem) -> View:
        """Return the panel as the message carries it; button gives the order."""
        place = button.server_id, button.call_id
        view = View(timeout=None)
        view.add_item(MemberSelect(*place, self.members))
        if self.units:
            view.add_item(UnitSelect(*place, self.units))
        if self.departments:
            view.add_item(DepartmentSelect(*place, self.departments))
        view.add_item(button)
        return view

    def units_text(self, services: GuildServices, server_id: int) -> str:
        """Return what is picked as a `units` text."""
        units, departments = (
            select_options.selected_values(self.units),
            select_options.selected_values(self.departments),
        )
        return services.unit_picker.to_units_text(server_id, self.members, units, departments)


class PanelSelect(CallItem, template=call_item_pattern("pick")):
    """A select of the panel; picking only changes what the message shows."""

    async def press(self, interaction: Interaction, services: GuildServices) -> None:  # noqa: ARG002
        """Show what is picked now."""
        values: list[str] = cast(Any, interaction.data)["values"]
        panel = self.with_selection(UnitPanel.from_message(interaction.message), values)
        sender = (
            AttachPickedButton
            if _has_button(interaction.message, AttachPickedButton)
            else DispatchPickedButton
        )
        view = panel.view(sender(self.server_id, self.call_id))
        await interaction.response.edit_message(view=view)

    @abstractmethod
    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these values picked here."""


class MemberSelect(PanelSelect, template=call_item_pattern("pick-members")):
    """Picks people of the Discord server."""

    action = "pick-members"

    def __init__(self, server_id: int, call_id: int, members: Iterable[int] = ()) -> None:
        self._members = members
        super().__init__(server_id, call_id)

    def build(self, custom_id: str) -> Item[View]:
        """Return the select, with who is picked."""
        kind = SelectDefaultValueType.user
        return UserSelect(
            custom_id=custom_id,
            placeholder="People of this server",
            min_values=0,
            max_values=_MAX_OPTIONS,
            default_values=[SelectDefaultValue(id=one, type=kind) for one in self._members],
        )

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these members."""
        return replace(panel, members=tuple(map(int, values)))


class OptionSelect(PanelSelect, template=call_item_pattern("pick-options")):
    """Picks from a list of the CAD's."""

    placeholder: ClassVar[str]

    def __init__(
        self, server_id: int, call_id: int, options: Sequence[SelectOption] = _PLACEHOLDER_OPTIONS
    ) -> None:
        self._options = list(options)
        super().__init__(server_id, call_id)

    def build(self, custom_id: str) -> Item[View]:
        """Return the select, with what is picked."""
        return Select(
            custom_id=custom_id,
            placeholder=self.placeholder,
            min_values=0,
            max_values=len(self._options),
            options=self._options,
        )


class UnitSelect(OptionSelect, template=call_item_pattern("pick-units")):
    """Picks units on duty."""

    action = "pick-units"
    placeholder = "Units on duty, free ones first"

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these units."""
        return replace(panel, units=select_options.with_selected(panel.units, values))


class DepartmentSelect(OptionSelect, template=call_item_pattern("pick-departments")):
    """Picks all free units of departments."""

    action = "pick-departments"
    placeholder = "All free units of a department"

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these departments."""
        return replace(panel, departments=select_options.with_selected(panel.departments, values))


class AttachPickedButton(CallButton, template=call_item_pattern("attach-picked")):
    """Puts everybody who is picked on a dispatch call, with one order."""

    action = "attach-picked"
    label = "Attach"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        attach = partial(
            services.intake.attach,
            units=UnitPanel.from_message(interaction.message).units_text(services, self.server_id),
            call_id=self.call_id,
            server_id=self.server_id,
        )
        await submit_order(interaction, attach, services.queue, may_ask=False)


class DispatchPickedButton(CallButton, template=call_item_pattern("dispatch-picked")):
    """Makes a 911 call a dispatch call with everybody who is picked."""

    action = "dispatch-picked"
    label = "Dispatch"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Create the call, then give the order."""
        respond = partial(
            services.call_actions.respond_to_911,
            server_id=self.server_id,
            number=self.call_id,
            units=UnitPanel.from_message(interaction.message).units_text(services, self.server_id),
        )
        await submit_order(interaction, respond, services.queue, asks_cad=True, may_ask=False)


PANEL_ITEMS = (MemberSelect, UnitSelect, DepartmentSelect, AttachPickedButton, DispatchPickedButton)


def _components(message: discord.Message | None) -> Iterator[Component]:
    for row in message.components if message else ():
        if isinstance(row, ActionRow):
            yield from row.children


def _has_button(message: discord.Message | None, button: type[CallButton]) -> bool:
    pattern = re.compile(call_item_pattern(button.action))
    ids = [one.custom_id for one in _components(message) if isinstance(one, ButtonComponent)]
    return any(pattern.fullmatch(custom_id or "") for custom_id in ids)
