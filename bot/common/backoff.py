"""How long to wait after a failure. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_LAST_DOUBLING = 60  # beyond it a delay has reached any limit, and a float overflows later


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double with each failure in a row, up to a limit. All in seconds."""

    first: float
    longest: float

    def delay(self, failures: int, jitter: float = 1.0) -> float:
        """Return the seconds to wait after a number of failures in a row, from 1.

        Args:
            jitter: between 0 and 1; a random number spreads the attempts of many clients between
                half the delay and the whole of it.
        """
        doublings = min(failures - 1, _LAST_DOUBLING)
        return min(self.longest, self.first * 2.0**doublings) * (0.5 + jitter / 2)
