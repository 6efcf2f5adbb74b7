"""How the page of `/setup` gets its service, and how it is shown: privately, in one message."""

from __future__ import annotations

import logging
from collections.abc import Coroutine

import discord

from bot.cad.errors import CadError
from bot.services.communities.guild_setup import GuildSetup
from bot.services.errors import ServiceError
from bot.services.guild_errors import SetUpByOperator
from bot.storage.errors import StorageError
from bot.ui.interactions.answers import answer_error, describe_error
from bot.ui.interactions.responses import Interaction, acknowledge, actor_of

_log = logging.getLogger(__name__)


def setup_for(interaction: Interaction) -> GuildSetup:
    """Return what sets guilds up, or raise SetUpByOperator."""
    if (setup := interaction.client.guild_setup) is not None:
        return setup
    raise SetUpByOperator


async def show_page(
    interaction: Interaction, work: Coroutine[None, None, str] | None = None
) -> None:
    """Acknowledge an interaction, do its work, and show the page with the outcome.

    A press or a form changes the page in its place. An error that the member can understand is
    the outcome; without the page it is the answer.

    Args:
        work: returns the outcome; None to show the page alone.
    """
    notice = ""
    try:
        is_command = interaction.type is discord.InteractionType.application_command
        if not await acknowledge(interaction, in_place=not is_command):
            return
        if work is not None:
            notice = await work
    except (CadError, ServiceError, StorageError) as error:
        notice = describe_error(error)
    finally:
        if work is not None:
            work.close()  # it may not have begun
    try:
        state = await setup_for(interaction).read(actor_of(interaction))
    except (ServiceError, StorageError) as error:
        await answer_error(interaction, error)
        return
    # Only here: the buttons and the forms of the page lead to this function.
    from bot.ui.setup.setup_page import setup_page  # noqa: PLC0415

    try:
        await interaction.edit_original_response(view=setup_page(state, notice))
    except (discord.HTTPException, OSError) as failure:
        _log.warning("interaction %s could not be answered: %s", interaction.id, failure)
