"""Turn the doctor's findings into lines: what was found, and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from bot.services.access.policy import Permission, PermissionRule
from bot.services.doctor.findings import Finding, Level
from bot.services.doctor.runner import DoctorReport
from bot.ui.doctor.finding_texts import TEXTS
from bot.ui.text import MESSAGE_LIMIT, code_span, join_limited, one_line, role_mentions

_MARKS = {Level.FAULT: "❌", Level.WARNING: "⚠️", Level.OK: "✅"}
_TIME_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_LIST_LIMIT = 300  # characters
_ROLES_LIMIT = 200
_UNESCAPED = frozenset({"line", "setting", "plain"})  # texts of the bot itself

_PERMISSION_NAMES = {
    Permission.DISPATCH: "Dispatch",
    Permission.SELF_DISPATCH: "Move themselves",
    Permission.LINK: "Link others",
    Permission.ADMINISTER: "Administer",
}


def finding_text(finding: Finding) -> str:
    """Return what was found and what to do, on one line."""
    shown = {name: _format_value(name, value) for name, value in finding.data.items()}
    text = " ".join(TEXTS[finding.code].format_map(shown).split())
    return text.replace(" .", ".").replace(" ,", ",")


def finding_line(finding: Finding) -> str:
    """Return a finding for Discord: a mark for its level, and its text."""
    return f"{_MARKS[finding.level]} {finding_text(finding)}"


def terminal_line(finding: Finding) -> str:
    """Return a finding for a terminal: level, topic and text in columns."""
    return f"{finding.level.name.lower():<8} {finding.code.topic:<11} {finding_text(finding)}"


def summary(findings: Iterable[Finding]) -> str:
    """Return how many faults, warnings and findings there are, or that all checks passed."""
    levels = [one.level for one in findings]
    faults, warnings = levels.count(Level.FAULT), levels.count(Level.WARNING)
    if levels and not faults and not warnings:
        return f"{'All ' if len(levels) > 1 else ''}{_pluralise(len(levels), 'check')} passed"
    parts = {"fault": faults, "warning": warnings, "finding": len(levels)}
    return ", ".join(_pluralise(count, what) for what, count in parts.items())


def report(found: DoctorReport) -> str:
    """Return the answer to /doctor: findings, the worst first, then who may do what.

    It fits into one message.
    """
    worst = max((one.level for one in found.findings), default=Level.OK)
    head = f"{_MARKS[worst]} {summary(found.findings)}."
    tail = ["**Who may do what**", *map(permission_line, found.rights)]
    if found.needs_cad:
        tail.append("To dispatch or to move yourself you also need that permission in the CAD.")
    room = MESSAGE_LIMIT - len("\n".join([head, *tail]))
    return "\n".join([head, *_fit_lines(found.findings, room), *tail])


def _fit_lines(findings: Iterable[Finding], room: int) -> list[str]:
    """Return the findings' lines that fit into `room` characters, and the number of the others."""
    lines = [finding_line(one) for one in findings]
    for count in range(len(lines), -1, -1):
        rest = [f"and {len(lines) - count} more; `python -m bot doctor` prints all"]
        shown = lines[:count] + (rest if count < len(lines) else [])
        if sum(len(one) + 1 for one in shown) <= room:
            return shown
    return []


def permission_line(right: PermissionRule) -> str:
    """Return who has a permission."""
    who = [join_limited([role_mentions([one]) for one in sorted(right.role_ids)], _ROLES_LIMIT)]
    if right.allows_managers:
        who.append("members with Manage Server")
    return f"{_PERMISSION_NAMES[right.permission]}: {', '.join(filter(None, who))}"


def _pluralise(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count or 'no'} {what}s"


def _format_value(name: str, value: object) -> str:
    match name, value:
        case _, str() if name in _UNESCAPED:
            return (
                one_line(value, _LIST_LIMIT).rstrip(".")
                if name == "line"
                else one_line(value, _LIST_LIMIT)
            )
        case "missing", list():
            return ", ".join(str(one).replace("_", " ").title() for one in value)
        case _, list():
            return (
                join_limited([code_span(str(one), 60) for one in value], _LIST_LIMIT) or "nothing"
            )
        case "ago", float():
            return _duration(value)
        case _, str():
            return code_span(value, 200) if value else ""
        case _:
            return str(value)


def _duration(seconds: float) -> str:
    """Return a duration in its largest whole unit."""
    whole = max(1, round(seconds))
    size, name = next(one for one in _TIME_UNITS if whole >= one[0])
    return _pluralise(whole // size, name)
