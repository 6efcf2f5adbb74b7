"""The findings of the doctor."""

from __future__ import annotations

import pytest

from bot.services.doctor.findings import Finding, FindingCode, Level, fault, fine, warning


def test_a_code_names_its_topic():
    assert FindingCode.TOKEN_REFUSED.topic == "token"
    assert FindingCode.CAD_SERVER_UNKNOWN.topic == "cad server"


@pytest.mark.parametrize("code", FindingCode)
def test_every_code_is_a_topic_and_a_finding(code: FindingCode):
    topic, _, finding = code.partition(".")
    assert topic
    assert finding


def test_a_fault_is_worse_than_a_warning():
    assert max(Level.OK, Level.FAULT, Level.WARNING) is Level.FAULT
    assert min(Level.FAULT, Level.WARNING) is Level.WARNING


@pytest.mark.parametrize(
    ("make", "level"), [(fine, Level.OK), (warning, Level.WARNING), (fault, Level.FAULT)]
)
def test_a_finding_holds_the_values_for_its_text(make, level: Level):
    found = make(FindingCode.DISK_FULL, free=3, folder="/data")
    assert found == Finding(FindingCode.DISK_FULL, level, {"free": 3, "folder": "/data"})
    assert hash(found) == hash(make(FindingCode.DISK_FULL))
