"""The texts for members of a server that is not served, and for those who set it up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.services import guild_errors as errors
from bot.services.errors import ServiceError
from bot.ui.error_text import error_message

# Errors, and parts of their texts: what happened, and what to do.
TOLD: list[tuple[ServiceError, tuple[str, ...]]] = [
    (errors.GuildNotServed(), ("does not dispatch for this server",)),
    (errors.GuildNotSetUp(), ("not connected to Sonoran CAD yet", "`/setup`")),
    (errors.GuildReopening(), ("just being changed", "in a minute")),
    (errors.StoredKeyLocked(), ("API key of this server cannot be opened", "`/setup`")),
    (errors.StoredSettingsInvalid(), ("settings of this server cannot be used", "`/setup`")),
    (errors.SetUpByOperator(), ("settings of the person who runs this bot", "guilds adopt")),
    (errors.ManagerRequired(), ("Manage Server",)),
    (errors.SetupOutdated(), ("changed the set-up meanwhile", "Nothing was saved", "repeat")),
    (errors.NotConnected(), ("Connect this server", "first")),
    (errors.SettingsInvalid(["A: no", "B: none"]), ("cannot be saved. A: no; B: none.",)),
    (errors.KeyMalformed(), ("not an API key", "Nothing was saved")),
    (errors.KeyMissing(), ("Enter the API key", "Nothing was saved")),
    (errors.KeyRefused(), ("refuses this key", "Copy it again", "Nothing was saved")),
    (errors.CommunityUnknown("`x`"), ("knows no community `ˋxˋ`",)),
    (errors.KeyOfOtherCommunity("a", "b"), ("community `a`, not to `b`",)),
    (errors.ServersMalformed(), ("no numbers of servers", "`1, 2`")),
    (errors.CadServerUnknown(5, ["1", "2"]), ("no server 5, only 1 and 2.",)),
    (errors.CadServerUnknown(5, []), ("no server 5, only others.",)),
    (errors.CadOutOfReach(), ("cannot be reached", "15 minutes", "without the key")),
    (errors.CadUnusable("NO"), ("with this key: `NO`.",)),
    (errors.NothingToRetry(), ("forgotten by now", "enter it again")),
    (errors.TooManyTries(datetime(2026, 1, 1, tzinfo=UTC)), ("Try again <t:1767225600:R>.",)),
    (errors.GuildExportTooLarge(), ("too large for Discord", "python -m bot guilds export")),
    (errors.WrongServerName(), ("not the name of this server", "Nothing was deleted")),
    (errors.RoleOfAllMembers(), ("@everyone cannot be given a right",)),
    (errors.RoleOfIntegration(7), ("<@&7> belongs to a bot", "another one")),
    (errors.RoleNotPingable(7), ("may not ping <@&7>", "allow the bot")),
    (
        errors.ChannelUnusable(7, ["send_messages", "embed_links"]),
        ("In <#7> the bot lacks Send Messages, Embed Links.", "choose the channel again"),
    ),
]


@pytest.mark.parametrize(("error", "told"), TOLD)
def test_every_error_says_what_happened_and_what_to_do(
    error: ServiceError, told: tuple[str, ...]
) -> None:
    text = error_message(error)
    assert text.startswith("❌ ")
    assert text == text.strip()
    for part in told:
        assert part in text
    assert "  " not in text


def test_the_list_above_is_whole() -> None:
    kinds = {one for one in vars(errors).values() if isinstance(one, type)}
    ours = {one for one in kinds if one.__module__ == errors.__name__}
    assert ours <= {type(error) for error, _ in TOLD}
