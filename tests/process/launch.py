"""Runs `python -m bot` with another address for Discord: `launch.py BASE_URL ARGUMENT…`."""

import runpy
import sys

from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

base = URL(sys.argv.pop(1))
Route.BASE = str(base / "api")
DiscordWebSocket.DEFAULT_GATEWAY = base / "gateway"
sys.argv[0] = "bot"
runpy.run_module("bot", run_name="__main__", alter_sys=True)
