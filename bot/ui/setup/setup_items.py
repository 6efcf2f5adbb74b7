"""What can be pressed and chosen on the page of `/setup`. Custom ids: `cad:setup:<action>`."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self

from discord import ButtonStyle
from discord.ui import Button, Item, LayoutView, Select

from bot.services.communities.setup_state import SetupState
from bot.services.guild_errors import NotConnected, SetupOutdated
from bot.ui.doctor import doctor_report
from bot.ui.interactions.handlers import GuardedItem
from bot.ui.interactions.responses import Interaction, actor_of, respond, services_for
from bot.ui.setup import setup_text as words
from bot.ui.setup.connect_form import ConnectForm
from bot.ui.setup.guild_data import EXPORTED, ForgetForm, export_file
from bot.ui.setup.option_forms import PeopleForm, PushForm
from bot.ui.setup.place_forms import ChannelsForm, RolesForm, ServerForm
from bot.ui.setup.setup_access import setup_for, show_page
from bot.ui.setup.setup_form import PartForm, SetupForm
from bot.ui.text import one_line


class SetupButton(GuardedItem, template=r"cad:setup:button"):
    """A button of the page; it carries no values."""

    action: ClassVar[str]
    label: ClassVar[str]
    style: ClassVar[ButtonStyle] = ButtonStyle.secondary

    def __init__(self, label: str = "") -> None:
        custom_id = f"cad:setup:{self.action}"
        super().__init__(
            Button[LayoutView](label=label or self.label, style=self.style, custom_id=custom_id)
        )


class PartButton(SetupButton, template=r"cad:setup:part"):
    """Opens the form of a part of the set-up."""

    title: ClassVar[str]

    async def handle(self, interaction: Interaction) -> None:
        """Open the form, with what is set up now."""
        state = await setup_for(interaction).read(actor_of(interaction))
        await interaction.response.send_modal(self.form(state))

    @abstractmethod
    def form(self, state: SetupState) -> SetupForm:
        """Return the form."""


class ConnectButton(PartButton, template=r"cad:setup:connect"):
    """Opens the form for the community and its key."""

    action, title, label = "connect", "Sonoran CAD", "Connect…"

    def form(self, state: SetupState) -> SetupForm:
        """Return the form."""
        return ConnectForm.opened(state)


class _ConnectedPartButton(PartButton, template=r"cad:setup:part"):
    """Opens a form that needs a community."""

    form_kind: ClassVar[type[PartForm]]

    def form(self, state: SetupState) -> SetupForm:
        """Return the form."""
        if state.settings is None:
            raise NotConnected
        return self.form_kind.opened(state, state.settings)


class RolesButton(_ConnectedPartButton, template=r"cad:setup:roles"):
    """Opens the form for the roles."""

    action, title, label = "roles", "Who may do what", "Roles…"
    form_kind = RolesForm


class ChannelsButton(_ConnectedPartButton, template=r"cad:setup:channels"):
    """Opens the form for the channels."""

    action, title, label = "channels", "Channels", "Channels…"
    form_kind = ChannelsForm


class PeopleButton(_ConnectedPartButton, template=r"cad:setup:people"):
    """Opens the form for links and units."""

    action, title, label = "people", "Members and units", "Members…"
    form_kind = PeopleForm


class PushButton(_ConnectedPartButton, template=r"cad:setup:push"):
    """Opens the form for push events."""

    action, title, label = "push", "Push events", "Push events…"
    form_kind = PushForm


class ServerSelect(GuardedItem, template=r"cad:setup:server"):
    """Opens the form for the channel of one server of the CAD."""

    item: Select[LayoutView]

    def __init__(self, select: Select[LayoutView] | None = None) -> None:
        placeholder = "A channel for the cards of one server…"
        super().__init__(select or Select(placeholder=placeholder, custom_id="cad:setup:server"))

    @classmethod
    def from_match(cls, match: re.Match[str], item: Item[Any]) -> Self:  # noqa: ARG003
        """Rebuild the list from which a server was chosen."""
        return cls(item if isinstance(item, Select) else None)

    async def handle(self, interaction: Interaction) -> None:
        """Open the form."""
        state = await setup_for(interaction).read(actor_of(interaction))
        if state.settings is None:
            raise NotConnected
        chosen = int(self.item.values[0])
        found = [one for one in state.settings.sonoran_servers if one.server_id == chosen]
        if not found:
            raise SetupOutdated
        await interaction.response.send_modal(ServerForm(state, found[0]))


class RetryButton(SetupButton, template=r"cad:setup:retry"):
    """Tries the key again that the CAD has not answered about."""

    action, label, style = "retry", "Try again", ButtonStyle.primary

    def __init__(self, community_id: str = "") -> None:
        super().__init__(one_line(f"Try with community {community_id}", 80))

    async def handle(self, interaction: Interaction) -> None:
        """Do it."""
        await show_page(interaction, self._retry(interaction))

    async def _retry(self, interaction: Interaction) -> str:
        return words.connected(await setup_for(interaction).retry(actor_of(interaction)))


class HeardButton(SetupButton, template=r"cad:setup:heard"):
    """Says what was heard of the push events."""

    action, label = "heard", "Any push events yet?"

    async def handle(self, interaction: Interaction) -> None:
        """Do it."""
        await show_page(interaction, self._heard(interaction))

    async def _heard(self, interaction: Interaction) -> str:
        await setup_for(interaction).read(actor_of(interaction))  # the rights
        return words.heard(await services_for(interaction).doctor.check_push())


class CheckButton(SetupButton, template=r"cad:setup:check"):
    """Runs the doctor, for members who may see nothing else of the bot yet, too."""

    action, label, style = "check", "Check everything", ButtonStyle.success

    async def handle(self, interaction: Interaction) -> None:
        """Answer with what the doctor finds, in a message of its own."""
        actor = actor_of(interaction)
        await setup_for(interaction).read(actor)  # the rights
        work = services_for(interaction).doctor.check(actor.guild_id)
        await respond(interaction, work, doctor_report.report)


class RefreshButton(SetupButton, template=r"cad:setup:refresh"):
    """Shows the page as things are now."""

    action, label = "refresh", "Refresh"

    async def handle(self, interaction: Interaction) -> None:
        """Do it."""
        await show_page(interaction)


class ExportButton(SetupButton, template=r"cad:setup:export"):
    """Sends all that is stored about the server, as a file."""

    action, label = "export", "Export"

    async def handle(self, interaction: Interaction) -> None:
        """Answer in a message of its own."""
        work = setup_for(interaction).export(actor_of(interaction))
        await respond(interaction, work, lambda _: EXPORTED, attach=export_file)


class ForgetButton(SetupButton, template=r"cad:setup:forget"):
    """Asks before all that is stored about the server is deleted."""

    action, label, style = "forget", "Forget this server…", ButtonStyle.danger

    async def handle(self, interaction: Interaction) -> None:
        """Open the question."""
        state = await setup_for(interaction).read(actor_of(interaction))
        await interaction.response.send_modal(ForgetForm.opened(state))


SETUP_ITEMS = (
    ConnectButton,
    RolesButton,
    ChannelsButton,
    PeopleButton,
    PushButton,
    ServerSelect,
    RetryButton,
    HeardButton,
    CheckButton,
    RefreshButton,
    ExportButton,
    ForgetButton,
)

SETUP_FORMS = (ConnectForm, RolesForm, ChannelsForm, ServerForm, PeopleForm, PushForm, ForgetForm)
