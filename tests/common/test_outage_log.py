from __future__ import annotations

import logging

import pytest

from bot.common.outage_log import OutageLog


def test_an_outage_is_logged_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = OutageLog(logging.getLogger("some.module"), "the 100 % fails", "it works again")
    outage.record_success()
    assert caplog.records == []
    for _ in range(2):
        for error in (ValueError("first"), ValueError("second")):
            outage.record_failure(error)
            assert outage.failures
        for _ in range(2):
            outage.record_success()
            assert outage.failures == 0
    assert [(one.name, one.levelname, one.getMessage()) for one in caplog.records] == [
        ("some.module", "WARNING", "the 100 % fails: ValueError('first')"),
        ("some.module", "INFO", "it works again"),
    ] * 2


def test_a_fault_of_ours_is_an_error_with_its_origin(caplog: pytest.LogCaptureFixture) -> None:
    outage = OutageLog(logging.getLogger("some.module"), "it fails", "it works again")
    outage.record_failure(ValueError("a bug"), traceback=True)
    outage.record_failure(ValueError("a bug"), traceback=True)
    (line,) = caplog.records
    assert (line.levelname, bool(line.exc_info)) == ("ERROR", True)
