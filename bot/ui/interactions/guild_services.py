"""What a command, a button or a form finds behind it: the services of its guild."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from discord.ext import commands

from bot.services.calls.call_actions import CallActions
from bot.services.calls.call_listing import CallListing
from bot.services.communities.guild_setup import GuildSetup
from bot.services.doctor.runner import Doctor
from bot.services.errors import ServiceError
from bot.services.guild_errors import GuildNotServed
from bot.services.link_files.import_export import LinkImportExport
from bot.services.links.bulk_verification import BulkVerifier
from bot.services.links.link_service import LinkService
from bot.services.links.link_workflow import LinkWorkflow
from bot.services.orders.confirmation import ConfirmationService
from bot.services.orders.intake import OrderIntake
from bot.services.pickers.suggestions import Suggestions
from bot.services.pickers.unit_picker import UnitPicker
from bot.services.queue.order_queue import OrderQueue
from bot.services.records.audit_log import AuditLog
from bot.services.records.my_data import MyData


@dataclass(frozen=True, slots=True)
class GuildServices:
    """The services that interactions of one guild use."""

    intake: OrderIntake
    confirmation: ConfirmationService
    queue: OrderQueue
    call_actions: CallActions
    call_listing: CallListing
    suggestions: Suggestions
    unit_picker: UnitPicker
    links: LinkService
    link_workflow: LinkWorkflow
    bulk_verifier: BulkVerifier
    link_files: LinkImportExport
    audit_log: AuditLog
    my_data: MyData
    doctor: Doctor


class DispatchClient(commands.Bot):
    """A client of Discord that knows the services behind its interactions.

    Attributes:
        guild_services: those of the guilds that the bot serves, by guild id.
        refusals: why it does not serve others that are set up, by guild id.
        usual_refusal: why it does not serve the rest.
        guild_setup: sets guilds up; None where the settings in the environment do.
    """

    guild_services: Mapping[int, GuildServices]
    refusals: Mapping[int, type[ServiceError]]
    usual_refusal: type[ServiceError] = GuildNotServed
    guild_setup: GuildSetup | None = None
