"""What a call of a custom layout shows, in the community's own words."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.cad.errors import CadError
from bot.cad.layouts import Layout
from bot.cad.models import Call
from bot.common.clock import Clock
from bot.services.cached_list import CachedList

RELOAD_INTERVAL = 600.0  # seconds
# The texts of a call that a field of its layout can stand for. No page lists the bindings of places
# and titles: those that are named like the call's own field are taken, all others stay under their
# label.
BINDABLE = ("title", "code", "block", "address", "postal")


@dataclass(frozen=True, slots=True)
class LayoutDetails:
    """The part of a call that only its layout explains.

    Attributes:
        name: of the layout; empty if it is not known.
        status: as the community calls it; empty if the call has none.
        fields: label and text of each field, in the call's order.
        bound_texts: the title, code and place that the call itself lacks and a field of the layout
            has, by their names in `Call`.
    """

    name: str = ""
    status: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    bound_texts: tuple[tuple[str, str], ...] = ()


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
        if call.layout:
            return details(call, call.layout)
        if self._clock.monotonic() - self._loaded_at >= RELOAD_INTERVAL:
            self._loaded_at = self._clock.monotonic()
            self._layouts.force_refresh()
        known = (one for one in self._layouts.items if one.template_id == call.template)
        return details(call, next(known, Layout(call.template, "")))

    def complete(self, call: Call) -> Call:
        """Return a call with title and place, from memory; see `complete`."""
        return complete(call, self.details(call))

    async def close(self) -> None:
        """Cancel what is being loaded."""
        await self._layouts.close()


def complete(call: Call, shown: LayoutDetails) -> Call:
    """Return a call with the title and the place that its layout has for it.

    Without any title, its code or the name of its layout stands for one.
    """
    if call.title and not shown.bound_texts:
        return call
    texts: dict[str, Any] = dict(shown.bound_texts)
    bound = replace(call, **texts)
    return replace(bound, title=bound.title or bound.code or shown.name)


def details(call: Call, layout: Layout) -> LayoutDetails:
    """Return the details of a call; a text that the call shows anyway is not repeated. Pure."""
    bound = tuple(
        (name, text)
        for name in BINDABLE
        if not getattr(call, name) and (text := call.values.get(layout.bindings.get(name, "")))
    )
    shown = {
        *(call.title, call.code, call.description, call.block, call.address, call.postal),
        *(call.priority_text or str(call.priority), call.status_id),
        *(text for _, text in bound),
    }
    return LayoutDetails(
        layout.name,
        layout.status_label(call.status_id),
        tuple(
            (layout.field_label(key), text)
            for key, text in call.values.items()
            if text not in shown
        ),
        bound,
    )
