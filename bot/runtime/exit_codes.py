"""How the process ends: its exit codes, and the signals that ask it to stop. Imports little."""

from __future__ import annotations

import asyncio
import signal
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes; 0 is for what is done, or stopped as asked."""

    FAULT = 1  # of the bot itself
    SETTINGS = 2  # or the command line, a file, the database
    TOKEN = 3
    INTENTS = 4
    DISCORD = 5  # cannot be reached; from the doctor, nor can the CAD


class FatalError(Exception):
    """The process cannot go on; each line says what is wrong and what to do."""

    def __init__(self, code: ExitCode, *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.code = code
        self.lines = lines


class StopSignals:
    """SIGINT and SIGTERM: the first one asks the process to stop, further ones change nothing."""

    def __init__(self) -> None:
        """Heed them from now on."""
        self._is_requested = False
        self._task: asyncio.Task[None] | None = None
        # Not the event loop's handlers: these count before it runs and after, and on Windows.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def cancel_on_signal(self, task: asyncio.Task[None]) -> None:
        """Stop by cancelling this task from now on; until now, the process would just end."""
        self._task = task

    def _on_signal(self, *_: object) -> None:
        if self._is_requested:
            return
        self._is_requested = True
        if self._task is None:
            raise SystemExit(0)
        if not self._task.done():
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)
