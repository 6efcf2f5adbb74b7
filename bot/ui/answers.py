"""How the bot takes an interaction and answers it: acknowledged at once, privately."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TypeAlias, TypeVar

import discord
from discord import app_commands
from discord.ui import View
from discord.utils import MISSING

from bot.cad.errors import CadError
from bot.services.access import Actor
from bot.services.attach import ReplyAddress
from bot.services.errors import ServiceError
from bot.services.orders import OrderQueue
from bot.storage.errors import StorageError
from bot.storage.orders import Order
from bot.ui import faults
from bot.ui.text import MESSAGE_LIMIT

T = TypeVar("T")
Interaction: TypeAlias = discord.Interaction[discord.Client]

_ALREADY_ACKNOWLEDGED = 40060
_UNKNOWN_INTERACTION = 10062
_TOO_LATE = frozenset({_ALREADY_ACKNOWLEDGED, _UNKNOWN_INTERACTION})

_log = logging.getLogger(__name__)


def actor_of(interaction: Interaction) -> Actor:
    """Return who is asking, from what Discord itself says about the member."""
    user = interaction.user
    role_ids = [role.id for role in user.roles] if isinstance(user, discord.Member) else []
    return Actor(
        user_id=user.id,
        guild_id=interaction.guild_id or 0,
        role_ids=frozenset(role_ids),
        manages_server=interaction.permissions.manage_guild,
    )


def reply_address(interaction: Interaction) -> ReplyAddress:
    """Return where this interaction can be answered for the next 15 minutes."""
    return ReplyAddress(interaction.application_id, interaction.token)


async def give_order(
    interaction: Interaction, accepting: Coroutine[None, None, Order], queue: OrderQueue
) -> None:
    """Store an order, then acknowledge it, then have it carried out and answered."""
    try:
        order = await accepting
    except (ServiceError, StorageError) as error:
        await answer(interaction, _explained(error))
        return
    try:
        acknowledged = await _acknowledge(interaction)
    except Exception:
        # The person is told so, and the order must not come to life at the next start.
        await queue.withdraw(order)
        raise
    if acknowledged is None:
        await queue.withdraw(order)
    else:
        await queue.run(replace(order, reply_id=acknowledged.message_id))


async def give_order_later(
    interaction: Interaction, accepting: Coroutine[None, None, Order], queue: OrderQueue
) -> None:
    """Do as `give_order` where it takes asking the CAD before there is an order to store."""
    try:
        acknowledged = await _acknowledge(interaction)
        if acknowledged is None:
            return
        order = await accepting
    except (CadError, ServiceError, StorageError) as error:
        await answer(interaction, _explained(error))
        return
    finally:
        accepting.close()  # it may not have begun
    await queue.run(replace(order, reply_id=acknowledged.message_id))


async def respond(
    interaction: Interaction,
    work: Coroutine[None, None, T],
    render: Callable[[T], str],
    buttons: Callable[[T], View | None] = lambda _: None,
    *,
    attach: Callable[[T], discord.File | None] = lambda _: None,
) -> None:
    """Acknowledge an interaction, do its work and answer with the outcome, privately.

    An error that the person can understand is the answer; any other is raised, for
    `answer_error` to tell.

    Args:
        buttons: what may be pressed under the answer.
        attach: the file that goes with it.
    """
    view, file = None, None
    try:
        if await _acknowledge(interaction) is None:
            return
        result = await work
        text, view, file = render(result), buttons(result), attach(result)
    except (CadError, ServiceError, StorageError) as error:
        text = _explained(error)
    finally:
        work.close()  # it may not have begun
    await answer(interaction, text, view, file)


async def offer(interaction: Interaction, text: str, view: View) -> None:
    """Send a private message with something to press; only as the first response."""
    try:
        await interaction.response.send_message(text[:MESSAGE_LIMIT], view=view, ephemeral=True)
    except (discord.HTTPException, OSError) as failure:
        _log.warning("interaction %s could not be answered: %s", interaction.id, failure)


async def answer(
    interaction: Interaction,
    text: str,
    view: View | None = None,
    file: discord.File | None = None,
) -> None:
    """Send the private answer, as the first response or in place of "thinking…".

    One that Discord does not take is only logged: what was done stays done, and saying that
    something failed would be wrong.
    """
    text = text[:MESSAGE_LIMIT]
    try:
        if interaction.response.is_done():
            await interaction.edit_original_response(
                content=text,
                view=MISSING if view is None else view,
                attachments=MISSING if file is None else [file],
            )
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except (discord.HTTPException, OSError) as failure:
        _log.warning("interaction %s could not be answered: %s", interaction.id, failure)


async def answer_error(interaction: Interaction, error: Exception) -> None:
    """Tell the person what went wrong, and the log what nobody expected."""
    if isinstance(error, discord.HTTPException) and error.code in _TOO_LATE:
        _log.warning("interaction %s was answered too late", interaction.id)
        return
    expected = (app_commands.AppCommandError, CadError, ServiceError, StorageError)
    if not isinstance(error, expected):
        _log.error("interaction %s failed", interaction.id, exc_info=error)
    await answer(interaction, _explained(error))


def _explained(error: Exception) -> str:
    if isinstance(error, StorageError):
        _log.error("the database failed: %s", error)
    return faults.words(error)


async def _acknowledge(
    interaction: Interaction,
) -> discord.InteractionCallbackResponse[discord.Client] | None:
    """Tell Discord within its three seconds that an answer for this person alone will follow.

    None where Discord no longer waits: the person has seen it fail, so nothing may happen.
    """
    try:
        return await interaction.response.defer(ephemeral=True, thinking=True)
    except discord.HTTPException as error:
        if error.code not in _TOO_LATE:
            raise
        _log.warning("interaction %s came too late and was not carried out", interaction.id)
        return None
