"""Accounts of the sandbox that differ: linked to Discord, granular permissions, an owner, banned.

Reference: docs/sonoran-cad.md, "Account" and "Who is who".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import IntEnum
from typing import Any

from sandbox.cad.state import seed
from sandbox.cad.state.models import Account, Community
from sandbox.cad.state.seed import Person
from sandbox.cad.state.world import CadWorld


class AccountStatus(IntEnum):
    """The state of an account; the CAD answers for every one of them."""

    PENDING = 0
    VALIDATED = 1
    EXPIRED = 2
    REMOVED = 3
    BANNED = 4


# The people who have linked Discord in the CAD. Charlie has no other link at the start.
LINKED_TO_DISCORD = (seed.DANA, seed.PAT, seed.CHARLIE)

_CHANGES: Mapping[Person, dict[str, Any]] = {
    seed.DANA: {"is_owner": True, "grants": frozenset({"global.dispatch", "global.police"})},
    seed.PAT: {"grants": frozenset({"global.selfDispatch", "global.police"})},
    seed.CASEY: {"status": AccountStatus.BANNED},
    seed.QUINN: {"status": AccountStatus.EXPIRED},
}


def add_account_states(world: CadWorld, discord_ids: Mapping[str, int]) -> None:
    """Give the accounts of the seed their states.

    Args:
        discord_ids: the Discord id of each member, by the name of the person.
    """
    community = world.communities[seed.COMMUNITY_ID]
    for person, changes in _CHANGES.items():
        world.put_account(community, replace(_account(community, person), **changes))
    for person in LINKED_TO_DISCORD:
        linked = replace(_account(community, person), discord_id=discord_ids[person.name])
        world.put_account(community, linked)


def toggle_ban(world: CadWorld, community: Community, uuid: str) -> Account:
    """Ban an account, or lift its ban; return it."""
    account = community.accounts[uuid]
    is_valid = account.status == AccountStatus.VALIDATED
    status = AccountStatus.BANNED if is_valid else AccountStatus.VALIDATED
    account = replace(account, status=status)
    world.put_account(community, account)
    return account


def _account(community: Community, person: Person) -> Account:
    (found,) = [one for one in community.accounts.values() if one.username == person.name.lower()]
    return found
