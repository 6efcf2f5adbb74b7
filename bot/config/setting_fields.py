"""The types of the settings, and their validators."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    ValidationInfo,
)
from pydantic_settings import NoDecode

from bot.common import steam_id
from bot.common.discord_limits import LAST_SNOWFLAKE

# The driver is required: SQLAlchemy's default for "sqlite://" does not work with asyncio.
_DATABASE = re.compile(r"(sqlite\+aiosqlite|postgresql\+(asyncpg|psycopg))://.*", re.DOTALL)
# https://docs.discord.com/developers/reference#authentication: id, time and signature in base64.
_TOKEN = re.compile(r"[\w-]+(\.[\w-]+){2}", re.ASCII)
_QUOTES = "\"'"


def _split_list(value: object) -> object:
    if isinstance(value, str):
        return [part for part in value.replace(",", " ").split() if part]
    return value


def _split_texts(value: object) -> object:
    if isinstance(value, str):
        return [text for part in value.split(",") if (text := " ".join(part.split()).casefold())]
    return value


def to_upper(value: object) -> object:
    """Convert text to upper case; leave other values."""
    return value.strip().upper() if isinstance(value, str) else value


def to_lower(value: object) -> object:
    """Convert text to lower case; leave other values."""
    return value.strip().lower() if isinstance(value, str) else value


def to_api_version(value: object) -> object:
    """Convert the text of a version to a number, and `AUTO` to lower case; leave the rest."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return int(text) if text.isdecimal() else text.lower()


def _valid_secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text:
        raise ValueError("must not be blank")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be one word of plain letters, digits and signs, as it was given out")
    return SecretStr(text)


def _valid_token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError(
            "must be the token from the Developer Portal, under Bot: three parts with dots between"
        )
    return value


def strip_quotes(value: object) -> object:
    """Take off the quotes around text, which `docker run --env-file` keeps."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    is_quoted = len(text) > 1 and text[0] in _QUOTES and text[0] == text[-1]
    return text[1:-1] if is_quoted else value


def valid_id_format(value: str) -> str:
    """Reject an id format that does not contain the Steam id."""
    try:
        formatted = steam_id.format_id(1, value)
    except (KeyError, IndexError, ValueError, AttributeError):
        formatted = value
    if formatted == value:
        raise ValueError("must contain {hex}, {HEX} or {steam64} and no other braces")
    return value


def valid_database_url(value: str) -> str:
    """Reject a URL whose driver is not supported."""
    if not _DATABASE.fullmatch(value):
        raise ValueError(
            "must start with sqlite+aiosqlite://, postgresql+asyncpg:// or postgresql+psycopg://"
        )
    return value


def valid_listen_address(value: str) -> str:
    """Reject text that is not host and port."""
    host, _, port = value.strip().rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must be host:port, such as 0.0.0.0:8080 or 127.0.0.1:8080")
    return value.strip()


def requires_log_channel(value: bool, info: ValidationInfo) -> bool:
    """Reject approvals without the log channel in which the requests are posted."""
    # An invalid channel is missing here; it has an error of its own.
    if value and info.data.get("log_channel_id", "wrong") is None:
        raise ValueError("needs LOG_CHANNEL_ID, where the requests are shown")
    return value


def requires_members_intent(value: bool, info: ValidationInfo) -> bool:
    """Reject erasing on leave without the intent by which the bot sees members leave."""
    if value and info.data.get("members_intent", "wrong") is False:
        raise ValueError(
            "needs MEMBERS_INTENT=true, without which the bot does not see members leave"
        )
    return value


def valid_server_id(value: int, info: ValidationInfo) -> int:
    """Reject a default server that SONORAN_SERVERS does not list."""
    listed = [one.server_id for one in info.data.get("sonoran_servers", ())]
    if listed and value not in listed:
        raise ValueError("must be one of the servers in SONORAN_SERVERS")
    return value


def valid_api_url(value: HttpUrl) -> str:
    """Return an address without a trailing slash; reject one to which no path can be added."""
    if value.query is not None or value.fragment is not None or value.username is not None:
        raise ValueError(
            "must be an address without ?, # and @, such as https://api.sonorancad.com"
        )
    return str(value).rstrip("/")


# Ids count milliseconds since 2015: the first ones had 17 digits after two weeks.
# https://docs.discord.com/developers/reference#snowflakes
Snowflake = Annotated[int, Field(ge=10**16, le=LAST_SNOWFLAKE)]
Snowflakes = Annotated[frozenset[Snowflake], NoDecode, BeforeValidator(_split_list)]
Texts = Annotated[frozenset[str], NoDecode, BeforeValidator(_split_texts)]
Secret = Annotated[SecretStr, AfterValidator(_valid_secret)]
Token = Annotated[Secret, AfterValidator(_valid_token)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
IdFormat = Annotated[str, AfterValidator(valid_id_format)]
