"""The private panel in which a dispatcher picks units for a call.

The selection is stored in the message itself, as the default values of its selects: the panel
works after a restart of the bot, and no state has to expire. The panel shows the selection, so
its order needs no confirmation, however many units it has.
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

_MAX_OPTIONS = 25  # Discord's limit for the options of a select, and for selected members
# A select needs an option even if discord.py only builds it to read the selected values.
_PLACEHOLDER_OPTIONS = (SelectOption(label="-"),)


@dataclass(frozen=True, slots=True)
class UnitPanel:
    """The state of the panel's selects.

    Attributes:
        members: Discord ids of the selected members.
        units, departments: all options; the selected ones have `default` set.
    """

    members: tuple[int, ...] = ()
    units: tuple[SelectOption, ...] = ()
    departments: tuple[SelectOption, ...] = ()

    @classmethod
    def from_candidates(cls, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return a panel that offers these units in this order, with nothing selected."""
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
        """Read the state of the panel from its message."""
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
        """Return the panel's selects, and `button`, which gives the order."""
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
        """Return the selection as the text of a `units` option."""
        units, departments = (
            select_options.selected_values(self.units),
            select_options.selected_values(self.departments),
        )
        return services.unit_picker.to_units_text(server_id, self.members, units, departments)


class PanelSelect(CallItem, template=call_item_pattern("pick")):
    """A select of the panel; a selection only edits the message."""

    async def press(self, interaction: Interaction, services: GuildServices) -> None:  # noqa: ARG002
        """Edit the message so that it stores the new selection."""
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
        """Return the panel with these values selected in this select."""


class MemberSelect(PanelSelect, template=call_item_pattern("pick-members")):
    """Selects members of the Discord server."""

    action = "pick-members"

    def __init__(self, server_id: int, call_id: int, members: Iterable[int] = ()) -> None:
        self._members = members
        super().__init__(server_id, call_id)

    def build(self, custom_id: str) -> Item[View]:
        """Return the select with the selected members."""
        kind = SelectDefaultValueType.user
        return UserSelect(
            custom_id=custom_id,
            placeholder="Members of this server",
            min_values=0,
            max_values=_MAX_OPTIONS,
            default_values=[SelectDefaultValue(id=one, type=kind) for one in self._members],
        )

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these members selected."""
        return replace(panel, members=tuple(map(int, values)))


class OptionSelect(PanelSelect, template=call_item_pattern("pick-options")):
    """Selects from options that the CAD's data provide."""

    placeholder: ClassVar[str]

    def __init__(
        self, server_id: int, call_id: int, options: Sequence[SelectOption] = _PLACEHOLDER_OPTIONS
    ) -> None:
        self._options = list(options)
        super().__init__(server_id, call_id)

    def build(self, custom_id: str) -> Item[View]:
        """Return the select with its selected options."""
        return Select(
            custom_id=custom_id,
            placeholder=self.placeholder,
            min_values=0,
            max_values=len(self._options),
            options=self._options,
        )


class UnitSelect(OptionSelect, template=call_item_pattern("pick-units")):
    """Selects units on duty."""

    action = "pick-units"
    placeholder = "Units on duty, free ones first"

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these units selected."""
        return replace(panel, units=select_options.with_selected(panel.units, values))


class DepartmentSelect(OptionSelect, template=call_item_pattern("pick-departments")):
    """Selects all free units of departments."""

    action = "pick-departments"
    placeholder = "All free units of a department"

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these departments selected."""
        return replace(panel, departments=select_options.with_selected(panel.departments, values))


class AttachPickedButton(CallButton, template=call_item_pattern("attach-picked")):
    """Attaches the whole selection to a dispatch call, with one order."""

    action = "attach-picked"
    label = "Attach"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        attach = partial(
            services.intake.attach,
            units=UnitPanel.from_message(interaction.message).units_text(services, self.server_id),
            call=self.call_id,
            server_id=self.server_id,
        )
        await submit_order(interaction, attach, services.queue, may_ask=False)


class DispatchPickedButton(CallButton, template=call_item_pattern("dispatch-picked")):
    """Turns a 911 call into a dispatch call and attaches the whole selection."""

    action = "dispatch-picked"
    label = "Dispatch"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        respond = partial(
            services.call_actions.respond_to_911,
            server_id=self.server_id,
            number=self.call_id,
            units=UnitPanel.from_message(interaction.message).units_text(services, self.server_id),
        )
        await submit_order(interaction, respond, services.queue, may_ask=False)


PANEL_ITEMS = (MemberSelect, UnitSelect, DepartmentSelect, AttachPickedButton, DispatchPickedButton)


def _components(message: discord.Message | None) -> Iterator[Component]:
    for row in message.components if message else ():
        if isinstance(row, ActionRow):
            yield from row.children


def _has_button(message: discord.Message | None, button: type[CallButton]) -> bool:
    pattern = re.compile(call_item_pattern(button.action))
    ids = [one.custom_id for one in _components(message) if isinstance(one, ButtonComponent)]
    return any(pattern.fullmatch(custom_id or "") for custom_id in ids)
