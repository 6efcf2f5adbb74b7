"""Redact a person from a closed order. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from bot.common.steam_id import identity
from bot.services.orders import outcomes
from bot.services.orders.outcomes import Outcome
from bot.services.targets import grammar
from bot.services.targets.resolution import Assignee, Resolution
from bot.services.targets.skipped_target import SkippedTarget
from bot.services.targets.terms import SELF_KEYWORD, format_ident
from bot.storage.stores.order_store import Order, OrderState

ERASED_ID = 0  # stands for the Discord id of an erased user

_SEPARATORS = re.compile(r"[\s,;|]+")


def redact(order: Order, discord_id: int, api_ids: Collection[str]) -> Order | None:
    """Return a closed order without a person; None if nothing else is left of the order.

    Args:
        api_ids: the known API ids of the person.
    """
    view = outcomes.decode_view(order)
    if view.order.state is OrderState.UNREADABLE:
        return None  # it cannot be said what else it holds
    person = _PersonMatcher(order, view.resolution, discord_id, api_ids)
    rest = replace(
        view.resolution,
        assignees=tuple(one for one in view.resolution.assignees if not person.matches(one)),
        # What a word may have meant is offered while the answer is fresh; no record needs it.
        left_out=tuple(
            replace(one, near=())
            for one in view.resolution.left_out
            if not person.matches_skipped(one)
        ),
        excluded=tuple(one for one in view.resolution.excluded if not person.matches(one)),
    )
    # The stored members of roles and channels are dropped: a closed order does not need them.
    typed = _SEPARATORS.split(grammar.remove_member_ids(order.units))
    tokens = [one for one in typed if one and not person.matches_text(one)]
    if order.units and not tokens and not rest.assignees and not rest.left_out:
        return None
    return replace(
        _anonymised(order) if order.actor_id == discord_id else order,
        units=" ".join(tokens),
        people=order.people - {discord_id},
        resolution=outcomes.RESOLUTION_JSON.dump_json(rest).decode() if order.resolution else None,
        outcome=_without_missing(view.outcome, person.identities),
    )


class _PersonMatcher:
    """Finds a person in all the ways in which an order may name them.

    Attributes:
        identities: of the person's API ids, equal for all spellings of one id.
    """

    def __init__(
        self, order: Order, resolution: Resolution, discord_id: int, api_ids: Collection[str]
    ) -> None:
        resolved = (*resolution.assignees, *resolution.excluded)
        self._discord_id = discord_id
        self._is_actor = order.actor_id == discord_id
        self.identities = {identity(one) for one in api_ids}
        self.identities |= {
            identity(one.api_id) for one in resolved if one.discord_id == discord_id
        }
        self._matched = [one for one in resolved if self._matches_id(one)]
        units = [one.unit for one in self._matched if one.unit]
        self.identities |= {identity(api_id) for unit in units for api_id in unit.api_ids}
        self._unit_words = {unit.number.casefold() for unit in units if unit.number}
        self._unit_words |= {format_ident(unit.ident) for unit in units}

    def matches(self, assignee: Assignee) -> bool:
        """Return True if a resolved unit is the person."""
        return assignee in self._matched

    def matches_skipped(self, skipped: SkippedTarget) -> bool:
        """Return True if a skipped target is the person."""
        return skipped.target.member_id == self._discord_id or self.matches_text(
            skipped.target.text
        )

    def matches_text(self, word: str) -> bool:
        """Return True if a typed word names the person."""
        return (
            (self._is_actor and word.casefold().partition(":")[0] == SELF_KEYWORD)
            or str(self._discord_id) in word
            or identity(word) in self.identities
            or word.casefold() in self._unit_words
        )

    def _matches_id(self, assignee: Assignee) -> bool:
        units_ids = assignee.unit.api_ids if assignee.unit else ()
        return assignee.discord_id == self._discord_id or any(
            identity(api_id) in self.identities for api_id in (assignee.api_id, *units_ids)
        )


def _without_missing(outcome: Outcome | None, identities: Collection[str]) -> str | None:
    """Return an outcome as JSON, without these ids among the missing ones."""
    if outcome is None:
        return None
    missing = tuple(one for one in outcome.missing if identity(one) not in identities)
    return outcomes.OUTCOME_JSON.dump_json(replace(outcome, missing=missing)).decode()


def _anonymised(order: Order) -> Order:
    """Return an order without its actor, and what the actor has written; it needs no answer."""
    detail = outcomes.decode_view(order).detail
    written = replace(detail, text="", label="", new=None)
    return replace(
        order,
        actor_id=ERASED_ID,
        token=None,
        reply_id=None,
        answered=True,
        detail=order.detail and outcomes.encode_detail(written),
    )
