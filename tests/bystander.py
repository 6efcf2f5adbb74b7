"""A second guild beside the one of each test: it must see nothing, and nothing may change it.

Its community at the CAD has the same calls, units, ids and names, and its links are of the same
members. It has no channel for cards, so that it costs no request after the start.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from simcord.builders import ChannelHandle, GuildHandle
from simcord.env import Env

from bot.config.settings import Settings
from sandbox.cad.state import seed
from sandbox.cad.state.models import Community
from sandbox.cad.state.world import CadWorld

COMMUNITY = "paleto"
_EMPTY = {"orders", "cards", "obsolete_cards", "link_requests", "link_checks"}


@dataclass(slots=True)
class Bystander:
    """The second guild and its community.

    Attributes:
        before: its community as it was at the start.
        links: its links at the start, by member.
    """

    guild: GuildHandle
    log: ChannelHandle
    role_id: int
    community: Community
    before: str
    links: dict[int, str]

    @classmethod
    def built(cls, env: Env, world: CadWorld) -> Bystander:
        twin = seed.build_world(world.now).communities[seed.COMMUNITY_ID]
        twin.id, twin.key = COMMUNITY, "paleto-key"
        world.communities[twin.id] = twin
        guild = env.create_guild("San Andreas")
        role = guild.create_role("Dispatch")
        return cls(guild, guild.create_text_channel("log"), role.id, twin, repr(twin), {})

    def settings(self, home: Settings) -> Settings:
        """Return its settings, as those of the guild of the test."""
        return home.model_copy(
            update={
                "sonoran_community_id": self.community.id,
                "sonoran_api_key": SecretStr(self.community.key),
                "dispatch_role_ids": frozenset({self.role_id}),
                "calls_channel_id": None,
                "log_channel_id": self.log.id,
                "sonoran_servers": (),
                "sonoran_websocket": False,
                "forget_on_leave": False,  # none of its members is on the server
            }
        )

    def check(self, env: Env, file: Path) -> None:
        """Check that it saw nothing, and that nothing has changed it."""
        assert repr(self.community) == self.before
        at_discord = (f"/channels/{self.log.id}", f"/guilds/{self.guild.id}/")
        assert not [one for one in env.http_requests if one.path.startswith(at_discord)]
        if not file.read_bytes().startswith(b"SQLite format 3"):
            return  # a test has broken it, as a fault of the disk
        with closing(sqlite3.connect(file)) as connection:

            def rows(table: str, columns: str) -> list[Any]:
                reading = f"SELECT {columns} FROM {table} WHERE guild_id = ?"
                return connection.execute(reading, (self.guild.id,)).fetchall()

            tables = {one for (one,) in connection.execute("SELECT name FROM sqlite_master")}
            # Some tests drop the tables, as a fault of the database.
            for table in _EMPTY & tables:
                assert rows(table, "*") == [], table
            if "links" in tables:
                assert dict(rows("links", "discord_id, api_id")) == self.links
