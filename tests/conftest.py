"""What every test stands on."""

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aioresponses.core
import pytest
from aiohttp import ClientResponse
from hypothesis import HealthCheck, configuration, settings

from bot.storage.database import upgrade
from bot.storage.ownership import SoleOwner
from tests.losable_owner import LosableOwner

# aioresponses 0.7.9 does not pass the `stream_writer` that aiohttp 3.14 asks for. These two lines
# can go with the release that closes https://github.com/pnuckowski/aioresponses/issues/289.
_complete = partial(ClientResponse, stream_writer=cast(Any, SimpleNamespace(output_size=0)))
aioresponses.core.ClientResponse = _complete  # type: ignore[attr-defined, assignment]

# A slow machine is not a fault. No database, and caches elsewhere: a run leaves nothing behind in
# the project.
configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir(), "hypothesis"))
settings.register_profile(
    "bot",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
    derandomize="CI" in os.environ,
)
settings.load_profile("bot")

# Measuring coverage doubles the time of whatever it watches. So it watches what a test does, not
# what prepares it, and leaves out those that look at the whole from outside.
FROM_OUTSIDE = {
    *("benchmarks", "browser", "crash", "faults", "sandbox", "signalr"),
    "test_shift.py",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "of tests/crash/test_random_kills.py"
    parser.addoption("--kills", type=int, default=4, help=f"how many kills on each API {about}")
    parser.addoption("--takeovers", type=int, default=3, help="how often another bot takes over")
    parser.addoption("--kill-seed", default="0", help="draws the moments of kills, and the orders")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    coverage = _coverage(item)
    if coverage is None:
        return (yield)
    coverage.pause()
    try:
        return (yield)
    finally:
        coverage.resume()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    coverage = _coverage(item)
    if coverage is None or FROM_OUTSIDE.intersection(item.path.parts):
        return (yield)
    coverage.resume()
    try:
        return (yield)
    finally:
        coverage.pause()


def _coverage(item: pytest.Item) -> Any:
    """Return what pytest-cov measures with, None without --cov."""
    plugin = item.config.pluginmanager.getplugin("_cov")
    return plugin.cov_controller if plugin else None


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate a database once; copying it is a hundred times as quick."""
    file = tmp_path_factory.mktemp("empty") / "dispatch.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Give the handlers of the test's process back afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def loggers() -> Iterator[None]:
    """Restore the loggers after a test in which the bot sets them up."""
    names = ("", "bot", "cogs")
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    handlers = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = handlers
    for logger, level in before:
        logger.setLevel(level)


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch) -> list[LosableOwner]:
    """Collect those of each opening of the database."""
    owners: list[LosableOwner] = []

    def of_file(file: Path, location: str) -> LosableOwner:
        owners.append(LosableOwner())
        return owners[-1]

    monkeypatch.setattr(SoleOwner, "of_file", of_file)
    return owners
