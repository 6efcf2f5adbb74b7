"""What one lookup of an order's units found out about the CAD."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.cad.errors import CadError
from bot.services.cad_backoff import CadBackoff


def _noop() -> None: ...


@dataclass(slots=True)
class CadLookup:
    """State of one attempt to find the units of an order.

    Attributes:
        on_start: called before the CAD is asked, which takes a while; not where memory is enough.
        was_asked: whether the CAD was asked.
        error: why the CAD did not answer everything, where a later attempt may succeed.
    """

    on_start: Callable[[], None] = _noop
    was_asked: bool = False
    error: CadError | None = None

    def started(self) -> None:
        """Record that the CAD is being asked."""
        if not self.was_asked:
            self.was_asked = True
            self.on_start()

    def failed(self, error: CadError) -> None:
        """Record that the CAD did not answer."""
        if CadBackoff.is_transient(error):
            self.error = error
