from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.cad.errors import CadUnavailable
from bot.services.links.bulk_verification import CheckReport
from bot.storage.stores.link_check_store import LinkCheck
from bot.storage.stores.link_row import Link
from bot.storage.stores.verification_store import VerificationCounts
from bot.ui.links import verification_report

NOON = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = LinkCheck(1, 9, NOON)
ENDED = replace(RUNNING, finished_at=NOON)
LINK = Link(1, 7, "steam:1", 9, NOON)
HOSTILE = Link(1, 2**63 - 1, "`" * 200, 9, NOON, account_name="@here " * 50)


def counts(total: int, proven: int = 0, unproven: int = 0, changed: int = 0) -> VerificationCounts:
    return VerificationCounts(total, proven + unproven + changed, proven, unproven, changed)


def test_on_the_way() -> None:
    report = CheckReport(RUNNING, counts(9, 3, 1, 1))
    assert verification_report.check_text(report).splitlines() == [
        "⏳ Checking the links: 5 of 9 · 3 proven, 1 unknown, 1 changed.",
        "It continues by itself; `/links check` shows the progress.",
    ]
    trouble = replace(report, cad_error=CadUnavailable(status=502))
    assert (
        "Sonoran CAD has a fault (502). I continue as soon as it answers."
        in verification_report.check_text(trouble)
    )


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (CheckReport(ENDED, counts(0)), "✅ No member is linked yet."),
        (
            CheckReport(ENDED, counts(3, 3)),
            "✅ 3 links checked, started <t:1767225600:R>: 3 proven, 0 unknown, 0 changed.",
        ),
        (
            CheckReport(ENDED, counts(3, 2, 1), unverified=(LINK,)),
            (
                "⚠️ 3 links checked, started <t:1767225600:R>: 2 proven, 1 unknown, 0 changed.\n"
                "The CAD does not know: <@7> `steam:1`."
            ),
        ),
        (
            CheckReport(
                ENDED,
                counts(3, 2, 0, 1),
                changed=(replace(LINK, account_name="pat", other_account="vic"),),
            ),
            (
                "⚠️ 3 links checked, started <t:1767225600:R>: 2 proven, 0 unknown, 1 changed.\n"
                "Another account has the id now: <@7> `steam:1` (was `pat`, now `vic`)."
            ),
        ),
        (
            CheckReport(ENDED, counts(3, 3), shared=((1, 2), (3, 4, 5))),
            (
                "⚠️ 3 links checked, started <t:1767225600:R>: 3 proven, 0 unknown, 0 changed.\n"
                "Several members share one id: <@1> and <@2>, <@3> and <@4> and <@5>."
            ),
        ),
        (
            CheckReport(replace(ENDED, stopped=True), counts(9, 3)),
            "❌ Stopped: 3 of 9 links checked, started <t:1767225600:R>:",
        ),
    ],
)
def test_at_the_end(report: CheckReport, text: str) -> None:
    assert verification_report.check_text(report).startswith(text)


def test_the_longest_report_fits() -> None:
    changed = (replace(HOSTILE, other_account="x" * 4000),) * 25
    shared = (tuple(range(2**62, 2**62 + 50)),) * 1000
    report = CheckReport(ENDED, counts(9999, 1, 5000, 4000), (HOSTILE,) * 25, changed, shared)
    text = verification_report.check_text(report)
    assert len(text) <= 1900
    assert "and 4994 more." in text or "and 499" in text
    assert "and 39" in text
    assert "and 9" in text


async def test_only_a_running_check_can_be_stopped() -> None:
    (button,) = verification_report.check_buttons(CheckReport(RUNNING, counts(1))).children
    assert isinstance(button, verification_report.StopCheckButton)
    assert button.item.custom_id == "cad:stop-check:1"
    assert verification_report.check_buttons(CheckReport(ENDED, counts(1))).children == []
