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
from bot.ui.calls.call_component import CallButton, CallItem, template
from bot.ui.interactions.error_boundary import Desk
from bot.ui.interactions.responses import (
    Interaction,
    actor_of,
    give_order,
    give_order_later,
    reply_address,
)

_LIMIT = 25  # Discord takes no more options, nor people
# A select needs an option even where discord.py only makes one to see what was picked in it.
_NOTHING = (SelectOption(label="-"),)


@dataclass(frozen=True, slots=True)
class Panel:
    """What the selects offer and what is picked in them: member ids; options with `default`."""

    members: tuple[int, ...] = ()
    units: tuple[SelectOption, ...] = ()
    departments: tuple[SelectOption, ...] = ()

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> Panel:
        """Offer these, in this order, with nothing picked."""
        crews = free_by_department(candidates).items()
        units = [
            select_options.of_unit(one)
            for one in candidates
            if len(one.word) <= select_options.LONGEST
        ]
        departments = [
            select_options.of_department(*crew)
            for crew in crews
            if len(crew[0]) <= select_options.LONGEST
        ]
        return cls(units=tuple(units[:_LIMIT]), departments=tuple(departments[:_LIMIT]))

    @classmethod
    def shown(cls, message: discord.Message | None) -> Panel:
        """Read the panel off its message."""
        panel = cls()
        for menu in _components(message):
            if not isinstance(menu, SelectMenu):
                continue
            match (menu.custom_id or "").split(":")[1]:
                case PickMembers.action:
                    members = tuple(value.id for value in menu.default_values)
                    panel = replace(panel, members=members)
                case PickUnits.action:
                    panel = replace(panel, units=tuple(menu.options))
                case PickDepartments.action:
                    panel = replace(panel, departments=tuple(menu.options))
        return panel

    def view(self, button: CallItem) -> View:
        """Return the panel as the message carries it; button gives the order."""
        place = button.server_id, button.call_id
        view = View(timeout=None)
        view.add_item(PickMembers(*place, self.members))
        if self.units:
            view.add_item(PickUnits(*place, self.units))
        if self.departments:
            view.add_item(PickDepartments(*place, self.departments))
        view.add_item(button)
        return view

    def spelled(self, desk: Desk, server_id: int) -> str:
        """Return what is picked as a `units` text."""
        units, departments = (
            select_options.chosen(self.units),
            select_options.chosen(self.departments),
        )
        return desk.picking.spelled(server_id, self.members, units, departments)


class Pick(CallItem, template=template("pick")):
    """A select of the panel; picking only changes what the message shows."""

    async def press(self, interaction: Interaction, desk: Desk) -> None:  # noqa: ARG002
        """Show what is picked now."""
        values: list[str] = cast(Any, interaction.data)["values"]
        panel = self.picked(Panel.shown(interaction.message), values)
        sender = AttachPicked if _holds(interaction.message, AttachPicked) else DispatchPicked
        view = panel.view(sender(self.server_id, self.call_id))
        await interaction.response.edit_message(view=view)

    @abstractmethod
    def picked(self, panel: Panel, values: Sequence[str]) -> Panel:
        """Return the panel with these values picked here."""


class PickMembers(Pick, template=template("pick-members")):
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
            max_values=_LIMIT,
            default_values=[SelectDefaultValue(id=one, type=kind) for one in self._members],
        )

    def picked(self, panel: Panel, values: Sequence[str]) -> Panel:
        """Return the panel with these members."""
        return replace(panel, members=tuple(map(int, values)))


class PickOptions(Pick, template=template("pick-options")):
    """Picks from a list of the CAD's."""

    placeholder: ClassVar[str]

    def __init__(
        self, server_id: int, call_id: int, options: Sequence[SelectOption] = _NOTHING
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


class PickUnits(PickOptions, template=template("pick-units")):
    """Picks units on duty."""

    action = "pick-units"
    placeholder = "Units on duty, free ones first"

    def picked(self, panel: Panel, values: Sequence[str]) -> Panel:
        """Return the panel with these units."""
        return replace(panel, units=select_options.with_chosen(panel.units, values))


class PickDepartments(PickOptions, template=template("pick-departments")):
    """Picks all free units of departments."""

    action = "pick-departments"
    placeholder = "All free units of a department"

    def picked(self, panel: Panel, values: Sequence[str]) -> Panel:
        """Return the panel with these departments."""
        return replace(panel, departments=select_options.with_chosen(panel.departments, values))


class AttachPicked(CallButton, template=template("attach-picked")):
    """Puts everybody who is picked on a dispatch call, with one order."""

    action = "attach-picked"
    label = "Attach"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Give the order."""
        order = desk.attaching.attach(
            actor_of(interaction),
            reply_address(interaction),
            Panel.shown(interaction.message).spelled(desk, self.server_id),
            call_id=self.call_id,
            server_id=self.server_id,
        )
        await give_order(interaction, order, desk.orders, asks=False)


class DispatchPicked(CallButton, template=template("dispatch-picked")):
    """Makes a 911 call a dispatch call with everybody who is picked."""

    action = "dispatch-picked"
    label = "Dispatch"
    style = discord.ButtonStyle.primary

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Create the call, then give the order."""
        order = desk.acts.respond(
            actor_of(interaction),
            reply_address(interaction),
            self.server_id,
            self.call_id,
            Panel.shown(interaction.message).spelled(desk, self.server_id),
        )
        await give_order_later(interaction, order, desk.orders, asks=False)


PANEL_ITEMS = (PickMembers, PickUnits, PickDepartments, AttachPicked, DispatchPicked)


def _components(message: discord.Message | None) -> Iterator[Component]:
    for row in message.components if message else ():
        if isinstance(row, ActionRow):
            yield from row.children


def _holds(message: discord.Message | None, button: type[CallButton]) -> bool:
    pattern = re.compile(template(button.action))
    ids = [one.custom_id for one in _components(message) if isinstance(one, ButtonComponent)]
    return any(pattern.fullmatch(custom_id or "") for custom_id in ids)
