"""The doctor against set-ups that are broken in one way each, which it has to name."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from discord.http import Route

from bot.cad.http import retry
from bot.cad.push.http_push import HttpPushServer
from bot.config.settings import Settings
from bot.runtime.exit_codes import ExitCode
from bot.services.doctor import setup_checks
from bot.services.doctor.findings import FindingCode, Level
from bot.storage.database import upgrade
from bot.ui.doctor import doctor_report as words
from bot.wiring import doctor_checks
from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from sandbox.cad.state.behaviour import AttachVariant
from sandbox.cad.state.faults import (
    BAD_GATEWAY,
    CHALLENGE,
    Fault,
    Handler,
    RateLimited,
    Redirect,
    Text,
)
from sandbox.cad.state.models import Plan, Server
from tests.cad.lifetimes import running
from tests.process.conftest import SETTINGS, Start
from tests.process.discord_server import (
    APPLICATION,
    APPLICATION_ID,
    COMMAND_ID,
    GUILD_ID,
    TOKEN,
    DiscordServer,
    Guild,
    channel,
)

DISPATCH, PING, MISSING = 1110000000000000001, 1110000000000000002, 1110000000000000003
CALLS, LOG, NOWHERE = 1300000000000000002, 1300000000000000003, 1300000000000000004
SECRETS = (TOKEN, seed.API_KEY, "hunter2.no.token")


@dataclass
class DoctorFixture:
    """A correct set-up of the bot, until a test breaks a part of it."""

    discord: DiscordServer
    cad: CadServer
    folder: Path
    settings: dict[str, str]
    guild: Guild = field(default_factory=Guild)
    time_limit: float = 20.0
    reports: list[str] = field(default_factory=list)
    code: int = -1

    @property
    def community(self) -> Any:
        return self.cad.world.communities[seed.COMMUNITY_ID]

    @property
    def database(self) -> Path:
        return self.folder / "data" / "dispatch.db"


@pytest.fixture
async def doctor_fixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, discord_server: DiscordServer
) -> AsyncIterator[DoctorFixture]:
    monkeypatch.setattr(Route, "BASE", f"{discord_server.url}/api")
    monkeypatch.setattr(
        retry, "TOTAL_TIMEOUT", 1.5
    )  # or an outage takes ten seconds to be believed
    async with CadServer(seed.build_world()) as cad:
        settings = {
            **SETTINGS,
            "SONORAN_API_URL": cad.url,
            "DISCORD_GUILD_ID": str(GUILD_ID),
            "DISPATCH_ROLE_IDS": str(DISPATCH),
            "CALLS_CHANNEL_ID": str(CALLS),
            "LOG_CHANNEL_ID": str(LOG),
            "PING_ROLE_ID": str(PING),
            "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/data/dispatch.db",
        }
        guild = Guild(
            roles={DISPATCH: {}, PING: {"name": "All hands", "mentionable": True}},
            channels=[channel(CALLS), channel(LOG)],
            commands=tuple(sorted(doctor_checks.command_names())),
        )
        unknown = {"code": 10003, "message": "Unknown Channel"}
        discord_server.answers[f"GET /channels/{NOWHERE}"] = (404, unknown)
        yield DoctorFixture(discord_server, cad, tmp_path, settings, guild)


async def examined(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> dict[FindingCode, str]:
    """Run the doctor; return what is not fine, with its words."""
    monkeypatch.chdir(doctor_fixture.folder)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in doctor_fixture.settings.items():
        monkeypatch.setenv(name, value)
    doctor_fixture.discord.answers = {
        **doctor_fixture.guild.answers(),
        **doctor_fixture.discord.answers,
    }
    read = doctor_checks.read_settings()
    findings = await doctor_checks.check_offline(read, doctor_fixture.time_limit)
    doctor_fixture.reports = doctor_checks.format_lines(findings)
    for secret in SECRETS:
        assert secret not in "\n".join(doctor_fixture.reports)
    levels = [one.level for one in findings]
    assert levels == sorted(levels, reverse=True)
    doctor_fixture.code = doctor_checks.exit_code(findings)
    return {one.code: words.finding_text(one) for one in findings if one.level is not Level.OK}


def version(number: int) -> Callable[[DoctorFixture], None]:
    def speak(doctor_fixture: DoctorFixture) -> None:
        doctor_fixture.settings["SONORAN_API_VERSION"] = str(number)

    return speak


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def both(request: pytest.FixtureRequest, doctor_fixture: DoctorFixture) -> int:
    """Speak each version of the CAD's API."""
    version(request.param)(doctor_fixture)
    return int(request.param)


