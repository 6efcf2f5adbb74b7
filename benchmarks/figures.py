"""What the measured moments amount to. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from benchmarks.servers.busy_cad import PushedEvent
from benchmarks.servers.card_channel import CardWrite

_WINDOW = 5.0  # seconds, the window of Discord's limit


def delays(
    sent: Iterable[PushedEvent], moments: Mapping[int, float], writes: list[CardWrite]
) -> list[float]:
    """Return the seconds from each event about a call until its card showed it, sorted."""
    by_call: dict[int, list[CardWrite]] = defaultdict(list)
    for write in writes:
        by_call[write.call_id].append(write)
    found = []
    for one in sent:
        if one.call_id is not None:
            shown = (write.at for write in by_call[one.call_id] if write.event >= one.number)
            found.append(next(shown, math.inf) - moments[one.number])
    return sorted(found)


def max_writes_per_window(writes: Sequence[CardWrite]) -> int:
    """Return the largest number of writes within any five seconds."""
    moments = [one.at for one in writes]
    return max(bisect_left(moments, begin + _WINDOW) - n for n, begin in enumerate(moments))


def least_gap(writes: Iterable[CardWrite]) -> float:
    """Return the shortest time between two writes of one card, in seconds."""
    by_message: dict[int, list[float]] = defaultdict(list)
    for one in writes:
        by_message[one.message_id].append(one.at)
    gaps = (b - a for moments in by_message.values() for a, b in pairwise(moments))
    return min(gaps, default=math.inf)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the sorted values do not exceed."""
    return values[min(len(values) - 1, int(len(values) * share))]
