"""The check of all links of a guild, against the pretend CAD."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from bot.common.discord_limits import EDIT_GAP, REPLY_LIFETIME
from bot.services.access.policy import Access
from bot.services.errors import RoleRequired
from bot.services.link_errors import NoCheckRuns
from bot.services.links.bulk_verification import (
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
from tests.services.verification.verifier_fixture import VerifierFixture

ADMIN = actor(DISPATCH_ROLE, user_id=42)
REPLY, OTHER_REPLY = "a", "b"
HOUR = 3600.0
CREW = (seed.PAT, seed.ALICE, seed.BOB, seed.CHARLIE, seed.SAM)


@dataclass
class RecordingAnnouncer:
    """Records what was shown, where, and when."""

    verifier_fixture: VerifierFixture
    shown: list[tuple[float, str, CheckReport]] = field(default_factory=list)
    posted: list[CheckReport] = field(default_factory=list)
    is_reachable: bool = True
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
    announcer: RecordingAnnouncer = field(compare=False)

    async def show(self, report: CheckReport) -> bool:
        self.announcer.shown.append(
            (self.announcer.verifier_fixture.time.monotonic(), self.name, report)
        )
        return self.announcer.is_reachable


class BulkCheckFixture:
    """The checks of a bot that can be stopped and started again."""

    def __init__(self, verifier_fixture: VerifierFixture) -> None:
        self.verifier_fixture = verifier_fixture
        self.announcer = RecordingAnnouncer(verifier_fixture)
        self.checks = self.opened()

    def opened(self) -> BulkVerifier:
        time = self.verifier_fixture.time
        return BulkVerifier(
            Access(frozenset({DISPATCH_ROLE})),
            self.verifier_fixture.verifier,
            self.verifier_fixture.verification_store,
            LinkCheckStore(self.verifier_fixture.database),
            self.announcer,
            clock=time,
        )

    async def restart(self) -> None:
        await self.verifier_fixture.run(self.checks.close(10))
        self.checks = self.opened()
        await self.checks.resume(GUILD)
        await self.verifier_fixture.settle()

    async def check(self, name: str = REPLY) -> CheckReport:
        report = await self.checks.start_or_follow(ADMIN, Reply(name, self.announcer))
        await self.verifier_fixture.settle()
        return report

    async def link_crew(self, **more: Any) -> list[Link]:
        """Link members that the CAD knows."""
        return [
            await self.verifier_fixture.put_link(one.hex, number, **more)
            for number, one in enumerate(CREW, 1)
        ]


@pytest.fixture
async def check_fixture(verifier_fixture: VerifierFixture) -> AsyncIterator[BulkCheckFixture]:
    check_fixture = BulkCheckFixture(verifier_fixture)
    yield check_fixture
    await verifier_fixture.run(check_fixture.checks.close(10))


async def test_everything_is_well(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    first = await check_fixture.check()
    assert first.is_running
    assert (first.counts.total, first.counts.checked) == (5, 0)
    await check_fixture.verifier_fixture.advance(HOUR)
    report = check_fixture.announcer.last
    assert not report.is_running
    assert (report.counts.total, report.counts.verified) == (5, 5)
    assert (report.unverified, report.changed, report.shared) == ((), (), ())
    assert check_fixture.announcer.posted == []
    for number, one in enumerate(CREW, 1):
        assert (
            await check_fixture.verifier_fixture.stored_link(number)
        ).account_name == one.name.lower()


async def test_what_is_wrong_is_found(check_fixture: BulkCheckFixture) -> None:
    verifier_fixture = check_fixture.verifier_fixture
    await check_fixture.link_crew()
    lost = await verifier_fixture.put_link(
        "license:lost", 6, account_name="old", proven_at=verifier_fixture.time.now()
    )
    taken = await verifier_fixture.put_link(
        seed.RILEY.hex,
        7,
        account_name="someone",
        account_uuid="u-9",
        proven_at=verifier_fixture.time.now(),
    )
    await verifier_fixture.put_link(f"steam:{seed.PAT.hex}", 8)
    await verifier_fixture.put_link(str(seed.PAT.steam64), 9)
    await check_fixture.check()
    await verifier_fixture.advance(HOUR)
    report = check_fixture.announcer.last
    counts = report.counts
    assert (counts.total, counts.checked) == (9, 9)
    assert (counts.verified, counts.unverified, counts.changed) == (7, 1, 1)
    assert [one.discord_id for one in report.unverified] == [6]
    assert report.unverified[0].proven_at is None
    assert report.unverified[0].account_name == lost.account_name
    assert [(one.discord_id, one.other_account) for one in report.changed] == [(7, "riley")]
    assert report.changed[0].api_id == taken.api_id
    assert report.shared == ((1, 8, 9),)


async def test_a_spelling_that_the_cad_does_not_know_is_mended(
    check_fixture: BulkCheckFixture,
) -> None:
    known = f"STEAM:{seed.PAT.hex.upper()}"
    check_fixture.verifier_fixture.add_account("pat", known)
    await check_fixture.verifier_fixture.put_link(
        seed.PAT.hex, proven_at=check_fixture.verifier_fixture.time.now()
    )
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(60)
    assert (await check_fixture.verifier_fixture.stored_link()).api_id == known
    assert check_fixture.announcer.last.counts.verified == 1


async def test_no_member_is_linked(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(EDIT_GAP)
    assert check_fixture.announcer.last.counts.total == 0
    assert not check_fixture.announcer.last.is_running


async def test_the_progress_is_shown_but_not_too_often(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(HOUR)
    moments = [moment for moment, _, _ in check_fixture.announcer.shown]
    assert all(later - one >= EDIT_GAP - 0.01 for one, later in pairwise(moments))
    checked = [report.counts.checked for _, _, report in check_fixture.announcer.shown]
    assert checked == sorted(checked)
    assert len(checked) >= 3


async def test_the_limits_of_the_cad_are_kept(check_fixture: BulkCheckFixture) -> None:
    for number in range(20):
        await check_fixture.verifier_fixture.put_link(
            f"{seed.VIC.steam64 + 1600 + number:x}", number
        )
    began = check_fixture.verifier_fixture.time.monotonic()
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(120)
    assert check_fixture.verifier_fixture.client.limiters.attach.wait() == 0
    await check_fixture.verifier_fixture.advance(HOUR)
    assert not check_fixture.announcer.last.is_running
    assert {one.status for one in check_fixture.verifier_fixture.cad.world.history} <= {200, 404}
    assert (
        len(check_fixture.verifier_fixture.cad.world.history)
        <= (check_fixture.verifier_fixture.time.monotonic() - began) / ID_GAP
    )


async def test_a_second_press_follows_the_first_check(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(7)
    second = await check_fixture.check(OTHER_REPLY)
    assert second.is_running
    assert second.counts.checked >= 1
    await check_fixture.verifier_fixture.advance(HOUR)
    assert len(check_fixture.verifier_fixture.checked_ids()) == len(CREW)
    ends = [name for _, name, report in check_fixture.announcer.shown if not report.is_running]
    assert sorted(ends) == [REPLY, OTHER_REPLY]


async def test_two_presses_at_once_begin_one_check(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    await asyncio.gather(check_fixture.check(), check_fixture.check(OTHER_REPLY))
    await check_fixture.verifier_fixture.advance(HOUR)
    assert len(check_fixture.verifier_fixture.checked_ids()) == len(CREW)


async def test_a_restart_in_the_middle(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(7)
    before = len(check_fixture.verifier_fixture.checked_ids())
    assert 0 < before < len(CREW)
    await check_fixture.restart()
    await check_fixture.verifier_fixture.advance(HOUR)
    # Only the link that the stop interrupted was verified twice.
    asked = check_fixture.verifier_fixture.checked_ids()
    assert set(asked) == {one.hex for one in CREW}
    assert len(asked) <= len(CREW) + 1
    # The replies from before the restart are lost: the log channel gets the result.
    (report,) = check_fixture.announcer.posted
    assert (report.counts.verified, report.is_running) == (5, False)
    await check_fixture.restart()
    await check_fixture.verifier_fixture.advance(HOUR)
    assert len(check_fixture.verifier_fixture.checked_ids()) == len(asked)


async def test_a_result_that_was_not_shown_is_shown_when_asked(
    check_fixture: BulkCheckFixture,
) -> None:
    await check_fixture.link_crew()
    check_fixture.announcer.is_reachable = check_fixture.announcer.has_channel = False
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(HOUR)
    told = await check_fixture.check()
    assert (told.is_running, told.counts.verified) == (False, 5)
    assert len(check_fixture.verifier_fixture.checked_ids()) == len(CREW)
    again = await check_fixture.check()
    assert again.is_running
    await check_fixture.verifier_fixture.advance(HOUR)
    assert len(check_fixture.verifier_fixture.checked_ids()) == 2 * len(CREW)


async def test_after_a_quarter_of_an_hour_the_log_tells_the_end(
    check_fixture: BulkCheckFixture,
) -> None:
    for number in range(60):
        await check_fixture.verifier_fixture.put_link(
            f"{seed.VIC.steam64 + 1600 + number:x}", number
        )
    began = check_fixture.verifier_fixture.time.monotonic()
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(2 * HOUR)
    last = max(moment for moment, _, _ in check_fixture.announcer.shown)
    assert last <= began + REPLY_LIFETIME.total_seconds()
    (report,) = check_fixture.announcer.posted
    assert report.counts.unverified == 60
    assert len(report.unverified) == MAX_NAMED


async def test_a_cad_that_is_away_is_waited_for(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    await check_fixture.verifier_fixture.cad.pause()
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(60)
    assert check_fixture.announcer.last.cad_error
    assert check_fixture.announcer.last.counts.checked == 0
    await check_fixture.verifier_fixture.cad.resume()
    await check_fixture.verifier_fixture.advance(HOUR)
    assert check_fixture.announcer.last.counts.verified == 5
    assert check_fixture.announcer.last.cad_error is None


async def test_a_broken_cad_is_asked_less_and_less(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    check_fixture.verifier_fixture.cad.faults.set(BAD_GATEWAY)
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(2 * HOUR)
    assert len(check_fixture.verifier_fixture.cad.world.history) < 200
    assert check_fixture.announcer.last.is_running or check_fixture.announcer.last.cad_error


async def test_one_refused_id_stops_nothing(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    path = (
        "/general/check_apiid"
        if check_fixture.verifier_fixture.version == 1
        else "/v2/general/links"
    )
    check_fixture.verifier_fixture.cad.faults.set(Text(400, "NO"), path=path)
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(HOUR)
    assert (
        check_fixture.announcer.last.is_running,
        check_fixture.announcer.last.counts.unverified,
    ) == (False, 5)


async def test_a_broken_file_is_waited_out(check_fixture: BulkCheckFixture, caplog) -> None:
    await check_fixture.link_crew()
    await check_fixture.check()
    check_fixture.verifier_fixture.database.broken = True
    await check_fixture.verifier_fixture.advance(30)
    assert "checking the links of guild 10 failed" in caplog.text
    check_fixture.verifier_fixture.database.broken = False
    await check_fixture.verifier_fixture.advance(HOUR)
    assert check_fixture.announcer.last.counts.verified == 5


async def test_stopping_it(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(4)
    await check_fixture.checks.stop(ADMIN)
    asked = len(check_fixture.verifier_fixture.checked_ids())
    report = check_fixture.announcer.last
    assert report.check.stopped
    assert not report.is_running
    assert 0 < report.counts.checked < 5
    await check_fixture.verifier_fixture.advance(HOUR)
    assert len(check_fixture.verifier_fixture.checked_ids()) <= asked + 1
    assert check_fixture.announcer.last is report
    with pytest.raises(NoCheckRuns):
        await check_fixture.checks.stop(ADMIN)
    await check_fixture.restart()
    await check_fixture.verifier_fixture.advance(HOUR)
    assert len(check_fixture.verifier_fixture.checked_ids()) <= asked + 1
    await check_fixture.check()
    await check_fixture.verifier_fixture.advance(HOUR)
    assert check_fixture.announcer.last.counts.verified == 5


async def test_only_administrators(check_fixture: BulkCheckFixture) -> None:
    with pytest.raises(RoleRequired):
        await check_fixture.checks.start_or_follow(
            actor(user_id=7), Reply(REPLY, check_fixture.announcer)
        )
    with pytest.raises(RoleRequired):
        await check_fixture.checks.stop(actor(user_id=7))
    assert await LinkCheckStore(check_fixture.verifier_fixture.database).get(GUILD) is None


async def test_who_unlinks_meanwhile_is_not_missed(check_fixture: BulkCheckFixture) -> None:
    await check_fixture.link_crew()
    await check_fixture.check()
    for person in (4, 5):
        await check_fixture.verifier_fixture.links.remove(GUILD, person)
    await check_fixture.verifier_fixture.advance(HOUR)
    assert (check_fixture.announcer.last.counts.total, check_fixture.announcer.last.is_running) == (
        3,
        False,
    )


async def test_pages_of_one_kind(check_fixture: BulkCheckFixture) -> None:
    for number in range(1, 26):
        await check_fixture.verifier_fixture.put_link(f"player-{number}", number)
    await check_fixture.verifier_fixture.put_link(
        "player-99", 99, proven_at=check_fixture.verifier_fixture.time.now()
    )
    page = await check_fixture.checks.page(ADMIN, 9, "unproven")
    assert (page.number, page.count, page.total, page.kind) == (2, 2, 25, "unproven")
    assert [one.discord_id for one in page.items] == [21, 22, 23, 24, 25]
    assert (await check_fixture.checks.page(ADMIN, 1, "proven")).total == 1
    assert (await check_fixture.checks.page(ADMIN, 1, "changed")).items == []
    with pytest.raises(RoleRequired):
        await check_fixture.checks.page(actor(user_id=7), 1, "proven")
