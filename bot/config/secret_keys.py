"""The setting with the keys that seal the secrets in the database."""

from __future__ import annotations

import re
import secrets
from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode

_BYTES = 32
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64 for addresses, without padding


def new_secret_key() -> str:
    """Return a new key, as the setting takes it."""
    return secrets.token_urlsafe(_BYTES)


def _parse(value: object) -> object:
    if not isinstance(value, str):
        return value
    keys = value.replace(",", " ").split()
    if not all(map(_KEY.fullmatch, keys)):
        raise ValueError(
            "must be keys as `python -m bot keys new` prints them, the newest first, separated by"
            " commas"
        )
    if len(set(keys)) < len(keys):
        raise ValueError("has one key twice")
    return keys


SecretKeys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_parse)]
