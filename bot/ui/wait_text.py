"""Say what an order, or a check of links, waits for at the CAD."""

from __future__ import annotations

from datetime import datetime

from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadUnavailable,
    CadUnreachable,
    UnitListIncomplete,
    UnitListOutdated,
)
from bot.ui.text import code_span, timestamp


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
