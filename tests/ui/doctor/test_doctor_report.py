"""Every finding has its text, and the report always fits into a message."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from bot.services.access.policy import Access
from bot.services.doctor.findings import Finding, FindingCode, fault, fine, warning
from bot.services.doctor.runner import DoctorReport
from bot.ui.doctor import doctor_report as words
from bot.ui.text import MESSAGE_LIMIT

HOSTILE = "`@everyone` **x**\n# [a](https://b.example)\u202e" * 100
NUMBERS = {"count", "seconds", "megabytes", "attach", "detach", "per_minute", "server", "status"}


def data(what: FindingCode, text: str) -> dict[str, object]:
    """Return the data that the text of a finding needs."""
    fields = {name for _, name, _, _ in Formatter().parse(words._TEXTS[what]) if name}
    lists = {"names", "ids", "servers"}
    found: dict[str, object] = {}
    for name in fields:
        found[name] = [text] * 50 if name in lists else 7 if name in NUMBERS else text
    if "missing" in fields:
        found["missing"] = ["send_messages", "embed_links"]
    return {**found, "ago": 90.0}


@pytest.mark.parametrize("what", FindingCode)
def test_every_finding_has_one_line(what: FindingCode) -> None:
    assert what in words._TEXTS
    line = words.finding_text(fault(what, **data(what, HOSTILE)))
    assert "\n" not in line
    assert "{" not in line
    assert line.endswith(".")
    assert len(line) < 1200
    if not set(data(what, "")) & {"line", "setting", "plain"}:
        # Text from outside stands in a code span, where Discord does not interpret it.
        assert "@everyone" not in re.sub(r"`[^`]*`", "", line)


def test_lines_for_a_terminal() -> None:
    assert words.terminal_line(warning(FindingCode.ROLE_EVERYONE, setting="LINK_ROLE_IDS")) == (
        "warning  roles       LINK_ROLE_IDS names `@everyone`. Name roles instead."
    )
    assert words.terminal_line(fine(FindingCode.PLAN_FINE, plan="")) == (
        "ok       plan        The plan is enough to attach."
    )
    assert words.terminal_line(
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
def test_they_are_counted(findings: list[Finding], total: str) -> None:
    assert words.summary(findings) == total


@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_a_report_fits_into_a_message_and_keeps_the_worst(count: int) -> None:
    bad = [fault(FindingCode.GUILD_ABSENT, guild=7, names=[HOSTILE] * 9)] * count
    roles = frozenset(range(10**18, 10**18 + 200))
    access = Access(roles, roles, roles, roles)
    text = words.report(
        DoctorReport((*bad, fine(FindingCode.KEY_FINE)), access.rules, needs_cad=True)
    )
    assert len(text) <= MESSAGE_LIMIT
    assert text.startswith("❌ " if count else "✅ 1 check passed.")
    assert "**Who may do what**" in text
    assert text.count("\n❌ ") == count or "more; `python -m bot doctor` prints all" in text
