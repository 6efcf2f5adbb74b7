"""/attach and /detach as dispatchers type them."""

from __future__ import annotations

import pytest

from bot.common.discord_limits import LAST_SERVER_ID
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state import seed
from sandbox.cad.state.behaviour import AttachVariant
from sandbox.cad.state.models import Badge, CallForm, Server
from tests.e2e.bot_fixture import BotFixture

ALL = ["A-12", "A-7", "M-3"]


async def test_the_order_is_the_seeds(bot_fixture: BotFixture) -> None:
    said = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units=bot_fixture.pat.mention
    )
    done = f"✅ **#100** Armed Robbery: {bot_fixture.pat.mention} (A\\-12)"
    assert said.text == done
    assert bot_fixture.units_on(100) == ["A-12"]
    assert await said.after(60) == f"{done}\nConfirmed by the CAD."
    (order,) = bot_fixture.orders()
    assert (order.path, order.type) == ("/emergency", "ATTACH_UNITS")
    assert order.objects == ({"serverId": 1, "callId": 100, "units": [seed.PAT.hex]},)


@pytest.mark.parametrize(
    "units",
    [
        "{pat} {alice} {bob}",
        "A-12 a-7 m-3",
        "1100001343a206f {alice}, M-3",
        "  {pat},,{alice}\n;{bob} | ",
        "{pat}{alice}{bob}",
        "\u200b{pat}\u2066 \ufeffA-7\u200d,{bob}\u00ad",
        "{pat} A-12 {pat} 1100001343A206F {alice} {bob} m-3 {pat}",
    ],
)
async def test_every_way_to_name_three_people(bot_fixture: BotFixture, units: str) -> None:
    mentions = {name: one.mention for name, one in bot_fixture.members.items()}
    answer = await bot_fixture.attach(units.format(**mentions))
    assert answer.startswith("✅ **#100** Armed Robbery: ")
    assert bot_fixture.units_on(100) == ALL
    (order,) = bot_fixture.orders()
    assert len(order.objects[0]["units"]) == 3


async def test_me(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.dana, "link", steam=seed.RILEY.hex)
    assert (await bot_fixture.attach("me ME")).splitlines() == [
        f"✅ **#100** Armed Robbery: {bot_fixture.dana.mention} (K\\-9)",
        "Confirmed by the CAD.",
    ]
    assert bot_fixture.units_on(100) == ["K-9"]


async def test_who_cannot_be_attached_is_named_and_the_rest_goes_ahead(
    bot_fixture: BotFixture,
) -> None:
    charlie, erin = bot_fixture.charlie.mention, bot_fixture.erin.mention
    units = f"Z-99 {charlie} A-7 {erin} {bot_fixture.dispatch.mention}"
    answer = await bot_fixture.attach(
        f"{units} {bot_fixture.channel.mention} <:police:1> @everyone"
    )
    done, confirmed, not_linked, off_duty, unknown, *others = answer.splitlines()
    assert done == "⚠️ **#100** Armed Robbery: A\\-7"
    assert confirmed == "Confirmed by the CAD."
    assert not_linked.startswith(
        f"Left out: {bot_fixture.charlie.mention}: not linked. Use `/link` with"
    )
    assert off_duty == f"Left out: {bot_fixture.erin.mention}: off duty in the CAD."
    assert unknown == "Left out: `Z-99`: no unit on duty has this number."
    whats = [
        "`<:police:1>`",
        "`@everyone`",
        bot_fixture.dispatch.mention,
        bot_fixture.channel.mention,
    ]
    assert [one.split(": ")[1] for one in others] == whats
    assert bot_fixture.units_on(100) == ["A-7"]


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ("{charlie}", "not linked"),
        ("{erin}", "off duty in the CAD"),
        ("Z-99", "no unit on duty has this number"),
        ("D-1", "on duty as a dispatcher, not as a unit"),  # a dispatcher cannot be sent
        ("{dispatch}", "the bot may not see who has this role"),
        ("@everyone @here", "the whole server cannot be named"),
        ("🚓", "no member or unit on duty is called this"),
        ("**Z-12** ~~x~~ ||y||", "no unit on duty has this number"),
        ("x" * 4000, "no member or unit on duty is called this"),
        ("`@everyone` [x](https://e.example)", "no member or unit on duty is called this"),
        ("steam:" + "x" * 4000, "no member or unit on duty is called this"),
        ("<", "this is no member, unit or group of units"),
    ],
)
async def test_without_a_unit_left_nothing_is_sent(
    bot_fixture: BotFixture, units: str, reason: str
) -> None:
    mentions = {name: one.mention for name, one in bot_fixture.members.items()}
    answer = await bot_fixture.attach(
        units.format(**mentions, dispatch=bot_fixture.dispatch.mention)
    )
    assert answer.startswith("❌ Not attached to **#100** Armed Robbery.\nLeft out: ")
    assert reason in answer
    assert bot_fixture.orders() == []
    # Typed text is shown in code spans: outside of them stands only the text of the bot.
    outside = "".join(answer.split("`")[::2])
    assert not {"@everyone", "~~x~~", "](http"} & set(outside.split())
    assert len(answer) < 400


