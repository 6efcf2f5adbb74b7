"""Tells whether a call number still means the same call. Pure.

After a restart the CAD counts its calls and 911 calls from the start, so a number can come back.
"""

from __future__ import annotations

from hashlib import blake2b

from bot.cad.models import Call, EmergencyCall

_EMPTY = "-"


def call_subject(call: Call | EmergencyCall) -> str:
    """Return digests of what a call is about, which tell it apart from others of its number.

    For a 911 call: caller and place. For a dispatch call: title, place and description. Only
    digests are stored, because callers are people.
    """
    if isinstance(call, EmergencyCall):
        return _digests(call.caller, call.location)
    place = f"{call.block} {call.address} {call.postal}"
    return _digests(call.title or call.code, place, call.description)


def is_other_call(call: Call | EmergencyCall, known: str | None) -> bool:
    """Return whether a call is another one than that of a known subject.

    A 911 call keeps its caller and its place. A dispatch call may be edited: it counts as another
    one only if it has another title, another place and another description.
    """
    if known is None:
        return False
    pairs = list(zip(call_subject(call).split(), known.split(), strict=False))
    if isinstance(call, EmergencyCall):
        return any(new != old for new, old in pairs)
    return all(new != old and _EMPTY not in {new, old} for new, old in pairs)


def _digests(*texts: str) -> str:
    return " ".join(map(_digest, texts))


def _digest(text: str) -> str:
    words = " ".join(text.casefold().split())
    return blake2b(words.encode(errors="replace"), digest_size=6).hexdigest() if words else _EMPTY
