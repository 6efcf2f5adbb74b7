"""Finds the call that a dispatcher has typed: by its number, or by what the screens show. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cad.models import CLOSED, Call
from bot.services.errors import AmbiguousCall, CallNotFound

MAX_CALL_ID = 2**31 - 1
_DIGITS = "0123456789"


def matching_calls(typed: str, calls: Iterable[Call]) -> list[Call]:
    """Return the calls that a text may mean.

    These are the calls whose number, code and title contain every word, and the call with the
    number of a formatted number, such as 100 for `2026-0100`.
    """
    text = _without_hash(typed)
    words, number = text.casefold().split(), _formatted_number(text)
    return [
        call
        for call in calls
        if call.call_id == number or contains_all(words, (str(call.call_id), call.code, call.title))
    ]


def find_call_id(typed: str, calls: Iterable[Call], server: str = "") -> int:
    """Return the number of the one open call that a text means.

    A text of digits alone is a number, also of a call that is not known: the CAD may have opened
    it a moment ago.

    Args:
        server: the words for the server, which the errors carry.

    Raises:
        AmbiguousCall: several open calls match.
        CallNotFound: no open call matches.
    """
    text = _without_hash(typed)
    if text and not text.strip(_DIGITS):
        if len(text) > len(str(MAX_CALL_ID)) or not 0 < int(text) <= MAX_CALL_ID:
            raise CallNotFound(typed, server)
        return int(text)
    open_calls = [call for call in calls if call.status != CLOSED]
    found = [call for call in open_calls if call.title.strip().casefold() == text.casefold()]
    if len(found) != 1:
        found = matching_calls(typed, open_calls)
    if not found or not text:
        raise CallNotFound(typed, server)
    if len(found) > 1:
        raise AmbiguousCall(typed, tuple(found), server)
    return found[0].call_id


def contains_all(words: Iterable[str], texts: Iterable[str]) -> bool:
    """Return whether the texts contain every word; the words are in lower case."""
    haystack = " ".join(texts).casefold()
    return all(word in haystack for word in words)


def _without_hash(typed: str) -> str:
    return typed.strip().removeprefix("#").strip()


def _formatted_number(text: str) -> int | None:
    """Return the number in a number as communities format it on their screens; None if it is none.

    The digits at its end count, after at least one other character. Source: docs/sonoran-cad.md,
    "Call".
    """
    digits = text[len(text.rstrip(_DIGITS)) :]
    is_formatted = 0 < len(digits) < len(text) and not any(map(str.isspace, text))
    return int(digits) if is_formatted and len(digits) <= len(str(MAX_CALL_ID)) else None
