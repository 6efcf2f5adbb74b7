"""The buttons about links: of a request in the log channel, and of the question who has an id."""

from __future__ import annotations

from typing import TypeAlias

import discord
from discord.ui import View

from bot.services.links.approvals import Held, Requested
from bot.services.links.link_changes import Place
from bot.services.links.link_service import Linked
from bot.storage.stores.link_request_store import LinkRequest
from bot.ui.interactions.error_boundary import Desk
from bot.ui.interactions.id_button import NumberButton, numbered
from bot.ui.interactions.responses import Interaction, actor_of, respond
from bot.ui.links import link_results, link_text

Shown: TypeAlias = Linked | Requested | Held | LinkRequest


class Approve(NumberButton, template=numbered("approve")):
    """Links whoever asked."""

    action = "approve"
    label = "Approve"
    style = discord.ButtonStyle.success

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it."""
        work = desk.link_desk.approve(actor_of(interaction), self.number, _place(interaction))
        await respond(interaction, work, words, buttons)


class Deny(NumberButton, template=numbered("deny")):
    """Refuses the link."""

    action = "deny"
    label = "Deny"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it."""
        work = desk.link_desk.deny(actor_of(interaction), self.number, _place(interaction))
        await respond(interaction, work, words)


class Share(NumberButton, template=numbered("share")):
    """Lets two people have one id."""

    action = "share"
    label = "Share it"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it; the answer takes the place of the question."""
        work = desk.link_desk.share(actor_of(interaction), self.number)
        await respond(interaction, work, words, buttons, in_place=True)


class Move(NumberButton, template=numbered("move")):
    """Takes an id from whoever has it."""

    action = "move"
    label = "Move it here"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Do it; the answer takes the place of the question."""
        work = desk.link_desk.move(actor_of(interaction), self.number)
        await respond(interaction, work, words, buttons, in_place=True)


class Leave(NumberButton, template=numbered("leave")):
    """Leaves an id with whoever has it."""

    action = "leave"
    label = "Cancel"

    async def press(self, interaction: Interaction, desk: Desk) -> None:
        """Take the question away."""
        work = desk.link_desk.leave(actor_of(interaction), self.number)
        await respond(interaction, work, link_text.left, in_place=True)


LINK_BUTTONS = (Approve, Deny, Share, Move, Leave)


def words(outcome: Shown) -> str:
    """Say what came of asking for a link, or of deciding about one."""
    match outcome:
        case Linked():
            return link_results.linked(outcome)
        case Requested():
            return link_text.requested(outcome)
        case Held():
            return link_text.question(outcome)
        case LinkRequest():
            return link_text.decided(outcome)


def buttons(outcome: Shown) -> View | None:
    """Return what may be pressed under it."""
    if isinstance(outcome, Held):
        return _row(Share, Move, Leave, request_id=outcome.question.id)
    return None


def request_buttons(request_id: int) -> View:
    """Return what a request carries in the log channel."""
    return _row(Approve, Deny, request_id=request_id)


def _row(*kinds: type[NumberButton], request_id: int) -> View:
    view = View(timeout=None)
    for kind in kinds:
        view.add_item(kind(request_id))
    return view


def _place(interaction: Interaction) -> Place:
    """Return where the button is that was pressed."""
    message = interaction.message
    return Place(interaction.channel_id or 0, message.id if message else 0)
