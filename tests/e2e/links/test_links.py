"""/link, /unlink and /links."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.services.links.link_pace import LINKS_PER_HOUR
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, CHALLENGE, Hang, RateLimited, Text
from tests.e2e.accounts import change_account
from tests.e2e.bot_fixture import BotFixture
from tests.e2e.conftest import with_settings
from tests.e2e.presses import OldLook, press

VIC = seed.VIC
RILEY = seed.RILEY
ACCOUNT = RILEY.steam64 - 0x0110_0001_0000_0000
SPELLINGS = [
    str(RILEY.steam64),
    RILEY.hex,
    RILEY.hex.upper(),
    f" {RILEY.hex} ",
    f"STEAM_0:{ACCOUNT % 2}:{ACCOUNT // 2}",
    f"[U:1:{ACCOUNT}]",
    f"https://steamcommunity.com/profiles/{RILEY.steam64}/",
]


@pytest.mark.parametrize("pasted", SPELLINGS)
async def test_linking_oneself(bot_fixture: BotFixture, pasted: str) -> None:
    assert (await bot_fixture.final_answer(bot_fixture.vic, "link", steam=pasted)).splitlines() == [
        f"✅ {bot_fixture.vic.mention} is now linked to `{RILEY.hex}`.",
        f"The CAD knows this id as `{RILEY.hex}`.",
    ]
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex


@pytest.mark.parametrize("version", [1, 2])
async def test_whose_an_id_is_learns_staff_or_the_owner(
    bot_fixture: BotFixture, version: int
) -> None:
    await bot_fixture.start(sonoran_api_version=version)
    texts = [await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)]
    texts += [
        await bot_fixture.final_answer(bot_fixture.vic, command)
        for command in ("link", "links mine")
    ]
    assert all(RILEY.hex in one and "riley" not in one for one in texts)
    whois = await bot_fixture.final_answer(bot_fixture.dana, "links whois", member=bot_fixture.vic)
    assert "account `riley`" in whois
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute("UPDATE links SET other_account = 'pat'")
    text = await bot_fixture.final_answer(bot_fixture.vic, "link")
    assert "The id belongs to another account of the CAD by now." in text
    if version == 2:
        change_account(bot_fixture, "riley", discord_id=bot_fixture.vic.id)
        text = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
        assert "(account `riley`)" in text


async def test_a_visitor_does_not_fill_the_log_channel(bot_fixture: BotFixture) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.start(log_channel_id=log.id, link_approval=True)
    answers = [
        await bot_fixture.final_answer(bot_fixture.vic, "link", steam=f"license:{number}")
        for number in range(8)
    ]
    assert [one[0] for one in answers] == ["⏳"] * LINKS_PER_HOUR + ["❌"] * 3
    assert answers[-1].startswith("❌ You have linked yourself too often. Try again in ")
    assert len(log.history()) == LINKS_PER_HOUR
    # Linkers are not counted, nor is what they do for the visitor.
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam="license:9", member=bot_fixture.vic
    )
    assert "is now linked to `license:9`" in answer


async def test_replacing_names_what_was_replaced(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.pat, "link", steam=RILEY.hex)
    assert f"Before, it was `{seed.PAT.hex}`." in answer
    answer = await bot_fixture.final_answer(bot_fixture.pat, "link", steam=RILEY.hex)
    assert "Before" not in answer
    assert bot_fixture.links()[bot_fixture.pat.id] == RILEY.hex


async def test_linking_another_member(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam=RILEY.hex, member=bot_fixture.vic
    )
    assert answer.startswith(f"✅ {bot_fixture.vic.mention} is now linked to `{RILEY.hex}`.")
    whois = await bot_fixture.final_answer(bot_fixture.dana, "links whois", member=bot_fixture.vic)
    assert whois.startswith(
        f"✅ {bot_fixture.vic.mention} is `{RILEY.hex}`, set by {bot_fixture.dana.mention}"
    )


@with_settings(api_id_format="steam:{hex}")
async def test_the_format_of_the_community(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=str(VIC.steam64))
    assert answer.startswith(
        f"⚠️ {bot_fixture.vic.mention} is now linked to `steam:{VIC.hex}`.\n"
        "Saved, but the CAD has no account"
    )
    # With a prefix it is the member's own spelling, whatever the format.
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam="License:AbC")
    assert "`License:AbC`" in answer


async def test_an_id_that_the_cad_does_not_know_is_linked_all_the_same(
    bot_fixture: BotFixture,
) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam="license:unheard-of")
    assert answer.startswith(f"⚠️ {bot_fixture.vic.mention} is now linked to `license:unheard-of`.")
    assert "the CAD has no account with this id yet." in answer
    assert "Until then it is unproven." in answer
    assert bot_fixture.links()[bot_fixture.vic.id] == "license:unheard-of"


@pytest.mark.parametrize("by_staff", [False, True])
@pytest.mark.parametrize("version", [1, 2])
async def test_a_proven_link_is_not_replaced_by_an_unknown_id_without_asking(
    bot_fixture: BotFixture, version: int, by_staff: bool
) -> None:
    await bot_fixture.start(sonoran_api_version=version)
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    who, options = bot_fixture.vic, {}
    if by_staff:
        who, options = bot_fixture.dana, {"member": bot_fixture.vic}
    vic = bot_fixture.vic.mention
    for label in ("Cancel", "Replace it"):
        said = await bot_fixture.run_command(who, "link", steam="license:typo", **options)
        assert await said.after(60) == (
            "⚠️ Not saved yet: the CAD does not know `license:typo`, and it has confirmed"
            f" `{RILEY.hex}`, to which {vic} is linked now. Compare it with the API ID in the CAD's"
            " account settings. Replace it all the same?"
        )
        assert said.buttons == ["Replace it", "Cancel"]
        assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex
        mine = await bot_fixture.final_answer(bot_fixture.vic, "links mine")
        assert "`license:typo` is not known to the CAD; " in mine
        look = OldLook(said)
        await bot_fixture.start(sonoran_api_version=version)
        assert (await press(said, label, who)).beside == []
        await bot_fixture.advance(60)
        assert said.buttons == []
        if label == "Cancel":
            assert said.text == f"❌ Nothing has changed: {vic} is not linked to `license:typo`."
            look.restore()
            (told,) = (await press(said, "Replace it", who)).beside
            assert told.startswith("❌ This question is closed")
    assert said.text.startswith(f"⚠️ {vic} is now linked to `license:typo`.")
    assert f"Before, it was `{RILEY.hex}`." in said.text
    assert bot_fixture.links()[bot_fixture.vic.id] == "license:typo"


async def test_a_proven_link_while_the_cad_cannot_be_asked(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    bot_fixture.set_fault(BAD_GATEWAY, path="/general/check_apiid")
    said = await bot_fixture.run_command(bot_fixture.vic, "link", steam="license:new")
    assert (await said.after(60)).startswith(
        "⚠️ Not saved yet: the CAD could not be asked about `license:new`, and it has confirmed"
    )
    await bot_fixture.final_answer(bot_fixture.dana, "link", steam="license:new")
    # Meanwhile another member has it.
    told = (await press(said, "Replace it", bot_fixture.vic)).beside
    await bot_fixture.advance(60)
    assert [one.split(".")[0] for one in told] == ["❌ `license:new` is linked to another member"]
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex


async def test_an_unknown_id_of_another_member_is_one_question(bot_fixture: BotFixture) -> None:
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    await bot_fixture.final_answer(bot_fixture.charlie, "link", steam="license:held")
    said = await bot_fixture.run_command(
        bot_fixture.dana, "link", steam="license:held", member=bot_fixture.vic
    )
    assert said.text.startswith("⚠️ Not saved yet: `license:held` is linked to ")
    await press(said, "Share it")
    await bot_fixture.advance(60)
    assert bot_fixture.links()[bot_fixture.vic.id] == "license:held"


async def test_the_question_of_a_member_who_needs_an_approval_by_now(
    bot_fixture: BotFixture,
) -> None:
    log = bot_fixture.guild.create_text_channel("log")
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    said = await bot_fixture.run_command(bot_fixture.vic, "link", steam="license:typo")
    await said.after(60)
    await bot_fixture.start(log_channel_id=log.id, link_approval=True)
    await press(said, "Replace it", bot_fixture.vic)
    await bot_fixture.advance(60)
    assert said.text.startswith("⏳ Your link to `license:typo` waits for approval.")
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex


@pytest.mark.parametrize(
    "fault", [BAD_GATEWAY, CHALLENGE, Hang(), RateLimited(90), Text(400, "NO")]
)
async def test_a_link_is_saved_whatever_the_cad_says(bot_fixture: BotFixture, fault) -> None:
    bot_fixture.set_fault(fault, path="/general/check_apiid")
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    assert answer.startswith(f"⚠️ {bot_fixture.vic.mention} is now linked to `{RILEY.hex}`.")
    assert "The CAD could not be asked about this id." in answer
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex


async def test_a_link_is_saved_while_the_cad_is_down(bot_fixture: BotFixture) -> None:
    await bot_fixture.cad.pause()
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=RILEY.hex)
    assert "cannot be reached (`Connection refused`)" in answer
    assert bot_fixture.links()[bot_fixture.vic.id] == RILEY.hex


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("Vic", "`Vic` is not an id that the bot can read."),
        ("", "`(empty)` is not an id that the bot can read."),
        ("https://steamcommunity.com/id/vic", "has a custom name instead of the id."),
        ("`@here`\n**x** <@&1>", "`ˋ@hereˋ **x** <@&1>` is not an id that the bot can read"),
        ("x" * 4000, f"`{'x' * 99}…` is not an id that the bot can read"),
    ],
)
async def test_what_is_no_id_is_not_stored(
    bot_fixture: BotFixture, pasted: str, words: str
) -> None:
    before = bot_fixture.links()
    answer = await bot_fixture.final_answer(bot_fixture.vic, "link", steam=pasted)
    assert answer.startswith("❌ ")
    assert words in answer
    assert bot_fixture.links() == before
    assert bot_fixture.world.history == []


async def test_a_name_from_the_cad_stays_in_its_place(bot_fixture: BotFixture) -> None:
    bot_fixture.set_fault(Text(200, "`a` @here\n[x](https://b.example)" + "x" * 4000))
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam=RILEY.hex, member=bot_fixture.vic
    )
    assert "`ˋaˋ @here [x](https://b.example)xxx" in answer
    assert len(answer) < 500


async def test_a_member_who_is_not_on_this_server(bot_fixture: BotFixture) -> None:
    stranger = bot_fixture.env.create_user("stranger")
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "link", steam=RILEY.hex, member=stranger
    )
    assert answer == "❌ `stranger` is not a member of this server."
    assert [type(error).__name__ for error in bot_fixture.env.errors] == ["TransformerError"]


async def test_unlinking(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.pat, "unlink")
    assert answer == f"✅ {bot_fixture.pat.mention} is no longer linked to `{seed.PAT.hex}`."
    assert bot_fixture.pat.id not in bot_fixture.links()
    answer = await bot_fixture.final_answer(bot_fixture.pat, "unlink")
    assert answer == f"❌ {bot_fixture.pat.mention} was not linked. Nothing has changed."
    await bot_fixture.final_answer(bot_fixture.dana, "unlink", member=bot_fixture.bob)
    assert bot_fixture.bob.id not in bot_fixture.links()


async def test_whois(bot_fixture: BotFixture) -> None:
    pat = bot_fixture.pat.mention
    said = f"✅ {pat} is `{seed.PAT.hex}`, set by <@1>"
    assert (
        await bot_fixture.final_answer(bot_fixture.dana, "links whois", member=bot_fixture.pat)
    ).startswith(said)
    for pasted in (seed.PAT.hex, str(seed.PAT.steam64)):
        assert (
            await bot_fixture.final_answer(bot_fixture.dana, "links whois", steam=pasted)
        ).startswith(said)
    both = await bot_fixture.final_answer(
        bot_fixture.dana, "links whois", member=bot_fixture.bob, steam=seed.PAT.hex
    )
    assert both.startswith(f"✅ {bot_fixture.bob.mention} is `{seed.BOB.hex}`")
    me = await bot_fixture.final_answer(bot_fixture.dana, "links whois")
    assert me == f"❌ {bot_fixture.dana.mention} is not linked."
    answer = await bot_fixture.final_answer(
        bot_fixture.dana, "links whois", steam="license:unknown"
    )
    assert answer == "❌ No member is linked to `license:unknown`."
    assert (
        await bot_fixture.final_answer(bot_fixture.dana, "links whois", steam="Pat")
    ).startswith("❌ `Pat` is no")


async def test_two_people_with_one_id(bot_fixture: BotFixture) -> None:
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        connection.execute(  # from before one id belonged to one person
            "UPDATE links SET api_id = ?, identity = ? WHERE guild_id = ? AND discord_id = ?",
            [
                f"STEAM:{seed.PAT.hex.upper()}",
                seed.PAT.hex,
                bot_fixture.guild.id,
                bot_fixture.bob.id,
            ],
        )
    lines = (
        await bot_fixture.final_answer(bot_fixture.dana, "links whois", steam=seed.PAT.hex)
    ).splitlines()
    assert [line.partition(" is ")[0] for line in lines] == [
        f"✅ {bot_fixture.pat.mention}",
        bot_fixture.bob.mention,
    ]
    # What is there stays as it is.
    again = await bot_fixture.final_answer(bot_fixture.pat, "link", steam=seed.PAT.hex)
    assert again.startswith(f"✅ {bot_fixture.pat.mention} is now linked to `{seed.PAT.hex}`.")
    assert bot_fixture.bob.id in bot_fixture.links()


async def test_the_list_in_pages(bot_fixture: BotFixture) -> None:
    answer = await bot_fixture.final_answer(bot_fixture.dana, "links list")
    assert answer.startswith("✅ 4 linked · page 1 of 1\n")
    assert f"{bot_fixture.pat.mention} `{seed.PAT.hex}`" in answer.splitlines()
    fill(bot_fixture, 40)
    first, last, beyond = [
        (await bot_fixture.final_answer(bot_fixture.dana, "links list", page=page)).splitlines()
        for page in (1, 3, 99)
    ]
    assert (first[0], len(first)) == ("✅ 44 linked · page 1 of 3", 21)
    assert (last[0], len(last)) == ("✅ 44 linked · page 3 of 3", 5)
    assert beyond == last


def fill(bot_fixture: BotFixture, count: int) -> None:
    """Link people who have never been seen."""
    with closing(sqlite3.connect(bot_fixture.file)) as connection, connection:
        of_guild = "SELECT * FROM links WHERE guild_id = ? LIMIT 1"
        row = connection.execute(of_guild, (bot_fixture.guild.id,))
        columns = [column[0] for column in row.description]
        values = dict(zip(columns, row.fetchone(), strict=True))
        marks = ", ".join("?" * len(columns))
        for number in range(count):
            values |= {"discord_id": number + 1, "api_id": f"license:{number}"}
            connection.execute(f"INSERT INTO links VALUES ({marks})", list(values.values()))
