"""Finds the units that a request names, and the accounts that have an API id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.cad.state.models import Account, Unit


@dataclass(frozen=True, slots=True)
class Target:
    """The units that a request names: by API ids, by account UUID, or by idents.

    The first of these that is given counts.
    """

    api_ids: tuple[str, ...] = ()
    account: str | None = None
    ident_ids: tuple[int, ...] = ()


def find_units(target: Target, units: Iterable[Unit], *, strip_prefix: bool) -> tuple[Unit, ...]:
    """Find the units on duty that a target names; unknown ids are ignored."""
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
    """Return True if an account has an API id.

    Args:
        strip_prefix: compare the ids without the part before the colon.
    """
    if not strip_prefix:
        return api_id in account.api_ids
    return _without_prefix(api_id) in {_without_prefix(known) for known in account.api_ids}


def _without_prefix(api_id: str) -> str:
    return api_id.rpartition(":")[2]
