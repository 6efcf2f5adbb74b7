"""Whom a request means: which units and which accounts answer to an id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.cad.state.models import Account, Unit


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a request means: API ids, one account, or unit ids (the first one given counts)."""

    api_ids: tuple[str, ...] = ()
    account: str | None = None
    ident_ids: tuple[int, ...] = ()


def find_units(target: Target, units: Iterable[Unit], *, strip_prefix: bool) -> tuple[Unit, ...]:
    """Find the units on duty that a target means; unknown ones are silently absent."""
    on_duty = [unit for unit in units if unit.on_duty]
    if target.api_ids:
        found = (
            unit
            for api_id in target.api_ids
            for unit in on_duty
            if has_id(unit.account, api_id, strip_prefix=strip_prefix)
        )
    elif target.account is not None:
        found = (unit for unit in on_duty if unit.account.uuid == target.account)
    else:
        found = (unit for ident in target.ident_ids for unit in on_duty if unit.id == ident)
    return tuple({unit.id: unit for unit in found}.values())


def has_id(account: Account, api_id: str, *, strip_prefix: bool) -> bool:
    """Tell whether an account carries an API id; the prefix is what stands before a colon."""
    if not strip_prefix:
        return api_id in account.api_ids
    return _without_prefix(api_id) in {_without_prefix(known) for known in account.api_ids}


def _without_prefix(api_id: str) -> str:
    return api_id.rpartition(":")[2]
