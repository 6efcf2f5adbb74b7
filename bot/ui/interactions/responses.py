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
from bot.services.access.policy import Actor
from bot.services.errors import ServiceError
from bot.services.orders.accepted import AcceptedOrder
from bot.services.queue.order_queue import OrderQueue
from bot.services.reply import ReplyAddress
from bot.storage.errors import StorageError
from bot.storage.stores.order_store import Order
from bot.ui import error_text
from bot.ui.text import MESSAGE_LIMIT

T = TypeVar("T")
Interaction: TypeAlias = discord.Interaction[discord.Client]

_ALREADY_ACKNOWLEDGED = 40060
_UNKNOWN_INTERACTION = 10062
_REPLY_ID = "reply_id"  # among the extras of an interaction that is acknowledged
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
    """Return where this interaction can be answered, for `INTERACTION_LIFETIME` from its start."""
    return ReplyAddress(
        interaction.application_id, interaction.token, interaction.extras.get(_REPLY_ID)
    )


async def give_order(
    interaction: Interaction,
    accepting: Coroutine[None, None, Order],
    queue: OrderQueue,
    *,
    asks: bool = True,
) -> None:
    """Store an order, then acknowledge it, then have it carried out and answered.

    Args:
        asks: whether it is only asked about where it turns out to be about many people.
    """
    try:
        order = await accepting
    except (ServiceError, StorageError) as error:
        await answer(interaction, _describe_error(error))
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
        await queue.run(
            AcceptedOrder(replace(order, reply_id=acknowledged.message_id)), may_ask=asks
        )


async def give_order_later(
    interaction: Interaction,
    accepting: Coroutine[None, None, Order],
    queue: OrderQueue,
    *,
    asks: bool = True,
) -> None:
    """Do as `give_order` where it takes asking the CAD before there is an order to store."""
    try:
        acknowledged = await _acknowledge(interaction)
        if acknowledged is None:
            return
        order = await accepting
    except (CadError, ServiceError, StorageError) as error:
        await answer(interaction, _describe_error(error))
        return
    finally:
        accepting.close()  # it may not have begun
    await queue.run(AcceptedOrder(replace(order, reply_id=acknowledged.message_id)), may_ask=asks)


async def give_order_in_place(
    interaction: Interaction, accepting: Coroutine[None, None, Order], queue: OrderQueue
) -> None:
    """Do as `give_order` where the answer takes the place of the message that was pressed.

    Why there is no order is told beside it: the message may be good for another press.
    """
    try:
        acknowledged = await _acknowledge(interaction, in_place=True)
        if acknowledged is None:
            return
        order = await accepting
    except (ServiceError, StorageError) as error:
        await _follow_up(interaction, _describe_error(error))
        return
    finally:
        accepting.close()  # it may not have begun
    await queue.run(AcceptedOrder(replace(order, reply_id=acknowledged.message_id)))


async def respond(
    interaction: Interaction,
    work: Coroutine[None, None, T],
    render: Callable[[T], str],
    buttons: Callable[[T], View | None] = lambda _: None,
    *,
    attach: Callable[[T], discord.File | None] = lambda _: None,
    in_place: bool = False,
) -> None:
    """Acknowledge an interaction, do its work and answer with the outcome, privately.

    An error that the person can understand is the answer; any other is raised, for
    `answer_error` to tell.

    Args:
        buttons: what may be pressed under the answer.
        attach: the file that goes with it.
        in_place: whether the answer takes the place of the private message that was pressed.
    """
    view, file = None, None
    try:
        if await _acknowledge(interaction, in_place=in_place) is None:
            return
        result = await work
        text, view, file = render(result), buttons(result), attach(result)
    except (CadError, ServiceError, StorageError) as error:
        text = _describe_error(error)
    finally:
        work.close()  # it may not have begun
    await answer(interaction, text, view, file)


async def respond_then_order(
    interaction: Interaction,
    work: Coroutine[None, None, T],
    render: Callable[[T], str],
    accepting: Callable[[], Coroutine[None, None, Order]],
    queue: OrderQueue,
) -> None:
    """Answer as `respond` does, then give the order that this was for; its answer follows."""
    try:
        if await _acknowledge(interaction) is None:
            return
        outcome = await work
    except (CadError, ServiceError, StorageError) as error:
        await answer(interaction, _describe_error(error))
        return
    finally:
        work.close()  # it may not have begun
    await answer(interaction, render(outcome))
    try:
        order = await accepting()
    except (CadError, ServiceError, StorageError) as error:
        await _follow_up(interaction, _describe_error(error))
        return
    # Without a message of its own, the order's answer takes the place of the first one.
    reply_id = await _follow_up(interaction, "⏳ Giving the order…")
    await queue.run(AcceptedOrder(replace(order, reply_id=reply_id)))


async def prompt(interaction: Interaction, text: str, view: View) -> None:
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
    """Send the private answer, as the first response or in place of what was there.

    One that Discord does not take is only logged: what was done stays done, and saying that
    something failed would be wrong.
    """
    text = text[:MESSAGE_LIMIT]
    try:
        if interaction.response.is_done():
            await interaction.edit_original_response(
                content=text, view=view, attachments=MISSING if file is None else [file]
            )
        else:
            await interaction.response.send_message(text, view=view or MISSING, ephemeral=True)
    except (discord.HTTPException, OSError) as failure:
        _log.warning("interaction %s could not be answered: %s", interaction.id, failure)


async def _follow_up(interaction: Interaction, text: str) -> int | None:
    """Send another private message; return its id, None if Discord does not take it."""
    try:
        message = await interaction.followup.send(text[:MESSAGE_LIMIT], ephemeral=True, wait=True)
    except (discord.HTTPException, OSError) as failure:
        _log.warning("interaction %s could not be answered: %s", interaction.id, failure)
        return None
    return message.id


async def answer_error(interaction: Interaction, error: Exception) -> None:
    """Tell the person what went wrong, and the log what nobody expected."""
    if isinstance(error, discord.HTTPException) and error.code in _TOO_LATE:
        _log.warning("interaction %s was answered too late", interaction.id)
        return
    expected = (app_commands.AppCommandError, CadError, ServiceError, StorageError)
    if not isinstance(error, expected):
        _log.error("interaction %s failed", interaction.id, exc_info=error)
    await answer(interaction, _describe_error(error))


def _describe_error(error: Exception) -> str:
    if isinstance(error, StorageError):
        _log.error("the database failed: %s", error)
    return error_text.error_message(error)


async def _acknowledge(
    interaction: Interaction, *, in_place: bool = False
) -> discord.InteractionCallbackResponse[discord.Client] | None:
    """Tell Discord within its three seconds that an answer for this person alone will follow.

    In place, the answer will be an edit of the message that was pressed, whoever sees that.

    None where Discord no longer waits: the person has seen it fail, so nothing may happen.
    """
    try:
        acknowledged = await interaction.response.defer(ephemeral=True, thinking=not in_place)
    except discord.HTTPException as error:
        if error.code not in _TOO_LATE:
            raise
        _log.warning("interaction %s came too late and was not carried out", interaction.id)
        return None
    interaction.extras[_REPLY_ID] = acknowledged.message_id if acknowledged else None
    return acknowledged
