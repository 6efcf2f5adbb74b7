"""All that is stored about a server: as a file, and deleting it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Self

import discord

from bot.services.communities.setup_state import SetupState
from bot.services.guild_errors import GuildExportTooLarge
from bot.ui.interactions.forms import Values
from bot.ui.interactions.responses import Interaction, actor_of
from bot.ui.setup import setup_fields as fields
from bot.ui.setup.setup_access import setup_for
from bot.ui.setup.setup_form import SetupForm, form_template

EXPORTED = "✅ All that is stored about this server, without the API key."
_LIMIT = 8 * 2**20  # bytes of a file, on a server without boosts
_DELETED = (
    "✅ All that was stored about this server is deleted: the API key, settings, links and orders."
    " Messages in Discord stay; you can delete them."
)


def export_file(rows: Mapping[str, object]) -> discord.File:
    """Return the file.

    Raises:
        GuildExportTooLarge.
    """
    text = json.dumps(rows, default=str, indent=1, ensure_ascii=False).encode()
    if len(text) > _LIMIT:
        raise GuildExportTooLarge
    return discord.File(io.BytesIO(text), "server.json")


class ForgetForm(SetupForm):
    """Asks for the name of the server before all about it is deleted."""

    part, template = "forget", form_template("forget")

    @classmethod
    def opened(cls, state: SetupState) -> Self:
        """Return the form."""
        field = fields.text("name", "Type the name of this server to delete", is_required=True)
        return cls("Delete all that is stored", state, [field])

    @classmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:  # noqa: ARG003
        """Delete it, if the name is right."""
        name = interaction.guild.name if interaction.guild else ""
        typed = fields.first(values, "name")
        await setup_for(interaction).forget(actor_of(interaction), typed, name)
        return _DELETED
