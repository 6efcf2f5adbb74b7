"""Turn errors of the CAD into texts for users: what happened, then what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.cad.errors import (
    ApiForbidden,
    ApiNotEnabled,
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnnumbered,
    CadUnreachable,
    InvalidApiKey,
    InvalidCommunity,
    InvalidRequestType,
    UnitListIncomplete,
    UnitListOutdated,
    UnitNotAddressable,
)
from bot.ui.text import code_span, timestamp

TELL_OPERATOR = "Tell the person who runs this bot"
_REFUSAL_ADVICE: Mapping[type[CadRefused], str] = {
    InvalidRequestType: f"{TELL_OPERATOR}: this CAD accepts none of the bot's attach requests.",
    InvalidCommunity: f"{TELL_OPERATOR}: SONORAN_COMMUNITY_ID is wrong.",
    ApiNotEnabled: (f"{TELL_OPERATOR}: attaching over API 1 needs the Plus plan or a higher one."),
    ApiForbidden: f"{TELL_OPERATOR}: the CAD does not let SONORAN_API_KEY use its API 2.",
    InvalidApiKey: f"{TELL_OPERATOR}: SONORAN_API_KEY is wrong.",
}


def cad_message(error: CadError) -> str:
    """Return why the CAD did not do what was requested, and what to do."""
    said = f" It said: {code_span(error.text)}." if error.text else ""
    match error:
        case UnitNotAddressable():
            text = "This CAD needs an API id here, and the unit has none. Link its member first."
        case CadRefused():
            refusal = code_span(error.text or f"status {error.status}")
            text = f"The CAD refused: {refusal}. {_REFUSAL_ADVICE.get(type(error), '')}"
        case CadRateLimited():
            text = f"The CAD takes no more requests for now. {_retry_hint(error.retry_after)}"
        case CadTimeout():
            text = (
                "Sonoran CAD did not answer in time. It may have been done: check the call, then"
                " try again."
            )
        case CadBrokenOff():
            text = (
                f"The connection to Sonoran CAD broke ({code_span(error.text, 80)})."
                " Check the call, then try again."
            )
        case CadUnreachable():
            reason = code_span(error.text, 80)
            text = f"Sonoran CAD cannot be reached ({reason}). Try again in a minute."
        case CadUnavailable():
            text = f"Sonoran CAD has a fault ({error.status}). Try again in a minute.{said}"
        case CadRedirected():
            text = (
                f"The CAD's address redirects to another one. {TELL_OPERATOR}: check"
                " SONORAN_API_URL."
            )
        case CadUnnumbered():
            text = (
                f"It was done, but the CAD did not say the number of the new call.{said}"
                " Check the calls before you try again."
            )
        case _:
            text = f"The CAD's answer cannot be read.{said} {TELL_OPERATOR}: check SONORAN_API_URL."
    return text.rstrip()


def wait_reason(error: CadError) -> str:
    """Return why an order waits for the CAD, as one sentence."""
    match error:
        case UnitListIncomplete(loaded=loaded, as_of=datetime() as as_of):
            return list_incomplete(loaded, as_of)
        case UnitListOutdated(as_of=datetime() as as_of):
            return (
                f"The list of units on duty was read {timestamp(as_of, 'R')}, and the CAD does not"
                " show it again yet."
            )
        case CadRateLimited():
            return "Sonoran CAD takes no more requests for now."
        case CadUnavailable():
            return f"Sonoran CAD has a fault ({error.status})."
        case CadUnreachable():
            return f"Sonoran CAD cannot be reached ({code_span(error.text, 80)})."
        case _:
            return "Sonoran CAD is not answering."


def list_incomplete(loaded: int, as_of: datetime) -> str:
    """Return that the list of units is still loading, and how far it is, as one sentence."""
    return (
        f"The list of units on duty is still loading: {loaded} so far, as of"
        f" {timestamp(as_of, 'R')}."
    )


def error_label(error: CadError) -> str:
    """Return a short name of an error, for lists."""
    return code_span(error.text or type(error).__name__, 80)


def _retry_hint(seconds: float | None) -> str:
    if not seconds:
        return "Try again in a minute."
    whole = max(1, round(seconds))
    return f"Try again in {whole} second{'' if whole == 1 else 's'}."
