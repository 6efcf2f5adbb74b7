"""/links import and /links export, with real attachments."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from simcord.actors import MemberActor

from bot.services.link_files.import_export import MAX_FILE_BYTES
from bot.services.link_files.pending_imports import PREVIEW_TTL
from sandbox.cad.state import seed
from tests.e2e.bot_fixture import BotFixture, CommandReply
from tests.e2e.conftest import with_settings

NEW = seed.RILEY
CONFIRMED = "Present id confirmed by the CAD: only the button that says replace changes it"
NOT_SAVED_YET = " Nothing is saved yet: press the button to import."


async def shown(
    bot_fixture: BotFixture, text: str | bytes, name: str = "people.csv"
) -> CommandReply:
    """Let Dana show a file."""
    data = text if isinstance(text, bytes) else text.encode()
    return await bot_fixture.run_command(bot_fixture.dana, "links import", file=(name, data))


async def pressed(
    bot_fixture: BotFixture,
    said: CommandReply,
    who: MemberActor | None = None,
    *,
    label: str | None = None,
) -> str:
    """Press Import of all lines; return what is said beside the preview, or has replaced it."""
    response = said.result.response
    assert response is not None
    result = await (who or bot_fixture.dana).click(response, label=label or said.buttons[-1])
    beside = [one.content for one in result.followups]
    assert all(one.ephemeral for one in result.followups)
    if beside:
        return "".join(beside)
    assert said.buttons == []
    return said.text


def people(bot_fixture: BotFixture) -> str:
    """Link Vic and Charlie, change Pat, and leave Bob as he is."""
    return (
        f"Member;Discord ID;Steam\nVic;{bot_fixture.vic.id};{NEW.steam64}\n"
        f'Pat;<@{bot_fixture.pat.id}>;="{seed.VIC.steam64}"\n'
        f"Bob;'{bot_fixture.bob.id};{seed.BOB.hex.upper()}\nCharlie;{bot_fixture.charlie.id};license:c\n"
    )


async def test_shown_then_written(bot_fixture: BotFixture) -> None:
    before = bot_fixture.links()
    said = await shown(bot_fixture, people(bot_fixture))
    title, *lines = said.text.splitlines()
    assert title == f"⚠️ `people.csv`: 2 new, 1 changed, 1 unchanged.{NOT_SAVED_YET}"
    assert lines == [
        f"**{CONFIRMED}**",
        f"line 3: {bot_fixture.pat.mention} `{seed.PAT.hex}` → `{seed.VIC.hex}`",
        "**New**",
        f"line 2: {bot_fixture.vic.mention} `{NEW.hex}`",
        f"line 5: {bot_fixture.charlie.mention} `license:c`",
    ]
    assert said.buttons == ["Import 2 links", "Import 3 links, replace 1 confirmed id"]
    assert bot_fixture.links() == before
    assert await pressed(bot_fixture, said) == "✅ 2 added, 1 changed, 1 unchanged."
    after = {
        bot_fixture.vic.id: NEW.hex,
        bot_fixture.pat.id: seed.VIC.hex,
        bot_fixture.charlie.id: "license:c",
    }
    assert bot_fixture.links() == before | after
    whois = await bot_fixture.final_answer(bot_fixture.dana, "links whois", member=bot_fixture.vic)
    assert f"`{NEW.hex}`, set by {bot_fixture.dana.mention}" in whois
    assert bot_fixture.orders() == []


@pytest.mark.parametrize(
    "spelling",
    [str(seed.PAT.steam64), f"steam:{seed.PAT.hex}", "STEAM_0:1:438112311", "[U:1:876224623]"],
)
async def test_an_id_that_another_member_has_is_named(
    bot_fixture: BotFixture, spelling: str
) -> None:
    said = await shown(bot_fixture, f"Discord ID,API ID\n{bot_fixture.vic.id},{spelling}\n")
    assert f"{bot_fixture.vic.mention} `{spelling}` is also {bot_fixture.pat.mention}" in said.text


async def test_a_second_press_finds_it_done(bot_fixture: BotFixture) -> None:
    said = await shown(bot_fixture, people(bot_fixture))
    assert said.result.response is not None
    message = bot_fixture.env.backend.get_message(bot_fixture.channel.id, said.result.response.id)
    shown_before = message.components
    assert await pressed(bot_fixture, said) == "✅ 2 added, 1 changed, 1 unchanged."
    await bot_fixture.final_answer(bot_fixture.dana, "unlink", member=bot_fixture.vic)
    message.components = shown_before  # as a slow client has it
    assert await pressed(bot_fixture, said) == "❌ This file has been imported already."
    assert bot_fixture.vic.id not in bot_fixture.links()


async def test_another_member_presses(bot_fixture: BotFixture) -> None:
    before = bot_fixture.links()
    said = await shown(bot_fixture, people(bot_fixture))
    # Discord shows a private message to one member only, but a press can be forged.
    assert said.result.response is not None
    message = bot_fixture.env.backend.get_message(bot_fixture.channel.id, said.result.response.id)
    message.flags = 0
    second = bot_fixture.guild.add_member(
        bot_fixture.env.create_user("mia"), roles=[bot_fixture.dispatch]
    )
    answer = await pressed(bot_fixture, said, second)
    assert answer.startswith("❌ Another member sent this file.")
    assert (await pressed(bot_fixture, said, bot_fixture.vic)).startswith("❌ You need the ")
    assert bot_fixture.links() == before


async def test_a_restart_forgets_the_file(bot_fixture: BotFixture) -> None:
    before = bot_fixture.links()
    said = await shown(bot_fixture, people(bot_fixture))
    await bot_fixture.start()
    answer = await pressed(bot_fixture, said)
    assert answer.startswith("❌ This file has expired")
    assert "Send it again with `/links import`." in answer
    assert bot_fixture.links() == before


async def test_a_quarter_of_an_hour_forgets_the_file(bot_fixture: BotFixture) -> None:
    said = await shown(bot_fixture, people(bot_fixture))
    await bot_fixture.advance(PREVIEW_TTL)
    assert (await pressed(bot_fixture, said)).startswith("❌ This file has expired")


async def test_links_that_have_changed_since(bot_fixture: BotFixture) -> None:
    said = await shown(bot_fixture, people(bot_fixture))
    await bot_fixture.final_answer(bot_fixture.vic, "link", steam="license:meanwhile")
    before = bot_fixture.links()
    assert (await pressed(bot_fixture, said)).startswith("❌ The links have changed since you")
    assert bot_fixture.links() == before


async def test_the_database_fails_while_it_is_written(bot_fixture: BotFixture) -> None:
    said = await shown(bot_fixture, people(bot_fixture))
    before = bot_fixture.links()
    with closing(sqlite3.connect(bot_fixture.file)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON links WHEN new.api_id = 'license:c'"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        assert "database cannot be used" in await pressed(bot_fixture, said)
        assert bot_fixture.links() == before
        connection.execute("DROP TRIGGER full")
    assert (await pressed(bot_fixture, said)).startswith("✅ 2 added, 1 changed")


async def test_bad_lines_are_named_and_left_out(bot_fixture: BotFixture) -> None:
    vic = bot_fixture.vic.id
    text = f"discord_id,api_id\n{vic},license:v\n{vic},x\n1.23E+17,@here\n"
    said = await shown(bot_fixture, text)
    lines = said.text.splitlines()
    assert lines[0].startswith("⚠️ `people.csv`: 1 new, 0 changed, 0 unchanged, 2 with errors.")
    assert lines[2] == f"line 3\\: the Discord id {bot_fixture.vic.id} is already in line 2"
    assert lines[3].startswith("line 4\\: '1.23E\\+17' is an id that a spreadsheet has rounded;")
    assert said.buttons == ["Import 1 link"]
    assert await pressed(bot_fixture, said) == "⚠️ 1 added, 0 changed, 0 unchanged, 2 with errors."
    assert bot_fixture.links()[bot_fixture.vic.id] == "license:v"


async def test_a_shared_id_takes_the_press(bot_fixture: BotFixture) -> None:
    said = await shown(
        bot_fixture, f"discord_id,api_id\n{bot_fixture.vic.id},{seed.PAT.hex.upper()}\n"
    )
    assert f"is also {bot_fixture.pat.mention}" in said.text
    assert said.buttons == ["Import 1 link (1 shared id)"]
    assert (await pressed(bot_fixture, said)).startswith("✅ 1 added")


async def test_there_is_more_than_fits(bot_fixture: BotFixture) -> None:
    rows = "".join(f"{10**17 + n},license:{n}\n" for n in range(3000))
    said = await shown(bot_fixture, f"discord_id,api_id\n{rows}{rows[:200]}", name="`@here`.csv")
    assert said.text.startswith("⚠️ `ˋ@hereˋ.csv`: 3,000 new,")
    assert said.result.response is not None
    (file,) = said.result.response.attachments
    report = (await file.read()).decode()
    assert f"line 3001: {10**17 + 2999} license:2999" in report
    assert report.startswith("refused: 7\n")
    assert (await pressed(bot_fixture, said)).startswith("⚠️ 3,000 added")
    assert len(bot_fixture.links()) == 3004


@pytest.mark.parametrize("may_replace", [False, True])
async def test_an_id_that_the_cad_has_confirmed_is_replaced_by_a_button_of_its_own(
    bot_fixture: BotFixture, may_replace: bool
) -> None:
    """As `/link` asks; an id that is only spelled in another way is no replacement."""
    confirmed = await bot_fixture.final_answer(bot_fixture.pat, "link", steam=seed.PAT.hex)
    assert "The CAD knows this id" in confirmed
    await bot_fixture.final_answer(bot_fixture.bob, "link", steam=seed.BOB.hex)
    bob, pat, vic = bot_fixture.bob, bot_fixture.pat, bot_fixture.vic
    rows = f"{pat.id},license:typo\n{vic.id},license:v\n{bob.id},steam:{seed.BOB.hex}\n"
    before = bot_fixture.links()
    said = await shown(bot_fixture, f"discord_id,api_id\n{rows}")
    assert said.text.splitlines() == [
        f"⚠️ `people.csv`: 1 new, 2 changed, 0 unchanged.{NOT_SAVED_YET}",
        f"**{CONFIRMED}**",
        f"line 2: {pat.mention} `{seed.PAT.hex}` → `license:typo`",
        "**Changed**",
        f"line 4: {bob.mention} `{seed.BOB.hex}` → `steam:{seed.BOB.hex}`",
        "**New**",
        f"line 3: {vic.mention} `license:v`",
    ]
    assert said.buttons == ["Import 2 links", "Import 3 links, replace 1 confirmed id"]
    text = await pressed(bot_fixture, said, label=said.buttons[may_replace])
    changed = {vic.id: "license:v", bob.id: f"steam:{seed.BOB.hex}"}
    if may_replace:
        assert text == "✅ 1 added, 2 changed, 0 unchanged."
        changed[pat.id] = "license:typo"
    else:
        assert text == (
            "⚠️ 1 added, 1 changed, 0 unchanged. 1 id that the CAD has confirmed stayed as before."
        )
    assert bot_fixture.links() == before | changed


class TestNames:
    @with_settings(members_intent=True)
    async def test_members_are_found_by_name(self, bot_fixture: BotFixture) -> None:
        twin = bot_fixture.guild.add_member(bot_fixture.env.create_user("other"), nick="Charlie")
        said = await shown(
            bot_fixture, "user,steam\n@Vic,license:v\nCharlie,license:c\njamie,x:1\n"
        )
        mention = bot_fixture.vic.mention
        assert f"line 2: {mention} (found by the name `@Vic`) `license:v`" in said.text
        ids = ", ".join(map(str, sorted([bot_fixture.charlie.id, twin.id])))
        assert f"line 3\\: several members are called 'Charlie' \\({ids}\\);" in said.text
        assert "line 4\\: no member of this server is called 'jamie'" in said.text

    async def test_without_the_intent_no_member_is_known_by_name(
        self, bot_fixture: BotFixture
    ) -> None:
        said = await shown(bot_fixture, "user,steam\nVic,license:v\n")
        assert said.text.startswith("❌ `people.csv` has nothing to import")
        assert "only with \\/links import and MEMBERS\\_INTENT; use Discord ids" in said.text


class TestRefusals:
    @pytest.mark.parametrize("who", ["vic", "max"])
    async def test_without_the_role_nothing_is_fetched(
        self, bot_fixture: BotFixture, who: str
    ) -> None:
        person = bot_fixture.members[who]
        refusal = f"❌ You need the {bot_fixture.dispatch.mention} role for that."
        file = ("people.csv", people(bot_fixture).encode())
        assert await bot_fixture.final_answer(person, "links import", file=file) == refusal
        assert await bot_fixture.final_answer(person, "links export") == refusal

    async def test_administrators_alone_where_there_are_any(self, bot_fixture: BotFixture) -> None:
        admin = bot_fixture.guild.create_role("Admin")
        await bot_fixture.start(admin_role_ids=frozenset({admin.id}))
        said = await shown(bot_fixture, people(bot_fixture))
        assert said.text == f"❌ You need the {admin.mention} role for that."
        assert said.buttons == []

    async def test_a_role_that_was_lost_before_the_press(self, bot_fixture: BotFixture) -> None:
        said = await shown(bot_fixture, people(bot_fixture))
        bot_fixture.env.backend.remove_member_role(
            bot_fixture.guild.id, bot_fixture.dana.id, bot_fixture.dispatch.id
        )
        assert (await pressed(bot_fixture, said)).startswith("❌ You need the ")

    async def test_what_is_too_large(self, bot_fixture: BotFixture) -> None:
        said = await shown(bot_fixture, b"x" * (MAX_FILE_BYTES + 1))
        assert said.text.startswith("❌ The file is too large: 2.0 MiB; the limit is 2 MiB.")

    async def test_a_file_that_discord_has_lost(self, bot_fixture: BotFixture, monkeypatch) -> None:
        monkeypatch.setattr(bot_fixture.env.backend.cdn, "get", lambda _: None)
        said = await shown(bot_fixture, people(bot_fixture))
        assert said.text == ("❌ Discord did not send the file or the list of members. Try again.")

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "name no column of people"),
            (b"\0" * MAX_FILE_BYTES, "not readable as CSV"),
            (b"," * MAX_FILE_BYTES, "name no column of people"),
            (b"[" * MAX_FILE_BYTES, "not readable as JSON \\(too deep\\)"),
            (b"PK\x03\x04 a workbook", "this is not a text file; save it as CSV UTF\\-8"),
            (b"discord_id,api_id\n@here,=1\n", "'\\=1' is a formula or its failure"),
            (b"discord_id,api_id\n1,**x**" + b"y" * 4000, "'\\*\\*x\\*\\*yyy"),
            ("discord_id,api_id\n1,\u202e<@&1>\n".encode(), "'\\\\u202e\\<\\@&1\\>' has spaces"),
        ],
        ids=lambda one: repr(one[:12]),
    )
    async def test_hostile_files(self, bot_fixture: BotFixture, data: bytes, words: str) -> None:
        said = await shown(bot_fixture, data)
        assert said.text.startswith("❌ `people.csv` has nothing to import:")
        assert words in said.text
        assert said.buttons == []


async def test_what_is_exported_can_be_imported(bot_fixture: BotFixture) -> None:
    await shown_and_pressed(
        bot_fixture, f"discord_id,api_id\n{bot_fixture.vic.id},'=HYPERLINK(1)\n"
    )
    said = await bot_fixture.run_command(bot_fixture.dana, "links export")
    assert said.text == "✅ 5 links in this file. `/links import` reads it again."
    assert said.result.response is not None
    (file,) = said.result.response.attachments
    data = await file.read()
    assert file.filename == "links.csv"
    rows = [line.split(",") for line in data.decode().splitlines()]
    stored = bot_fixture.links() | {bot_fixture.vic.id: "'=HYPERLINK(1)"}
    assert rows == [["discord_id", "api_id"], *([str(n), one] for n, one in sorted(stored.items()))]
    again = await shown(bot_fixture, data)
    assert again.text == ("✅ `people.csv` has nothing to import: 0 new, 0 changed, 5 unchanged.")


async def shown_and_pressed(bot_fixture: BotFixture, text: str) -> None:
    await pressed(bot_fixture, await shown(bot_fixture, text))
