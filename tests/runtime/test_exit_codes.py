"""The signals that stop the process."""

from __future__ import annotations

import asyncio
import signal

import pytest

from bot.runtime.exit_codes import StopSignals

pytestmark = pytest.mark.usefixtures("own_signals")


def test_before_the_loop_runs_a_signal_just_ends_the_process():
    signals = StopSignals()
    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 0
    signal.raise_signal(signal.SIGTERM)  # and a second one changes nothing
    assert signals


async def test_after_the_task_a_signal_changes_nothing():
    signals = StopSignals()
    task = asyncio.create_task(asyncio.sleep(0))
    signals.cancel_on_signal(task)
    await task
    signal.raise_signal(signal.SIGTERM)
    assert not task.cancelled()
