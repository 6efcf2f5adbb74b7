"""The buttons about links: of a request in the log channel, and of the question who has an id.

Custom ids: `cad:<action>:<request>`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self, TypeAlias

import discord
from discord.ui import Button, DynamicItem, Item, View

from bot.services.link_news import Place
from bot.services.link_requests import Held, Requested
from bot.services.linking import Linked
from bot.storage.link_requests import LinkRequest
from bot.ui import link_words, replies
from bot.ui.answers import Interaction, actor_of, respond
from bot.ui.items import Desk, guarded

Shown: TypeAlias = Linked | Requested | Held | LinkRequest


class RequestButton(DynamicItem[Button[View]], template=r"cad:request:(?P<request>\d{1,19})"):
    """A button about one request; subclasses write `press`."""

    action: ClassVar[str]
    label: ClassVar[str]
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    def __init__(self, request_id: int) -> None:
        self.request_id = request_id
        custom_id = f"cad:{self.action}:{request_id}"
        super().__init__(Button(label=self.label, style=self.style, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003
        item: Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """Make the button again that was pressed."""
        return cls(int(match["request"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says; whatever goes wrong is answered."""
        await guarded(interaction, self.press)

    @abstractmethod
    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do what the button says."""


class Approve(RequestButton, template=r"cad:approve:(?P<request>\d{1,19})"):
    """Links whoever asked."""

    action = "approve"
    label = "Approve"
    style = discord.ButtonStyle.success

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it."""
        work = desk.link_desk.approve(actor_of(interaction), self.request_id, _place(interaction))
        await respond(interaction, work, words, buttons)


class Deny(RequestButton, template=r"cad:deny:(?P<request>\d{1,19})"):
    """Refuses the link."""

    action = "deny"
    label = "Deny"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it."""
        work = desk.link_desk.deny(actor_of(interaction), self.request_id, _place(interaction))
        await respond(interaction, work, words)


class Share(RequestButton, template=r"cad:share:(?P<request>\d{1,19})"):
    """Lets two people have one id."""

    action = "share"
    label = "Share it"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it; the answer takes the place of the question."""
        work = desk.link_desk.share(actor_of(interaction), self.request_id)
        await respond(interaction, work, words, buttons, in_place=True)


class Move(RequestButton, template=r"cad:move:(?P<request>\d{1,19})"):
    """Takes an id from whoever has it."""

    action = "move"
    label = "Move it here"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it; the answer takes the place of the question."""
        work = desk.link_desk.move(actor_of(interaction), self.request_id)
        await respond(interaction, work, words, buttons, in_place=True)


class Leave(RequestButton, template=r"cad:leave:(?P<request>\d{1,19})"):
    """Leaves an id with whoever has it."""

    action = "leave"
    label = "Cancel"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Take the question away."""
        work = desk.link_desk.leave(actor_of(interaction), self.request_id)
        await respond(interaction, work, link_words.left, in_place=True)


LINK_BUTTONS = (Approve, Deny, Share, Move, Leave)


def words(outcome: Shown) -> str:
    """Say what came of asking for a link, or of deciding about one."""
    match outcome:
        case Linked():
            return replies.linked(outcome)
        case Requested():
            return link_words.requested(outcome)
        case Held():
            return link_words.question(outcome)
        case LinkRequest():
            return link_words.decided(outcome)


def buttons(outcome: Shown) -> View | None:
    """Return what may be pressed under it."""
    if isinstance(outcome, Held):
        return _row(Share, Move, Leave, request_id=outcome.question.id)
    return None


def request_buttons(request_id: int) -> View:
    """Return what a request carries in the log channel."""
    return _row(Approve, Deny, request_id=request_id)


def _row(*kinds: type[RequestButton], request_id: int) -> View:
    view = View(timeout=None)
    for kind in kinds:
        view.add_item(kind(request_id))
    return view


def _place(interaction: Interaction) -> Place:
    """Return where the button is that was pressed."""
    message = interaction.message
    return Place(interaction.channel_id or 0, message.id if message else 0)
