"""Values and files that cannot be used: the member gets an answer, the operator a line."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture

HALF = "A-12\ud800"
NOT_STORED = (
    "❌ Nothing was done: the text has a character that cannot be stored, or a number that is too"
    " large. Type it again, without what you pasted."
)
UNUSABLE = (
    "❌ The bot's database cannot be used right now. Tell the person who runs this bot; the log"
    " says why."
)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("attach", {"call": "100", "units": HALF}),
        ("detach", {"units": HALF}),
        ("link", {"steam": f"license:{HALF}"}),
        ("links whois", {"steam": f"license:{HALF}"}),
    ],
)
async def test_half_a_surrogate_pair_is_an_answer_and_no_traceback(
    bot_fixture: BotFixture,
    caplog: pytest.LogCaptureFixture,
    command: str,
    options: dict[str, str],
) -> None:
    text = await bot_fixture.final_answer(bot_fixture.dana, command, **options)
    assert text.startswith("❌")
    assert "inside the bot" not in text
    assert not [one for one in caplog.records if one.exc_info]


async def test_an_order_whose_text_cannot_be_stored_is_not_given(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture
) -> None:
    assert await bot_fixture.attach(HALF) == NOT_STORED
    assert bot_fixture.orders() == []
    assert "surrogates not allowed in a text" in caplog.text


async def test_a_corrupt_database_is_an_answer_and_a_line(
    bot_fixture: BotFixture, caplog: pytest.LogCaptureFixture
) -> None:
    for file in bot_fixture.file.parent.glob(f"{bot_fixture.file.name}*"):
        file.write_bytes(b"\xff" * file.stat().st_size)
    assert await bot_fixture.attach("A-12") == UNUSABLE
    assert not [one for one in caplog.records if one.exc_info]
    lines = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert any(str(bot_fixture.file) in one.getMessage() for one in lines)


async def test_a_call_without_a_usable_number_is_left_out(bot_fixture: BotFixture) -> None:
    calls = bot_fixture.server.calls
    for number in (-5, 2**53):
        calls[number] = replace(calls[seed.ARMED_ROBBERY], call_id=number)
    await bot_fixture.start()
    text = await bot_fixture.final_answer(bot_fixture.dana, "calls")
    assert "#100" in text
    assert "#-5" not in text
    assert str(2**53) not in text
