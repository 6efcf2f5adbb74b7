"""How a command, a button or a form gets its services, and how it is answered: privately.

Discord waits three seconds for an acknowledgement. An order is stored before that, so that no order
is acknowledged and lost; whatever has to ask the CAD first acknowledges before its work.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import TypeAlias, TypeVar

import discord
from discord.ui import View

from bot.cad.errors import CadError
from bot.services.access.policy import Actor
from bot.services.errors import ServiceError, SpentError
from bot.services.orders.accepted import AcceptedOrder
from bot.services.queue.order_queue import OrderQueue
from bot.services.reply import ReplyAddress
from bot.storage.errors import StorageError
from bot.ui.interactions.answers import (
    ALREADY_ACKNOWLEDGED,
    IN_PLACE,
    OTHER_COPY,
    REPLY_ID,
    TOO_LATE,
    answer,
    describe_error,
    follow_up,
)
from bot.ui.interactions.guild_services import DispatchClient, GuildServices

T = TypeVar("T")
Interaction: TypeAlias = discord.Interaction[DispatchClient]
Accept: TypeAlias = Callable[[Actor, ReplyAddress], Awaitable[AcceptedOrder]]

_REPEATED_AFTER = 1.0  # seconds that discord.py waits at least before it repeats a request
STORE_WITHIN = 2.0  # seconds; Discord waits three for the acknowledgement
DATABASE_BUSY = (
    "⏳ The bot's database is busy: another program writes to it. Your order goes on as soon as it"
    " can be stored."
)

_log = logging.getLogger(__name__)


class ReplyPlace(enum.Enum):
    """Where the reply to an order goes."""

    NEW = enum.auto()  # a private message of its own
    # It replaces the private message that was pressed, or the answer that is there.
    PRESSED = enum.auto()


def services_for(interaction: Interaction) -> GuildServices:
    """Return the services of the guild that an interaction comes from, or raise `refusal_for`."""
    if services := interaction.client.guild_services.get(interaction.guild_id or 0):
        return services
    raise refusal_for(interaction)


def refusal_for(interaction: Interaction) -> ServiceError:
    """Return why the bot does not serve the guild that an interaction comes from."""
    client = interaction.client
    return client.refusals.get(interaction.guild_id or 0, client.usual_refusal)()


def actor_of(interaction: Interaction) -> Actor:
    """Return the actor, from what Discord itself says about the member."""
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
        interaction.application_id, interaction.token, interaction.extras.get(REPLY_ID)
    )


async def once_acknowledged(
    interaction: Interaction, work: Callable[[ReplyAddress], Awaitable[T]]
) -> T:
    """Do work that has to know where the reply is; Discord says so when it acknowledges."""
    return await work(reply_address(interaction))


async def submit_order(
    interaction: Interaction,
    accept: Accept,
    queue: OrderQueue,
    *,
    place: ReplyPlace = ReplyPlace.NEW,
    may_ask: bool = True,
) -> None:
    """Store an order, acknowledge the interaction, and have the order carried out and answered.

    The one way in which orders are given. An error of `accept` that the member can understand is
    the answer; then there is no order. The reply is a message that Discord can name before the
    order is sent: one that was sent later could not be found again by a bot that was killed.

    Args:
        accept: stores the order.
        place: where the reply to the order goes. A reply that does not go to a new message is
            acknowledged before the order is stored.
        may_ask: whether an order about many units is to be confirmed before it is sent.
    """
    try:
        if place is ReplyPlace.NEW:
            accepted = await _store_and_acknowledge(interaction, accept, queue)
        elif REPLY_ID in interaction.extras or await acknowledge(interaction, in_place=True):
            accepted = await accept(actor_of(interaction), reply_address(interaction))
        else:
            return
    except (CadError, ServiceError, StorageError) as error:
        if place is ReplyPlace.NEW:
            await answer(interaction, describe_error(error))
        else:
            await answer_beside(interaction, error)
        return
    if accepted is None:
        return
    order = replace(accepted.order, reply_id=interaction.extras[REPLY_ID])
    await queue.run(replace(accepted, order=order), may_ask=may_ask)


async def _store_and_acknowledge(
    interaction: Interaction, accept: Accept, queue: OrderQueue
) -> AcceptedOrder | None:
    """Store an order, then acknowledge the interaction; None where Discord no longer waits.

    Where storing takes long, the acknowledgement comes first, and the reply says what is awaited.
    """
    loop = asyncio.get_running_loop()
    late: list[asyncio.Task[bool]] = []
    first = partial(_acknowledge_first, interaction)
    timer = loop.call_later(STORE_WITHIN, lambda: late.append(loop.create_task(first())))
    try:
        accepted = await accept(actor_of(interaction), reply_address(interaction))
    finally:
        timer.cancel()
        if late:
            await asyncio.wait(late)
    try:
        is_in_time = await (late[0] if late else acknowledge(interaction))
    except Exception:
        # The member is told of the error, so the next start must not resume the order.
        await queue.withdraw(accepted.order)
        raise
    if not is_in_time:
        await queue.withdraw(accepted.order)
        return None
    return accepted


async def _acknowledge_first(interaction: Interaction) -> bool:
    """Acknowledge an interaction whose order is not stored yet, and say why."""
    is_in_time = await acknowledge(interaction)
    if is_in_time:
        await answer(interaction, DATABASE_BUSY)
    return is_in_time


async def respond(
    interaction: Interaction,
    work: Coroutine[None, None, T],
    render: Callable[[T], str] | None,
    buttons: Callable[[T], View | None] = lambda _: None,
    *,
    attach: Callable[[T], discord.File | None] = lambda _: None,
    in_place: bool = False,
) -> bool:
    """Acknowledge an interaction, do its work and answer privately; return whether it was done.

    An error that the member can understand is the answer; `answer_error` reports any other.

    Args:
        render: the text of the answer; None where the work itself edits the message in place.
        buttons: what may be pressed under the answer.
        attach: the file that goes with it.
        in_place: whether the answer replaces the message that was pressed; an error goes beside it.
    """
    view, file, is_done = None, None, False
    try:
        if not await acknowledge(interaction, in_place=in_place):
            return False
        result = await work
        if render is None:
            return True
        text, view, file = render(result), buttons(result), attach(result)
        is_done = True
    except (CadError, ServiceError, StorageError) as error:
        if in_place:
            await answer_beside(interaction, error)
            return False
        text = describe_error(error)
    finally:
        work.close()  # it may not have begun
    await answer(interaction, text, view, file)
    return is_done


async def answer_beside(interaction: Interaction, error: Exception) -> None:
    """Answer with an error beside the message that was pressed and acknowledged in place.

    The message stays as it is, for it may be good for another press. Where it is not, it shows what
    became of its order; one that belongs to no order loses its buttons.
    """
    await follow_up(interaction, describe_error(error))
    if not isinstance(error, SpentError):
        return
    try:
        if await services_for(interaction).queue.replies.show_again(reply_address(interaction)):
            return
        await interaction.edit_original_response(view=None)
    except (discord.HTTPException, OSError, StorageError) as failure:
        _log.warning("a message that was pressed is not changed: %s", failure)


async def acknowledge(interaction: Interaction, *, in_place: bool = False) -> bool:
    """Tell Discord within its three seconds that an answer for this member alone will follow.

    In place, the answer will be an edit of the message that was pressed, also of a public one.

    Returns:
        False where Discord no longer waits: the member has seen it fail, so nothing may happen.
    """
    time = asyncio.get_running_loop().time
    began_at = time()
    pressed = interaction.message.id if in_place and interaction.message else None
    if in_place:
        interaction.extras[IN_PLACE] = True
    try:
        acknowledged = await interaction.response.defer(ephemeral=True, thinking=not in_place)
    except discord.HTTPException as error:
        if error.code not in TOO_LATE:
            raise
        if error.code != ALREADY_ACKNOWLEDGED:
            _log.warning("interaction %s came too late and was not carried out", interaction.id)
            return False
        if time() - began_at < _REPEATED_AFTER:
            _log.warning(OTHER_COPY, interaction.id)
            return False
        # Discord took the first request, and its answer to that was lost or an error.
        _log.warning(
            "interaction %s was acknowledged at the first of several tries", interaction.id
        )
        interaction.extras[REPLY_ID] = pressed
        return True
    reply_id = acknowledged.message_id if acknowledged else None
    interaction.extras[REPLY_ID] = pressed or reply_id
    return acknowledged is not None
