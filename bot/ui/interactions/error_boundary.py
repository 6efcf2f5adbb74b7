"""The guard of all that can be pressed or filled in, and what it finds behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, cast

import discord
from discord import app_commands

from bot.services.calls.call_actions import CallActions
from bot.services.link_files.import_export import LinkImportExport
from bot.services.links.bulk_verification import BulkVerifier
from bot.services.links.link_workflow import LinkWorkflow
from bot.services.orders.confirmation import ConfirmationService
from bot.services.orders.intake import OrderIntake
from bot.services.pickers.unit_picker import UnitPicker
from bot.services.queue.order_queue import OrderQueue
from bot.ui.interactions.responses import Interaction, answer_error


class Desk(Protocol):
    """What a button finds in the client that it is pressed at."""

    acts: CallActions
    attaching: OrderIntake
    asking: ConfirmationService
    checks: BulkVerifier
    link_desk: LinkWorkflow
    link_files: LinkImportExport
    orders: OrderQueue
    picking: UnitPicker

    @property
    def tree(self) -> app_commands.CommandTree[discord.Client]:
        """The gate that every interaction passes."""


PressHandler: TypeAlias = Callable[[Interaction, Desk], Awaitable[None]]


async def run_guarded(interaction: discord.Interaction[Any], press: PressHandler) -> None:
    """Do what a button, a select or a form is for; whatever goes wrong is answered.

    discord.py only logs an exception in a `callback`, and one in `interaction_check` is a silent
    "not allowed"; therefore every callback of ours is this, around a `press`.
    """
    desk = cast(Desk, interaction.client)
    try:
        if await desk.tree.interaction_check(interaction):
            await press(interaction, desk)
    except Exception as error:  # noqa: BLE001 - nobody above would answer it
        await answer_error(interaction, error)
