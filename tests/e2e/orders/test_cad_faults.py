"""Everything that a CAD can do to an order, and what the person is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bot.common.discord_limits import REPLY_LIFETIME
from sandbox.cad.state import seed
from sandbox.cad.state.faults import (
    BAD_GATEWAY,
    CHALLENGE,
    BadUtf8,
    Case,
    Fault,
    Hang,
    HugeBody,
    KeyCase,
    RateLimited,
    Redirect,
    Reset,
    Text,
)
from sandbox.cad.state.models import Plan
from tests.e2e.bot_fixture import BotFixture

ORDERS = "/emergency"
CALLS = "/emergency/get_calls"
UNITS = "/emergency/get_active_units"
CALL = "**#100** Armed Robbery"
DONE = f"✅ {CALL}: A\\-12\nConfirmed by the CAD."
FOR = "\nUnits: A\\-12"

# Faults that may pass: why the order waits, and whether the CAD may have done it all the same.
PASSING: list[tuple[Fault, str, bool]] = [
    (BAD_GATEWAY, "Sonoran CAD has a fault (502).", True),
    (Text(500, "oops"), "Sonoran CAD has a fault (500).", True),
    (RateLimited(), "Sonoran CAD takes no more requests for now.", False),
    (RateLimited(2), "Sonoran CAD takes no more requests for now.", False),
    (RateLimited(90), "Sonoran CAD takes no more requests for now.", False),
    (Reset(), "Sonoran CAD cannot be reached (`the answer broke off half-way`).", True),
    (Hang(), "Sonoran CAD is not answering.", True),
]
FOR_EVER = [one for one in PASSING if isinstance(one[0], RateLimited | Reset)]
HTML_403 = "<html><head><title>Sorry, you have been blocked</title></head><body>x</body></html>"
SENSELESS = "The CAD's answer cannot be read. It said: `{}`."
CHECK_URL = "Tell the person who runs this bot: check SONORAN_API_URL."
NOT_ATTACHED = f"❌ Not attached to {CALL}. "
UNSURE = f"❌ It is not certain whether the units were attached to {CALL}. "

# Faults that no waiting cures, and what is said at once.
LASTING: list[tuple[Fault, str]] = [
    (CHALLENGE, f"{UNSURE}{SENSELESS.format('Just a moment...')} {CHECK_URL}"),
    (HugeBody(), f"{UNSURE}{SENSELESS.format('the answer is larger than 2 MiB')} {CHECK_URL}"),
    (
        Text(200, "Backend Service Reached"),
        f"{UNSURE}{SENSELESS.format('Backend Service Reached')} {CHECK_URL}",
    ),
    (
        Redirect("https://elsewhere.example"),
        f"{NOT_ATTACHED}The CAD's address redirects to another one. {CHECK_URL}",
    ),
    (Text(403, HTML_403), f"{NOT_ATTACHED}The CAD refused: `Sorry, you have been blocked`."),
    (
        Text(400, "NO `@everyone` **HERE**\n<@&1>"),
        f"{NOT_ATTACHED}The CAD refused: `NO ˋ@everyoneˋ **HERE** <@&1>`.",
    ),
    (Text(400, "x" * 4000), f"{NOT_ATTACHED}The CAD refused: `{'x' * 299}…`."),
    (Text(400, ""), f"{NOT_ATTACHED}The CAD refused: `status 400`."),
]


def names(faults: Sequence[tuple[Any, ...]]) -> list[str]:
    return [repr(one[0])[:40] for one in faults]


async def attached(bot_fixture: BotFixture, units: str = "A-12"):
    return await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=units)


@pytest.mark.parametrize(("fault", "words", "_"), PASSING, ids=names(PASSING))
async def test_an_order_waits_for_a_fault_to_pass(bot_fixture: BotFixture, fault, words, _) -> None:
    bot_fixture.set_fault(fault, path=ORDERS)
    until = int((bot_fixture.time.now() + REPLY_LIFETIME).timestamp())
    said = await attached(bot_fixture)
    assert await said.after(4) == (
        f"⏳ {words} I keep trying until <t:{until}:t>.\nTo be attached to **#100**: A\\-12"
    )
    assert said.buttons == ["Cancel"]
    bot_fixture.clear_faults()
    assert await said.after(120) == DONE
    assert bot_fixture.units_on(100) == ["A-12"]


@pytest.mark.parametrize(
    ("fault", "_", "unsure"),
    FOR_EVER,
    ids=names(FOR_EVER),
)
async def test_an_order_does_not_wait_for_ever(
    bot_fixture: BotFixture, fault, _, unsure: bool
) -> None:
    bot_fixture.set_fault(fault, path=ORDERS)
    said = await attached(bot_fixture)
    answer = await said.after(15 * 60)
    end = "It is not certain whether the units were" if unsure else "Not"
    assert answer == f"❌ {end} attached to {CALL}: the CAD did not take the order in time.{FOR}"
    assert said.buttons == []
    assert bot_fixture.units_on(100) == (["A-12"] if isinstance(fault, Reset) else [])
    assert len(bot_fixture.orders()) <= 100


@pytest.mark.parametrize(("fault", "words"), LASTING, ids=names(LASTING))
async def test_what_no_waiting_cures_is_said_at_once(
    bot_fixture: BotFixture, fault, words: str
) -> None:
    bot_fixture.set_fault(fault, path=ORDERS)
    said = await attached(bot_fixture)
    assert said.text == f"{words}{FOR}"
    assert said.buttons == []
    assert await said.after(60) == said.text
    assert bot_fixture.units_on(100) == []
    assert len(bot_fixture.orders()) <= 3  # the variants


async def test_the_cad_is_down(bot_fixture: BotFixture) -> None:
    await bot_fixture.cad.pause()
    said = await attached(bot_fixture)
    answer = await said.after(4)
    assert answer.startswith("⏳ Sonoran CAD cannot be reached (`Connection refused`). I keep")
    await bot_fixture.cad.resume()
    assert await said.after(120) == DONE


async def test_a_waiting_reply_is_edited_seldom(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(BAD_GATEWAY, path=ORDERS)
    said = await attached(bot_fixture)
    await said.after(120)
    # The acknowledgement and one edit: nothing that people read has changed since.
    assert len(said.requests) == 2
    assert len(bot_fixture.world.history) > 5


async def test_bytes_that_are_no_text_do_not_hide_a_success(bot_fixture: BotFixture) -> None:
    bot_fixture.cad.faults.set(BadUtf8(), path=ORDERS, times=1)
    assert await bot_fixture.attach("A-12") == DONE


@pytest.mark.parametrize("case", list(Case))
async def test_keys_in_another_letter_case(bot_fixture: BotFixture, case: Case) -> None:
    bot_fixture.set_fault(KeyCase(case))
    # It is not known that Erin is off duty until the CAD was asked.
    answer = await bot_fixture.attach(f"A-12 {bot_fixture.erin.mention}")
    assert answer.splitlines() == [
        f"⚠️ {CALL}: A\\-12",
        "Confirmed by the CAD.",
        f"Left out: {bot_fixture.erin.mention}: off duty in the CAD.",
    ]


@pytest.mark.parametrize("header", ["Retry-After", "RateLimit-Reset", "X-RateLimit-Reset"])
async def test_no_wait_that_the_cad_names_stops_orders_until_a_restart(
    bot_fixture: BotFixture, header: str
) -> None:
    bot_fixture.set_fault(RateLimited(999_999_999, header), path=ORDERS)
    said = await attached(bot_fixture)
    assert (await said.after(60)).startswith("⏳ Sonoran CAD takes no more requests for now.")
    bot_fixture.clear_faults()
    await bot_fixture.advance(15 * 60)
    assert await bot_fixture.attach("A-12") == DONE


NO_LISTS = [BAD_GATEWAY, RateLimited(90), Reset(), CHALLENGE, HugeBody(), BadUtf8(), Text(200, "")]


@pytest.mark.parametrize("fault", NO_LISTS)
async def test_without_the_units_what_is_certain_goes_ahead(
    bot_fixture: BotFixture, fault: Fault
) -> None:
    bot_fixture.set_fault(fault, path=UNITS)
    said = await attached(bot_fixture, f"A-12 N-1 {bot_fixture.erin.mention} license:x")
    answer = await said.after(120)
    assert f"{bot_fixture.erin.mention}, `license:x`" in answer.splitlines()[0]
    assert "Left out: `N-1`: the CAD did not say which unit that is." in answer
    assert bot_fixture.units_on(100) == ["A-12"]


@pytest.mark.parametrize("fault", NO_LISTS)
async def test_without_the_calls_an_order_is_done_and_not_confirmed(
    bot_fixture: BotFixture, fault
) -> None:
    bot_fixture.set_fault(fault, path=CALLS)
    said = await attached(bot_fixture)
    assert said.text == f"✅ {CALL}: A\\-12"
    assert await said.after(180) == (
        f"✅ {CALL}: A\\-12\n"
        "The CAD accepted the order, but did not say whether it shows on the call. Check the call."
    )
    assert bot_fixture.units_on(100) == ["A-12"]


ALL_ALIKE = [
    ("community", "INVALID COMMUNITY ID", "SONORAN_COMMUNITY_ID is wrong."),
    ("key", "INVALID API KEY", "SONORAN_API_KEY is wrong."),
    ("plan", "API IS NOT ENABLED FOR THIS COMMUNITY", "attaching over API 1 needs the Plus plan"),
    (
        "disabled",
        "API IS NOT ENABLED FOR THIS COMMUNITY",
        "attaching over API 1 needs the Plus plan",
    ),
    ("types", "INVALID REQUEST TYPE", "this CAD accepts none of the bot's attach requests."),
]


@pytest.mark.parametrize(("cause", "text", "advice"), ALL_ALIKE)
async def test_the_documented_refusals_come_with_advice(bot_fixture, cause, text, advice) -> None:
    community = bot_fixture.world.communities[seed.COMMUNITY_ID]
    match cause:
        case "community":
            bot_fixture.world.communities["another"] = bot_fixture.world.communities.pop(
                seed.COMMUNITY_ID
            )
        case "key":
            community.key = "another"
        case "plan":
            community.plan = Plan.STANDARD
        case "disabled":
            community.api_enabled = False
        case "types":
            bot_fixture.set_fault(Text(400, text), path=ORDERS)
    answer = await bot_fixture.attach("A-12")
    refusal = f"{NOT_ATTACHED}The CAD refused: `{text}`. "
    assert answer.startswith(f"{refusal}Tell the person who runs this bot: {advice}")


async def test_a_detach_that_is_refused_says_so(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach("A-12")
    bot_fixture.set_fault(Text(400, "NOT NOW"), path="/emergency/detach_unit")
    assert await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-12") == (
        f"❌ Not detached from their calls. The CAD refused: `NOT NOW`.{FOR}"
    )
    assert bot_fixture.units_on(100) == ["A-12"]


async def test_no_secret_is_ever_told_or_logged(bot_fixture: BotFixture, caplog) -> None:
    caplog.set_level("DEBUG")
    for fault in (*(one[0] for one in PASSING[:-1]), *(one[0] for one in LASTING)):
        bot_fixture.clear_faults()
        bot_fixture.set_fault(fault)
        assert seed.API_KEY not in await bot_fixture.attach("A-12 Z-1")
    logged = [
        caplog.handler.format(one)
        for one in caplog.records
        if one.name.startswith(("bot", "aiohttp"))
    ]
    assert any("the CAD does not take orders" in one for one in logged)
    assert not [one for one in logged if seed.API_KEY in one]
