"""/links import and /links export, with real attachments."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from simcord.actors import MemberActor

from bot.services.link_files.import_export import MAX_FILE_BYTES, PREVIEW_TTL
from sandbox.cad.state import seed
from tests.e2e.conftest import with_settings
from tests.e2e.scene import Said, Scene

NEW = seed.RILEY


async def shown(scene: Scene, text: str | bytes, name: str = "people.csv") -> Said:
    """Let Dana show a file."""
    data = text if isinstance(text, bytes) else text.encode()
    return await scene.says(scene.dana, "links import", file=(name, data))


async def pressed(scene: Scene, said: Said, who: MemberActor | None = None) -> str:
    response = said.result.response
    assert response is not None
    button = Said(scene, await (who or scene.dana).click(response, label=said.buttons[0]))
    button.check()
    return button.text


def people(scene: Scene) -> str:
    """Link Vic and Charlie, change Pat, and leave Bob as he is."""
    return (
        f"Member;Discord ID;Steam\nVic;{scene.vic.id};{NEW.steam64}\n"
        f'Pat;<@{scene.pat.id}>;="{seed.VIC.steam64}"\n'
        f"Bob;'{scene.bob.id};{seed.BOB.hex.upper()}\nCharlie;{scene.charlie.id};license:c\n"
    )


async def test_shown_then_written(scene: Scene) -> None:
    before = scene.links()
    said = await shown(scene, people(scene))
    title, *lines = said.text.splitlines()
    assert title == (
        "⏳ `people.csv`: 2 new, 1 changed, 1 unchanged. Nothing is saved yet: press the button to"
        " import."
    )
    assert lines == [
        "**Changed**",
        f"line 3: {scene.pat.mention} `{seed.PAT.hex}` → `{seed.VIC.hex}`",
        "**New**",
        f"line 2: {scene.vic.mention} `{NEW.hex}`",
        f"line 5: {scene.charlie.mention} `license:c`",
    ]
    assert said.buttons == ["Import 3 links"]
    assert scene.links() == before
    assert await pressed(scene, said) == "✅ 2 added, 1 changed, 1 unchanged."
    after = {scene.vic.id: NEW.hex, scene.pat.id: seed.VIC.hex, scene.charlie.id: "license:c"}
    assert scene.links() == before | after
    whois = await scene.say(scene.dana, "links whois", member=scene.vic)
    assert f"`{NEW.hex}`, set by {scene.dana.mention}" in whois
    assert scene.orders() == []


@pytest.mark.parametrize(
    "spelling",
    [str(seed.PAT.steam64), f"steam:{seed.PAT.hex}", "STEAM_0:1:438112311", "[U:1:876224623]"],
)
async def test_an_id_that_another_member_has_is_named(scene: Scene, spelling: str) -> None:
    said = await shown(scene, f"Discord ID,API ID\n{scene.vic.id},{spelling}\n")
    assert f"{scene.vic.mention} `{spelling}` is also {scene.pat.mention}" in said.text


async def test_a_second_press_finds_it_done(scene: Scene) -> None:
    said = await shown(scene, people(scene))
    assert await pressed(scene, said) == "✅ 2 added, 1 changed, 1 unchanged."
    await scene.say(scene.dana, "unlink", member=scene.vic)
    assert await pressed(scene, said) == "❌ This file has been imported already."
    assert scene.vic.id not in scene.links()


async def test_somebody_else_presses(scene: Scene) -> None:
    before = scene.links()
    said = await shown(scene, people(scene))
    # Discord shows a private message to nobody else; a press can be forged.
    assert said.result.response is not None
    message = scene.env.backend.get_message(scene.channel.id, said.result.response.id)
    message.flags = 0
    second = scene.guild.add_member(scene.env.create_user("mia"), roles=[scene.dispatch])
    answer = await pressed(scene, said, second)
    assert answer.startswith("❌ Another member sent this file.")
    assert (await pressed(scene, said, scene.vic)).startswith("❌ You need the ")
    assert scene.links() == before


async def test_a_restart_forgets_the_file(scene: Scene) -> None:
    before = scene.links()
    said = await shown(scene, people(scene))
    await scene.start()
    answer = await pressed(scene, said)
    assert answer.startswith("❌ This file has expired")
    assert "Send it again with `/links import`." in answer
    assert scene.links() == before


async def test_a_quarter_of_an_hour_forgets_the_file(scene: Scene) -> None:
    said = await shown(scene, people(scene))
    await scene.passes(PREVIEW_TTL)
    assert (await pressed(scene, said)).startswith("❌ This file has expired")


async def test_links_that_have_changed_since(scene: Scene) -> None:
    said = await shown(scene, people(scene))
    await scene.say(scene.vic, "link", steam="license:meanwhile")
    before = scene.links()
    assert (await pressed(scene, said)).startswith("❌ The links have changed since you")
    assert scene.links() == before


async def test_the_database_fails_while_it_is_written(scene: Scene) -> None:
    said = await shown(scene, people(scene))
    before = scene.links()
    with closing(sqlite3.connect(scene.file)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON links WHEN new.api_id = 'license:c'"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        assert "database cannot be used" in await pressed(scene, said)
        assert scene.links() == before
        connection.execute("DROP TRIGGER full")
    assert (await pressed(scene, said)).startswith("✅ 2 added, 1 changed")


async def test_bad_lines_are_named_and_left_out(scene: Scene) -> None:
    text = f"discord_id,api_id\n{scene.vic.id},license:v\n{scene.vic.id},x\n1.23E+17,@everyone\n"
    said = await shown(scene, text)
    lines = said.text.splitlines()
    assert lines[0].startswith("⚠️ `people.csv`: 1 new, 0 changed, 0 unchanged, 2 with errors.")
    assert lines[2] == f"line 3\\: the Discord id {scene.vic.id} is already in line 2"
    assert lines[3].startswith("line 4\\: '1.23E\\+17' is an id that a spreadsheet has rounded;")
    assert said.buttons == ["Import 1 link"]
    assert await pressed(scene, said) == "⚠️ 1 added, 0 changed, 0 unchanged, 2 with errors."
    assert scene.links()[scene.vic.id] == "license:v"


async def test_a_shared_id_takes_the_press(scene: Scene) -> None:
    said = await shown(scene, f"discord_id,api_id\n{scene.vic.id},{seed.PAT.hex.upper()}\n")
    assert f"is also {scene.pat.mention}" in said.text
    assert said.buttons == ["Import 1 link (1 shared id)"]
    assert (await pressed(scene, said)).startswith("✅ 1 added")


async def test_there_is_more_than_fits(scene: Scene) -> None:
    rows = "".join(f"{10**17 + n},license:{n}\n" for n in range(3000))
    said = await shown(scene, f"discord_id,api_id\n{rows}{rows[:200]}", name="`@everyone`.csv")
    assert said.text.startswith("⚠️ `ˋ@everyoneˋ.csv`: 3,000 new,")
    assert said.result.response is not None
    (file,) = said.result.response.attachments
    report = (await file.read()).decode()
    assert f"line 3001: {10**17 + 2999} license:2999" in report
    assert report.startswith("refused: 7\n")
    assert (await pressed(scene, said)).startswith("⚠️ 3,000 added")
    assert len(scene.links()) == 3004


class TestNames:
    @with_settings(members_intent=True)
    async def test_members_are_found_by_name(self, scene: Scene) -> None:
        twin = scene.guild.add_member(scene.env.create_user("other"), nick="Charlie")
        said = await shown(scene, "user,steam\n@Vic,license:v\nCharlie,license:c\nnobody,x:1\n")
        assert f"line 2: {scene.vic.mention} `license:v`" in said.text
        ids = ", ".join(map(str, sorted([scene.charlie.id, twin.id])))
        assert f"line 3\\: several members are called 'Charlie' \\({ids}\\);" in said.text
        assert "line 4\\: no member of this server is called 'nobody'" in said.text

    async def test_without_the_intent_nobody_is_known(self, scene: Scene) -> None:
        said = await shown(scene, "user,steam\nVic,license:v\n")
        assert said.text.startswith("❌ `people.csv` has nothing to import")
        assert "only with \\/links import and MEMBERS\\_INTENT; use Discord ids" in said.text


class TestRefusals:
    @pytest.mark.parametrize("who", ["vic", "max"])
    async def test_without_the_role_nothing_is_fetched(self, scene: Scene, who: str) -> None:
        person = scene.people[who]
        refusal = f"❌ You need the {scene.dispatch.mention} role for that."
        file = ("people.csv", people(scene).encode())
        assert await scene.say(person, "links import", file=file) == refusal
        assert await scene.say(person, "links export") == refusal

    async def test_administrators_alone_where_there_are_any(self, scene: Scene) -> None:
        admin = scene.guild.create_role("Admin")
        await scene.start(admin_role_ids=frozenset({admin.id}))
        said = await shown(scene, people(scene))
        assert said.text == f"❌ You need the {admin.mention} role for that."
        assert said.buttons == []

    async def test_a_role_that_was_lost_before_the_press(self, scene: Scene) -> None:
        said = await shown(scene, people(scene))
        scene.env.backend.remove_member_role(scene.guild.id, scene.dana.id, scene.dispatch.id)
        assert (await pressed(scene, said)).startswith("❌ You need the ")

    async def test_what_is_too_large(self, scene: Scene) -> None:
        said = await shown(scene, b"x" * (MAX_FILE_BYTES + 1))
        assert said.text.startswith("❌ The file is too large: 2.0 MiB; the limit is 2 MiB.")

    async def test_a_file_that_discord_has_lost(self, scene: Scene, monkeypatch) -> None:
        monkeypatch.setattr(scene.env.backend.cdn, "get", lambda _: None)
        said = await shown(scene, people(scene))
        assert said.text == ("❌ Discord did not send the file or the list of members. Try again.")

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "name no column of people"),
            (b"\0" * MAX_FILE_BYTES, "not readable as CSV"),
            (b"," * MAX_FILE_BYTES, "name no column of people"),
            (b"[" * MAX_FILE_BYTES, "not readable as JSON \\(too deep\\)"),
            (b"PK\x03\x04 a workbook", "this is not a text file; save it as CSV UTF\\-8"),
            (b"discord_id,api_id\n@everyone,=1\n", "'\\=1' is a formula or its failure"),
            (b"discord_id,api_id\n1,**x**" + b"y" * 4000, "'\\*\\*x\\*\\*yyy"),
            ("discord_id,api_id\n1,\u202e<@&1>\n".encode(), "'\\\\u202e\\<\\@&1\\>' has spaces"),
        ],
        ids=lambda one: repr(one[:12]),
    )
    async def test_hostile_files(self, scene: Scene, data: bytes, words: str) -> None:
        said = await shown(scene, data)
        assert said.text.startswith("❌ `people.csv` has nothing to import:")
        assert words in said.text
        assert said.buttons == []


async def test_what_is_exported_can_be_imported(scene: Scene) -> None:
    await shown_and_pressed(scene, f"discord_id,api_id\n{scene.vic.id},'=HYPERLINK(1)\n")
    said = await scene.says(scene.dana, "links export")
    assert said.text == "✅ 5 links in this file. `/links import` reads it again."
    assert said.result.response is not None
    (file,) = said.result.response.attachments
    data = await file.read()
    assert file.filename == "links.csv"
    rows = [line.split(",") for line in data.decode().splitlines()]
    stored = scene.links() | {scene.vic.id: "'=HYPERLINK(1)"}
    assert rows == [["discord_id", "api_id"], *([str(n), one] for n, one in sorted(stored.items()))]
    again = await shown(scene, data)
    assert again.text == ("✅ `people.csv` has nothing to import: 0 new, 0 changed, 5 unchanged.")


async def shown_and_pressed(scene: Scene, text: str) -> None:
    await pressed(scene, await shown(scene, text))


@with_settings(discord_guild_id=None)
async def test_another_server_has_links_of_its_own(scene: Scene) -> None:
    other = scene.env.create_guild("Elsewhere")
    role = other.create_role("Dispatch")
    dana = other.add_member(scene.dana.user, roles=[role])
    channel = other.create_text_channel("dispatch")
    await scene.start(dispatch_role_ids=frozenset({role.id, scene.dispatch.id}))
    result = await dana.slash(channel, "links export")
    assert result.response is not None
    assert result.response.content.startswith("✅ 0 links in this file.")
    assert await result.response.attachments[0].read() == b"discord_id,api_id\n"
