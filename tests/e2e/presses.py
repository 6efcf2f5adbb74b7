"""What a member sees of pressing a button of a private message."""

from __future__ import annotations

from dataclasses import dataclass

from simcord.actors import MemberActor
from simcord.results import InteractionResult

from tests.e2e.bot_fixture import CommandReply


@dataclass(slots=True)
class Press:
    """A press that is acknowledged in the message itself, and what is said beside that message."""

    result: InteractionResult

    @property
    def beside(self) -> list[str]:
        """The private messages that the press has brought, as they are now."""
        assert all(one.ephemeral for one in self.result.followups)
        return [one.content for one in self.result.followups]

    @property
    def text(self) -> str:
        """The one private message that the press has brought."""
        (text,) = self.beside
        return text


async def press(said: CommandReply, label: str, who: MemberActor | None = None) -> Press:
    """Let a member, Dana if none is named, press a button of a reply."""
    response = said.result.response
    assert response is not None
    member = who or said.bot_fixture.dana
    return Press(await member.click(response, label=label))


class OldLook:
    """How a message looks now; a slow client, or an edit that Discord lost, shows it later too."""

    def __init__(self, said: CommandReply) -> None:
        assert said.result.response is not None
        place = said.bot_fixture.channel.id, said.result.response.id
        self._message = said.bot_fixture.env.backend.get_message(*place)
        self._look = self._message.content, self._message.components

    def restore(self) -> None:
        """Show the message as it looked."""
        self._message.content, self._message.components = self._look
