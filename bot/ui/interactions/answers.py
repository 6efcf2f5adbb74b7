"""The private answer to an interaction, a further private message, and the words for errors."""

from __future__ import annotations

import logging
from typing import Any

import discord
from discord import app_commands
from discord.ui import View
from discord.utils import MISSING

from bot.cad.errors import CadError
from bot.common.request_guard import RequestRefused
from bot.services.errors import ServiceError
from bot.storage.errors import StorageError
from bot.ui import error_text
from bot.ui.text import MESSAGE_LIMIT

ALREADY_ACKNOWLEDGED = 40060
_UNKNOWN_INTERACTION = 10062
TOO_LATE = frozenset({ALREADY_ACKNOWLEDGED, _UNKNOWN_INTERACTION})
REPLY_ID = "reply_id"  # among the extras of an interaction that is acknowledged
IN_PLACE = "in_place"  # beside it, where the reply is the message that was pressed
OTHER_COPY = "interaction %s was answered by another copy of the bot and was not carried out here"
_ANSWERED_LATE = "interaction %s was answered too late"

_log = logging.getLogger(__name__)


async def answer(
    interaction: discord.Interaction[Any],
    text: str,
    view: View | None = None,
    file: discord.File | None = None,
) -> None:
    """Send the private answer, as the first response or in place of what was there.

    An answer that Discord does not take is only logged: what was done stays done, and saying that
    something failed would be wrong.
    """
    text = text[:MESSAGE_LIMIT]
    try:
        if interaction.response.is_done() or REPLY_ID in interaction.extras:
            await interaction.edit_original_response(
                content=text, view=view, attachments=MISSING if file is None else [file]
            )
        else:
            await interaction.response.send_message(text, view=view or MISSING, ephemeral=True)
    except (discord.HTTPException, OSError) as failure:
        _log.warning("interaction %s could not be answered: %s", interaction.id, failure)


async def answer_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer with what went wrong, and log an error that is not expected."""
    if isinstance(error, discord.HTTPException) and error.code in TOO_LATE:
        is_late = error.code == _UNKNOWN_INTERACTION
        _log.warning(_ANSWERED_LATE if is_late else OTHER_COPY, interaction.id)
        return
    if isinstance(error, RequestRefused):
        _log.warning("interaction %s is not answered: another bot may act now", interaction.id)
        return
    expected = (app_commands.AppCommandError, CadError, ServiceError, StorageError)
    if not isinstance(error, expected):
        _log.error("interaction %s failed", interaction.id, exc_info=error)
    if IN_PLACE in interaction.extras:  # what the message says stays true
        await follow_up(interaction, describe_error(error))
    else:
        await answer(interaction, describe_error(error))


async def follow_up(interaction: discord.Interaction[Any], text: str) -> None:
    """Send another private message, which stays as it is."""
    try:
        await interaction.followup.send(text[:MESSAGE_LIMIT], ephemeral=True)
    except (discord.HTTPException, OSError) as failure:
        _log.warning("interaction %s could not be answered: %s", interaction.id, failure)


def describe_error(error: Exception) -> str:
    """Return the words for an error; a fault of the database is logged."""
    if isinstance(error, StorageError):
        _log.error("the database failed: %s", error)
    return error_text.error_message(error)
