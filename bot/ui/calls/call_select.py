"""The private lists of calls: the pages of `/calls`, and those from which one is picked.

Custom ids: `cad:calls:<server>:<page>`, `cad:pick:<server>:<member>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from discord.ui import Button, Item, Select, View

from bot.services.calls.call_listing import CallsPage, OpenCalls
from bot.ui.calls import call_text
from bot.ui.calls.autocomplete_choices import call_choice
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import PersistentItem
from bot.ui.interactions.responses import Interaction, ReplyPlace, actor_of, respond, submit_order
from bot.ui.text import member_mention, one_line

MAX_ROWS = 5  # Discord's maximum for a message


class CallSelect(PersistentItem, template=r"cad:pick:(?P<server>\d{1,9}):(?P<member>\d{1,19})"):
    """Attaches a member to the selected call."""

    item: Select[View]

    def __init__(
        self,
        server_id: int,
        member_id: int,
        select: Select[View] | None = None,
        *,
        server: str = "",
    ) -> None:
        self.server_id = server_id
        self.member_id = member_id
        custom_id = f"cad:pick:{server_id}:{member_id}"
        placeholder = one_line(f"Pick a call on {server}", 150) if server else "Pick a call"
        super().__init__(select or Select(placeholder=placeholder, custom_id=custom_id))

    @classmethod
    def from_match(cls, match: re.Match[str], item: Item[Any]) -> Self:
        """Rebuild the list from which a call was picked."""
        select = item if isinstance(item, Select) else None
        return cls(int(match["server"]), int(match["member"]), select)

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Give the order, as /attach does."""
        attach = partial(
            services.intake.attach,
            units=member_mention(self.member_id),
            call=self.item.values[0],
            server_id=self.server_id,
        )
        await submit_order(interaction, attach, services.queue, place=ReplyPlace.PRESSED)


def call_select_view(member_id: int, servers: Sequence[OpenCalls]) -> View:
    """Return a view with a select for each server, of its 1 to 25 calls."""
    view = View(timeout=None)
    for listed in servers[:MAX_ROWS]:
        one = CallSelect(listed.server_id, member_id, server=listed.server)
        for call in listed.calls:
            one.item.add_option(
                label=call_choice(call).name,
                value=str(call.call_id),
                description=one_line(f"{call.code} {call.address}", 100) or None,
            )
        view.add_item(one)
    return view


class CallsPageButton(PersistentItem, template=r"cad:calls:(?P<server>\d{1,9}):(?P<page>\d{1,6})"):
    """Shows a page of the open calls in place of the one that is shown."""

    def __init__(self, server_id: int, page: int, label: str = "-") -> None:
        self.server_id, self.page = server_id, page
        custom_id = f"cad:calls:{server_id}:{page}"
        super().__init__(Button[View](label=label, custom_id=custom_id))

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Show it, as the calls are now."""
        page = services.call_listing.page(
            actor_of(interaction), max(self.page, 1), self.server_id or None
        )
        await respond(interaction, page, call_text.calls_page, calls_buttons, in_place=True)


def calls_buttons(page: CallsPage) -> View | None:
    """Return the buttons to the pages before and after one; None if it is the only one."""
    if page.count == 1:
        return None
    view = View(timeout=None)
    if page.number > 1:
        view.add_item(CallsPageButton(page.server_id, page.number - 1, "Previous page"))
    if page.number < page.count:
        view.add_item(CallsPageButton(page.server_id, page.number + 1, "Next page"))
    return view