@pytest.mark.usefixtures("both")
async def test_all_is_well(doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await examined(doctor_fixture, monkeypatch) == {}
    assert not doctor_fixture.database.exists()
    told = doctor_fixture.cad.world.requests("ATTACH_UNITS", "ATTACH_UNIT", "v2 attach")
    assert all(one.objects == () for one in told)  # no unit, to no call
    assert {one.method for one in doctor_fixture.discord.seen} == {"GET"}


@dataclass(frozen=True)
class Case:
    """A way of breaking the set-up, what is found then, the exit code, and part of the words."""

    name: str
    break_it: Callable[[DoctorFixture], Any]
    found: FindingCode
    code: int
    says: str
    versions: tuple[int, ...] = (1,)


def setting(name: str, value: str) -> Callable[[DoctorFixture], None]:
    return lambda doctor_fixture: doctor_fixture.settings.update({name: value})


def discord_says(path: str, status: int, code: int = 0) -> Callable[[DoctorFixture], None]:
    refusal = {"code": code, "message": "No", "retry_after": 90.0, "global": False}
    return lambda doctor_fixture: doctor_fixture.discord.answers.update(
        {f"GET {path}": (status, refusal)}
    )


def hangs(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.discord.hangs = "/users/@me"
    doctor_fixture.time_limit = 0.5


def vanishes(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.discord.vanishes = True


def on_no_server(doctor_fixture: DoctorFixture) -> None:
    del doctor_fixture.settings["DISCORD_GUILD_ID"]
    doctor_fixture.discord.answers["GET /users/@me/guilds"] = (200, [])


def of_no_server(doctor_fixture: DoctorFixture) -> None:
    del doctor_fixture.settings["DISCORD_GUILD_ID"]
    registered_for_all(doctor_fixture)


def registered_for_all(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.guild.global_commands = doctor_fixture.guild.commands
    doctor_fixture.guild.commands = ()


def public(doctor_fixture: DoctorFixture) -> None:
    asked = "GET /oauth2/applications/@me"
    doctor_fixture.discord.answers[asked] = (200, APPLICATION | {"bot_public": True})


def listed_twice(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.guild.global_commands = ("attach", "of another bot's time")


def without_a_command(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.guild.commands = tuple(
        one for one in doctor_fixture.guild.commands if one != "attach"
    )


def integrations(
    *entries: tuple[int, bool], application: bool = False
) -> Callable[[DoctorFixture], None]:
    def override(doctor_fixture: DoctorFixture) -> None:
        number = APPLICATION_ID
        if not application:
            number = COMMAND_ID + doctor_fixture.guild.commands.index("attach")
        doctor_fixture.guild.overrides[number] = [
            {"id": str(id_), "type": 1, "permission": may} for id_, may in entries
        ]

    return override


def unmentionable(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.guild.roles[PING]["mentionable"] = False


def elsewhere(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.settings["LOG_CHANNEL_ID"] = str(NOWHERE)
    there = channel(NOWHERE, guild_id=GUILD_ID + 1)
    doctor_fixture.discord.answers[f"GET /channels/{NOWHERE}"] = (200, there)


def a_voice_channel(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.guild.channels[1] = channel(LOG, kind=2)


def hidden(doctor_fixture: DoctorFixture) -> None:
    setting("LOG_CHANNEL_ID", str(NOWHERE))(doctor_fixture)
    discord_says(f"/channels/{NOWHERE}", 403, 50001)(doctor_fixture)


def thread(doctor_fixture: DoctorFixture) -> None:
    setting("LOG_CHANNEL_ID", str(NOWHERE))(doctor_fixture)
    found = channel(NOWHERE, kind=11) | {
        "parent_id": str(CALLS),
        "owner_id": str(APPLICATION_ID),
        "message_count": 0,
        "member_count": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
            "locked": False,
        },
    }
    doctor_fixture.discord.answers[f"GET /channels/{NOWHERE}"] = (200, found)


def locked(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.guild.channels[0] = channel(CALLS, denied=1 << 11 | 1 << 14)


def plan(kind: Plan) -> Callable[[DoctorFixture], None]:
    return lambda doctor_fixture: setattr(doctor_fixture.community, "plan", kind)


def api_off(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.community.api_enabled = False


def many_servers(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.community.servers[3] = Server()
    doctor_fixture.settings["SONORAN_SERVER_ID"] = "7"


def second_server(text: str) -> Callable[[DoctorFixture], None]:
    """Serve a second server, as this text in SONORAN_SERVERS lists it; the CAD has server 2."""

    def serve(doctor_fixture: DoctorFixture) -> None:
        doctor_fixture.community.servers[2] = Server(2)
        doctor_fixture.settings["SONORAN_SERVERS"] = f"1,{text}"

    return serve


def locked_for_the_second_server(doctor_fixture: DoctorFixture) -> None:
    second_server(f"2:{CALLS}")(doctor_fixture)
    del doctor_fixture.settings["CALLS_CHANNEL_ID"]
    locked(doctor_fixture)


def ping_in_a_second_channel(doctor_fixture: DoctorFixture) -> None:
    second_server(f"2:{LOG}")(doctor_fixture)
    unmentionable(doctor_fixture)


def cad(fault: Fault) -> Callable[[DoctorFixture], None]:
    return lambda doctor_fixture: doctor_fixture.cad.faults.set(fault)


async def cad_is_down(doctor_fixture: DoctorFixture) -> None:
    await doctor_fixture.cad.stop()


def no_variant(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.cad.world.behaviour.attach_variants = set()


@dataclass(frozen=True)
class OtherClock(Fault):
    """Answers with a date of an hour ago."""

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        response = await handler(request)
        response.headers["Date"] = "Mon, 01 Jun 2026 10:00:00 GMT"
        return response


def a_letter(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.database.parent.mkdir()
    doctor_fixture.database.write_text("This is a letter to my aunt. " * 100)


def no_folder(doctor_fixture: DoctorFixture) -> None:
    (doctor_fixture.folder / "data").write_text("not a folder")


async def read_only(doctor_fixture: DoctorFixture) -> None:
    await upgrade(doctor_fixture.settings["DATABASE_URL"])
    # The tests may run as root, who may write to any file.
    url = f"sqlite+aiosqlite:///file:{doctor_fixture.database}?mode=ro&uri=true"
    doctor_fixture.settings["DATABASE_URL"] = url


async def of_tomorrow(doctor_fixture: DoctorFixture) -> None:
    await upgrade(doctor_fixture.settings["DATABASE_URL"])
    with closing(sqlite3.connect(doctor_fixture.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def no_such_host(doctor_fixture: DoctorFixture) -> None:
    doctor_fixture.settings["PUSH_LISTEN"] = "203.0.113.7:8080"


def not_utf8(doctor_fixture: DoctorFixture) -> None:
    (doctor_fixture.folder / ".env").write_bytes("DISCORD_TOKEN=hunter2é".encode("latin-1"))


HTML = "<html><head><title>Welcome</title></head></html>"
COMMANDS = f"/applications/{APPLICATION_ID}/guilds/{GUILD_ID}/commands"
BOTH = (1, 2)
CASES = [
    Case(
        "token",
        setting("DISCORD_TOKEN", "hunter2.no.token"),
        FindingCode.TOKEN_REFUSED,
        3,
        "DISCORD_TOKEN",
    ),
    Case("outage", discord_says("/users/@me", 503), FindingCode.DISCORD_UNUSABLE, 5, "answers 503"),
    Case(
        "held up", discord_says("/users/@me", 429), FindingCode.DISCORD_UNUSABLE, 5, "answers 429"
    ),
    Case(
        "held up later", discord_says(COMMANDS, 429), FindingCode.DISCORD_UNUSABLE, 5, "answers 429"
    ),
    Case("no answer", hangs, FindingCode.CHECK_LATE, 5, "Discord could not be checked within"),
    Case("no connection", vanishes, FindingCode.DISCORD_UNREACHABLE, 5, "Check the network"),
    Case(
        "intent",
        setting("MEMBERS_INTENT", "true"),
        FindingCode.INTENTS_OFF,
        4,
        "Server Members Intent",
    ),
    Case(
        "not invited",
        discord_says(f"/guilds/{GUILD_ID}", 404, 10004),
        FindingCode.GUILD_ABSENT,
        2,
        f"not on server {GUILD_ID}. Open the link that `python -m bot invite` prints, or correct"
        f" the id. The bot is on: `San Andreas ({GUILD_ID})`.",
    ),
    Case("no server named", of_no_server, FindingCode.GUILD_UNNAMED, 2, "`San Andreas (1100"),
    Case("public", public, FindingCode.BOT_PUBLIC, 2, "Turn it off"),
    Case("twice", listed_twice, FindingCode.COMMANDS_TWICE, 0, "twice: `attach`. Restart"),
    Case(
        "misspelled",
        setting("DISPATCH_ROLE_ID", "1"),
        FindingCode.SETTINGS_MISSPELLED,
        0,
        "`DISPATCH_ROLE_ID` is no setting and has no effect. Perhaps `DISPATCH_ROLE_IDS` is meant.",
    ),
    Case("no server", on_no_server, FindingCode.GUILDS_NONE, 2, "python -m bot invite"),
    Case(
        "old commands",
        without_a_command,
        FindingCode.COMMANDS_MISSING,
        0,
        "`attach`. The bot registers",
    ),
    Case(
        "no scope",
        discord_says(COMMANDS, 403, 50001),
        FindingCode.COMMANDS_REFUSED,
        2,
        "choose the",
    ),
    Case(
        "closed", integrations((GUILD_ID, False)), FindingCode.COMMANDS_CLOSED, 0, "`attach`. Allow"
    ),
    Case(
        "all closed",
        integrations((GUILD_ID, False), (PING, True), application=True),
        FindingCode.COMMANDS_CLOSED,
        0,
        "`attach`, `audit`",
    ),
    Case(
        "role",
        setting("ADMIN_ROLE_IDS", f"{MISSING},{DISPATCH}"),
        FindingCode.ROLE_UNKNOWN,
        2,
        f"ADMIN_ROLE_IDS: no role here has the id `{MISSING}`.",
    ),
    Case(
        "everyone",
        setting("LINK_ROLE_IDS", str(GUILD_ID)),
        FindingCode.ROLE_EVERYONE,
        0,
        "LINK_ROLE_IDS names `@everyone`",
    ),
    Case("silent role", unmentionable, FindingCode.ROLE_SILENT, 2, "may not ping `All hands`"),
    Case(
        "channel",
        setting("CALLS_CHANNEL_ID", str(NOWHERE)),
        FindingCode.CHANNEL_UNKNOWN,
        2,
        f"CALLS_CHANNEL_ID: there is no channel `{NOWHERE}`.",
    ),
    Case(
        "channel of a server",
        second_server(f"2:{NOWHERE}"),
        FindingCode.CHANNEL_UNKNOWN,
        2,
        f"SONORAN_SERVERS, server 2: there is no channel `{NOWHERE}`.",
    ),
    Case(
        "locked channel of a server",
        locked_for_the_second_server,
        FindingCode.CHANNEL_LOCKED,
        2,
        "SONORAN_SERVERS, server 2: in `dispatch` the bot lacks Send Messages, Embed Links.",
    ),
    Case(
        "ping in a channel of a server",
        ping_in_a_second_channel,
        FindingCode.ROLE_SILENT,
        2,
        "may not ping `All hands`",
    ),
    Case("elsewhere", elsewhere, FindingCode.CHANNEL_ELSEWHERE, 2, "LOG_CHANNEL_ID: channel"),
    Case(
        "hidden", hidden, FindingCode.CHANNEL_ELSEWHERE, 2, f"LOG_CHANNEL_ID: channel `{NOWHERE}`"
    ),
    Case("thread", thread, FindingCode.CHANNEL_NO_TEXT, 2, "`dispatch` is not a text channel"),
    Case(
        "half an outage",
        discord_says(COMMANDS, 503),
        FindingCode.DISCORD_UNUSABLE,
        5,
        "answers 503",
    ),
    Case(
        "voice", a_voice_channel, FindingCode.CHANNEL_NO_TEXT, 2, "`dispatch` is not a text channel"
    ),
    Case("locked", locked, FindingCode.CHANNEL_LOCKED, 2, "lacks Send Messages, Embed Links."),
    Case(
        "key",
        setting("SONORAN_API_KEY", "hunter2.no.token"),
        FindingCode.KEY_REFUSED,
        2,
        "_API_KEY",
        BOTH,
    ),
    Case(
        "community",
        setting("SONORAN_COMMUNITY_ID", "other"),
        FindingCode.COMMUNITY_UNKNOWN,
        2,
        "`INVALID COMMUNITY ID`. Correct SONORAN_COMMUNITY_ID.",
    ),
    Case(
        "whose key",
        setting("SONORAN_COMMUNITY_ID", "other"),
        FindingCode.COMMUNITY_OTHER,
        0,
        "The key belongs to the community `sandbox`.",
        (2,),
    ),
    Case("api off", api_off, FindingCode.PLAN_TOO_LOW, 2, "`API IS NOT ENABLED"),
    Case("api off", api_off, FindingCode.API_FORBIDDEN, 2, "API 2 does not let", (2,)),
    Case(
        "plan",
        plan(Plan.STANDARD),
        FindingCode.PLAN_TOO_LOW,
        2,
        "Attaching over API 1 needs the Plus plan",
    ),
    Case(
        "second server",
        second_server("7"),
        FindingCode.CAD_SERVER_UNKNOWN,
        2,
        "SONORAN_SERVERS: the CAD has no server 7.",
        BOTH,
    ),
    Case("server", many_servers, FindingCode.CAD_SERVER_UNKNOWN, 2, "no server 7", BOTH),
    Case("down", cad_is_down, FindingCode.CAD_UNREACHABLE, 5, "`Connection refused`", BOTH),
    Case("address", cad(Text(200, HTML)), FindingCode.WEB_PAGE, 2, "`Welcome`", BOTH),
    Case("refusal", cad(Text(400, "NOT NOW")), FindingCode.CAD_REJECTED, 2, "calls: `NOT NOW`."),
    Case("challenge", cad(CHALLENGE), FindingCode.WEB_PAGE, 2, "`Just a moment...`", BOTH),
    Case(
        "nothing there",
        cad(Text(404, "Not Found")),
        FindingCode.API_FORCED,
        2,
        "`Not Found`. Set SONORAN_API_VERSION to auto",
        BOTH,
    ),
    Case(
        "redirect",
        cad(Redirect("https://elsewhere.example")),
        FindingCode.CAD_WRONG_ADDRESS,
        2,
        "`https://elsewhere.example",
        BOTH,
    ),
    Case("busy", cad(RateLimited(90)), FindingCode.CAD_BUSY, 0, "Try again in a minute", BOTH),
    Case("variant", no_variant, FindingCode.ATTACH_VARIANT_NONE, 2, "none of the attach requests"),
    Case("clock", cad(OtherClock()), FindingCode.CLOCK_OFF, 0, "Let the machine set it", BOTH),
    Case("no database", a_letter, FindingCode.DATABASE_BROKEN, 2, "is not a usable database"),
    Case(
        "no folder", no_folder, FindingCode.DATABASE_UNUSABLE, 2, "is not a folder`. Check the path"
    ),
    Case("read only", read_only, FindingCode.DATABASE_UNUSABLE, 2, "/data/dispatch.dbˋ belongs to"),
    Case("of tomorrow", of_tomorrow, FindingCode.DATABASE_TOO_NEW, 2, "newer version of this bot"),
    Case(
        "no such host", no_such_host, FindingCode.PORT_TAKEN, 2, "PUSH_LISTEN: cannot listen there"
    ),
    Case("encoding", not_utf8, FindingCode.SETTINGS_WRONG, 2, ".env: is not UTF-8 text."),
]


@pytest.mark.parametrize(
    ("case", "number"),
    [
        pytest.param(case, number, id=f"{case.name}-v{number}")
        for case in CASES
        for number in case.versions
    ],
)
async def test_what_is_broken_is_named(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch, case: Case, number: int
) -> None:
    version(number)(doctor_fixture)
    breaking = case.break_it(doctor_fixture)
    if asyncio.iscoroutine(breaking):
        await breaking
    found = await examined(doctor_fixture, monkeypatch)
    assert list(found) == [case.found]
    assert case.says in found[case.found]
    assert doctor_fixture.code == case.code


async def test_every_faulty_setting_is_named_and_the_rest_looked_at(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    del doctor_fixture.settings["SONORAN_API_KEY"]
    doctor_fixture.settings |= {
        "SONORAN_API_VERSION": "3",
        "DATABASE_URL": "hunter2.no.token",
        "LOG_LEVEL": "LOUD",
    }
    doctor_fixture.settings |= {"REQUIRE_CAD_PERMISSION": "true", "LOG_CHANNEL_ID": str(NOWHERE)}
    await examined(doctor_fixture, monkeypatch)
    text = "\n".join(doctor_fixture.reports)
    for name in ("SONORAN_API_KEY", "SONORAN_API_VERSION", "DATABASE_URL", "LOG_LEVEL"):
        assert f"fault    settings    {name}: " in text
    assert "warning  settings    The CAD was not checked" in text
    assert "warning  settings    The database was not checked" in text
    assert "fault    channel     LOG_CHANNEL_ID: there is no channel" in text
    assert "ok       token       The token is that of `dispatch" in text


async def test_several_faults_are_all_told_and_the_lowest_code_counts(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting("DISCORD_TOKEN", "hunter2.no.token")(doctor_fixture)
    await cad_is_down(doctor_fixture)
    found = await examined(doctor_fixture, monkeypatch)
    assert set(found) == {FindingCode.TOKEN_REFUSED, FindingCode.CAD_UNREACHABLE}
    assert doctor_fixture.code == ExitCode.TOKEN


async def test_a_broken_check_stops_no_other(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: object) -> None:
        raise ZeroDivisionError("hunter2.no.token")

    monkeypatch.setattr(setup_checks, "database_findings", fail)
    found = await examined(doctor_fixture, monkeypatch)
    assert list(found) == [FindingCode.CHECK_BROKEN]
    assert (
        "The check of The database failed (`ZeroDivisionError`)" in found[FindingCode.CHECK_BROKEN]
    )
    assert doctor_fixture.code == ExitCode.FAULT
    assert "ok       key " in "\n".join(doctor_fixture.reports)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(("free", "code"), [(50 * 2**20, 0), (2**20, 2)])
async def test_a_full_disk(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch, free: int, code: int
) -> None:
    usage = shutil.disk_usage(doctor_fixture.folder)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    found = await examined(doctor_fixture, monkeypatch)
    assert found == {
        FindingCode.DISK_FULL: (
            f"The disk of the database has {free >> 20} MiB left. Free some space."
        )
    }
    assert doctor_fixture.code == code


class TestThePort:
    async def test_held_by_something_else(
        self, doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            monkeypatch.setattr("bot.cad.push.http_push.READ_SECONDS", 0.2)
            doctor_fixture.settings["PUSH_LISTEN"] = f"127.0.0.1:{held.getsockname()[1]}"
            found = await examined(doctor_fixture, monkeypatch)
        assert list(found) == [FindingCode.PORT_TAKEN]
        assert "ddress already in use" in found[FindingCode.PORT_TAKEN]
        assert doctor_fixture.code == ExitCode.SETTINGS

    async def test_held_by_the_bot_itself(
        self, doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running(HttpPushServer("127.0.0.1", 0)) as feed:
            doctor_fixture.settings["PUSH_LISTEN"] = f"127.0.0.1:{feed.port}"
            assert await examined(doctor_fixture, monkeypatch) == {}
        assert "a running bot listens there" in "\n".join(doctor_fixture.reports)
        assert await examined(doctor_fixture, monkeypatch) == {}
        assert "the bot can listen there" in "\n".join(doctor_fixture.reports)


async def test_what_is_narrowed_on_purpose_is_only_told(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrations((GUILD_ID, False), (DISPATCH, True))(doctor_fixture)
    assert await examined(doctor_fixture, monkeypatch) == {}
    assert "Restricted in Server Settings → Integrations: `attach`." in "\n".join(
        doctor_fixture.reports
    )


async def test_without_a_server_of_its_own_it_looks_at_all(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = {"id": str(GUILD_ID), "name": "San Andreas"}, {"id": "7", "name": "Nowhere"}
    doctor_fixture.discord.answers["GET /users/@me/guilds"] = (200, [here, there])
    doctor_fixture.discord.answers["GET /guilds/7"] = (
        404,
        {"code": 10004, "message": "Unknown Guild"},
    )
    of_no_server(doctor_fixture)
    assert list(await examined(doctor_fixture, monkeypatch)) == [FindingCode.GUILD_UNNAMED]
    text = "\n".join(doctor_fixture.reports)
    assert f"The bot is on: `San Andreas ({GUILD_ID})`, `Nowhere (7)`." in text
    assert "The 2 roles that the settings name exist." in text
    # One of the two cannot be looked at, and may be where the role is.
    setting("LINK_ROLE_IDS", str(MISSING))(doctor_fixture)
    unnamed, unknown = await examined(doctor_fixture, monkeypatch)
    assert (unnamed, unknown) == (FindingCode.GUILD_UNNAMED, FindingCode.ROLE_UNKNOWN)
    assert doctor_fixture.reports[1].startswith("warning  roles")
    doctor_fixture.discord.answers["GET /users/@me/guilds"] = (200, [here])
    await examined(doctor_fixture, monkeypatch)
    assert doctor_fixture.reports[1].startswith("fault    roles")


async def test_without_any_role_or_channel(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPATCH_ROLE_IDS", "PING_ROLE_ID", "CALLS_CHANNEL_ID", "LOG_CHANNEL_ID"):
        del doctor_fixture.settings[name]
    integrations((GUILD_ID, False))(doctor_fixture)
    assert list(await examined(doctor_fixture, monkeypatch)) == [FindingCode.COMMANDS_CLOSED]
    assert "only members with Manage Server may dispatch" in "\n".join(doctor_fixture.reports)


async def test_a_cad_that_does_not_say_whose_key_it_is(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    version(2)(doctor_fixture)
    doctor_fixture.cad.faults.set(Text(403, "not for you"), path="/v2/general/info")
    assert await examined(doctor_fixture, monkeypatch) == {}
    assert "The CAD accepts the key." in "\n".join(doctor_fixture.reports)


async def test_an_odd_answer_leaves_the_variant_open(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    version(1)(doctor_fixture)
    doctor_fixture.cad.world.behaviour.attach_variants = {AttachVariant.SEPTEMBER_2020}
    doctor_fixture.cad.faults.set(Text(400, "NO DATA"), path=AttachVariant.SEPTEMBER_2020.value[0])
    assert await examined(doctor_fixture, monkeypatch) == {}
    assert "is not known yet" in "\n".join(doctor_fixture.reports)
    doctor_fixture.cad.faults.clear()
    assert await examined(doctor_fixture, monkeypatch) == {}
    assert "This CAD's attach request is `ATTACH_UNIT at /emergency/attach_unit`" in "\n".join(
        doctor_fixture.reports
    )


async def test_an_outage_of_the_cad_is_no_matter_of_the_address(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor_fixture.cad.faults.set(BAD_GATEWAY)
    assert list(await examined(doctor_fixture, monkeypatch)) == [FindingCode.CAD_UNREACHABLE]


@pytest.mark.process
class TestAsACommand:
    async def run(self, doctor_fixture: DoctorFixture, start: Start) -> tuple[int, str, str]:
        doctor_fixture.discord.answers = {
            **doctor_fixture.guild.answers(),
            **doctor_fixture.discord.answers,
        }
        settings = {**doctor_fixture.settings, "PYTHONIOENCODING": "cp1252"}  # has no arrow
        bot = await start("doctor", discord=doctor_fixture.discord.url, settings=settings)
        out, err = await bot.process.communicate()
        assert bot.process.returncode is not None
        for secret in SECRETS:
            assert secret not in (out + err).decode()
        return bot.process.returncode, out.decode(), err.decode()

    @pytest.mark.usefixtures("both")
    async def test_all_is_well(self, doctor_fixture: DoctorFixture, start: Start) -> None:
        code, out, err = await self.run(doctor_fixture, start)
        assert (code, err) == (0, "")
        assert out.splitlines()[-1].startswith("All ")

    async def test_something_is_not(self, doctor_fixture: DoctorFixture, start: Start) -> None:
        setting("SONORAN_API_KEY", "hunter2.no.token")(doctor_fixture)
        locked(doctor_fixture)
        integrations((GUILD_ID, False), (DISPATCH, True))(doctor_fixture)
        code, out, err = await self.run(doctor_fixture, start)
        assert (code, err) == (2, "")
        assert "Restricted in Server Settings ? Integrations: `attach`." in out
        first, second, *_ = out.splitlines()
        assert {first.split()[1], second.split()[1]} == {"channel", "key"}
        assert out.splitlines()[-1].startswith("2 faults, no warnings, ")


@pytest.mark.usefixtures("both")
async def test_two_servers_that_the_cad_has(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_server(f"2:{LOG}:Liberty City")(doctor_fixture)
    assert await examined(doctor_fixture, monkeypatch) == {}
    text = "\n".join(doctor_fixture.reports)
    assert "SONORAN_SERVERS: the CAD has server 1" in text
    assert "SONORAN_SERVERS: the CAD has server 2" in text
    assert "SONORAN_SERVERS, server 2: the bot can write in `dispatch`." in text


async def test_a_bot_for_the_servers_in_its_database_is_public_and_names_none(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"id": str(GUILD_ID), "name": "San Andreas"}
    doctor_fixture.discord.answers["GET /users/@me/guilds"] = (200, [here])
    public(doctor_fixture)
    registered_for_all(doctor_fixture)
    for name in ("DISCORD_GUILD_ID", "SONORAN_COMMUNITY_ID", "SONORAN_API_KEY"):
        del doctor_fixture.settings[name]
    doctor_fixture.settings["SECRETS_KEYS"] = "k" * 43
    assert await examined(doctor_fixture, monkeypatch) == {}
    text = "\n".join(doctor_fixture.reports)
    assert "All settings can be used." in text
    assert "The CAD" not in text


async def test_the_server_of_the_settings_has_the_commands_of_all_servers(
    doctor_fixture: DoctorFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor_fixture.settings["SECRETS_KEYS"] = "k" * 43
    registered_for_all(doctor_fixture)
    assert await examined(doctor_fixture, monkeypatch) == {}
