"""The exit codes of the process, and the signals that stop it. Imports little."""

from __future__ import annotations

import asyncio
import signal
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes; 0 means done, or stopped by a signal."""

    FAULT = 1  # an error in the bot itself
    SETTINGS = 2  # also the command line, a file, the database
    TOKEN = 3
    INTENTS = 4
    UNREACHABLE = 5  # Discord, the database or, for the doctor, the CAD; a later start may work


class FatalError(Exception):
    """The process cannot continue; each line says what is wrong and what to do."""

    def __init__(self, code: ExitCode, *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.code = code
        self.lines = lines


class StopSignals:
    """SIGINT and SIGTERM: the first signal stops the process, further ones are ignored."""

    def __init__(self) -> None:
        """Install the signal handlers."""
        self._is_requested = False
        self._task: asyncio.Task[None] | None = None
        # Not the event loop's handlers: these also work before and after it runs, and on Windows.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def cancel_on_signal(self, task: asyncio.Task[None]) -> None:
        """Cancel `task` on the first signal; without a task, the signal ends the process."""
        self._task = task

    def _on_signal(self, *_: object) -> None:
        if self._is_requested:
            return
        self._is_requested = True
        if self._task is None:
            raise SystemExit(0)
        if not self._task.done():
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)
