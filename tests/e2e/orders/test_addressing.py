"""How requests name units and calls: units without an API id, and several calls in one request."""

from __future__ import annotations

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.behaviour import AttachVariant, Partial
from sandbox.cad.state.faults import BAD_GATEWAY
from sandbox.cad.state.models import Account, Badge, Unit
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.conftest import with_settings
from tests.e2e.presses import press

both_versions = pytest.mark.parametrize("version", [1, 2])


def log_in(bot_fixture: BotFixture, number: str, uuid: str) -> Unit:
    account = Account(uuid, f"officer of {number}")
    if uuid:
        bot_fixture.world.communities[seed.COMMUNITY_ID].accounts[uuid] = account
    badge = Badge(number, "Jo Doe", "Park Rangers", group="G-1")
    return bot_fixture.world.login(bot_fixture.server, account, badge)


async def start(bot_fixture: BotFixture, version: int) -> None:
    """Start the bot with two rangers on duty of whose accounts the CAD shows no id."""
    log_in(bot_fixture, "X-1", "uuid-1")
    log_in(bot_fixture, "X-2", "uuid-2")
    await bot_fixture.start(sonoran_api_version=version, status_on_attach=3)


@both_versions
@pytest.mark.parametrize(
    "units", ["X-1 X-2", "X-1..X-9", 'dept:"Park Rangers"', "group:G-1", "X-1 A-7 X-2 -A-7"]
)
async def test_units_without_an_api_id_are_attached_confirmed_and_undone(
    bot_fixture: BotFixture, version: int, units: str
) -> None:
    await start(bot_fixture, version)
    said = await bot_fixture.run_command(bot_fixture.dana, "attach", call=100, units=units)
    first, second = (await said.after(60)).splitlines()[:2]
    assert first == "✅ **#100** Armed Robbery: X\\-1, X\\-2"
    assert second == "Confirmed by the CAD."
    assert bot_fixture.units_on(100) == ["X-1", "X-2"]
    by_number = {one.badge.unit_num: one for one in bot_fixture.server.units.values()}
    assert [by_number[number].status for number in ("X-1", "X-2")] == [3, 3]

    await press(said, "Undo")
    assert (await said.after(60)).splitlines() == [
        "✅ Undone: X\\-1, X\\-2 off #100",
        "Confirmed by the CAD.",
        "**#100** has no units now.",
    ]
    assert bot_fixture.units_on(100) == []


@both_versions
async def test_units_without_an_api_id_are_suggested_and_can_share_a_number(
    bot_fixture: BotFixture, version: int
) -> None:
    twin = log_in(bot_fixture, "A-7", "uuid-3")
    await start(bot_fixture, version)
    choices = await bot_fixture.dana.autocomplete(
        bot_fixture.channel, "attach", "units", "A-7", call=100
    )
    assert f"ident:{twin.id}" in [one["value"] for one in choices]
    answer = await bot_fixture.attach(f"ident:{twin.id}")
    assert answer.startswith("✅ **#100** Armed Robbery: A\\-7\nConfirmed")
    assert bot_fixture.server.calls[seed.ARMED_ROBBERY].idents == [twin.id]
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "detach", units=f"ident:{twin.id}", call=100
    )
    assert answer.startswith("✅ Off **#100** Armed Robbery: A\\-7\nConfirmed")
    assert bot_fixture.units_on(100) == []
    assert "Left out: `ident:99`: off duty in the CAD." in await bot_fixture.attach("ident:99 A-12")


async def test_where_only_one_is_shown_the_other_is_named(bot_fixture: BotFixture) -> None:
    await start(bot_fixture, 1)
    (gone,) = (one for one in bot_fixture.server.units.values() if one.badge.unit_num == "X-2")
    gone.status = 100  # off duty by now, as the bot does not know yet
    answer = await bot_fixture.attach("X-1 X-2")
    assert answer.splitlines()[:2] == [
        "⚠️ **#100** Armed Robbery: X\\-1, X\\-2",
        "The CAD accepted the order, but does not show X\\-2 on the call.",
    ]
    audit = await bot_fixture.run_command(bot_fixture.dana, "audit")
    assert "⚠️ X\\-1, X\\-2 → **#100**" in audit.text


async def test_a_detach_that_the_cad_cannot_name_says_why(bot_fixture: BotFixture) -> None:
    log_in(bot_fixture, "X-3", "")  # neither an id nor an account is shown
    await start(bot_fixture, 1)
    await bot_fixture.attach("X-3 A-7")
    answer = await bot_fixture.final_answer(bot_fixture.dana, "detach", units="X-3 A-7", call=100)
    assert answer.splitlines() == [
        "⚠️ Off **#100** Armed Robbery: A\\-7",
        "Confirmed by the CAD.",
        (
            "Left out: `X-3`: the CAD shows no API id for this unit, and its API 1 cannot name it"
            " otherwise. Do it in the CAD."
        ),
    ]
    assert bot_fixture.units_on(100) == ["X-3"]
    alone = await bot_fixture.final_answer(bot_fixture.dana, "detach", units="X-3")
    assert alone.startswith("❌ Not detached from their calls.\nLeft out: `X-3`: the CAD shows no")


async def test_a_cad_of_2020_attaches_the_others(bot_fixture: BotFixture) -> None:
    bot_fixture.world.behaviour.attach_variants = {AttachVariant.MAY_2020}
    await start(bot_fixture, 1)
    for units in ("A-12", "A-7"):
        answer = await bot_fixture.attach(f"X-1 {units}")
        name = units.replace("-", "\\-")
        assert answer.startswith(f"⚠️ **#100** Armed Robbery: {name}\nConfirmed by the CAD.")
        assert "Left out: `X-1`: the CAD shows no API id for this unit" in answer
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]


