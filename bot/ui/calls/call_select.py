"""The private select from which a dispatcher picks a call for a member.

Custom id: `cad:pick:<server>:<member>`.
"""

from __future__ import annotations

import re
from typing import Any, Self

import discord
from discord.ui import DynamicItem, Item, Select, View

from bot.cad.models import Call
from bot.ui.calls.autocomplete_choices import call_choice
from bot.ui.interactions.error_boundary import Desk, run_guarded
from bot.ui.interactions.responses import Interaction, actor_of, give_order, reply_address
from bot.ui.text import member_mention, one_line


class CallSelect(
    DynamicItem[Select[View]], template=r"cad:pick:(?P<server>\d{1,9}):(?P<member>\d{1,19})"
):
    """Attaches a member to the selected call."""

    def __init__(self, server_id: int, member_id: int, select: Select[View] | None = None) -> None:
        self.server_id = server_id
        self.member_id = member_id
        custom_id = f"cad:pick:{server_id}:{member_id}"
        super().__init__(select or Select(placeholder="Pick a call", custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003
        item: Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the select from its custom id, with the options of the message."""
        select = item if isinstance(item, Select) else None
        return cls(int(match["server"]), int(match["member"]), select)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Run `press`; an error becomes the answer."""
        await run_guarded(interaction, self.press)

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Give the same order as /attach."""
        order = desk.attaching.attach(
            actor_of(interaction),
            reply_address(interaction),
            member_mention(self.member_id),
            call_id=int(self.item.values[0]),
            server_id=self.server_id,
        )
        await give_order(interaction, order, desk.orders)


def call_select_view(server_id: int, member_id: int, calls: list[Call]) -> View:
    """Return a view with a select of these calls: at least 1, at most 25."""
    one = CallSelect(server_id, member_id)
    for call in calls:
        one.item.add_option(
            label=call_choice(call).name,
            value=str(call.call_id),
            description=one_line(f"{call.code} {call.address}", 100) or None,
        )
    view = View(timeout=None)
    view.add_item(one)
    return view