async def test_a_unit_that_shares_its_number(bot_fixture: BotFixture) -> None:
    account = bot_fixture.server.units[1].account
    bot_fixture.world.login(bot_fixture.server, account, Badge("A-7", "Another", "LSPD"))
    await bot_fixture.services.board.fetch_units(1)
    answer = await bot_fixture.attach("A-7")
    assert "several units on duty have this number" in answer
    assert bot_fixture.orders() == []


async def test_an_api_id_that_no_unit_carries_is_sent_and_doubted(bot_fixture: BotFixture) -> None:
    said = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units="license:abc A-12"
    )
    assert said.text.splitlines() == [
        "⚠️ **#100** Armed Robbery: `license:abc`, A\\-12",
        "The CAD accepted `license:abc`, but no unit on duty has this API id.",
    ]
    assert (await said.after(60)).splitlines() == [
        "⚠️ **#100** Armed Robbery: `license:abc`, A\\-12",
        "The CAD accepted the order, but does not show `license:abc` on the call.",
    ]
    assert bot_fixture.orders()[0].objects[0]["units"] == ["license:abc", seed.PAT.hex]


async def test_a_unit_that_came_on_duty_a_moment_ago_is_found(bot_fixture: BotFixture) -> None:
    account = next(
        one
        for one in bot_fixture.world.communities[seed.COMMUNITY_ID].accounts.values()
        if one.api_ids == (seed.ERIN.hex,)
    )
    bot_fixture.world.login(bot_fixture.server, account, Badge("N-1", "Erin New", "LSPD"))
    assert (await bot_fixture.attach(f"{bot_fixture.erin.mention} n-1")).splitlines()[0] == (
        f"✅ **#100** Armed Robbery: {bot_fixture.erin.mention} (N\\-1)"
    )


@pytest.mark.parametrize("units", ["", " , ", "\u200b\u2060"])
async def test_no_unit_named(bot_fixture: BotFixture, units: str) -> None:
    answer = await bot_fixture.attach(units)
    assert answer.startswith("❌ No unit was named.")
    assert bot_fixture.world.history == []


async def test_fifty_at_once_and_no_more(bot_fixture: BotFixture) -> None:
    fifty = [f"id:{number}" for number in range(50)]
    asked = await bot_fixture.run_command(
        bot_fixture.dana, "attach", call=100, units=" ".join(fifty)
    )
    assert (await asked.after(1)).startswith("⏳ Attach 50 units to **#100** Armed Robbery?")
    response = asked.result.response
    assert response is not None
    await bot_fixture.dana.click(response, label="Confirm")
    said = asked
    await bot_fixture.advance(1)
    assert said.text.startswith("⚠️ **#100** Armed Robbery: `id:0`, `id:1`, ")
    assert (await said.after(60)).startswith("❌ Not on **#100**")
    assert bot_fixture.orders()[0].objects[0]["units"] == fifty
    bot_fixture.world.history.clear()
    answer = await bot_fixture.attach(" ".join([*fifty, "id:50"]))
    assert answer == "❌ 51 units are too many: one order takes at most 50."
    assert bot_fixture.world.history == []


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("**Fire** @everyone\n[x](https://e.example)", "(\\*\\*Fire\\*\\* \\@everyone \\[x\\]"),
        ("\u202e<@&1>`a`\u200b", "\\<\\@&1\\>\\`a\\`"),
        ("x" * 4000, "x" * 99 + "…"),
    ],
)
async def test_a_title_from_the_cad_stays_in_its_place(
    bot_fixture: BotFixture, title, shown
) -> None:
    number = bot_fixture.world.new_dispatch(bot_fixture.server, CallForm(title=title)).call_id
    await bot_fixture.services.board.fetch_calls(1)
    first, *others = (await bot_fixture.attach("A-12", call=number)).splitlines()
    assert first.startswith(f"✅ **#{number}** {shown}")
    assert first.endswith(": A\\-12")
    assert others == ["Confirmed by the CAD."]


