"""The services of guilds are opened and closed one guild at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import discord
import pytest

from bot.cad.errors import CadUnreachable
from bot.cad.http.transport import Transport
from bot.cad.http.wire import Request
from bot.common.clock import SYSTEM_CLOCK
from bot.config.settings import Settings
from bot.services.guild_errors import StoredKeyLocked, StoredSettingsInvalid
from bot.storage.sealing import Sealer
from bot.storage.stores.guild_store import GuildStore
from bot.wiring.dependencies import SharedDependencies, open_dependencies, open_shared
from bot.wiring.guild_registry import GuildRegistry
from bot.wiring.setup_services import build_guild_store
from tests.losable_owner import LosableOwner

GUILD, OTHER_GUILD = 700_000_000_000_000_001, 700_000_000_000_000_002


SEALING_KEY, LOST_KEY = "k" * 43, "l" * 43


def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "discord_token": "a.bot.token",
            "sonoran_community_id": "sandbox",
            "sonoran_api_key": "sandbox-key",
            "sonoran_api_url": "http://127.0.0.1:9",
            "database_url": f"sqlite+aiosqlite:///{(tmp_path / 'dispatch.db').as_posix()}",
            "secrets_keys": SEALING_KEY,
            "discord_guild_id": GUILD,
        }
    )


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[SharedDependencies]:
    client, operator = discord.Client(intents=discord.Intents.none()), settings(tmp_path)
    async with AsyncExitStack() as stack:
        yield await open_shared(stack, operator, client, None, SYSTEM_CLOCK)


@pytest.fixture
async def registry(shared: SharedDependencies) -> AsyncIterator[GuildRegistry]:
    registry = GuildRegistry(shared, build_guild_store(shared))
    yield registry
    await registry.close_all()


async def store(
    shared: SharedDependencies, guild_id: int, text: str = "{}", sealing_key: str = SEALING_KEY
) -> None:
    guilds = GuildStore(shared.database, Sealer([sealing_key]))
    key, now = f"key-of-{guild_id}", datetime(2026, 1, 1, tzinfo=UTC)
    await guilds.save(guild_id, "sandbox", key, text, now)


async def test_the_cad_is_asked_for_nothing_once_the_ownership_is_not_trusted(
    tmp_path: Path, owners: list[LosableOwner]
):
    client, operator = discord.Client(intents=discord.Intents.none()), settings(tmp_path)
    async with AsyncExitStack() as stack:
        shared = await open_shared(stack, operator, client, None, SYSTEM_CLOCK)
        cad = await stack.enter_async_context(shared.connections.connect(operator))
        owners[0].lose()
        with pytest.raises(CadUnreachable, match="another bot may act"):
            await cad.transport.send(Request("calls", "GET", "/"))


async def test_the_date_is_that_of_the_database(
    tmp_path: Path, owners: list[LosableOwner], monkeypatch: pytest.MonkeyPatch
):
    said = datetime(2020, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(LosableOwner, "now", staticmethod(lambda: said))
    client, operator = discord.Client(intents=discord.Intents.none()), settings(tmp_path)
    async with AsyncExitStack() as stack:
        shared = await open_shared(stack, operator, client, None, SYSTEM_CLOCK)
        assert shared.clock.now() == said
    assert owners


async def test_another_bot_may_have_asked_the_cad_just_before(
    tmp_path: Path, owners: list[LosableOwner], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(LosableOwner, "follows", True)
    client, operator = discord.Client(intents=discord.Intents.none()), settings(tmp_path)
    async with AsyncExitStack() as stack:
        shared = await open_shared(stack, operator, client, None, SYSTEM_CLOCK)
        needed = await open_dependencies(stack, shared, GUILD, operator)
        assert needed.cad.limiters.attach.used > 0
    assert owners


async def test_each_guild_has_services_of_its_own(registry: GuildRegistry, tmp_path: Path):
    one = await registry.open(GUILD, settings(tmp_path))
    other = await registry.open(OTHER_GUILD, settings(tmp_path))
    assert dict(registry.services) == {GUILD: one, OTHER_GUILD: other}
    assert one.board is not other.board
    await registry.close(GUILD)
    await registry.close(GUILD)
    assert dict(registry.services) == {OTHER_GUILD: other}
    assert await registry.open(GUILD, settings(tmp_path)) is not one


async def test_the_services_of_a_guild_are_opened_once(registry: GuildRegistry, tmp_path: Path):
    one = await registry.open(GUILD, settings(tmp_path))
    with pytest.raises(ValueError, match=f"guild {GUILD} are open"):
        await registry.open(GUILD, settings(tmp_path))
    assert dict(registry.services) == {GUILD: one}


async def test_a_guild_that_cannot_be_opened_leaves_nothing(tmp_path: Path):
    client, operator = discord.Client(intents=discord.Intents.none()), settings(tmp_path)

    def fail(_address: str) -> Transport:
        raise OSError("no files left")

    async with AsyncExitStack() as stack:
        registry = GuildRegistry(await open_shared(stack, operator, client, fail, SYSTEM_CLOCK))
        with pytest.raises(OSError, match="no files left"):
            await registry.open(GUILD, operator)
        assert dict(registry.services) == {}


async def test_the_guilds_of_the_database_are_opened(
    shared: SharedDependencies, registry: GuildRegistry
):
    await store(shared, GUILD, '{"sonoran_server_id": 7}')
    await store(shared, OTHER_GUILD)
    await registry.open_stored()
    assert set(registry.services) == {GUILD, OTHER_GUILD}
    assert dict(registry.refusals) == {}
    assert registry.services[GUILD].call_listing is not registry.services[OTHER_GUILD].call_listing


async def test_a_guild_that_cannot_be_opened_is_refused_and_no_other(
    shared: SharedDependencies, registry: GuildRegistry, caplog: pytest.LogCaptureFixture
):
    await store(shared, GUILD)
    await store(shared, OTHER_GUILD, sealing_key=LOST_KEY)
    await store(shared, OTHER_GUILD + 1, '{"status_on_attach": "key-of"}')
    await registry.open_stored()
    assert set(registry.services) == {GUILD}
    assert dict(registry.refusals) == {
        OTHER_GUILD: StoredKeyLocked,
        OTHER_GUILD + 1: StoredSettingsInvalid,
    }
    assert f"guild {OTHER_GUILD} is not served: The secret in communities" in caplog.text
    assert f"guild {OTHER_GUILD + 1} is not served: STATUS_ON_ATTACH: must be" in caplog.text
    assert "key-of" not in caplog.text


async def test_members_are_not_forgotten_where_the_bot_cannot_see_them_leave(
    shared: SharedDependencies, registry: GuildRegistry, caplog: pytest.LogCaptureFixture
):
    await store(shared, GUILD, '{"forget_on_leave": true}')
    await registry.open_stored()
    assert registry.services[GUILD].erasure is None
    assert f"FORGET_ON_LEAVE of guild {GUILD} has no effect" in caplog.text
