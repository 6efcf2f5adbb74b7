"""What the forms of `/setup` have in common.

Custom ids: `cad:setup:save:<part>:<revision>`, with more for a server. The revision is that of the
set-up that the member has seen: a form that another member has overtaken changes nothing.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from discord.ui import Label

from bot.config.guild_settings import GuildSettings
from bot.services.communities.setup_state import SetupState
from bot.ui.interactions.forms import PersistentForm, Values
from bot.ui.interactions.responses import Interaction, actor_of
from bot.ui.setup.setup_access import setup_for, show_page


def form_template(part: str, more: str = "") -> re.Pattern[str]:
    """Return the pattern of the custom ids of the forms of a part."""
    return re.compile(rf"cad:setup:save:{part}:(?P<revision>\d{{1,9}}){more}")


class SetupForm(PersistentForm):
    """A form that changes the set-up and then shows its page."""

    part: ClassVar[str]

    def __init__(
        self, title: str, state: SetupState, present: Sequence[Label[Any]], more: str = ""
    ) -> None:
        super().__init__(title, f"cad:setup:save:{self.part}:{state.revision}{more}", present)

    @classmethod
    async def submit(cls, match: re.Match[str], values: Values, interaction: Interaction) -> None:
        """Save what was entered, and show the page with the outcome."""
        await show_page(interaction, cls.save(match, values, interaction))

    @classmethod
    @abstractmethod
    async def save(cls, match: re.Match[str], values: Values, interaction: Interaction) -> str:
        """Check and store what was entered; return the outcome."""


class ConnectedForm(SetupForm):
    """Changes settings of a server that is connected."""

    @classmethod
    async def change(
        cls, match: re.Match[str], changes: Mapping[str, object], interaction: Interaction
    ) -> GuildSettings:
        """Store settings, and return all of them."""
        setup, actor = setup_for(interaction), actor_of(interaction)
        return await setup.change(actor, int(match["revision"]), changes)


class PartForm(ConnectedForm):
    """Changes the settings of a part."""

    @classmethod
    @abstractmethod
    def opened(cls, state: SetupState, settings: GuildSettings) -> Self:
        """Return the form with what is set up now."""