async def test_a_call_that_the_bot_does_not_know_is_for_the_cad_to_judge(
    bot_fixture: BotFixture,
) -> None:
    answer = await bot_fixture.attach("A-12", call=4711)
    assert answer == (
        "❌ Not attached to **#4711**. The CAD refused: `CALL NOT FOUND`.\nUnits: A\\-12"
    )
    number = bot_fixture.world.new_dispatch(bot_fixture.server, CallForm(title="New")).call_id
    answer = await bot_fixture.attach("A-12", call=number)
    assert answer.startswith(f"✅ **#{number}**: A\\-12\n")


async def test_detach(bot_fixture: BotFixture) -> None:
    await bot_fixture.attach("A-12 A-7 M-3")
    units = f"{bot_fixture.pat.mention}, M-3 {bot_fixture.charlie.mention}"
    answer = await bot_fixture.final_answer(bot_fixture.dana, "detach", units=units)
    assert answer.startswith(
        f"⚠️ Off their calls: {bot_fixture.pat.mention} (A\\-12, left #100), M\\-3 (left #100)\n"
    )
    assert f"{bot_fixture.charlie.mention}: not linked" in answer
    assert bot_fixture.units_on(100) == ["A-7"]
    order = bot_fixture.orders()[-1]
    assert (order.path, order.type) == ("/emergency/detach_unit", "DETACH_UNIT")
    assert order.objects == ({"serverId": 1, "units": [seed.PAT.hex, seed.BOB.hex]},)


async def test_detach_no_unit(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.dana, "detach", units="Z-99")
    assert answer.startswith("❌ Not detached from their calls.\nLeft out: `Z-99`")
    assert bot_fixture.orders() == []


@pytest.mark.parametrize("spoken", list(AttachVariant))
async def test_the_variant_of_the_cad_is_found_once(
    bot_fixture: BotFixture, spoken: AttachVariant
) -> None:
    bot_fixture.world.behaviour.attach_variants = {spoken}
    for units in ("A-12", "A-7"):
        assert (await bot_fixture.attach(units)).startswith("✅")
    assert bot_fixture.units_on(100) == ["A-12", "A-7"]
    tried = [(one.path, one.type) for one in bot_fixture.orders()]
    known = [one.value for one in AttachVariant]
    assert tried == [*known[: known.index(spoken.value) + 1], spoken.value]


async def test_a_cad_without_any_known_variant(bot_fixture: BotFixture) -> None:
    bot_fixture.world.behaviour.attach_variants = set()
    answer = await bot_fixture.attach("A-12")
    assert answer.startswith("❌ Not attached to **#100** Armed Robbery. The CAD refused: ")
    assert len(bot_fixture.orders()) == 3


@pytest.fixture(params=[2, LAST_SERVER_ID])
def second_server(bot_fixture: BotFixture, request: pytest.FixtureRequest) -> Server:
    community = bot_fixture.world.communities[seed.COMMUNITY_ID]
    server = community.servers[request.param] = Server(request.param, next_call_id=500)
    account = bot_fixture.server.units[1].account
    bot_fixture.world.login(server, account, Badge("P-2", "Pat Elsewhere", "LSPD"))
    bot_fixture.world.new_dispatch(server, CallForm(title="Elsewhere"))
    return server


async def test_the_server_option(bot_fixture: BotFixture, second_server: Server) -> None:
    number = second_server.id
    answer = await bot_fixture.attach("P-2 A-7", call=500, server=number)
    assert answer.startswith(
        f"⚠️ **#500** on Server {number}: P\\-2\nConfirmed by the CAD.\nLeft out: `A-7`"
    )
    assert second_server.calls[500].idents == [next(iter(second_server.units))]
    assert [one["serverId"] for order in bot_fixture.orders() for one in order.objects] == [number]
    await bot_fixture.final_answer(
        bot_fixture.dana, "detach", units=bot_fixture.pat.mention, server=number
    )
    assert second_server.calls[500].idents == []


async def test_a_server_that_the_cad_does_not_have(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.attach("license:abc", server=9)
    assert "The CAD refused: `INVALID SERVER ID`." in answer


async def test_detaching_moves_no_other_unit(bot_fixture: BotFixture) -> None:
    bot_fixture.world.attach(bot_fixture.server, 101, Target(api_ids=(seed.PAT.hex,)))
    await bot_fixture.final_answer(bot_fixture.dana, "detach", units="A-12")
    assert bot_fixture.units_on(101) == ["B-21"]
