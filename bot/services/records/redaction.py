"""Take a person out of an order that is over. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from bot.services.orders import outcomes
from bot.services.orders.outcomes import Outcome
from bot.services.targets import grammar
from bot.services.targets.resolution import Assignee, LeftOut, Resolution
from bot.storage.id_spelling import identity
from bot.storage.stores.order_store import Order

NOBODY = 0  # the Discord id of whoever is forgotten

_SEPARATORS = re.compile(r"[\s,;|]+")


def without(order: Order, discord_id: int, api_ids: Collection[str]) -> Order | None:
    """Return a closed order without a person; None where nothing is left of it then.

    Args:
        api_ids: what the person is called in the CAD, as far as is known.
    """
    seen = outcomes.view(order)
    person = _Person(order, seen.resolution, discord_id, api_ids)
    rest = replace(
        seen.resolution,
        assignees=tuple(one for one in seen.resolution.assignees if not person.is_meant(one)),
        left_out=tuple(one for one in seen.resolution.left_out if not person.is_left_out(one)),
        excluded=tuple(one for one in seen.resolution.excluded if not person.is_meant(one)),
    )
    # Who was in a role or a channel is of no use any more: the order is closed.
    typed = _SEPARATORS.split(grammar.as_typed(order.units))
    words = [one for one in typed if one and not person.is_named(one)]
    if not words and not rest.assignees and not rest.left_out:
        return None
    return replace(
        _unsigned(order) if order.actor_id == discord_id else order,
        units=" ".join(words),
        people=order.people - {discord_id},
        resolution=outcomes.write_resolution(rest) if order.resolution else None,
        outcome=_not_missing(seen.outcome, person.identities),
    )


class _Person:
    """Whoever is to be forgotten, in all the ways in which an order may name them.

    Attributes:
        identities: what the spellings of each of their ids have in common.
    """

    def __init__(
        self, order: Order, resolution: Resolution, discord_id: int, api_ids: Collection[str]
    ) -> None:
        everyone = (*resolution.assignees, *resolution.excluded)
        self._discord_id = discord_id
        self._is_giver = order.actor_id == discord_id
        self.identities = {identity(one) for one in api_ids}
        self.identities |= {
            identity(one.api_id) for one in everyone if one.discord_id == discord_id
        }
        self._gone = [one for one in everyone if self._is_known_as(one)]
        units = [one.unit for one in self._gone if one.unit]
        self.identities |= {identity(api_id) for unit in units for api_id in unit.api_ids}
        self._numbers = {unit.number.casefold() for unit in units if unit.number}

    def is_meant(self, one: Assignee) -> bool:
        """Tell whether an order has found them."""
        return one in self._gone

    def is_left_out(self, one: LeftOut) -> bool:
        """Tell whether an order has left them out."""
        return one.target.member_id == self._discord_id or self.is_named(one.target.text)

    def is_named(self, word: str) -> bool:
        """Tell whether a word of what was typed means them."""
        return (
            (self._is_giver and word.casefold() == "me")
            or str(self._discord_id) in word
            or identity(word) in self.identities
            or word.casefold() in self._numbers
        )

    def _is_known_as(self, one: Assignee) -> bool:
        units_ids = one.unit.api_ids if one.unit else ()
        return one.discord_id == self._discord_id or any(
            identity(api_id) in self.identities for api_id in (one.api_id, *units_ids)
        )


def _not_missing(outcome: Outcome | None, identities: Collection[str]) -> str | None:
    """Spell an outcome that says of none of these ids that the CAD did not show it."""
    if outcome is None:
        return None
    missing = tuple(one for one in outcome.missing if identity(one) not in identities)
    return outcomes.write_outcome(replace(outcome, missing=missing))


def _unsigned(order: Order) -> Order:
    """Return an order that nobody gave, and of whose end nobody is told any more."""
    return replace(order, actor_id=NOBODY, token=None, reply_id=None, answered=True)
