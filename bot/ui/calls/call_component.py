"""Base classes of the buttons and selects that belong to a call.

Custom ids carry all state: `cad:<action>:<server>:<call>`. Items of a 911 call carry the 911
call's own number, which is independent of the numbers of dispatch calls.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import discord
from discord.ui import Button, Item, View

from bot.ui.calls.call_text import call_phrase
from bot.ui.interactions.answers import answer
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import PersistentItem
from bot.ui.interactions.responses import Interaction, actor_of
from bot.ui.text import fill


def call_item_pattern(action: str) -> str:
    """Return the regular expression of an action's custom ids."""
    return rf"cad:{action}:(?P<server>\d{{1,9}}):(?P<call>\d{{1,18}})"


class CallItem(PersistentItem, template=call_item_pattern("call")):
    """A button or select of one call; subclasses implement `build` and `press`."""

    action: ClassVar[str]

    def __init__(self, server_id: int, call_id: int) -> None:
        self.server_id = server_id
        self.call_id = call_id
        super().__init__(self.build(f"cad:{self.action}:{server_id}:{call_id}"))

    @abstractmethod
    def build(self, custom_id: str) -> Item[View]:
        """Return the discord.py item to show."""


class CallButton(CallItem, template=call_item_pattern("button")):
    """A button of one call."""

    label: ClassVar[str]
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    def build(self, custom_id: str) -> Button[View]:
        """Return the button."""
        return Button(label=self.label, style=self.style, custom_id=custom_id)


def phrase_of(services: GuildServices, item: CallItem, *, is_emergency: bool) -> str:
    """Return the call that a button or select belongs to, in a sentence."""
    found = services.call_listing.find(item.server_id, item.call_id, is_emergency=is_emergency)
    return call_phrase(item.call_id, found, is_emergency=is_emergency)


class QuestionButton(CallButton, template=call_item_pattern("question")):
    """Asks a dispatcher for confirmation; the button under the question carries the act out.

    The question names the call by `{call}`.
    """

    question: ClassVar[str]
    is_emergency: ClassVar[bool] = False
    confirm_button: ClassVar[type[CallButton]]

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Ask for confirmation."""
        services.call_actions.require_dispatch(actor_of(interaction))
        confirm = self.confirm_button(self.server_id, self.call_id)
        call = phrase_of(services, self, is_emergency=self.is_emergency)
        await answer(interaction, fill(self.question, call=call), view_of(confirm))


def view_of(*items: CallItem) -> View:
    """Return a persistent view with these items."""
    view = View(timeout=None)
    for item in items:
        view.add_item(item)
    return view
