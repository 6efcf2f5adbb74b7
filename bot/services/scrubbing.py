"""Take a person out of an order that is over. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from bot.services import outcomes, target_words
from bot.services.outcomes import Outcome
from bot.services.targets import Assignee, LeftOut
from bot.storage.orders import Order
from bot.storage.spelling import identity

NOBODY = 0  # the Discord id of whoever is forgotten

_SEPARATORS = re.compile(r"[\s,;|]+")


def without(order: Order, discord_id: int, api_ids: Collection[str]) -> Order | None:
    """Return a closed order without a person; None where nothing is left of it then.

    Args:
        api_ids: what the person is called in the CAD, as far as is known.
    """
    seen = outcomes.view(order)
    everyone = (*seen.resolution.assignees, *seen.resolution.excluded)
    named = [one for one in everyone if one.discord_id == discord_id]
    identities = {identity(one) for one in api_ids}
    identities |= {identity(one.api_id) for one in named}

    def is_person(one: Assignee) -> bool:
        units_ids = one.unit.api_ids if one.unit else ()
        return one.discord_id == discord_id or any(
            identity(api_id) in identities for api_id in (one.api_id, *units_ids)
        )

    gone = [one for one in everyone if is_person(one)]
    identities |= {identity(api_id) for one in gone if one.unit for api_id in one.unit.api_ids}
    numbers = {one.unit.number.casefold() for one in gone if one.unit and one.unit.number}

    def names_person(word: str) -> bool:
        is_me = word.casefold() == "me" and order.actor_id == discord_id
        return (
            is_me
            or str(discord_id) in word
            or identity(word) in identities
            or word.casefold() in numbers
        )

    def is_left_out(one: LeftOut) -> bool:
        return one.target.member_id == discord_id or names_person(one.target.text)

    rest = replace(
        seen.resolution,
        assignees=tuple(one for one in seen.resolution.assignees if one not in gone),
        left_out=tuple(one for one in seen.resolution.left_out if not is_left_out(one)),
        excluded=tuple(one for one in seen.resolution.excluded if one not in gone),
    )
    # Who was in a role or a channel is of no use any more: the order is closed.
    typed = _SEPARATORS.split(target_words.as_typed(order.units))
    words = [one for one in typed if one and not names_person(one)]
    if not words and not rest.assignees and not rest.left_out:
        return None
    return replace(
        _unsigned(order) if order.actor_id == discord_id else order,
        units=" ".join(words),
        people=order.people - {discord_id},
        resolution=outcomes.write_resolution(rest) if order.resolution else None,
        outcome=_not_missing(seen.outcome, identities),
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
