"""Logging to standard error, as text or JSON, without secrets."""

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

# The bot's own packages log at the configured level. Libraries log warnings and errors only,
# because their other records are about sockets and heartbeats.
_OWN_PACKAGES = ("bot", "cogs")

# An interaction token lets its holder answer for the bot. Tokens begin with
# "interaction:" in base64; warnings of discord.py contain addresses with a token.
_INTERACTION_TOKEN = re.compile(
    r"(/(?:webhooks|interactions)/\d+/)[^/\s?\"']+|aW50ZXJhY3Rpb246[\w=-]+"
)

# The password in an address, of any length: it is known by its place.
_ADDRESS_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)")

# A shorter secret is part of many words: to replace it there would tell what it is.
_SHORTEST_SECRET = 4
# A shorter secret may be part of a longer word (`dispatch`), so it is replaced as a whole value.
_UNMISTAKABLE_LENGTH = 16
# What may stand before a whole value: no letter or digit but the end of an escape, `%3A` or `\n`.
_VALUE_START = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"

_AUTOCOMPLETE_FAILED = "Ignoring exception in autocomplete"
_LATE_RESPONSE_CODES = frozenset({10062, 40060})  # unknown interaction; already acknowledged


class Redactor:
    """Replaces secrets in a text, in every encoding in which they may appear.

    Secrets of fewer than four characters are replaced in addresses only.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._spellings: list[str] = []
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Replace these secrets too, from now on."""
        known = (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        new = {spelling for secret in known for spelling in _spellings(secret)}
        # Longest first: a secret may contain another.
        self._spellings = sorted(new.union(self._spellings), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with `REDACTED` in place of each secret."""
        # A look for each is much faster than one pattern of all: there may be thousands.
        if found := [one for one in self._spellings if one in text]:
            text = re.sub("|".join(map(_value_pattern, found)), REDACTED, text)
        text = _ADDRESS_PASSWORD.sub(rf"\1{REDACTED}", text)
        return _INTERACTION_TOKEN.sub(rf"\1{REDACTED}", text)


class TextFormatter(logging.Formatter):
    """Formats as the standard library does, and redacts the result.

    The whole result, because a secret may be in an argument, a traceback or the message of
    another library.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.redactor = redact

    def format(self, record: logging.LogRecord) -> str:
        """Format a record without secrets."""
        return self.redactor(super().format(record))


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    Its texts are redacted before they are encoded: otherwise a secret such as `time` or `"` would
    break the JSON.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self.redactor = redact

    def format(self, record: logging.LogRecord) -> str:
        """Format a record without secrets."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.redactor(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = self.redactor(self.formatException(record.exc_info))
        if record.stack_info:
            entry["stack"] = self.redactor(record.stack_info)
        return json.dumps(entry, ensure_ascii=False)


def shorten_outage(record: logging.LogRecord) -> bool:
    """Shorten discord.py's record of a lost connection to one line; keep every record.

    Its traceback ends in the network code, and is repeated with each attempt.
    """
    if record.exc_info and str(record.msg).startswith("Attempting a reconnect"):
        record.msg = f"No connection to Discord (%r). {record.msg}"
        record.args = (record.exc_info[1], *(record.args or ()))
        record.exc_info = None
    return True


def shorten_late_autocomplete(record: logging.LogRecord) -> bool:
    """Shorten discord.py's record of an autocomplete answer that came too late to one line.

    A user who types fast causes it, and it has no effect.
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
    """Log to standard error: the bot at this level, libraries from warnings on."""
    redact = Redactor(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redact) if style == "json" else TextFormatter(redact))
    handler.addFilter(shorten_outage)
    handler.addFilter(shorten_late_autocomplete)
    quiet = max(logging.getLevelNamesMapping()[level], logging.WARNING)
    logging.basicConfig(level=quiet, handlers=[handler], force=True)
    for name in _OWN_PACKAGES:
        logging.getLogger(name).setLevel(level)


def redact(secret: str) -> None:
    """Replace a secret in the log from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, TextFormatter | JsonFormatter):
            handler.formatter.redactor.learn(secret)


def _spellings(secret: str) -> set[str]:
    """Return a secret as it is, URL-encoded, in JSON and in a repr."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }


def _value_pattern(spelling: str) -> str:
    """Return the pattern of a spelling: anywhere if it is long, else as a whole value."""
    pattern = re.escape(spelling)
    is_long = len(spelling) >= _UNMISTAKABLE_LENGTH
    return pattern if is_long else rf"{_VALUE_START}{pattern}(?!\w)"
