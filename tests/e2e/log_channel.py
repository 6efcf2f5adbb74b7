"""What tests about links look at: the log channel, direct messages, presses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import discord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.results import InteractionResult

from bot.services.verification.pacing import TIME_LIMIT
from bot.ui.calls.card_buttons import call_buttons
from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture, CommandReply


class LogChannel:
    """The log channel, as people see it."""

    def __init__(self, bot_fixture: BotFixture, channel: ChannelHandle) -> None:
        self.bot_fixture = bot_fixture
        self.channel = channel

    @classmethod
    async def opened(cls, bot_fixture: BotFixture, **changes: Any) -> LogChannel:
        """Start the bot again with a log channel."""
        channel = bot_fixture.guild.create_text_channel("log")
        await bot_fixture.start(log_channel_id=channel.id, **changes)
        return cls(bot_fixture, channel)

    @property
    def messages(self) -> list[discord.Message]:
        """The messages, the oldest first; none of them pings anybody."""
        place = f"/channels/{self.channel.id}/messages"
        for request in self.bot_fixture.env.http_requests:
            if request.path.startswith(place) and isinstance(request.json, dict):
                assert request.json["allowed_mentions"] == {"parse": []}
        return self.channel.history()

    @property
    def texts(self) -> list[str]:
        return [one.content for one in self.messages]

    async def press(self, who: MemberActor, label: str, index: int = -1) -> CommandReply:
        """Press a button of a request; the answer is private."""
        said = CommandReply(self.bot_fixture, await who.click(self.messages[index], label=label))
        await self.bot_fixture.advance(TIME_LIMIT)
        said.check()
        return said


async def asked(bot_fixture: BotFixture, who: MemberActor, pasted: str) -> CommandReply:
    """Type `/link`, and give the CAD the time to be asked about the id."""
    said = await bot_fixture.run_command(who, "link", steam=pasted)
    await bot_fixture.advance(TIME_LIMIT)
    return said


def labels(message: discord.Message) -> list[str]:
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return [one.label or "" for row in rows for one in row.children if hasattr(one, "label")]


def direct_messages(who: MemberActor) -> list[str]:
    """Return the direct messages that somebody got."""
    return [one.content for one in who.user.dm_channel.history()]


async def answered(
    bot_fixture: BotFixture, who: MemberActor, said: CommandReply, label: str
) -> str:
    """Press a button of a private question; return what is there in place of it."""
    assert said.result.response is not None
    before = len(bot_fixture.env.http_requests)
    await who.click(said.result.response, label=label)
    bodies = [one.json for one in bot_fixture.env.http_requests[before:] if one.method == "PATCH"]
    for body in bodies:
        assert isinstance(body, dict)
        assert body["allowed_mentions"] == {"parse": []}
    return said.text


async def press_attach_me(
    bot_fixture: BotFixture, who: MemberActor, pasted: str | None = None
) -> InteractionResult:
    """Press Attach me on a card, and fill in the form where one is expected."""
    channel = bot_fixture.bot.get_channel(bot_fixture.channel.id)
    assert isinstance(channel, discord.TextChannel)
    card = await channel.send("A card", view=call_buttons(seed.SERVER_ID, seed.ARMED_ROBBERY))
    result = await who.click(card, label="Attach me")
    if pasted is not None:
        assert result.modal is not None
        result = await who.submit_modal(result, {"steam": pasted})
    assert result.ephemeral or result.modal
    return result


def requests_stored(bot_fixture: BotFixture) -> list[tuple[int, str, str]]:
    """Read the requests as another program would: who, which id, where it stands."""
    with closing(sqlite3.connect(bot_fixture.file)) as connection:
        return connection.execute(
            "SELECT discord_id, api_id, state FROM link_requests ORDER BY id"
        ).fetchall()
