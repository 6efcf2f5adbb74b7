"""Runs `python -m bot` with another address for Discord: `launch.py BASE_URL ARGUMENT…`.

With SHORT_LEASES, a lease on the database is over after six seconds. With CLOCK_AHEAD, the date and
time of the machine are so many seconds ahead.
"""

import os
import runpy
import sys
from datetime import UTC, datetime, timedelta

from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

base = URL(sys.argv.pop(1))
Route.BASE = str(base / "api")
DiscordWebSocket.DEFAULT_GATEWAY = base / "gateway"
if os.environ.pop("SHORT_LEASES", ""):
    from bot.storage.leases.shard_leases import LeaseTimes, ShardLeases

    ShardLeases.times = LeaseTimes(ttl=6.0, renew_every=1.0, look_every=0.25, quiet=2.0)
if ahead := float(os.environ.pop("CLOCK_AHEAD", "0")):
    from bot.common.clock import Clock

    Clock.now = lambda _: datetime.now(UTC) + timedelta(seconds=ahead)  # type: ignore
sys.argv[0] = "bot"
runpy.run_module("bot", run_name="__main__", alter_sys=True)
