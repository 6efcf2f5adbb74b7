"""Logging: one event after the other on standard error, as text or JSON, never with a secret."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, quote_plus

REDACTED = "[secret]"

# The bot's own rooms speak at the level that the operator chose; libraries only when something
# is wrong, because their news are about sockets and heartbeats.
_OWN_PACKAGES = ("bot", "cogs")

# The token of an interaction is enough to answer in its name. Discord's tokens begin with
# "interaction:" in base64; discord.py's warnings show addresses that hold one.
_INTERACTION_TOKEN = re.compile(
    r"(/(?:webhooks|interactions)/\d+/)[^/\s?\"']+|aW50ZXJhY3Rpb246[\w=-]+"
)

_AUTOCOMPLETE_FAILED = "Ignoring exception in autocomplete"
_LATE_RESPONSE_CODES = frozenset({10062, 40060})  # unknown interaction, answered before


class Redactor:
    """Takes secrets out of a text, in every spelling in which one may get into it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)} - {""}
        # Longest first: a secret may contain another.
        ordered = sorted(spellings, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if self._secrets is not None:
            text = self._secrets.sub(REDACTED, text)
        return _INTERACTION_TOKEN.sub(rf"\1{REDACTED}", text)


class TextFormatter(logging.Formatter):
    """Formats as the standard library does and takes the secrets out of the result.

    This late, because a secret can hide in an argument, in a traceback or in another
    library's message.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        return self._redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    Its texts are redacted before they are encoded: a secret such as `time` or `"` would
    otherwise take the JSON itself apart.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = self._redact(self.formatException(record.exc_info))
        if record.stack_info:
            entry["stack"] = self._redact(record.stack_info)
        return json.dumps(entry, ensure_ascii=False)


def shorten_outage(record: logging.LogRecord) -> bool:
    """Make one line of what discord.py says about a lost connection; keep every record.

    Its traceback ends in the network, and comes again with every attempt.
    """
    if record.exc_info and str(record.msg).startswith("Attempting a reconnect"):
        record.msg = f"No connection to Discord (%r). {record.msg}"
        record.args = (record.exc_info[1], *(record.args or ()))
        record.exc_info = None
    return True


def shorten_late_autocomplete(record: logging.LogRecord) -> bool:
    """Make one line of what discord.py says about suggestions that Discord no longer waited for.

    Somebody who types fast causes that, and nobody misses anything.
    """
    error = record.exc_info[1] if record.exc_info else None
    if (
        str(record.msg).startswith(_AUTOCOMPLETE_FAILED)
        and getattr(error, "code", None) in _LATE_RESPONSE_CODES
    ):
        record.msg = "suggestions for %r came too late (Guild: %s, User: %s)"
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def configure(level: str, style: Literal["text", "json"], secrets: Iterable[str]) -> None:
    """Send what the bot says at this level, and what libraries warn of, to standard error."""
    redact = Redactor(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redact) if style == "json" else TextFormatter(redact))
    handler.addFilter(shorten_outage)
    handler.addFilter(shorten_late_autocomplete)
    quiet = max(logging.getLevelNamesMapping()[level], logging.WARNING)
    logging.basicConfig(level=quiet, handlers=[handler], force=True)
    for name in _OWN_PACKAGES:
        logging.getLogger(name).setLevel(level)


def _spellings(secret: str) -> set[str]:
    """Return a secret as it is, in an address, in JSON and in a repr."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }
