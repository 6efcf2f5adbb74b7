"""The forms of `/setup` for members, units and push events."""

from __future__ import annotations

import re
from typing import Self

from bot.config.guild_settings import GuildSettings
from bot.services.communities.setup_state import SetupState
from bot.ui.interactions.forms import Values
from bot.ui.interactions.responses import Interaction
from bot.ui.setup import setup_fields as fields
from bot.ui.setup.setup_form import PartForm, form_template
from bot.ui.setup.setup_text import STATUSES

_UNCHANGED = "unchanged"
_WEBSOCKET, _POLLING = "websocket", "polling"
_SAVED = "✅ Saved."


class PeopleForm(PartForm):
    """Asks what counts for links and units."""

    part, template = "people", form_template("people")

    @classmethod
    def opened(cls, state: SetupState, settings: GuildSettings) -> Self:
        """Return the form with what is set up now."""
        status = settings.status_on_attach
        statuses = {_UNCHANGED: "It keeps its status"}
        statuses |= {str(number): f"It becomes {name}" for number, name in enumerate(STATUSES)}
        options = {
            "link_approval": "A member's own link needs an approval (in the log channel)",
            "require_cad_permission": "Orders also need the permission in the CAD",
        }
        if state.may_forget_on_leave:
            options["forget_on_leave"] = "Forget members who leave this server"
        return cls(
            "Members and units",
            state,
            [
                fields.one_of(
                    "status",
                    "A unit that is attached",
                    statuses,
                    _UNCHANGED if status is None else str(status),
                ),
                fields.text(
                    "ids",
                    "Form of Steam ids in the CAD",
                    settings.api_id_format,
                    hint="{hex} or {steam64}, with what stands around it, such as steam:{hex}.",
                    is_required=True,
                ),
                fields.some_of(
                    "options",
                    "Options",
                    options,
                    [name for name in options if getattr(settings, name)],
                ),
            ],
        )

    @classmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:
        """Store the options."""
        status, options = fields.first(values, "status"), values.get("options", [])
        changes = {
            "status_on_attach": None if status == _UNCHANGED else status,
            "api_id_format": fields.first(values, "ids"),
            "link_approval": "link_approval" in options,
            "require_cad_permission": "require_cad_permission" in options,
            "forget_on_leave": "forget_on_leave" in options,
        }
        await cls.change(match, changes, interaction)
        return _SAVED


class PushForm(PartForm):
    """Asks how the bot hears of changes in the CAD."""

    part, template = "push", form_template("push")

    @classmethod
    def opened(cls, state: SetupState, settings: GuildSettings) -> Self:
        """Return the form with what is set up now."""
        ways = {
            _POLLING: "Ask the CAD every 15 seconds; always works",
            _WEBSOCKET: "The CAD's websocket; not beside a game server that uses it",
        }
        present = _WEBSOCKET if settings.sonoran_websocket else _POLLING
        return cls("Push events", state, [fields.one_of("way", "How", ways, present)])

    @classmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:
        """Store the way."""
        way = fields.first(values, "way")
        await cls.change(match, {"sonoran_websocket": way == _WEBSOCKET}, interaction)
        return f"{_SAVED} Press **Any push events yet?** after something has changed in the CAD."
