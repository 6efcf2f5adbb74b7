"""What is heard of the CAD while somebody finds out whom an order is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.cad.errors import CadError
from bot.services.cad_backoff import Outage


def _nobody_minds() -> None: ...


@dataclass(slots=True)
class Inquiry:
    """Goes along with one attempt to make an order out.

    Attributes:
        begins: called before the CAD is asked, which takes a while; not where memory is enough.
        asked: whether the CAD was asked.
        doubt: why the CAD did not say everything, where it may do so later.
    """

    begins: Callable[[], None] = _nobody_minds
    asked: bool = False
    doubt: CadError | None = None

    def begin(self) -> None:
        """Take note that the CAD is being asked."""
        if not self.asked:
            self.asked = True
            self.begins()

    def failed(self, error: CadError) -> None:
        """Take note that the CAD did not say what it was asked."""
        if Outage.may_pass(error):
            self.doubt = error
