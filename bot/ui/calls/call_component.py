"""The base of everything that can be pressed about a call.

Custom ids carry all state: `cad:<action>:<server>:<call>`. What a 911 call's items carry is its
own number, which has nothing to do with those of dispatch calls.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import discord
from discord.ui import Button, Item, View

from bot.ui.interactions.persistent_item import PersistentItem


def call_item_pattern(action: str) -> str:
    """Return the pattern of an action's custom ids."""
    return rf"cad:{action}:(?P<server>\d{{1,9}}):(?P<call>\d{{1,18}})"


class CallItem(PersistentItem, template=call_item_pattern("call")):
    """Something about one call; subclasses write `press`."""

    action: ClassVar[str]

    def __init__(self, server_id: int, call_id: int) -> None:
        self.server_id = server_id
        self.call_id = call_id
        super().__init__(self.build(f"cad:{self.action}:{server_id}:{call_id}"))

    @abstractmethod
    def build(self, custom_id: str) -> Item[View]:
        """Return what Discord shows."""


class CallButton(CallItem, template=call_item_pattern("button")):
    """A button about one call."""

    label: ClassVar[str]
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    def build(self, custom_id: str) -> Button[View]:
        """Return the button."""
        return Button(label=self.label, style=self.style, custom_id=custom_id)


def view_of(*items: CallItem) -> View:
    """Return the items as a message carries them."""
    view = View(timeout=None)
    for item in items:
        view.add_item(item)
    return view
