"""Accepting and resolving orders, on a real file with a scripted CAD."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.cad.models import Unit, UnitListPart
from bot.services.orders import outcomes
from bot.services.orders.intake import OrderIntake
from bot.services.orders.order_resolver import OrderResolver
from bot.services.orders.outcomes import Outcome
from bot.services.reply import ReplyAddress
from bot.services.targets.resolution import Resolution
from bot.storage.stores.link_store import LinkStore
from bot.storage.stores.order_store import OrderState
from tests.services.queue_fixture import QueueFixture, ScriptedCad
from tests.services.samples import DISPATCH_ROLE, actor

DANA = actor(DISPATCH_ROLE, user_id=42)
REPLY = ReplyAddress(7, "secret")
PAT, ALICE, BOB = 1001, 1002, 1003


class CadWithUnits(ScriptedCad):
    """A scripted CAD that lists units on duty and knows no account."""

    on_duty: list[Unit]
    is_loading = False  # whether the rate limit has allowed only a part of the list

    async def units(self, server_id: int) -> UnitListPart:
        await self._ask("units")
        whole = UnitListPart.whole(self.on_duty)
        if not self.is_loading:
            return whole
        loaded = len(self.on_duty)
        return replace(whole, is_complete=False, listed=None, retry_after=30.0, loaded=loaded)

    async def get_account_by_discord_id(self, discord_id: int) -> None:
        self.asked["account_of"] += 1


@dataclass
class OrderFixture:
    """The intake and the resolver; `on_duty` are the units that the CAD lists."""

    queue_fixture: QueueFixture
    intake: OrderIntake
    resolver: OrderResolver
    links: LinkStore
    on_duty: list[Unit]

    def later(self, elapsed: timedelta) -> None:
        """Advance the time."""
        self.queue_fixture.time._elapsed += elapsed.total_seconds()

    async def done(self, **more: Any) -> int:
        """Leave a closed order in the file."""
        people = tuple(map(self.queue_fixture.assignee, (1, 2)))
        people = (people[0], replace(people[1], discord_id=None))
        order = await self.queue_fixture.accept(
            "1 2",
            **{
                "state": OrderState.DONE,
                "finished_at": self.queue_fixture.time.now(),
                "resolution": outcomes.RESOLUTION_JSON.dump_json(Resolution(people)).decode(),
                "outcome": outcomes.OUTCOME_JSON.dump_json(Outcome(None, 1.0)).decode(),
                **more,
            },
        )
        return order.id
