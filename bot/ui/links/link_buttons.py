"""Buttons of a link request in the log channel, and of the question about an id in use."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import discord
from discord.ui import View

from bot.services.links.link_changes import (
    IdConflict,
    MessageRef,
    ReplacementQuestion,
    SubmittedRequest,
)
from bot.services.links.link_service import LinkResult
from bot.storage.stores.link_request_store import LinkRequest
from bot.ui.interactions.guild_services import GuildServices
from bot.ui.interactions.handlers import IdButton, id_button_pattern
from bot.ui.interactions.responses import Interaction, actor_of, once_acknowledged, respond
from bot.ui.links import link_results, link_text

LinkOutcome: TypeAlias = (
    LinkResult | SubmittedRequest | IdConflict | ReplacementQuestion | LinkRequest
)


class ApproveButton(IdButton, template=id_button_pattern("approve")):
    """Approves a link request."""

    action = "approve"
    label = "Approve"
    style = discord.ButtonStyle.success

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Do it."""
        approve = partial(
            services.link_workflow.approve,
            actor_of(interaction),
            self.number,
            _message_ref(interaction),
        )
        work = once_acknowledged(interaction, approve)
        await respond(interaction, work, outcome_text, outcome_buttons)


class DenyButton(IdButton, template=id_button_pattern("deny")):
    """Denies a link request."""

    action = "deny"
    label = "Deny"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Do it."""
        work = services.link_workflow.deny(
            actor_of(interaction), self.number, _message_ref(interaction)
        )
        await respond(interaction, work, outcome_text)


class ShareButton(IdButton, template=id_button_pattern("share")):
    """Links a member to an id that another member keeps."""

    action = "share"
    label = "Share it"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Resolve the conflict; the answer replaces the question."""
        share = partial(services.link_workflow.share, actor_of(interaction), self.number)
        work = once_acknowledged(interaction, share)
        await respond(interaction, work, outcome_text, outcome_buttons, in_place=True)


class MoveButton(IdButton, template=id_button_pattern("move")):
    """Moves an id from its present holders to the member."""

    action = "move"
    label = "Move it here"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Resolve the conflict; the answer replaces the question."""
        move = partial(services.link_workflow.move, actor_of(interaction), self.number)
        work = once_acknowledged(interaction, move)
        await respond(interaction, work, outcome_text, outcome_buttons, in_place=True)


class ReplaceButton(IdButton, template=id_button_pattern("replace")):
    """Links a member to an id that the CAD does not know, instead of one that it knows."""

    action = "replace"
    label = "Replace it"
    style = discord.ButtonStyle.danger

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Save the link; the answer replaces the question."""
        replace = partial(services.link_workflow.replace, actor_of(interaction), self.number)
        work = once_acknowledged(interaction, replace)
        await respond(interaction, work, outcome_text, outcome_buttons, in_place=True)


class KeepButton(IdButton, template=id_button_pattern("leave")):
    """Leaves an id with its present holders."""

    action = "leave"
    label = "Cancel"

    async def press(self, interaction: Interaction, services: GuildServices) -> None:
        """Close the question."""
        keep = partial(services.link_workflow.keep, actor_of(interaction), self.number)
        work = once_acknowledged(interaction, keep)
        await respond(interaction, work, link_text.conflict_kept, in_place=True)


LINK_BUTTONS = (ApproveButton, DenyButton, ShareButton, MoveButton, ReplaceButton, KeepButton)


def outcome_text(outcome: LinkOutcome) -> str:
    """Return the answer to a link, a request for one, or a decision about one."""
    match outcome:
        case LinkResult():
            return link_results.link_saved(outcome)
        case SubmittedRequest():
            return link_text.request_submitted(outcome)
        case IdConflict():
            return link_text.conflict_question(outcome)
        case ReplacementQuestion():
            return link_text.replacement_question(outcome)
        case LinkRequest():
            return link_text.request_decided(outcome)


def outcome_buttons(outcome: LinkOutcome) -> View | None:
    """Return the buttons under that answer; None if it needs none."""
    if isinstance(outcome, IdConflict):
        return _view_of(ShareButton, MoveButton, KeepButton, request_id=outcome.request.id)
    if isinstance(outcome, ReplacementQuestion):
        return _view_of(ReplaceButton, KeepButton, request_id=outcome.request.id)
    return None


def request_buttons(request_id: int) -> View:
    """Return the buttons of a request in the log channel."""
    return _view_of(ApproveButton, DenyButton, request_id=request_id)


def _view_of(*kinds: type[IdButton], request_id: int) -> View:
    view = View(timeout=None)
    for kind in kinds:
        view.add_item(kind(request_id))
    return view


def _message_ref(interaction: Interaction) -> MessageRef:
    """Return the message of the pressed button."""
    message = interaction.message
    return MessageRef(interaction.channel_id or 0, message.id if message else 0)
