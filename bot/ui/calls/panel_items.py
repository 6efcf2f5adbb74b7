"""The selects and buttons of the private panel in which a dispatcher picks units for a call."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, cast

import discord
from discord import SelectDefaultValue, SelectDefaultValueType, SelectOption
from discord.ui import Item, Select, UserSelect, View

from bot.common.discord_limits import MAX_OPTIONS
from bot.services.pickers.unit_picker import Candidate
from bot.ui.calls.call_component import CallButton, CallItem, call_item_pattern
from bot.ui.calls.select_options import PLACEHOLDER_OPTIONS, with_selected
from bot.ui.calls.unit_panel import UnitPanel, has_action
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.responses import Interaction, ReplyPlace, actor_of, submit_order


class PanelSelect(CallItem, template=call_item_pattern("pick")):
    """A select of the panel; a selection only edits the message."""

    async def press(self, interaction: Interaction, services: GuildServices) -> None:  # noqa: ARG002
        """Edit the message so that it stores the new selection."""
        values: list[str] = cast(Any, interaction.data)["values"]
        panel = self.with_selection(UnitPanel.from_message(interaction.message), values)
        await _show(interaction, self, panel)

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
            max_values=MAX_OPTIONS,
            default_values=[SelectDefaultValue(id=one, type=kind) for one in self._members],
        )

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these members selected."""
        return replace(panel, members=tuple(map(int, values)))


class OptionSelect(PanelSelect, template=call_item_pattern("pick-options")):
    """Selects from options that the CAD's data provide."""

    placeholder: ClassVar[str]

    def __init__(
        self, server_id: int, call_id: int, options: Sequence[SelectOption] = PLACEHOLDER_OPTIONS
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
        return replace(panel, units=with_selected(panel.units, values))


class DepartmentSelect(OptionSelect, template=call_item_pattern("pick-departments")):
    """Selects all free units of departments."""

    action = "pick-departments"
    placeholder = "All free units of a department"

    def with_selection(self, panel: UnitPanel, values: Sequence[str]) -> UnitPanel:
        """Return the panel with these departments selected."""
        return replace(panel, departments=with_selected(panel.departments, values))


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
        await submit_order(
            interaction, attach, services.queue, place=ReplyPlace.PRESSED, may_ask=False
        )


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
        await submit_order(
            interaction, respond, services.queue, place=ReplyPlace.PRESSED, may_ask=False
        )


class ShowDepartmentSelect(CallItem, template=call_item_pattern("pick-shown")):
    """Limits the list of units to one department."""

    action = "pick-shown"

    def __init__(
        self, server_id: int, call_id: int, options: Sequence[SelectOption] = PLACEHOLDER_OPTIONS
    ) -> None:
        self._options = list(options)
        super().__init__(server_id, call_id)

    def build(self, custom_id: str) -> Item[View]:
        """Return the select; one department is shown, or all are."""
        return Select(custom_id=custom_id, options=self._options)

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Edit the message so that it shows the units of the department."""
        (value,) = cast(Any, interaction.data)["values"]
        panel = UnitPanel.from_message(interaction.message)
        candidates = _candidates(interaction, services, self)
        await _show(interaction, self, panel.with_department(value, candidates))


class NextPageButton(CallButton, template=call_item_pattern("next")):
    """Shows the next options of a select that has more than Discord allows."""

    def __init__(self, server_id: int, call_id: int, label: str = "-") -> None:
        self.label = label  # type: ignore[misc]  # it says how many there are
        super().__init__(server_id, call_id)

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Edit the message so that it shows them, and what is selected."""
        candidates = _candidates(interaction, services, self)
        panel = self.turned(UnitPanel.from_message(interaction.message), candidates)
        await _show(interaction, self, panel)

    @abstractmethod
    def turned(self, panel: UnitPanel, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the next options of these units."""


class NextUnitsButton(NextPageButton, template=call_item_pattern("next-units")):
    """Shows further units."""

    action = "next-units"

    def turned(self, panel: UnitPanel, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the next units."""
        return panel.with_next_units(candidates)


class NextDepartmentsButton(NextPageButton, template=call_item_pattern("next-departments")):
    """Shows further departments."""

    action = "next-departments"

    def turned(self, panel: UnitPanel, candidates: Sequence[Candidate]) -> UnitPanel:
        """Return the panel with the next departments."""
        return panel.with_next_departments(candidates)


PANEL_ITEMS = (
    ShowDepartmentSelect,
    MemberSelect,
    UnitSelect,
    DepartmentSelect,
    AttachPickedButton,
    DispatchPickedButton,
    NextUnitsButton,
    NextDepartmentsButton,
)


def panel_view(panel: UnitPanel, submit: CallItem) -> View:
    """Return the selects of a panel, the button that gives the order, and those of pages."""
    place = submit.server_id, submit.call_id
    view = View(timeout=None)
    if panel.shown_departments:
        view.add_item(ShowDepartmentSelect(*place, panel.shown_departments))
    view.add_item(MemberSelect(*place, panel.members))
    if panel.units:
        view.add_item(UnitSelect(*place, panel.units))
    if panel.departments:
        view.add_item(DepartmentSelect(*place, panel.departments))
    view.add_item(submit)
    if panel.more_units:
        view.add_item(NextUnitsButton(*place, panel.more_units))
    if panel.more_departments:
        view.add_item(NextDepartmentsButton(*place, panel.more_departments))
    return view


def _candidates(
    interaction: Interaction, services: GuildServices, used: CallItem
) -> list[Candidate]:
    """Return the units that a panel offers."""
    is_attach = has_action(interaction.message, AttachPickedButton.action)
    call_id = used.call_id if is_attach else None
    return services.unit_picker.candidates(actor_of(interaction), used.server_id, call_id)


async def _show(interaction: Interaction, pressed: CallItem, panel: UnitPanel) -> None:
    """Edit the panel that was used, with the button that it has."""
    is_attach = has_action(interaction.message, AttachPickedButton.action)
    submit = AttachPickedButton if is_attach else DispatchPickedButton
    view = panel_view(panel, submit(pressed.server_id, pressed.call_id))
    await interaction.response.edit_message(view=view)
