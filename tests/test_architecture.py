"""The structure of the code: which folder may import which, sizes, names, words and tests.

DESIGN: `__main__ → app → cogs → ui → services → storage | cad`, downwards only.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
LONGEST_FILE = 280
LARGEST_FOLDER = 14  # modules without __init__
MIGRATIONS = "versions"  # one module for each change of the tables, for ever
OURS = ("bot", "cogs", "sandbox", "tests", "benchmarks")
TEXTS = (".py", ".js", ".html", ".css")
VAGUE_WORD = re.compile(r"\b(?:nobody|somebody|whoever|whom|everyone|everybody)\b", re.IGNORECASE)
EVERYONE_OF_DISCORD = re.compile(r'@everyone|mention_everyone|everyone=|EVERYONE|everyone"')

# What the services may see of the CAD: its protocol and its data, no HTTP.
_CAD = (
    "bot.cad.api_choice",
    "bot.cad.client",
    "bot.cad.codec.emergencies",
    "bot.cad.errors",
    "bot.cad.http.rate_limits",
    "bot.cad.layouts",
    "bot.cad.models",
    "bot.cad.permissions",
    "bot.cad.push.event_queue",
    "bot.cad.push.events",
)
_CAD_ROOT = (
    "bot.cad.api_choice",
    "bot.cad.errors",
    "bot.cad.layouts",
    "bot.cad.models",
    "bot.cad.permissions",
    "bot.cad.values",
)
# What the UI may see of the storage: rows and errors, nothing that asks the database.
_ROWS = (
    "bot.storage.errors",
    "bot.storage.stores.link_request_store.LinkRequest",
    "bot.storage.stores.link_request_store.LinkRequestState",
    "bot.storage.stores.link_row.Link",
    "bot.storage.stores.link_store.ImportCounts",
    "bot.storage.stores.order_store.OrderAction",
    "bot.storage.stores.order_store.Order",
    "bot.storage.stores.order_store.OrderState",
)
# Modules of the services that belong to no subject; each may be used by every subject.
_SERVICE_ROOT = (
    "bot.services.background",
    "bot.services.cached_list",
    "bot.services.cad_accounts",
    "bot.services.cad_backoff",
    "bot.services.cad_lookup",
    "bot.services.cad_servers",
    "bot.services.errors",
    "bot.services.guild_errors",
    "bot.services.link_errors",
    "bot.services.pasted_api_id",
    "bot.services.refresh_turns",
    "bot.services.reply",
)
_BELOW_SERVICES = (*_CAD, "bot.storage", *_SERVICE_ROOT)
_UI_ROOT = (
    "bot.ui.cad_error_text",
    "bot.ui.discord_sender",
    "bot.ui.error_text",
    "bot.ui.guild_error_text",
    "bot.ui.link_error_text",
    "bot.ui.member_directory",
    "bot.ui.text",
)
_BELOW_UI = ("bot.services", "bot.cad.errors", "bot.cad.models", *_ROWS, *_UI_ROOT)
# The settings of a guild, for what sets a guild up.
_GUILD_SETTINGS = ("bot.config.guild_settings", "bot.config.server_list")
_BELOW_COGS = ("bot.ui", "bot.services")
_BELOW_APP = (
    *("cogs", *_BELOW_COGS, "bot.storage", "bot.cad"),
    *("bot.config", "bot.runtime.logs"),
)


def service(*subjects: str) -> tuple[str, ...]:
    """Return what a subject of the services may import: other subjects, and what is below all."""
    return (*(f"bot.services.{subject}" for subject in subjects), *_BELOW_SERVICES)


def ui(*subjects: str) -> tuple[str, ...]:
    """Return what a subject of the UI may import: other subjects, and what is below all."""
    return (*(f"bot.ui.{subject}" for subject in subjects), *_BELOW_UI)


# Which of our own modules a package may import beside itself. The most exact name counts.
ARROWS: dict[str, tuple[str, ...]] = {
    "bot": (),
    "bot.__main__": ("bot.process", "bot.app", "bot.wiring", "bot.cli", "bot.runtime", *_BELOW_APP),
    "bot.cli": ("bot.runtime.exit_codes", *_BELOW_APP),
    "bot.process": ("bot.app", "bot.command_sync", "bot.wiring", "bot.runtime", *_BELOW_APP),
    "bot.runtime": (),
    "bot.app": ("bot.wiring", "bot.command_sync", *_BELOW_APP),
    "bot.command_sync": ("bot.storage",),
    "bot.wiring": ("bot.runtime.exit_codes", *_BELOW_APP),
    "bot.config": (),
    "cogs": _BELOW_COGS,
    # Errors become words and values become text there; it asks no other part for anything.
    "bot.ui": _BELOW_UI,
    "bot.ui.interactions": ui(),
    "bot.ui.doctor": ui("interactions"),
    "bot.ui.orders": ui("interactions"),
    "bot.ui.link_files": ui("interactions"),
    "bot.ui.links": ui("interactions", "orders"),
    "bot.ui.calls": ui("interactions", "orders", "links"),
    "bot.ui.setup": (*ui("interactions", "doctor"), *_GUILD_SETTINGS),
    # The subjects of the services, from the ground up.
    "bot.services": _BELOW_SERVICES,
    "bot.services.access": service(),
    "bot.services.board": service(),
    "bot.services.targets": service(),
    "bot.services.verification": service(),
    "bot.services.cards": service("board"),
    "bot.services.doctor": service("access", "board"),
    "bot.services.communities": (
        *service("access", "doctor"),
        *_GUILD_SETTINGS,
        *("bot.config.settings", "bot.config.stored_settings"),
    ),
    "bot.services.links": service("access", "verification"),
    "bot.services.link_files": service("access", "links"),
    "bot.services.orders": service("access", "board", "links", "targets"),
    "bot.services.pickers": service("access", "board", "links", "targets"),
    "bot.services.calls": service("access", "board", "cards", "links", "orders", "targets"),
    "bot.services.queue": service("board", "orders", "targets"),
    "bot.services.records": service("access", "links", "orders", "targets"),
    # The stores of rows stand on the database.
    "bot.storage": (),
    "bot.storage.stores": ("bot.storage",),
    # The clients stand on the codecs, those on HTTP, and all of them on values and errors.
    "bot.common": (),
    "bot.cad": ("bot.cad.codec", "bot.cad.http", *_CAD_ROOT),
    **dict.fromkeys(_CAD_ROOT, ()),
    "bot.cad.api_choice": ("bot.cad.errors",),
    "bot.cad.models": ("bot.cad.layouts",),
    "bot.cad.permissions": ("bot.cad.models",),
    "bot.cad.http": _CAD_ROOT,
    "bot.cad.codec": (*_CAD_ROOT, "bot.cad.http"),
    "bot.cad.push": (*_CAD_ROOT, "bot.cad.codec", "bot.cad.http.wire"),
    # It runs the real bot; its CAD is written from the reference, not from our reading of it.
    "sandbox": ("sandbox", "bot", "cogs"),
    "sandbox.cad": (),
}

# What every package may import: it knows nothing of the CAD, the database or Discord.
COMMON = "bot.common"

# Which packages may import a library; any other library is free.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "discord": (
        "bot.process",
        "bot.app",
        "bot.command_sync",
        "bot.wiring.services",
        "bot.wiring.dependencies",
        "bot.wiring.doctor_checks",
        "bot.ui",
        "cogs",
        "sandbox",
    ),
    "aiohttp": ("bot.cad.http", "bot.cad.push.http_push", "bot.common.request_guard", "sandbox"),
    "pysignalr": ("bot.cad.push.signalr_connection",),
    "websockets": ("bot.cad.push.signalr_connection",),
    "sqlalchemy": ("bot.storage",),
    "alembic": ("bot.storage",),
    "aiosqlite": ("bot.storage",),
    "sqlite3": ("bot.storage",),
    "cryptography": ("bot.storage.sealing",),
    "simcord": ("sandbox",),
}


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in packages)


def package_of(name: str) -> str | None:
    """Return the innermost package of ARROWS with a module; None for another module."""
    return max((one for one in ARROWS if is_within(name, (one,))), key=len, default=None)


def imports(source: str, package: str) -> Iterator[str]:
    """Yield what a module of a package imports, `from a import b` as `a.b`, at any depth."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                start = resolve_name("." * node.level + (node.module or ""), package)
                yield from (f"{start}.{alias.name}" for alias in node.names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name


def forbidden(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Return the imports of a module that ARROWS does not allow."""
    package = package_of(module)
    assert package
    found = []
    for name in imports(source, module if is_package else module.rpartition(".")[0]):
        library = name.partition(".")[0]
        if library in OURS:
            allowed = package_of(name) == package or is_within(name, (*ARROWS[package], COMMON))
        else:
            allowed = library not in LIBRARIES or is_within(module, LIBRARIES[library])
        if not allowed:
            found.append(name)
    return found


def modules() -> Iterator[tuple[Path, str]]:
    for top in ("bot", "cogs", "sandbox"):
        for path in sorted((PROJECT / top).rglob("*.py")):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            yield path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_import_points_down():
    wrong = {
        module: found
        for path, module in modules()
        if (found := forbidden(path.read_text(), module, is_package=path.stem == "__init__"))
    }
    assert wrong == {}


def test_the_modules_are_really_read():
    walked = {module for _, module in modules()}
    assert {"bot.cad.http.transport", "bot.storage", "bot.services", "bot.ui", "cogs"} <= walked
    aiohttp_users = {
        module
        for path, module in modules()
        if "aiohttp" in imports(path.read_text(), module) and module.startswith("bot.")
    }
    assert aiohttp_users == {
        "bot.cad.http.connection_errors",
        "bot.cad.http.transport",
        "bot.common.request_guard",
    }


def test_every_module_of_the_bot_is_in_a_known_package():
    unknown = {module for _, module in modules() if package_of(module) == "bot"} - {"bot"}
    assert unknown == set()


@pytest.mark.parametrize("top", ["bot", "cogs"])
def test_no_file_is_too_long(top):
    long = {
        str(path.relative_to(PROJECT)): lines
        for path in (PROJECT / top).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


@pytest.mark.parametrize("top", OURS)
def test_no_folder_has_too_many_modules(top):
    sizes = {
        str(folder.relative_to(PROJECT)): count
        for folder in (PROJECT / top, *(PROJECT / top).rglob("*/"))
        if folder.name != MIGRATIONS
        if (count := sum(one.name != "__init__.py" for one in folder.glob("*.py"))) > LARGEST_FOLDER
    }
    assert sizes == {}


def test_a_file_name_has_one_meaning():
    paths = defaultdict(list)
    for path in product_modules():
        paths[path.name].append(str(path.relative_to(PROJECT)))
    del paths["errors.py"]  # each layer has its errors
    assert {name: found for name, found in paths.items() if len(found) > 1} == {}


def test_a_class_name_has_one_meaning():
    paths = defaultdict(list)
    for path in product_modules():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                paths[node.name].append(str(path.relative_to(PROJECT)))
    assert {name: found for name, found in paths.items() if len(found) > 1} == {}


def vague_words(text: str) -> list[str]:
    """Return the words that stand for any person; Discord's `@everyone` is none of them."""
    return VAGUE_WORD.findall(EVERYONE_OF_DISCORD.sub("", text))


def test_texts_name_the_member_the_dispatcher_or_the_unit():
    files = [
        *(path for top in OURS[:3] for path in (PROJECT / top).rglob("*") if path.suffix in TEXTS),
        *(PROJECT / "docs").rglob("*.md"),
        *PROJECT.glob("*.md"),
    ]
    assert len(files) > 300
    found = {path: words for path in files if (words := vague_words(path.read_text()))}
    assert found == {}


@pytest.mark.parametrize("text", ["Nobody is on duty.", "whoever pressed it", "whom it names"])
def test_a_vague_word_is_seen(text):
    assert len(vague_words(text)) == 1
    assert vague_words('`@everyone`, {"mention_everyone": False}, everyone=False') == []


def product_modules() -> Iterator[Path]:
    """Yield the modules of bot and cogs, without packages and migrations."""
    for top in ("bot", "cogs"):
        for path in sorted((PROJECT / top).rglob("*.py")):
            if path.name != "__init__.py" and "migrations" not in path.parts:
                yield path


def mirrored_test(path: Path) -> Path:
    """Return where the tests of a module stand: bot/cad/values.py → tests/cad/test_values.py."""
    folder = path.relative_to(PROJECT).parent
    mirrored = folder.relative_to("bot") if folder.parts[0] == "bot" else folder
    return PROJECT / "tests" / mirrored / f"test_{path.name}"


def end_to_end_rows(guide: str) -> dict[str, list[str]]:
    """Read the table of tests/README.md: module → the test files that hold it."""
    _, _, table = guide.partition("## Modules tested from end to end")
    rows = re.findall(r"^\| `([^`]+\.py)` \| (.+) \|$", table, re.MULTILINE)
    return {module: re.findall(r"`([^`]+)`", tests) for module, tests in rows}


def untested(paths: list[Path], rows: dict[str, list[str]]) -> list[str]:
    """Return the modules with neither a test file of their name nor a row in the table."""
    return [
        name
        for path in paths
        if not mirrored_test(path).exists() and (name := str(path.relative_to(PROJECT))) not in rows
    ]


def test_the_tests_mirror_the_modules():
    rows = end_to_end_rows((PROJECT / "tests" / "README.md").read_text())
    assert len(rows) > 10
    assert untested(list(product_modules()), rows) == []


def test_the_table_of_the_guide_is_true():
    rows = end_to_end_rows((PROJECT / "tests" / "README.md").read_text())
    named = [*rows, *(test for tests in rows.values() for test in tests)]
    missing = [one for one in named if not (PROJECT / one).is_file()]
    assert missing == []
    assert [module for module, tests in rows.items() if not tests] == []
    mirrored = [module for module in rows if mirrored_test(PROJECT / module).exists()]
    assert mirrored == []  # a module with a test file of its own needs no row


def test_a_module_without_tests_is_seen():
    new = PROJECT / "bot" / "cad" / "telepathy.py"
    assert untested([new], {}) == ["bot/cad/telepathy.py"]
    guide = "## Modules tested from end to end\n\n| `bot/cad/telepathy.py` | `a.py` `b.py` |\n"
    assert end_to_end_rows(guide) == {"bot/cad/telepathy.py": ["a.py", "b.py"]}
    assert untested([new], end_to_end_rows(guide)) == []
    assert mirrored_test(PROJECT / "cogs" / "links.py") == PROJECT / "tests/cogs/test_links.py"
    assert mirrored_test(PROJECT / "bot" / "app.py") == PROJECT / "tests/test_app.py"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        # upwards
        ("bot.app", "import bot.__main__"),
        ("cogs.attach", "from bot.app import DispatchBot"),
        ("bot.ui.links.link_results", "import cogs.attach"),
        ("bot.services.orders.intake", "from bot.ui.links import link_results"),
        ("bot.services.orders.intake", "import cogs"),
        ("bot.storage.stores.link_store", "from bot.services.access.policy import Access"),
        ("bot.storage.stores.link_store", "from bot import app"),
        ("bot.cad.client", "from bot.services import board"),
        # sideways
        ("bot.cad.client", "import bot.storage.stores.link_store"),
        ("bot.storage.stores.link_store", "from bot.cad.models import Call"),
        # across a package
        ("cogs.attach", "from bot.cad.client import CadClient"),
        ("cogs.attach", "from bot.cad.http.transport import Transport"),
        ("cogs.attach", "from bot.cad.errors import CadError"),
        ("cogs.attach", "from bot.cad import models"),
        ("cogs.attach", "from bot.storage.stores.link_store import LinkStore"),
        ("bot.ui.links.link_results", "from bot.cad.client import CadClient"),
        ("bot.ui.links.link_results", "from bot.storage.stores.link_store import LinkStore"),
        ("bot.ui.links.link_results", "from bot.storage.database import Database"),
        ("bot.services.orders.intake", "from bot.cad.http.transport import Transport"),
        ("bot.services.orders.intake", "from bot.cad import v1"),
        # settings and logs are for the two at the top
        ("bot.services.orders.intake", "from bot.config.settings import Settings"),
        ("bot.cad.client", "from bot.runtime import logs"),
        ("cogs.attach", "import bot.config.settings"),
        ("bot.ui.links.link_results", "from bot.config import settings"),
        ("bot.runtime.logs", "from bot.config.settings import Settings"),
        ("bot.config.settings", "from bot.storage.database import Database"),
        # libraries
        ("bot.services.orders.intake", "import discord"),
        ("bot.cad.client", "import discord"),
        ("bot.storage.stores.link_store", "from discord.utils import utcnow"),
        ("bot.cad.client", "import aiohttp"),
        ("bot.app", "import aiohttp.web"),
        ("bot.cad.push.signalr_feed", "from websockets.asyncio.client import connect"),
        ("bot.cad.push.http_push", "import pysignalr"),
        ("cogs.attach", "from aiohttp import ClientSession"),
        ("bot.services.orders.intake", "from sqlalchemy import select"),
        ("bot.cad.client", "import sqlalchemy"),
        ("bot.app", "from sqlalchemy.ext.asyncio import AsyncEngine"),
        ("bot.__main__", "import alembic.command"),
        ("bot.ui.links.link_results", "import aiosqlite"),
        ("bot.services.orders.intake", "import sqlite3"),
        ("bot.app", "import simcord"),
        ("bot.storage.database", "from cryptography.exceptions import InvalidTag"),
        # the product does not know how it is tried out
        ("bot.app", "from sandbox import cad"),
        ("bot.app", "import tests.conftest"),
        ("cogs.attach", "import sandbox"),
        ("cogs.attach", "from benchmarks import bare"),
        ("sandbox.discord", "import tests.conftest"),
        ("sandbox.cad.server", "from bot.cad import v1"),
        ("sandbox.cad.server", "import sandbox.world"),
        # whichever way it is written
        ("bot.cad.client", "from ..storage import links"),
        ("bot.cad.client", "from .. import storage"),
        ("bot.cad.client", "from bot import *"),
        ("bot.cad.client", "import bot"),
        ("bot.cad.client", "import json, bot.storage"),
        ("bot.cad.client", "def late():\n    import bot.storage"),
        ("bot.cad.client", "if TYPE_CHECKING:\n    from bot.storage.stores.link_store import Link"),
        ("bot.cad.client", "try:\n    import bot.storage\nexcept ImportError: ..."),
        ("bot.cad.client", "importlib.import_module('bot.storage')"),
        ("bot.cad.client", "import_module('discord')"),
        ("bot.cad.client", "__import__('sqlalchemy')"),
    ],
)
def test_a_forbidden_import_is_seen(module, source):
    assert len(forbidden(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "bot.__main__",
            "from bot import app\nfrom bot.config import settings\nfrom bot.runtime import logs",
        ),
        (
            "bot.app",
            "import discord\nfrom bot.cad.http.transport import Transport\nimport cogs.attach",
        ),
        (
            "cogs.attach",
            "import discord\nfrom bot.ui.links import link_results\nimport bot.services.reply",
        ),
        ("cogs.attach", "from cogs import links"),
        (
            "bot.ui.links.link_results",
            "from bot.cad import errors\nfrom bot.cad.models import Call",
        ),
        (
            "bot.services.orders.intake",
            "from bot.cad.client import CadClient\nimport bot.storage.stores.link_store",
        ),
        (
            "bot.cad.client",
            "from .codec import v1\nfrom .http.wire import Request\nimport bot.cad.http.retry",
        ),
        ("bot.cad.http.transport", "import aiohttp"),
        (
            "bot.storage.stores.link_store",
            "from sqlalchemy import select\nfrom ..tables import links",
        ),
        ("sandbox.discord", "import simcord\nfrom bot.app import DispatchBot\nimport sandbox.cad"),
        ("sandbox.cad.server", "from aiohttp import web\nfrom sandbox.cad import world"),
    ],
)
def test_an_allowed_import_is_not(module, source):
    assert forbidden(source, module) == []


def test_imports_inside_a_package_start_at_the_package():
    assert forbidden("from . import client", "bot.cad", is_package=True) == []
    assert forbidden("from .. import storage", "bot.cad", is_package=True) == ["bot.storage"]
