"""Secrets at rest: AES-256-GCM, each bound to the row and the column that it belongs to.

A sealed secret is: version (1 byte), id of the key (4), nonce (12), ciphertext with its tag. Which
row it is bound to is not stored: it is what `unseal` is told.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.storage.errors import SecretLocked

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = b"\x01"
_ID_BYTES = 4
_NONCE_BYTES = 12  # NIST SP 800-38D, 5.2.1.1
_HEAD = len(_VERSION) + _ID_BYTES


class _Key(NamedTuple):
    """The parts of one key, each derived for one purpose."""

    head: bytes  # of everything that it seals
    cipher: AESGCM
    for_digests: bytes


class Sealer:
    """Seals secrets with the first of some keys, and opens what any of them has sealed.

    Args:
        keys: each 32 bytes in base64 for addresses; none opens nothing.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = [_derive(urlsafe_b64decode(f"{key}=")) for key in keys]
        self._by_head = {key.head: key for key in self._keys}

    def seal(self, secret: str, *bound_to: str) -> bytes:
        """Seal a secret with the first key, bound to its table, column and row."""
        key, nonce = self._keys[0], secrets.token_bytes(_NONCE_BYTES)
        return key.head + nonce + key.cipher.encrypt(nonce, secret.encode(), _bytes(bound_to))

    def unseal(self, sealed: bytes, *bound_to: str) -> str:
        """Open a secret.

        Raises:
            SecretLocked: no key has sealed it, or it was changed or belongs to another row.
        """
        location = " ".join(bound_to)
        key = self._by_head.get(sealed[:_HEAD])
        if key is None:
            raise SecretLocked(location, "no key of SECRETS_KEYS has sealed it")
        nonce, text = sealed[_HEAD : _HEAD + _NONCE_BYTES], sealed[_HEAD + _NONCE_BYTES :]
        try:
            return key.cipher.decrypt(nonce, text, _bytes(bound_to)).decode()
        except (InvalidTag, ValueError):
            reason = "it was changed, or moved from another row"
            raise SecretLocked(location, reason) from None

    def is_newest(self, sealed: bytes) -> bool:
        """Return whether the first key has sealed it."""
        return bool(self._keys) and sealed[:_HEAD] == self._keys[0].head

    def digests(self, secret: str) -> list[bytes]:
        """Return what finds a secret without opening any: by each key, that of the first in front.

        Letter case does not count, as in the CAD's push events.
        """
        text = secret.lower().encode()
        return [hmac.digest(key.for_digests, text, "sha256") for key in self._keys]


def _derive(key: bytes) -> _Key:
    def part(purpose: bytes) -> bytes:
        return hmac.digest(key, purpose, "sha256")

    return _Key(_VERSION + part(b"id")[:_ID_BYTES], AESGCM(part(b"seal")), part(b"digest"))


def _bytes(bound_to: tuple[str, ...]) -> bytes:
    return json.dumps(bound_to).encode()  # no two lists have one text
