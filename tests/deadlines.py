"""How long a test waits for what must happen."""

from __future__ import annotations

# Seconds. Only what hangs takes so long: a slow machine, busy with other tests, does not.
HANG_TIMEOUT = 60
