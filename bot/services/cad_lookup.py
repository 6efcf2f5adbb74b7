"""What is heard of the CAD while somebody finds out whom an order is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.cad.errors import CadError
from bot.services.cad_backoff import CadBackoff


def _noop() -> None: ...


@dataclass(slots=True)
class CadLookup:
    """Goes along with one attempt to make an order out.

    Attributes:
        begins: called before the CAD is asked, which takes a while; not where memory is enough.
        asked: whether the CAD was asked.
        doubt: why the CAD did not say everything, where it may do so later.
    """

    on_start: Callable[[], None] = _noop
    was_asked: bool = False
    error: CadError | None = None

    def started(self) -> None:
        """Take note that the CAD is being asked."""
        if not self.was_asked:
            self.was_asked = True
            self.on_start()

    def failed(self, error: CadError) -> None:
        """Take note that the CAD did not say what it was asked."""
        if CadBackoff.is_transient(error):
            self.error = error
