"""Finds the open dispatch call that answers a 911 call, by what the board has shown. No I/O.

Reference: docs/sonoran-cad.md, "911 → dispatch, and its races".
"""

from __future__ import annotations

from bot.cad.codec.emergencies import answered_emergency_id
from bot.cad.models import Call, EmergencyCall
from bot.services.board.snapshot import BoardSnapshot

REMEMBERED_EMERGENCIES = 1000  # 911 calls, also removed ones


class AnsweringCalls:
    """Remembers which calls and 911 calls of a server the board has shown earlier than others.

    After a restart the CAD counts its 911 calls from the start. A dispatch call for an earlier 911
    call with the same number may then still be open. It is older than the new 911 call.
    """

    def __init__(self) -> None:
        self._moment = 0  # counts the changes of the board
        self._calls: dict[int, int] = {}  # the moment at which each open call was first shown
        self._emergencies: dict[int, tuple[tuple[str, str], int]] = {}  # what it says, moment

    def update(self, snapshot: BoardSnapshot) -> None:
        """Take note of the calls and 911 calls that a new snapshot shows for the first time."""
        self._moment += 1
        self._calls = {one: self._calls.get(one, self._moment) for one in snapshot.calls}
        for number, emergency in snapshot.emergencies.items():
            words = _words(emergency)
            # A 911 call that is listed again, because the CAD did not remove it, is the same one.
            if self._emergencies.get(number, ("", 0))[0] != words:
                self._emergencies.pop(number, None)
                self._emergencies[number] = words, self._moment
        while len(self._emergencies) > REMEMBERED_EMERGENCIES:
            del self._emergencies[next(iter(self._emergencies))]

    def find(self, snapshot: BoardSnapshot, number: int) -> Call | None:
        """Return the open call that answers 911 call `number`; None if none does.

        A call that was shown before the 911 call answers an earlier one. If both were shown at
        once, as after a start of the bot, the call counts as the answer.
        """
        _, since = self._emergencies.get(number, (None, 0))
        answers = (
            one
            for one in snapshot.calls.values()
            if answered_emergency_id(one) == number
            and self._calls.get(one.call_id, self._moment) >= since
        )
        return next(answers, None)


def _words(emergency: EmergencyCall) -> tuple[str, str]:
    return emergency.caller, emergency.location
