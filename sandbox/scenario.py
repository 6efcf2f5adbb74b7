"""One shift in the sandbox: who types what, what they are told, what the CAD shows then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from sandbox.cad.state.seed import ARMED_ROBBERY, CHARLIE, TRAFFIC_STOP


class Cad(Enum):
    """What happens to the CAD before a step."""

    GOES_DOWN = "the CAD goes down"
    COMES_BACK = "the CAD is back"


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody types a command, or, where there is none, waits for the answer to the last one.

    Attributes:
        why: what the step shows.
        says: what the private answer holds; the first of them opens it. `@Pat` is a mention.
        units: call number → the numbers of the units on it afterwards.
        before: what happens to the CAD first.
    """

    why: str
    says: tuple[str, ...]
    who: str = ""
    command: str = ""
    options: Mapping[str, str | int] = field(default_factory=dict)
    units: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    before: Cad | None = None

    @property
    def typed(self) -> str:
        """Write the command as it is typed."""
        return " ".join([f"/{self.command}", *(f"{k}:{v}" for k, v in self.options.items())])


SHIFT = (
    Step(
        why="a linked officer is put on a call",
        who="Dana",
        command="attach",
        options={"call": ARMED_ROBBERY, "units": "@Pat"},
        says=("✅ Attached to **#100** Armed Robbery: @Pat (A-12)", "Confirmed by the CAD"),
        units={ARMED_ROBBERY: ("A-12",)},
    ),
    Step(
        why="only dispatchers may",
        who="Vic",
        command="attach",
        options={"call": ARMED_ROBBERY, "units": "@Alice"},
        says=("❌ This takes one of these roles: @Dispatch",),
        units={ARMED_ROBBERY: ("A-12",)},
    ),
    Step(
        why="nobody is linked, so nothing is sent",
        who="Dana",
        command="attach",
        options={"call": ARMED_ROBBERY, "units": "@Charlie"},
        says=("❌ Nobody was attached to **#100**", "@Charlie: not linked", "`/link`"),
        units={ARMED_ROBBERY: ("A-12",)},
    ),
    Step(
        why="whoever can be attached is, the others are named",
        who="Dana",
        command="attach",
        options={"call": TRAFFIC_STOP, "units": "@Alice @Charlie @Erin M-3 Z-99"},
        says=(
            "⚠️ Attached to **#101** Traffic Stop: @Alice (A-7), M-3",
            "@Charlie: not linked",
            "@Erin: linked, but not on duty",
            "`Z-99`: no unit on duty has this number",
        ),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "A-7", "M-3")},
    ),
    Step(
        why="an officer links themselves",
        who="Charlie",
        command="link",
        options={"steam": f"https://steamcommunity.com/profiles/{CHARLIE.steam64}"},
        says=(
            f"✅ @Charlie is now linked to `{CHARLIE.hex}`",
            f"The CAD knows this id as `{CHARLIE.hex}` (account `charlie`)",
        ),
    ),
    Step(
        why="from then on they can be attached",
        who="Dana",
        command="attach",
        options={"call": ARMED_ROBBERY, "units": "@Charlie"},
        says=("✅ Attached to **#100** Armed Robbery: @Charlie (E-51)",),
        units={ARMED_ROBBERY: ("A-12", "E-51")},
    ),
    Step(
        why="units come off their calls",
        who="Dana",
        command="detach",
        options={"units": "@Charlie A-7"},
        says=("✅ Detached from their calls: @Charlie (E-51), A-7",),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3")},
    ),
    Step(
        why="a voice channel, a role and a department stand for those in it who are on duty",
        who="Dana",
        command="attach",
        options={"call": TRAFFIC_STOP, "units": "#Patrol-2 dept:EMS -@Pat"},
        says=("✅ Attached to **#101** Traffic Stop: @Alice (A-7), M-3", "Excluded: @Pat (A-12)"),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3", "A-7")},
    ),
    Step(
        why="and off again, everybody with the role but one",
        who="Dana",
        command="detach",
        options={"units": "@Officer -A-12 -M-3"},
        says=("✅ Detached from their calls: @Alice (A-7)", "Not of @Officer"),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3")},
    ),
    Step(
        why="the CAD does not answer, so the order waits, and Dana is told",
        before=Cad.GOES_DOWN,
        who="Dana",
        command="attach",
        options={"call": ARMED_ROBBERY, "units": "@Bob"},
        says=("⏳ Sonoran CAD cannot be reached", "I keep trying until", "@Bob (M-3)"),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3")},
    ),
    Step(
        why="it is carried out once the CAD is back",
        before=Cad.COMES_BACK,
        says=("✅ Attached to **#100** Armed Robbery: @Bob (M-3)", "Confirmed by the CAD"),
        units={ARMED_ROBBERY: ("A-12", "M-3"), TRAFFIC_STOP: ("B-21",)},
    ),
)
