"""The panel of units, whatever players have chosen as numbers and names."""

from __future__ import annotations

from typing import Any

import pytest
from simcord.results import InteractionResult

from bot.ui.calls.card_buttons import call_buttons, emergency_buttons
from bot.ui.calls.select_options import ALL_DEPARTMENTS
from sandbox.cad.state import seed
from sandbox.cad.state.models import Account, Badge, Unit
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.calls.card_presses import card, labels, menu, pick, press, settled, words

pytestmark = pytest.mark.parametrize(
    "bot_fixture", [{}, {"sonoran_api_version": 2}], indirect=True, ids=["v1", "v2"]
)


def log_in(
    bot_fixture: BotFixture, number: str, name: str, department: str = "", *, account: str = ""
) -> Unit:
    accounts = bot_fixture.world.communities[seed.COMMUNITY_ID].accounts
    uuid = account or f"uuid-{len(accounts)}"
    owner = accounts.setdefault(uuid, Account(uuid, uuid))
    return bot_fixture.world.login(bot_fixture.server, owner, Badge(number, name, department))


async def opened(bot_fixture: BotFixture, *, emergency: int = 0) -> InteractionResult:
    await bot_fixture.start()
    await bot_fixture.services.board.fetch_units(seed.SERVER_ID)
    buttons = (
        emergency_buttons(seed.SERVER_ID, emergency)
        if emergency
        else call_buttons(seed.SERVER_ID, 100)
    )
    label = "Dispatch…" if emergency else "Attach…"
    return await bot_fixture.dana.click(await card(bot_fixture, buttons), label=label)


