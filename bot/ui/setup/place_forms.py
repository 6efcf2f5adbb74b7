"""The forms of `/setup` for roles and channels."""

from __future__ import annotations

import re
from typing import Self

from bot.config.guild_settings import GuildSettings
from bot.config.server_list import CadServerSetting
from bot.services.communities.setup_state import SetupState
from bot.ui.interactions.forms import Values
from bot.ui.interactions.responses import Interaction, actor_of
from bot.ui.setup import setup_fields as fields
from bot.ui.setup import setup_text as words
from bot.ui.setup.place_checks import check_channels, check_ping, check_roles, open_to_all
from bot.ui.setup.setup_access import setup_for
from bot.ui.setup.setup_form import ConnectedForm, PartForm, form_template


class RolesForm(PartForm):
    """Asks which roles may do what."""

    part, template = "roles", form_template("roles")

    @classmethod
    def opened(cls, state: SetupState, settings: GuildSettings) -> Self:
        """Return the form with what is set up now."""
        return cls(
            "Who may do what",
            state,
            [
                fields.roles(
                    "dispatch",
                    "Dispatchers",
                    settings.dispatch_role_ids,
                    hint="They attach and detach every unit. None: members with Manage Server.",
                ),
                fields.roles(
                    "self",
                    "Members who may move themselves",
                    settings.self_dispatch_role_ids,
                    hint="Besides the dispatchers.",
                ),
                fields.roles(
                    "link",
                    "Members who may link others",
                    settings.link_role_ids,
                    hint="None: the dispatchers.",
                ),
                fields.roles(
                    "admin",
                    "Administrators of the bot",
                    settings.admin_role_ids,
                    hint="They see the doctor and change all links. None: those who may link.",
                ),
            ],
        )

    @classmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:
        """Store the roles, and say who may do what now."""
        changes = {
            "dispatch_role_ids": fields.snowflakes(values, "dispatch"),
            "self_dispatch_role_ids": fields.snowflakes(values, "self"),
            "link_role_ids": fields.snowflakes(values, "link"),
            "admin_role_ids": fields.snowflakes(values, "admin"),
        }
        check_roles(interaction.guild, frozenset().union(*changes.values()))
        settings = await cls.change(match, changes, interaction)
        return words.roles_saved(settings)


class ChannelsForm(PartForm):
    """Asks for the channels of the cards and of the log, and the role for urgent calls."""

    part, template = "channels", form_template("channels")

    @classmethod
    def opened(cls, state: SetupState, settings: GuildSettings) -> Self:
        """Return the form with what is set up now."""
        ping = [settings.ping_role_id] if settings.ping_role_id else []
        return cls(
            "Channels",
            state,
            [
                fields.channel(
                    "calls",
                    "Cards of the calls",
                    settings.calls_channel_id,
                    hint="One message for each open call, kept up to date.",
                ),
                fields.channel(
                    "log",
                    "Log",
                    settings.log_channel_id,
                    hint="A line for each order, and the requests for links.",
                ),
                fields.roles("ping", "Role to ping for new urgent calls", ping, limit=1),
                fields.text(
                    "urgent",
                    "Urgent priorities",
                    ", ".join(sorted(settings.urgent_priorities)),
                    hint="Numbers or names of priorities, with commas between them.",
                ),
                fields.text(
                    "keep",
                    "Minutes that a closed card stays",
                    str(settings.card_keep_minutes),
                    is_required=True,
                    limit=5,
                ),
            ],
        )

    @classmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:
        """Store the channels; warn of one that all members can read."""
        guild = interaction.guild
        calls, log = fields.snowflake(values, "calls"), fields.snowflake(values, "log")
        ping = fields.snowflake(values, "ping")
        chosen = [one for one in (calls, log) if one]
        check_channels(guild, chosen)
        check_ping(guild, ping, calls)
        await cls.change(
            match,
            {
                "calls_channel_id": calls,
                "log_channel_id": log,
                "ping_role_id": ping,
                "urgent_priorities": fields.first(values, "urgent"),
                "card_keep_minutes": fields.first(values, "keep"),
            },
            interaction,
        )
        return words.channels_saved(open_to_all(guild, chosen))


class ServerForm(ConnectedForm):
    """Asks for the channel of one server of the CAD."""

    part = "server"
    template = form_template(part, r":(?P<server>\d{1,9})")

    def __init__(self, state: SetupState, server: CadServerSetting) -> None:
        label = f"Cards of server {server.server_id}"
        present = fields.channel(
            "calls", label, server.channel_id, hint="None: the channel of the cards of all servers."
        )
        super().__init__(label, state, [present], f":{server.server_id}")

    @classmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:
        """Store the channel; warn of one that all members can read."""
        calls = fields.snowflake(values, "calls")
        chosen = [calls] if calls else []
        check_channels(interaction.guild, chosen)
        await setup_for(interaction).change_server(
            actor_of(interaction), int(match["revision"]), int(match["server"]), calls
        )
        return words.channels_saved(open_to_all(interaction.guild, chosen))
