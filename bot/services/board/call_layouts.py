"""What a call of a custom layout shows, in the community's own words."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.cad.errors import CadError
from bot.cad.layouts import Layout
from bot.cad.models import Call
from bot.common.clock import Clock
from bot.services.cached_list import CachedList

RELOAD_INTERVAL = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class LayoutDetails:
    """The part of a call that only its layout explains.

    Attributes:
        name: of the layout; empty if it is not known.
        status: as the community calls it; empty if the call has none.
        fields: label and text of each field, in the call's order.
    """

    name: str = ""
    status: str = ""
    fields: tuple[tuple[str, str], ...] = ()


NO_DETAILS = LayoutDetails()


class CallLayouts:
    """Names the fields of calls; loads the layouts in the background when a call needs them.

    Args:
        load: asks the CAD for all layouts; raises CadError.
    """

    def __init__(self, load: Callable[[], Awaitable[tuple[Layout, ...]]], *, clock: Clock) -> None:
        self._clock = clock
        self._layouts: CachedList[Layout] = CachedList(
            "the layouts of calls", load, expected=CadError, clock=clock
        )
        self._loaded_at = -math.inf

    def details(self, call: Call) -> LayoutDetails:
        """Return the details of a call, from memory; fields of an unknown layout keep their ids."""
        if not call.template and not call.values and not call.status_id:
            return NO_DETAILS
        if self._clock.monotonic() - self._loaded_at >= RELOAD_INTERVAL:
            self._loaded_at = self._clock.monotonic()
            self._layouts.force_refresh()
        return details(call, {one.template_id: one for one in self._layouts.items})

    def title(self, call: Call) -> str:
        """Return what a call is called, from memory; see `call_title`."""
        return call_title(call, self.details(call))

    async def close(self) -> None:
        """Cancel what is being loaded."""
        await self._layouts.close()


def call_title(call: Call, shown: LayoutDetails) -> str:
    """Return the title of a call, else its code or the name of its layout; empty if it has none."""
    return call.title or call.code or shown.name


def details(call: Call, layouts: dict[str, Layout]) -> LayoutDetails:
    """Return the details of a call; a text that the call shows anyway is not repeated. Pure."""
    layout = layouts.get(call.template) or Layout(call.template, "")
    shown = {
        *(call.title, call.code, call.description, call.block, call.address, call.postal),
        *(call.priority_text or str(call.priority), call.status_id),
    }
    return LayoutDetails(
        layout.name,
        layout.status_label(call.status_id),
        tuple(
            (layout.field_label(key), text)
            for key, text in call.values.items()
            if text not in shown
        ),
    )
