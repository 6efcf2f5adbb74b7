"""The form of `/call new`, and the buttons of the answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import discord
from discord.app_commands import Range
from discord.ui import Button, Item, TextInput

from bot.cad.models import LOWEST_PRIORITY, NewCall
from bot.services.orders.outcomes import OrderView
from bot.storage.stores.order_store import OrderState
from bot.ui.calls.call_forms import Form
from bot.ui.calls.card_buttons import AttachOthersButton
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.responses import Interaction, submit_order
from bot.ui.text import one_line

Priority: TypeAlias = Range[int, 1, LOWEST_PRIORITY]

# The CAD's pages state no limits: these fit on a card.
_LINE, _CODE, _DESCRIPTION = 100, 40, 1000  # characters


class NewCallForm(Form):
    """Asks what has happened and where, then creates the call.

    Args:
        server_id: None for the default server.
        priority: None for the lowest.
    """

    def __init__(self, server_id: int | None, priority: int | None) -> None:
        self._server_id = server_id
        self._priority = priority or LOWEST_PRIORITY
        super().__init__(
            f"New call, priority {self._priority}",
            _field("Title", _LINE, example="Traffic Stop", is_required=True),
            _field("Code", _CODE, example="10-11"),
            _field("Place", _LINE, example="Route 68"),
            _field("Postal", _CODE, example="3400"),
            _field("Description", _DESCRIPTION, style=discord.TextStyle.paragraph),
        )

    async def submit(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order."""
        *lines, description = self.values
        title, code, address, postal = (one_line(line, _LINE) for line in lines)
        described = [one_line(line, _DESCRIPTION) for line in description.splitlines()]
        new = NewCall(
            self._server_id or 0,
            title,
            code=code,
            priority=self._priority,
            address=address,
            postal=postal,
            description="\n".join(described),
        )
        create = partial(services.call_actions.create_call, server_id=self._server_id, new=new)
        await submit_order(interaction, create, services.queue)


def _field(
    label: str,
    limit: int,
    *,
    example: str | None = None,
    is_required: bool = False,
    style: discord.TextStyle = discord.TextStyle.short,
) -> TextInput[Any]:
    return TextInput(
        label=label,
        custom_id=label.lower(),
        placeholder=example,
        max_length=limit,
        required=is_required,
        style=style,
    )


class NewCallItems:
    """Returns the buttons for a new call: one that opens the unit panel, and a link to the cards.

    Args:
        channels: the channel of each server's cards; None for none.
    """

    def __init__(self, channels: Mapping[int, int | None]) -> None:
        self._channels = channels

    def __call__(self, view: OrderView) -> list[Item[Any]]:
        """Return them; none unless the order has created a call."""
        order = view.order
        if order.state is not OrderState.DONE or order.call_id is None:
            return []
        items: list[Item[Any]] = [AttachOthersButton(order.server_id, order.call_id)]
        if channel_id := self._channels.get(order.server_id):
            place = f"https://discord.com/channels/{order.guild_id}/{channel_id}"
            items.append(Button(label="Cards", url=place))
        return items
