"""Which servers of the CAD a guild uses, from the numbers that a member enters. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.common.discord_limits import LAST_SERVER_ID, MAX_OPTIONS
from bot.config.guild_settings import GuildSettings
from bot.config.server_list import MAX_NAME_LENGTH, CadServerSetting
from bot.services.guild_errors import ServersMalformed

_MAX_DIGITS = 9


def parse_numbers(text: str) -> list[int]:
    """Read numbers of servers with commas or spaces between them; none means all servers.

    Raises:
        ServersMalformed.
    """
    parts = text.replace(",", " ").split()
    if not all(part.isdecimal() and len(part) <= _MAX_DIGITS for part in parts):
        raise ServersMalformed
    numbers = list(dict.fromkeys(map(int, parts)))
    if len(numbers) > MAX_OPTIONS or any(not 0 < one <= LAST_SERVER_ID for one in numbers):
        raise ServersMalformed
    return numbers


def chosen_servers(
    numbers: Sequence[int], known: Mapping[int, str], before: GuildSettings | None
) -> dict[str, object]:
    """Return the settings that name the servers; each keeps the channel that it had.

    Args:
        numbers: none for all known servers, or the usual one.
        known: the names of the CAD's servers by number, as far as it says.
    """
    ids = [*numbers] or [*sorted(known)[:MAX_OPTIONS]] or [1]
    had = {one.server_id: one for one in before.sonoran_servers} if before else {}
    default_id = before.sonoran_server_id if before else ids[0]
    servers = tuple(_server(one, known.get(one, ""), had.get(one)) for one in ids)
    return {
        "sonoran_server_id": default_id if default_id in ids else ids[0],
        "sonoran_servers": servers if len(ids) > 1 else (),
    }


def _server(server_id: int, name: str, had: CadServerSetting | None) -> CadServerSetting:
    channel_id = had.channel_id if had else None
    name = " ".join(name.split())[:MAX_NAME_LENGTH] or (had.name if had else "")
    return CadServerSetting(server_id, channel_id, name)
