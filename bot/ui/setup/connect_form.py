"""The form of `/setup` that connects a server to the CAD."""

from __future__ import annotations

import re
from typing import Self

from pydantic import SecretStr

from bot.services.communities.setup_state import Connection, SetupState
from bot.ui.interactions.forms import Values
from bot.ui.interactions.responses import Interaction, actor_of
from bot.ui.setup import setup_fields as fields
from bot.ui.setup import setup_text as words
from bot.ui.setup.setup_access import setup_for
from bot.ui.setup.setup_form import SetupForm, form_template

_KEY_LIMIT = 200  # characters
_API_VERSIONS = {
    "auto": "Automatic: API 2, or API 1 where that is all",
    "2": "API 2 only",
    "1": "API 1 only",
}


class ConnectForm(SetupForm):
    """Asks for the community and its key. The stored key is never shown."""

    part, template = "connect", form_template("connect")

    @classmethod
    def opened(cls, state: SetupState) -> Self:
        """Return the form with what is set up now."""
        settings = state.settings
        has_key = settings is not None and state.problem is None
        numbers = [str(one.server_id) for one in settings.servers] if settings else ["1"]
        version = str(settings.sonoran_api_version) if settings else "auto"
        return cls(
            "Connect to Sonoran CAD",
            state,
            [
                fields.text(
                    "community",
                    "Community ID",
                    settings.sonoran_community_id if settings else "",
                    is_required=True,
                ),
                fields.text(
                    "key",
                    "API key",
                    hint="Leave it empty to keep the stored key." if has_key else None,
                    is_required=not has_key,
                    limit=_KEY_LIMIT,
                ),
                fields.text(
                    "servers",
                    "Numbers of the CAD's servers",
                    ", ".join(numbers),
                    hint="Most communities have server 1 alone. Empty means all servers.",
                ),
                fields.one_of("api", "API of the CAD", _API_VERSIONS, version),
            ],
        )

    @classmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:
        """Connect the server, if the CAD takes the key."""
        setup, actor = setup_for(interaction), actor_of(interaction)
        key = fields.first(values, "key")
        connected = await setup.connect(
            actor,
            Connection(
                fields.first(values, "community"),
                SecretStr(key) if key else None,
                fields.first(values, "api"),
                fields.first(values, "servers"),
                int(match["revision"]),
            ),
        )
        return words.connected(connected)
