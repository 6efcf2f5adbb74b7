"""A server that is not set up yet, and a member who sets it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import discord
from pydantic import SecretStr
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle, RoleHandle
from simcord.results import InteractionResult

from sandbox.cad.state import seed
from sandbox.cad.state.models import Community
from tests.e2e.bot_fixture import BotFixture, until

KEYS = (SecretStr("k" * 43),)
COMMUNITY, KEY = "liberty", "canary-key-of-liberty-city"


def texts(components: Any) -> list[str]:
    """Return the texts of components, from the top to the bottom."""
    found = []
    for one in components:
        if one["type"] == discord.ComponentType.text_display.value:
            found.append(one["content"])
        found += texts(one.get("components", ()))
    return found


def buttons(components: Any) -> list[str]:
    """Return the labels of the buttons in components."""
    found = []
    for one in components:
        if one["type"] == discord.ComponentType.button.value:
            found.append(one["label"])
        found += buttons([*one.get("components", ()), *filter(None, [one.get("accessory")])])
    return found


@dataclass(slots=True)
class SetupFixture:
    """The server without a set-up, its manager, and the page that the manager looks at."""

    bot_fixture: BotFixture
    guild: GuildHandle
    channel: ChannelHandle
    role: RoleHandle
    max: MemberActor
    pages: list[InteractionResult] = field(default_factory=list)

    @classmethod
    def build(cls, bot_fixture: BotFixture) -> SetupFixture:
        twin = seed.build_world(bot_fixture.world.now).communities[seed.COMMUNITY_ID]
        twin.id, twin.key = COMMUNITY, KEY
        bot_fixture.world.communities[twin.id] = twin
        guild = bot_fixture.env.create_guild("Liberty City")
        manager = guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
        return cls(
            bot_fixture,
            guild,
            guild.create_text_channel("general"),
            guild.create_role("Dispatch"),
            guild.add_member(bot_fixture.max.user, roles=[manager]),
        )

    @property
    def community(self) -> Community:
        return self.bot_fixture.world.communities[COMMUNITY]

    async def start(self, **changes: Any) -> None:
        await self.bot_fixture.start(secrets_keys=KEYS, **changes)

    async def open(self, who: MemberActor | None = None) -> InteractionResult:
        """Let the manager use /setup."""
        shown = await (who or self.max).slash(self.channel, "setup")
        assert shown.ephemeral
        self.pages.append(shown)
        return shown

    @property
    def page(self) -> list[str]:
        """The texts of the page that was opened last."""
        response = self.pages[-1].response
        assert response is not None
        return texts(response.components)

    @property
    def notice(self) -> str:
        """What the page says of the last change."""
        title, notice, *parts = self.page
        assert title.startswith("## Set up this server")
        assert len(parts) == 5, notice
        return notice

    @property
    def buttons(self) -> list[str]:
        response = self.pages[-1].response
        assert response is not None
        return buttons(response.components)

    def look(self) -> Callable[[], None]:
        """Return what shows the page as it looks now, as a slow client does."""
        response = self.pages[-1].response
        assert response is not None
        message = self.bot_fixture.env.backend.get_message(self.channel.id, response.id)
        look = message.components

        def restore() -> None:
            message.components = look

        return restore

    async def choose_server(self, number: int) -> InteractionResult:
        """Choose a server of the CAD in the list on the page."""
        response = self.pages[-1].response
        assert response is not None
        return await self.max.select(response, [str(number)], custom_id="cad:setup:server")

    async def press(
        self, action: str, who: MemberActor | None = None, page: int = -1
    ) -> InteractionResult:
        """Press a button of the page by the last word of its custom id."""
        response = self.pages[page].response
        assert response is not None
        return await (who or self.max).click(response, custom_id=f"cad:setup:{action}")

    async def fill(
        self, part: str, page: int = -1, who: MemberActor | None = None, **values: Any
    ) -> InteractionResult:
        """Open the form of a part, fill it in and send it; what is not named stays as shown."""
        return await self.send(await self.press(part, who, page), who, **values)

    async def send(
        self, shown: InteractionResult, who: MemberActor | None = None, **values: Any
    ) -> InteractionResult:
        """Send a form that is open."""
        assert shown.modal is not None
        present = {one["component"]["custom_id"]: one["component"] for one in self.fields(shown)}
        whole = {name: self._shown(one) for name, one in present.items()} | values
        kept = {name: value for name, value in whole.items() if value is not None}
        return await (who or self.max).submit_modal(shown, kept)

    @staticmethod
    def fields(shown: InteractionResult) -> list[dict[str, Any]]:
        assert shown.modal is not None
        found: list[dict[str, Any]] = shown.modal["components"]
        return found

    def _shown(self, field: dict[str, Any]) -> Any:
        """Return what a field shows before anything is entered."""
        if field["type"] == discord.ComponentType.text_input.value:
            return field.get("value", "")
        chosen = [one["value"] for one in field.get("options", ()) if one.get("default")]
        if field["type"] == discord.ComponentType.radio_group.value:
            return next(iter(chosen), None)
        if field["type"] == discord.ComponentType.checkbox_group.value:
            return chosen
        handles: dict[int, Any] = {one.id: one for one in self.guild_places()}
        return [handles[int(one["id"])] for one in field.get("default_values", ())]

    def guild_places(self) -> list[Any]:
        return [self.channel, self.role]

    async def connect(self, **values: Any) -> str:
        """Connect the server to its community; return what the page says of it."""
        await self.fill("connect", **{"community": COMMUNITY, "key": KEY, **values})
        return self.notice

    async def is_served(self) -> None:
        """Wait until the server's calls and units are known."""
        services = self.bot_fixture.bot.guild_services
        await until(lambda: self.guild.id in services)
        board = services[self.guild.id].board
        await until(lambda: board.calls(1) and board.units(1))

    async def answer(self, command: str, /, **options: object) -> str:
        """Let the manager type a command there; return the text of its reply a minute later."""
        result = await self.max.slash(self.channel, command, **options)
        await self.bot_fixture.advance(60)
        assert result.response is not None
        return result.response.content
