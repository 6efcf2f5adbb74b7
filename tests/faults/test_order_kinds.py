"""Whatever the CAD does to an order of any kind: it is answered once, done once, and told truly."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from unittest.mock import patch

import discord
import pytest
from aiohttp import web
from discord.ui import Button, Select, View
from simcord.backend.models import ResponseKind
from simcord.results import InteractionResult, ResponseMessage, to_discord_message

from bot.storage.stores.order_store import OrderAction
from sandbox.cad.state.faults import (
    BAD_GATEWAY,
    CHALLENGE,
    Fault,
    Handler,
    RateLimited,
    Reset,
    Text,
)
from tests.faults.conftest import CALM
from tests.faults.fault_fixture import FaultFixture, HeldAnswer, unit_number
from tests.order_samples import EVERY_REQUEST, REQUEST_IDS, SAMPLES, OrderSample, Subject, is_order

PERSON = 7
LONG = 180.0  # seconds, enough for what passes by
FOR_GOOD = 16 * 60.0  # seconds, more than an order can wait
NOT_CERTAIN = "❌ It is not certain whether"


@dataclass(slots=True)
class AtRequest(Fault):
    """Meets some of the requests that change the CAD: the first after `skip` others."""

    fault: Fault
    skip: int
    times: int

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        if not is_order(request) or self.times == 0:
            return await handler(request)
        if self.skip:
            self.skip -= 1
            return await handler(request)
        self.times -= 1
        return await self.fault.answer(request, handler)


@dataclass(frozen=True, slots=True)
class AfterDone(Fault):
    """Carry out the request; the fault is in the answer."""

    fault: Fault

    async def answer(self, request: web.Request, handler: Handler, /) -> web.StreamResponse:
        await handler(request)

        async def given_up(_: web.Request) -> web.StreamResponse:
            return web.Response(status=499, text="client closed request")

        return await self.fault.answer(request, given_up)


@dataclass(frozen=True, slots=True)
class Case:
    """Something that goes wrong with a request.

    Attributes:
        make: builds it.
        times: how many requests it meets.
        passes: the order is done in the end.
    """

    make: Callable[[FaultFixture], Fault]
    times: int = 1
    passes: bool = True


CASES = {
    "slow": Case(lambda fixture: HeldAnswer(fixture.network, 8), times=2),
    "no answer": Case(lambda fixture: HeldAnswer(fixture.network, FOR_GOOD), times=2),
    "done, no answer": Case(lambda fixture: AfterDone(HeldAnswer(fixture.network, FOR_GOOD))),
    "done, reset": Case(lambda _: Reset()),
    "429": Case(lambda _: RateLimited(), times=2),
    "429 seconds": Case(lambda _: RateLimited(20)),
    "502": Case(lambda _: BAD_GATEWAY, times=2),
    "done, 502": Case(lambda _: AfterDone(BAD_GATEWAY)),
    "unreadable": Case(lambda _: CHALLENGE, passes=False),
    "done, unreadable": Case(lambda _: AfterDone(CHALLENGE), passes=False),
    "refused": Case(lambda _: Text(400, "NOT TODAY"), passes=False),
}

v1_and_v2 = pytest.mark.parametrize("version", [1, 2], ids=["v1", "v2"])


def test_every_kind_is_here():
    assert set(SAMPLES) == set(OrderAction) - {OrderAction.UNREADABLE}
    assert {action for action, _ in EVERY_REQUEST} == set(SAMPLES)


@v1_and_v2
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize(("action", "number"), EVERY_REQUEST, ids=REQUEST_IDS)
async def test_an_order_is_done_once_and_its_answer_is_true(
    fault_fixture: FaultFixture, action: OrderAction, number: int, case: Case
) -> None:
    subject = await prepare(fault_fixture, action)
    fault = AtRequest(case.make(fault_fixture), number, case.times)
    fault_fixture.cad.faults.set(fault)
    given = await give(fault_fixture, SAMPLES[action].about(subject))
    await fault_fixture.advance(LONG)
    assert fault.times < case.times
    is_answered_once(fault_fixture, given)
    is_true(answer(given), SAMPLES[action], subject, number)
    is_uncertain = SAMPLES[action].is_traceless and answer(given).startswith(NOT_CERTAIN)
    assert answer(given).startswith("✅") or not case.passes or is_uncertain


@v1_and_v2
@pytest.mark.parametrize("action", SAMPLES)
async def test_an_order_waits_until_the_cad_is_back(
    fault_fixture: FaultFixture, action: OrderAction
) -> None:
    subject = await prepare(fault_fixture, action)
    await fault_fixture.disconnect_cad()
    given = await give(fault_fixture, SAMPLES[action].about(subject))
    await fault_fixture.advance(20)
    assert answer(given).startswith("⏳ ")
    await fault_fixture.repair_cad()
    await fault_fixture.advance(LONG)
    is_answered_once(fault_fixture, given)
    assert answer(given).startswith("✅")
    is_true(answer(given), SAMPLES[action], subject, 0)


@v1_and_v2
@pytest.mark.parametrize("action", SAMPLES)
async def test_an_order_does_not_wait_for_ever(
    fault_fixture: FaultFixture, action: OrderAction
) -> None:
    subject = await prepare(fault_fixture, action)
    await fault_fixture.disconnect_cad()
    given = await give(fault_fixture, SAMPLES[action].about(subject))
    await fault_fixture.advance(FOR_GOOD)
    is_answered_once(fault_fixture, given)
    assert answer(given).startswith("❌ Not ")
    assert "the CAD did not take the order in time" in answer(given)
    assert subject.changes == []


async def prepare(fault_fixture: FaultFixture, action: OrderAction) -> Subject:
    """Put what an order is about into the CAD, and let the bot see it."""
    unit = unit_number(PERSON)
    subject = Subject.prepare(fault_fixture.world, fault_fixture.server, unit, SAMPLES[action])
    await fault_fixture.services.board.fetch_calls(subject.server_id)
    await fault_fixture.advance(CALM)
    if undone := SAMPLES[action].undoes:
        await give(fault_fixture, SAMPLES[undone].about(subject))
        await fault_fixture.advance(LONG)
        subject.changes.clear()
    assert subject.changes == []
    return subject


async def give(fault_fixture: FaultFixture, sample: OrderSample) -> InteractionResult:
    """Let a member give an order; return what the member sees."""

    async def not_yet(**_: object) -> None:
        """Leave the waiting to the fixture."""

    member, channel = fault_fixture.members[PERSON], fault_fixture.channel
    with patch.object(fault_fixture.env, "_settle_internal", not_yet):
        if sample.command:
            given = await member.slash(channel, sample.command, **sample.options)
        else:
            card = (
                find_reply(fault_fixture, sample)
                if sample.undoes
                else await send_card(fault_fixture, sample)
            )
            given = await (
                member.select(card, [sample.value]) if sample.value else member.click(card)
            )
        await fault_fixture.settle()
        if sample.fields:
            given = await member.submit_modal(given, dict(sample.fields))
            await fault_fixture.settle()
    return given


def find_reply(fault_fixture: FaultFixture, sample: OrderSample) -> discord.Message:
    """Find the reply that has the button of an order."""
    messages = fault_fixture.env.backend.messages[fault_fixture.channel.id].values()
    (found,) = [one for one in messages if sample.custom_id in str(one.components)]
    return to_discord_message(fault_fixture.env, found)


async def send_card(fault_fixture: FaultFixture, sample: OrderSample) -> discord.Message:
    """Send a message with the button or select of an order, as the bot does."""
    options = [discord.SelectOption(label="A value", value=sample.value)]
    view = View(timeout=None)
    view.add_item(
        Select(custom_id=sample.custom_id, options=options)
        if sample.value
        else Button(custom_id=sample.custom_id, label="A button")
    )
    channel = fault_fixture.env.bot.get_channel(fault_fixture.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send("A card", view=view)


def answer(given: InteractionResult) -> str:
    """Return the private reply as it stands."""
    assert given.acknowledged
    reply = reply_of(given)
    return reply.content if reply else ""


def reply_of(given: InteractionResult) -> ResponseMessage | None:
    """Return the reply: a message of its own, or in place of what was pressed."""
    assert given.followups == []
    assert given.ephemeral or given._interaction.response_kind is ResponseKind.DEFERRED_UPDATE
    return given.response


def is_answered_once(fault_fixture: FaultFixture, given: InteractionResult) -> None:
    """Check that the reply has come to its end, has not changed its mind, and stands alone."""
    with closing(sqlite3.connect(fault_fixture.file)) as connection:
        assert set(connection.execute("SELECT answered FROM orders")) == {(1,)}
    requests = [one for one in fault_fixture.env.http_requests if one.method in {"PATCH", "POST"}]
    ours = [one for one in requests if given._interaction.token in one.path]
    bodies = [one.json for one in ours if isinstance(one.json, dict)]
    marks = [str(body["content"])[0] for body in bodies if body.get("content")]
    ends = [mark for mark in marks if mark != "⏳"]
    assert marks == ["⏳"] * (len(marks) - len(ends)) + ends
    assert len(set(ends)) == 1
    assert not [one for one in requests if one.path.endswith("/users/@me/channels")]


def is_true(text: str, sample: OrderSample, subject: Subject, number: int) -> None:
    """Compare an answer with what the CAD has done, where one request met a fault."""
    before, after = sample.changes[:number], sample.changes[: number + 1]
    done = tuple(subject.changes)
    if text.startswith("✅"):
        assert done == sample.changes
    elif text.startswith(NOT_CERTAIN):
        assert done in {before, after}
    elif text.startswith("⚠️"):
        assert number == len(sample.changes) - 1 > 0  # a last request that matters less
        is_certain = "is still listed" in text
        assert is_certain or "may still be listed" in text
        assert done in ({before} if is_certain else {before, after})
    else:
        assert text.startswith("❌ Not ")
        assert done == before
