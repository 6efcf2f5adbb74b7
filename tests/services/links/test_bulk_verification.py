"""The check of all links of a guild, against the pretend CAD."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from bot.common.discord_limits import REPLY_LIFETIME
from bot.services.access.policy import Access
from bot.services.errors import RoleRequired
from bot.services.links.bulk_verification import (
    EDIT_GAP,
    MAX_NAMED,
    BulkVerifier,
    CheckReport,
)
from bot.services.verification.pacing import ID_GAP
from bot.storage.stores.link_check_store import LinkCheckStore
from bot.storage.stores.link_row import Link
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Text
from tests.services.samples import DISPATCH_ROLE, GUILD, actor
from tests.services.verification.proof_stage import ProofStage

ADMIN = actor(DISPATCH_ROLE, user_id=42)
REPLY, OTHER_REPLY = "a", "b"
HOUR = 3600.0
CREW = (seed.PAT, seed.ALICE, seed.BOB, seed.CHARLIE, seed.SAM)


@dataclass
class Listener:
    """Records what was shown, where, and when."""

    stage: ProofStage
    shown: list[tuple[float, str, CheckReport]] = field(default_factory=list)
    posted: list[CheckReport] = field(default_factory=list)
    hears: bool = True
    has_channel: bool = True

    async def post(self, report: CheckReport) -> bool:
        self.posted.append(report)
        return self.has_channel

    @property
    def last(self) -> CheckReport:
        return self.shown[-1][2]


@dataclass(frozen=True)
class Reply:
    """A CheckReply that records its reports."""

    name: str
    people: Listener = field(compare=False)

    async def show(self, report: CheckReport) -> bool:
        self.people.shown.append((self.people.stage.time.monotonic(), self.name, report))
        return self.people.hears


class Desk:
    """The checks of a bot that can be stopped and started again."""

    def __init__(self, stage: ProofStage) -> None:
        self.stage = stage
        self.people = Listener(stage)
        self.checks = self.opened()

    def opened(self) -> BulkVerifier:
        time = self.stage.time
        return BulkVerifier(
            Access(frozenset({DISPATCH_ROLE})),
            self.stage.prover,
            self.stage.proofs,
            LinkCheckStore(self.stage.database),
            self.people,
            clock=time,
        )

    async def restart(self) -> None:
        await self.stage.doing(self.checks.close(10))
        self.checks = self.opened()
        await self.checks.resume()
        await self.stage.settle()

    async def check(self, name: str = REPLY) -> CheckReport:
        report = await self.checks.start_or_follow(ADMIN, Reply(name, self.people))
        await self.stage.settle()
        return report

    async def crew(self, **more: Any) -> list[Link]:
        """Link members that the CAD knows."""
        return [await self.stage.put(one.hex, number, **more) for number, one in enumerate(CREW, 1)]


@pytest.fixture
async def desk(stage: ProofStage) -> AsyncIterator[Desk]:
    desk = Desk(stage)
    yield desk
    await stage.doing(desk.checks.close(10))


async def test_everything_is_well(desk: Desk) -> None:
    await desk.crew()
    first = await desk.check()
    assert first.is_running
    assert (first.counts.total, first.counts.checked) == (5, 0)
    await desk.stage.passes(HOUR)
    report = desk.people.last
    assert not report.is_running
    assert (report.counts.total, report.counts.verified) == (5, 5)
    assert (report.unverified, report.changed, report.shared) == ((), (), ())
    assert desk.people.posted == []
    for number, one in enumerate(CREW, 1):
        assert (await desk.stage.stored(number)).account_name == one.name.lower()


async def test_what_is_wrong_is_found(desk: Desk) -> None:
    stage = desk.stage
    await desk.crew()
    lost = await stage.put("license:lost", 6, account_name="old", proven_at=stage.time.now())
    taken = await stage.put(
        seed.RILEY.hex, 7, account_name="someone", account_uuid="u-9", proven_at=stage.time.now()
    )
    await stage.put(f"steam:{seed.PAT.hex}", 8)
    await stage.put(str(seed.PAT.steam64), 9)
    await desk.check()
    await stage.passes(HOUR)
    report = desk.people.last
    counts = report.counts
    assert (counts.total, counts.checked) == (9, 9)
    assert (counts.verified, counts.unverified, counts.changed) == (7, 1, 1)
    assert [one.discord_id for one in report.unverified] == [6]
    assert report.unverified[0].proven_at is None
    assert report.unverified[0].account_name == lost.account_name
    assert [(one.discord_id, one.other_account) for one in report.changed] == [(7, "riley")]
    assert report.changed[0].api_id == taken.api_id
    assert report.shared == ((1, 8, 9),)


async def test_a_spelling_that_the_cad_does_not_know_is_mended(desk: Desk) -> None:
    known = f"STEAM:{seed.PAT.hex.upper()}"
    desk.stage.knows("pat", known)
    await desk.stage.put(seed.PAT.hex, proven_at=desk.stage.time.now())
    await desk.check()
    await desk.stage.passes(60)
    assert (await desk.stage.stored()).api_id == known
    assert desk.people.last.counts.verified == 1


async def test_nobody_is_linked(desk: Desk) -> None:
    await desk.check()
    await desk.stage.passes(EDIT_GAP)
    assert desk.people.last.counts.total == 0
    assert not desk.people.last.is_running


async def test_the_progress_is_shown_but_not_too_often(desk: Desk) -> None:
    await desk.crew()
    await desk.check()
    await desk.stage.passes(HOUR)
    moments = [moment for moment, _, _ in desk.people.shown]
    assert all(later - one >= EDIT_GAP - 0.01 for one, later in pairwise(moments))
    checked = [report.counts.checked for _, _, report in desk.people.shown]
    assert checked == sorted(checked)
    assert len(checked) >= 3


async def test_the_limits_of_the_cad_are_kept(desk: Desk) -> None:
    for number in range(20):
        await desk.stage.put(f"{seed.VIC.steam64 + 1600 + number:x}", number)
    began = desk.stage.time.monotonic()
    await desk.check()
    await desk.stage.passes(120)
    assert desk.stage.client.attach_limiter.wait() == 0
    await desk.stage.passes(HOUR)
    assert not desk.people.last.is_running
    assert {one.status for one in desk.stage.cad.world.history} <= {200, 404}
    assert len(desk.stage.cad.world.history) <= (desk.stage.time.monotonic() - began) / ID_GAP


async def test_a_second_press_follows_the_first_check(desk: Desk) -> None:
    await desk.crew()
    await desk.check()
    await desk.stage.passes(7)
    second = await desk.check(OTHER_REPLY)
    assert second.is_running
    assert second.counts.checked >= 1
    await desk.stage.passes(HOUR)
    assert len(desk.stage.spellings()) == len(CREW)
    ends = [name for _, name, report in desk.people.shown if not report.is_running]
    assert sorted(ends) == [REPLY, OTHER_REPLY]


async def test_two_presses_at_once_begin_one_check(desk: Desk) -> None:
    await desk.crew()
    await asyncio.gather(desk.check(), desk.check(OTHER_REPLY))
    await desk.stage.passes(HOUR)
    assert len(desk.stage.spellings()) == len(CREW)


async def test_a_restart_in_the_middle(desk: Desk) -> None:
    await desk.crew()
    await desk.check()
    await desk.stage.passes(7)
    before = len(desk.stage.spellings())
    assert 0 < before < len(CREW)
    await desk.restart()
    await desk.stage.passes(HOUR)
    # Only the link that the stop interrupted was verified twice.
    asked = desk.stage.spellings()
    assert set(asked) == {one.hex for one in CREW}
    assert len(asked) <= len(CREW) + 1
    # The replies from before the restart are lost: the log channel gets the result.
    (report,) = desk.people.posted
    assert (report.counts.verified, report.is_running) == (5, False)
    await desk.restart()
    await desk.stage.passes(HOUR)
    assert len(desk.stage.spellings()) == len(asked)


async def test_an_end_that_nobody_heard_is_told_when_asked(desk: Desk) -> None:
    await desk.crew()
    desk.people.hears = desk.people.has_channel = False
    await desk.check()
    await desk.stage.passes(HOUR)
    told = await desk.check()
    assert (told.is_running, told.counts.verified) == (False, 5)
    assert len(desk.stage.spellings()) == len(CREW)
    again = await desk.check()
    assert again.is_running
    await desk.stage.passes(HOUR)
    assert len(desk.stage.spellings()) == 2 * len(CREW)


async def test_after_a_quarter_of_an_hour_the_log_tells_the_end(desk: Desk) -> None:
    for number in range(60):
        await desk.stage.put(f"{seed.VIC.steam64 + 1600 + number:x}", number)
    began = desk.stage.time.monotonic()
    await desk.check()
    await desk.stage.passes(2 * HOUR)
    last = max(moment for moment, _, _ in desk.people.shown)
    assert last <= began + REPLY_LIFETIME.total_seconds()
    (report,) = desk.people.posted
    assert report.counts.unverified == 60
    assert len(report.unverified) == MAX_NAMED


async def test_a_cad_that_is_away_is_waited_for(desk: Desk) -> None:
    await desk.crew()
    await desk.stage.cad.pause()
    await desk.check()
    await desk.stage.passes(60)
    assert desk.people.last.cad_error
    assert desk.people.last.counts.checked == 0
    await desk.stage.cad.resume()
    await desk.stage.passes(HOUR)
    assert desk.people.last.counts.verified == 5
    assert desk.people.last.cad_error is None


async def test_a_broken_cad_is_asked_less_and_less(desk: Desk) -> None:
    await desk.crew()
    desk.stage.cad.faults.set(BAD_GATEWAY)
    await desk.check()
    await desk.stage.passes(2 * HOUR)
    assert len(desk.stage.cad.world.history) < 200
    assert desk.people.last.is_running or desk.people.last.cad_error


async def test_one_refused_id_stops_nothing(desk: Desk) -> None:
    await desk.crew()
    path = "/general/check_apiid" if desk.stage.version == 1 else "/v2/general/links"
    desk.stage.cad.faults.set(Text(400, "NO"), path=path)
    await desk.check()
    await desk.stage.passes(HOUR)
    assert (desk.people.last.is_running, desk.people.last.counts.unverified) == (False, 5)


async def test_a_broken_file_is_waited_out(desk: Desk, caplog) -> None:
    await desk.crew()
    await desk.check()
    desk.stage.database.broken = True
    await desk.stage.passes(30)
    assert "cannot check the links" in caplog.text
    desk.stage.database.broken = False
    await desk.stage.passes(HOUR)
    assert desk.people.last.counts.verified == 5


async def test_stopping_it(desk: Desk) -> None:
    await desk.crew()
    await desk.check()
    await desk.stage.passes(4)
    assert await desk.checks.stop(ADMIN)
    asked = len(desk.stage.spellings())
    report = desk.people.last
    assert report.check.stopped
    assert not report.is_running
    assert 0 < report.counts.checked < 5
    await desk.stage.passes(HOUR)
    assert len(desk.stage.spellings()) <= asked + 1
    assert desk.people.last is report
    assert not await desk.checks.stop(ADMIN)
    await desk.restart()
    await desk.stage.passes(HOUR)
    assert len(desk.stage.spellings()) <= asked + 1
    await desk.check()
    await desk.stage.passes(HOUR)
    assert desk.people.last.counts.verified == 5


async def test_only_administrators(desk: Desk) -> None:
    with pytest.raises(RoleRequired):
        await desk.checks.start_or_follow(actor(user_id=7), Reply(REPLY, desk.people))
    with pytest.raises(RoleRequired):
        await desk.checks.stop(actor(user_id=7))
    assert await LinkCheckStore(desk.stage.database).get(GUILD) is None


async def test_who_unlinks_meanwhile_is_not_missed(desk: Desk) -> None:
    await desk.crew()
    await desk.check()
    for person in (4, 5):
        await desk.stage.links.remove(GUILD, person)
    await desk.stage.passes(HOUR)
    assert (desk.people.last.counts.total, desk.people.last.is_running) == (3, False)


async def test_pages_of_one_kind(desk: Desk) -> None:
    for number in range(1, 26):
        await desk.stage.put(f"player-{number}", number)
    await desk.stage.put("player-99", 99, proven_at=desk.stage.time.now())
    page = await desk.checks.page(ADMIN, 9, "unproven")
    assert (page.number, page.count, page.total, page.kind) == (2, 2, 25, "unproven")
    assert [one.discord_id for one in page.items] == [21, 22, 23, 24, 25]
    assert (await desk.checks.page(ADMIN, 1, "proven")).total == 1
    assert (await desk.checks.page(ADMIN, 1, "changed")).items == []
    with pytest.raises(RoleRequired):
        await desk.checks.page(actor(user_id=7), 1, "proven")
