"""Logging: one line per event on standard error, as text or JSON, never with a secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

REDACTED = "[secret]"

_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Redacting(logging.Formatter):
    """Formats as another formatter does and takes the secrets out of the result.

    This late, because a secret can hide in an argument, in a traceback or in another
    library's message.
    """

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        # Longest first: a secret may contain another.
        self._secrets = sorted((one for one in secrets if one), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text


def set_up(level: str, style: Literal["text", "json"], secrets: Iterable[str]) -> None:
    """Send everything of at least this level to standard error."""
    inner = JsonFormatter(_FIELDS) if style == "json" else logging.Formatter(_FIELDS)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting(inner, secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # The library's own news at this level are about its heartbeat, not about dispatching.
    logging.getLogger("discord").setLevel(max(logging.getLevelName(level), logging.WARNING))