def options(panel: InteractionResult, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = menu(panel, what)["options"]
    return found


def selected(panel: InteractionResult, what: str) -> list[str]:
    return [one["value"] for one in options(panel, what) if one.get("default")]


@pytest.mark.parametrize("blank", ["\u200b", "\u3164", "\u2800\u200b", ""])
async def test_units_without_a_visible_number_or_name(bot_fixture: BotFixture, blank: str) -> None:
    units = [log_in(bot_fixture, blank * count, blank, blank) for count in (1, 2)]
    panel = await opened(bot_fixture)
    offered = {one["value"]: one["label"] for one in options(panel, "units")}
    assert all(label.strip(blank) for label in offered.values())
    values = [f"ident:{unit.id}" for unit in units]
    assert set(values) <= offered.keys()
    await pick(bot_fixture, panel, "units", values[1])
    result = await press(bot_fixture.dana, panel, "Attach")
    assert (await settled(bot_fixture, result)).startswith("✅ **#100**")
    assert bot_fixture.server.calls[100].idents == [units[1].id]


async def test_two_units_of_one_account_and_one_number(bot_fixture: BotFixture) -> None:
    uuid = next(
        one.account.uuid for one in bot_fixture.server.units.values() if one.badge.unit_num == "A-7"
    )
    second = log_in(bot_fixture, "a-7", "Twin", account=uuid)
    panel = await opened(bot_fixture)
    values = [one["value"] for one in options(panel, "units")]
    assert len(values) == len(set(values))
    await pick(bot_fixture, panel, "units", f"ident:{second.id}")
    await settled(bot_fixture, await press(bot_fixture.dana, panel, "Attach"))
    assert bot_fixture.server.calls[100].idents == [second.id]
    suggested = await bot_fixture.dana.autocomplete(
        bot_fixture.channel, "attach", "units", "a-7", call="101"
    )
    words = [one["value"] for one in suggested]
    assert len(words) == len(set(words))
    assert f"ident:{second.id}" in words


async def test_labels_that_agree_in_their_first_hundred_characters(
    bot_fixture: BotFixture,
) -> None:
    long = "Department of " + "x" * 120
    for ending in "ab":
        log_in(bot_fixture, f"L-{ending}", "n" * 99, long + ending)
        log_in(bot_fixture, "N" * 99, "n" + ending)
    panel = await opened(bot_fixture)
    for what in ("units", "departments"):
        labels = [one["label"] for one in options(panel, what)]
        assert len(labels) == len(set(labels))
        assert all(0 < len(label) <= 100 for label in labels)
    (second,) = [
        one["value"] for one in options(panel, "departments") if one["label"].endswith(" (2)")
    ]
    await pick(bot_fixture, panel, "departments", second)
    await settled(bot_fixture, await press(bot_fixture.dana, panel, "Attach"))
    assert bot_fixture.units_on(100) == ["L-b"]


@pytest.mark.parametrize("emergency", [0, 1])
async def test_more_than_25_units_and_departments_are_on_pages(
    bot_fixture: BotFixture, emergency: int
) -> None:
    units = [log_in(bot_fixture, f"P-{n:02}", "Jo", f"Dept {n:02}") for n in range(40)]
    panel = await opened(bot_fixture, emergency=emergency)
    on_duty = {one.badge.unit_num for one in bot_fixture.server.units.values()}
    seen = {one["value"] for one in options(panel, "units")}
    first = options(panel, "units")[0]["value"]
    await pick(bot_fixture, panel, "units", first)
    departments = {one["value"] for one in options(panel, "departments")}
    await pick(bot_fixture, panel, "departments", "Dept 00")
    for _ in range(2):
        await press(bot_fixture.dana, panel, "More units (25 of 48)")
        await press(bot_fixture.dana, panel, "More departments (25 of 44)")
        shown = options(panel, "units")
        assert len(shown) == 25
        assert selected(panel, "units") == [first]
        assert selected(panel, "departments") == ["Dept 00"]
        seen |= {one["value"] for one in shown}
        departments |= {one["value"] for one in options(panel, "departments")}
    assert {unit.badge.unit_num for unit in units} <= seen <= on_duty
    assert {unit.badge.department for unit in units} <= departments
    last = options(panel, "units")[-1]["value"]
    await pick(bot_fixture, panel, "units", first, last)
    result = await press(bot_fixture.dana, panel, "Dispatch" if emergency else "Attach")
    await settled(bot_fixture, result)
    sent = set(bot_fixture.units_on(103 if emergency else 100))
    assert sent == {first, last, "P-00"}


async def test_who_may_not_dispatch_turns_no_page(bot_fixture: BotFixture) -> None:
    for number in range(30):
        log_in(bot_fixture, f"P-{number:02}", "Jo")
    panel = await opened(bot_fixture)
    before = options(panel, "units")
    bot_fixture.env.backend.remove_member_role(
        bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
    )
    await press(bot_fixture.dana, panel, "More units (25 of 38)")
    assert options(panel, "units") == before


async def test_one_department_is_shown_first(bot_fixture: BotFixture) -> None:
    for number in range(49):  # 57 units with those of the sandbox
        log_in(bot_fixture, f"P-{number:02}", "Jo", "Rangers" if number < 30 else "Coast Guard")
    panel = await opened(bot_fixture)
    assert panel.response is not None
    rows = [row["components"][0]["custom_id"] for row in panel.response.components]
    assert [one.split(":")[1] for one in rows] == [
        *("pick-shown", "pick-members", "pick-units", "pick-departments", "attach-picked")
    ]
    assert labels(panel) == ["Attach", "More units (25 of 57)"]
    shown = panel.response.components[0]["components"][0]["options"]
    assert ("Rangers", "30 to pick from, 30 free") in [
        (one["label"], one.get("description")) for one in shown
    ]
    await pick(bot_fixture, panel, "units", "K-9")
    await show(bot_fixture, panel, "Rangers")
    assert labels(panel) == ["Attach", "More units (25 of 30)"]
    assert selected(panel, "units") == ["K-9"]
    offered = {one["value"] for one in options(panel, "units")}
    await bot_fixture.start()
    await press(bot_fixture.dana, panel, "More units (25 of 30)")
    offered |= {one["value"] for one in options(panel, "units")}
    assert offered == {"K-9", *(f"P-{number:02}" for number in range(30))}
    await show(bot_fixture, panel, "Coast Guard")
    assert labels(panel) == ["Attach"]
    await show(bot_fixture, panel, ALL_DEPARTMENTS)
    assert labels(panel) == ["Attach", "More units (25 of 57)"]
    await pick(bot_fixture, panel, "units", "K-9", "A-12")
    await settled(bot_fixture, await press(bot_fixture.dana, panel, "Attach"))
    assert set(bot_fixture.units_on(100)) == {"K-9", "A-12"}


async def show(bot_fixture: BotFixture, panel: InteractionResult, department: str) -> None:
    assert panel.response is not None
    place = panel.response.components[0]["components"][0]["custom_id"]
    await bot_fixture.dana.select(panel.response.message, [department], custom_id=place)


async def test_units_that_are_on_the_call_are_not_offered(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach("A-12 A-7")
    panel = await opened(bot_fixture)
    offered = [one["value"] for one in options(panel, "units")]
    assert "A-12" not in offered
    assert "K-9" in offered
    assert words(panel) == "Which units go to **#100** Armed Robbery, 100 Innocence Boulevard?"
    panel = await opened(bot_fixture, emergency=1)
    assert "A-12" in [one["value"] for one in options(panel, "units")]
    assert words(panel).startswith("Which units go to **911 #1** ")
