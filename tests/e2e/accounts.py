"""Accounts of the pretend CAD, for tests about who is who."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.cad.state import seed
from sandbox.cad.state.models import Account
from tests.e2e.bot_fixture import BotFixture


def change_account(bot_fixture: BotFixture, username: str, **changes: Any) -> Account:
    """Change the account with a user name, also on its units, and return it."""
    community = bot_fixture.world.communities[seed.COMMUNITY_ID]
    (account,) = [one for one in community.accounts.values() if one.username == username]
    account = replace(account, **changes)
    bot_fixture.world.put_account(community, account)
    return account


def link_discord(bot_fixture: BotFixture, username: str, **changes: Any) -> Account:
    """Let the member of this name link Discord in the CAD."""
    member = bot_fixture.members[username]
    return change_account(bot_fixture, username, discord_id=member.id, **changes)


def account_requests(bot_fixture: BotFixture) -> int:
    """Return how often the CAD was asked for an account."""
    return len(bot_fixture.world.requests("v2 account"))
