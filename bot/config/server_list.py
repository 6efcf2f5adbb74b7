"""The setting that lists the servers of the community at the CAD."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from bot.common.discord_limits import LAST_SNOWFLAKE

# `1`, `1:CHANNEL`, `1:CHANNEL:NAME` or `1::NAME`
_SERVER = re.compile(r"(\d{1,9})(?:\s*:\s*(\d{17,19})?(?:\s*:\s*(.*))?)?", re.DOTALL)
_EXPECTED = (
    "must be servers such as 1, 2:CHANNEL or 2:CHANNEL:NAME, separated by commas; CHANNEL is a"
    " Discord id"
)
MAX_NAME_LENGTH = 40


class CadServerSetting(NamedTuple):
    """One server of the community.

    Attributes:
        channel_id: the channel of its cards; None for that of CALLS_CHANNEL_ID.
        name: as the dispatchers call it; empty if it has none.
    """

    server_id: int
    channel_id: int | None = None
    name: str = ""


def _parse(value: object) -> object:
    if not isinstance(value, str):
        return value
    servers = [_parse_one(part.strip()) for part in value.split(",") if part.strip()]
    ids = [server.server_id for server in servers]
    if twice := next((one for one in ids if ids.count(one) > 1), None):
        raise ValueError(f"names server {twice} twice")
    return servers


def _parse_one(text: str) -> CadServerSetting:
    match = _SERVER.fullmatch(text)
    if match is None:
        raise ValueError(_EXPECTED)
    server_id, channel_id = int(match[1]), int(match[2] or 0)
    name = " ".join((match[3] or "").split())
    if not server_id or channel_id > LAST_SNOWFLAKE or len(name) > MAX_NAME_LENGTH:
        raise ValueError(_EXPECTED)
    return CadServerSetting(server_id, channel_id or None, name)


CadServerSettings = Annotated[tuple[CadServerSetting, ...], NoDecode, BeforeValidator(_parse)]