async def start_with_two_units_of_pat(bot_fixture: BotFixture, version: int) -> None:
    """Start with a second unit of Pat's account on duty, which is on a call."""
    (pat,) = (u for u in bot_fixture.server.units.values() if u.badge.unit_num == "A-12")
    second = bot_fixture.world.login(bot_fixture.server, pat.account, Badge("P-2", "Pat", "SAFD"))
    bot_fixture.world.attach(bot_fixture.server, 101, Target(ident_ids=(second.id,)))
    await bot_fixture.start(sonoran_api_version=version)


@both_versions
async def test_a_unit_is_attached_without_another_one_of_its_account(
    bot_fixture: BotFixture, version: int
) -> None:
    await start_with_two_units_of_pat(bot_fixture, version)
    answer = await bot_fixture.attach(f"A-12 {seed.RILEY.hex}")
    assert answer.startswith("✅ **#100** Armed Robbery: A\\-12, K\\-9\nConfirmed by the CAD.")
    assert bot_fixture.units_on(100) == ["A-12", "K-9"]
    assert bot_fixture.units_on(101)[-1] == "P-2"


async def test_an_older_cad_moves_both_and_the_answer_says_so(bot_fixture: BotFixture) -> None:
    bot_fixture.world.behaviour.attach_variants = {AttachVariant.MAY_2020}
    await start_with_two_units_of_pat(bot_fixture, 1)
    answer = await bot_fixture.attach("A-12")
    assert answer.splitlines()[:2] == [
        "⚠️ **#100** Armed Robbery: A\\-12",
        "Also moved, because the same account has them: P\\-2. Check their calls.",
    ]
    assert bot_fixture.units_on(100) == ["A-12", "P-2"]
    bot_fixture.world.history.clear()
    await bot_fixture.attach("A-12 A-7", call=102)
    # It is known by now that this CAD takes no idents.
    assert [one.path for one in bot_fixture.orders()] == ["/emergency"]


async def test_a_detach_takes_both_off_and_the_answer_says_so(bot_fixture: BotFixture) -> None:
    await start_with_two_units_of_pat(bot_fixture, 1)
    await bot_fixture.attach("A-12")
    answer = await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-12", call=100)
    assert answer.splitlines()[0] == "⚠️ Off **#100** Armed Robbery: A\\-12"
    assert "Also moved, because the same account has them: P\\-2. Check their calls." in answer
    assert "P-2" not in bot_fixture.units_on(101)


@with_settings(sonoran_api_version=1)
async def test_the_panel_offers_and_attaches_them(bot_fixture: BotFixture) -> None:
    log_in(bot_fixture, "two words", "uuid-4")
    await start(bot_fixture, 1)
    picker = bot_fixture.services.unit_picker
    tokens = [one.token for one in picker._candidates(1) if one.unit.department == "Park Rangers"]
    assert len(tokens) == 3
    answer = await bot_fixture.attach(picker.to_units_text(1, [], tokens, []))
    assert answer.startswith("✅ **#100** Armed Robbery: X\\-1, X\\-2, two words\nConfirmed")


async def attach_together(bot_fixture: BotFixture, *orders: tuple[int, str]) -> list[CommandReply]:
    """Give orders that wait for the CAD, and let them go at the same moment."""
    bot_fixture.set_fault(BAD_GATEWAY)
    said = [
        await bot_fixture.run_command(bot_fixture.dana, "attach", call=call, units=units)
        for call, units in orders
    ]
    bot_fixture.clear_faults()
    bot_fixture.world.history.clear()
    await bot_fixture.advance(60)
    return said


@pytest.mark.parametrize("partial", list(Partial))
async def test_each_is_attached_and_confirmed_whatever_a_request_does(
    bot_fixture: BotFixture, partial: Partial
) -> None:
    bot_fixture.world.behaviour.partial = partial
    said = await attach_together(
        bot_fixture, (100, "A-12"), (100, "A-7"), (101, "M-3"), (102, "K-9")
    )
    assert [one.text.splitlines()[1] for one in said] == ["Confirmed by the CAD."] * 4
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]
    assert bot_fixture.units_on(101)[-1] == "M-3"
    assert bot_fixture.units_on(102)[-1] == "K-9"
    assert len(bot_fixture.orders()[0].objects) == 3

    await attach_together(bot_fixture, (101, "A-12"), (102, "A-7"), (100, "M-3"), (101, "K-9"))
    assert bot_fixture.units_on(101)[-2:] == ["A-12", "K-9"]
    assert bot_fixture.units_on(100) == ["M-3"]
    sizes = [len(one.objects) for one in bot_fixture.orders()]
    assert sizes == ([1, 1, 1] if partial is Partial.FIRST_ONLY else [3])


async def test_under_a_steady_stream_each_order_is_soon_confirmed(bot_fixture: BotFixture) -> None:
    bot_fixture.world.behaviour.rate_limits = True
    given: list[tuple[float, CommandReply]] = []
    confirmed: dict[int, float] = {}
    units = ("A-12", "A-7", "M-3", "K-9", "S-1", "E-51")
    for number in range(36):
        call = 100 + number // len(units) % 3
        said = await bot_fixture.run_command(
            bot_fixture.dana, "attach", call=call, units=units[number % len(units)]
        )
        given.append((bot_fixture.time.monotonic(), said))
        await bot_fixture.advance(1)
        for one, (moment, earlier) in enumerate(given):
            if "Confirmed by the CAD." in earlier.text:
                confirmed.setdefault(one, bot_fixture.time.monotonic() - moment)
    # The last ones are given too late to be seen confirmed here.
    assert sorted(confirmed)[:25] == list(range(25))
    assert max(confirmed.values()) <= 10.0
    assert not [one for one in bot_fixture.world.history if one.status == 429]
