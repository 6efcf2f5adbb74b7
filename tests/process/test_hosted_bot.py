"""The process of a bot that serves the servers in its database, and one whose key is lost."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

from bot.storage.database import Database
from bot.storage.sealing import Sealer
from bot.storage.stores.guild_store import GuildStore
from tests.process.conftest import SETTINGS, Start
from tests.process.discord_server import APPLICATION_ID, GUILD_ID, DiscordServer

KEY, LOST = "k" * 43, "l" * 43
CANARY = "canary-key-value"
HOSTED = {
    name: value
    for name, value in SETTINGS.items()
    if name not in {"DISCORD_GUILD_ID", "SONORAN_COMMUNITY_ID", "SONORAN_API_KEY"}
} | {"SECRETS_KEYS": KEY, "LOG_LEVEL": "DEBUG"}


async def store(folder: Path, guild_id: int, sealing_key: str) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{folder}/data/dispatch.db")
    guilds, now = GuildStore(database, Sealer([sealing_key])), datetime(2026, 1, 1, tzinfo=UTC)
    await guilds.save(guild_id, f"community-{guild_id}", CANARY, "{}", now)
    await database.close()


async def test_it_gives_its_commands_to_all_servers_and_writes_no_key(
    start: Start, discord_server: DiscordServer, tmp_path: Path
):
    await store(tmp_path, GUILD_ID, KEY)
    await store(tmp_path, GUILD_ID + 1, LOST)
    bot = await start(discord=discord_server.url, settings=HOSTED)
    await bot.reaches(discord_server.connected)
    await bot.says("ready as dispatch")
    bot.signal(signal.SIGTERM)
    assert await bot.end() == 0
    registered = ("PUT", f"/applications/{APPLICATION_ID}/commands")
    assert registered in [(one.method, one.path) for one in discord_server.seen]
    assert CANARY not in repr(discord_server.seen)
    log = "\n".join(bot.log)
    assert f"guild {GUILD_ID + 1} is not served: The secret in communities key" in log
    assert f"guild {GUILD_ID} is not served" not in log
    for secret in (CANARY, KEY, LOST):
        assert secret not in log
