"""A 911 call becomes one dispatch call, whatever fails on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from bot.cad.errors import CadRateLimited, CadUnnumbered
from bot.cad.models import Call, Calls, EmergencyCall, NewCall
from bot.common.clock import SYSTEM_CLOCK
from bot.services.access.policy import Access
from bot.services.board.live_board import Board
from bot.services.calls.call_actions import CallActions
from bot.services.errors import NoTargets
from bot.services.reply import ReplyAddress
from tests.manual_clock import ManualClock
from tests.services.samples import DISPATCH_ROLE, ONE_SERVER, actor

NUMBER = 7
DANA = actor(DISPATCH_ROLE)
REPLY = ReplyAddress(1, "token")


class FakeCad:
    """Stores calls; raises the errors that a test sets."""

    def __init__(self) -> None:
        self.dispatch: list[Call] = []
        self.emergencies = [EmergencyCall(NUMBER, True, "Jane", "Grove Street", "Shots")]
        self.creating: Exception | None = None
        self.removing: Exception | None = None
        self.keeps_what_it_does_not_number = True

    async def calls(self, server_id: int) -> Calls:
        return Calls(tuple(self.dispatch), tuple(self.emergencies))

    async def create_call(self, new: NewCall) -> int:
        if self.creating is None or self.keeps_what_it_does_not_number:
            self.dispatch.append(Call(100, new.title, "", (), meta=new.meta))
        if self.creating:
            raise self.creating
        return 100

    async def remove_emergency_call(self, server_id: int, number: int) -> None:
        if self.removing:
            raise self.removing
        self.emergencies.clear()


class FakeIntake:
    async def attach(self, *_args: Any, call: int, server_id: int) -> int:
        return call


@pytest.fixture
def cad() -> FakeCad:
    return FakeCad()


@pytest.fixture
def board(cad: FakeCad) -> Board:
    return Board(cast(Any, cad), clock=SYSTEM_CLOCK)


MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def acts(cad: FakeCad, board: Board) -> CallActions:
    access = Access(frozenset({DISPATCH_ROLE}))
    return CallActions(
        access,
        cast(Any, cad),
        board,
        intake=cast(Any, FakeIntake()),
        resolver=cast(Any, None),
        links=cast(Any, None),
        server_labels=ONE_SERVER.labels,
        clock=ManualClock(MIDNIGHT),
    )


async def responded(acts: CallActions) -> int:
    """Respond, and return the call of the order."""
    return cast(int, await acts.respond_to_911(DANA, REPLY, 1, NUMBER, "me"))


async def test_a_call_that_was_created_without_a_number_is_found(
    acts: CallActions, cad: FakeCad
) -> None:
    cad.creating = CadUnnumbered("DONE")
    assert await responded(acts) == 100
    assert cad.emergencies == []


async def test_one_that_cannot_be_found_is_told(acts: CallActions, cad: FakeCad) -> None:
    cad.creating, cad.keeps_what_it_does_not_number = CadUnnumbered("DONE"), False
    with pytest.raises(CadUnnumbered):
        await acts.respond_to_911(DANA, REPLY, 1, NUMBER, "me")
    assert cad.emergencies


async def test_help_goes_even_where_the_911_call_stays(
    acts: CallActions, cad: FakeCad, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    cad.removing = CadRateLimited()
    assert await responded(acts) == 100
    assert "stays listed" in caplog.text
    assert NUMBER in board.snapshot(1).emergencies
    assert await responded(acts) == 100
    assert len(cad.dispatch) == 1


async def test_nothing_is_created_without_a_unit(acts: CallActions, cad: FakeCad) -> None:
    with pytest.raises(NoTargets):
        await acts.respond_to_911(DANA, REPLY, 1, NUMBER, "  ")
    assert cad.dispatch == []
