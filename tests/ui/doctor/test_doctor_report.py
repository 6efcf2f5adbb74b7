"""Every finding has its text, and the report always fits into a message."""

from __future__ import annotations

import re

import pytest

from bot.services.access.policy import Access
from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning
from bot.services.doctor.runner import DoctorReport
from bot.ui.doctor import doctor_report
from bot.ui.text import MESSAGE_LIMIT

HOSTILE = "`@here` **x**\n# [a](https://b.example)\u202e" * 100
# A value for each name in the texts. Names and reasons come from outside; what the bot says itself
# (`line`, `plain`) and names of settings are shown as they are.
NUMBERS = (
    "attach",
    "count",
    "detach",
    "megabytes",
    "per_minute",
    "seconds",
    "server",
    "status",
    "version",
)
TEXTS = ("variant", "guild", "id", "kind", "location", "name", "newest", "plan", "reason")
LISTS = ("ids", "names", "servers")
DATA = {
    "meant": "LOG_LEVEL",
    **dict.fromkeys(NUMBERS, 7),
    **dict.fromkeys((*TEXTS, "revision", "theirs"), HOSTILE),
    **dict.fromkeys(LISTS, [HOSTILE] * 50),
    **dict.fromkeys(("line", "plain", "setting"), "plain text"),
    "missing": ["send_messages", "embed_links"],
    "ago": 90.0,
}


@pytest.mark.parametrize("code", FindingCode)
def test_every_finding_has_one_line(code: FindingCode) -> None:
    line = doctor_report.finding_text(fault(code, **DATA))
    assert "\n" not in line
    assert "{" not in line
    assert line.endswith(".")
    assert len(line) < 1200
    # Text from outside stands in a code span, where Discord does not interpret it.
    assert "@here" not in re.sub(r"`[^`]*`", "", line)


def test_lines_for_a_terminal() -> None:
    finding = warning(FindingCode.ROLE_EVERYONE, setting="LINK_ROLE_IDS")
    assert doctor_report.terminal_line(finding) == (
        "warning  roles       LINK_ROLE_IDS names `@everyone`. Name roles instead."
    )
    assert doctor_report.terminal_line(fine(FindingCode.API_USED, version=2)) == (
        "ok       api         The bot uses the CAD's API 2."
    )
    assert doctor_report.terminal_line(
        fault(
            FindingCode.CHANNEL_LOCKED,
            setting="LOG_CHANNEL_ID",
            name="log",
            missing=["send_messages"],
        )
    ).endswith("in `log` the bot lacks Send Messages. Allow it in the channel's permissions.")


@pytest.mark.parametrize(
    ("findings", "total"),
    [
        ([], "no faults, no warnings, no findings"),
        ([fine(FindingCode.KEY_FINE)], "1 check passed"),
        ([fine(FindingCode.KEY_FINE)] * 13, "All 13 checks passed"),
        ([fault(FindingCode.INTENTS_OFF)], "1 fault, no warnings, 1 finding"),
        (
            [fault(FindingCode.INTENTS_OFF)] * 2 + [warning(FindingCode.CAD_BUSY)],
            "2 faults, 1 warning, 3 findings",
        ),
    ],
)
def test_findings_are_counted(findings: list[Finding], total: str) -> None:
    assert doctor_report.summary(findings) == total


@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_a_report_fits_into_a_message_and_keeps_the_worst(count: int) -> None:
    bad = [fault(FindingCode.GUILD_ABSENT, guild=7, names=[HOSTILE] * 9)] * count
    roles = frozenset(range(10**18, 10**18 + 200))
    access = Access(roles, roles, roles, roles)
    text = doctor_report.report(
        DoctorReport((*bad, fine(FindingCode.KEY_FINE)), access.rules, needs_cad=True)
    )
    assert len(text) <= MESSAGE_LIMIT
    assert text.startswith("❌ " if count else "✅ 1 check passed.")
    assert "**Who may do what**" in text
    assert text.count("\n❌ ") == count or "more; `python -m bot doctor` prints all" in text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "1 second"),
        (59.0, "59 seconds"),
        (60.0, "1 minute"),
        (7300.0, "2 hours"),
        (90000.0, "1 day"),
    ],
)
def test_a_duration_is_told_in_words(seconds: float, shown: str) -> None:
    finding = fine(FindingCode.EVENTS_RECEIVED, name="PUSH_LISTEN", ago=seconds)
    assert f"came {shown} ago." in doctor_report.finding_text(finding)
