"""The scenario of `sandbox check`: commands, expected answers, and the CAD's calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from sandbox.cad.state.seed import ARMED_ROBBERY, CHARLIE, TRAFFIC_STOP


class CadChange(Enum):
    """A change of the CAD before a step."""

    GOES_DOWN = "the CAD goes down"
    COMES_BACK = "the CAD is back"


@dataclass(frozen=True, slots=True)
class Step:
    """A member types a command. A step without a command waits for the last command's answer.

    Attributes:
        purpose: what the step shows.
        expected: parts of the private answer; it begins with the first. `@Pat` is a mention.
        member: the first name of the member.
        units: call number → the numbers of the units on it afterwards.
        cad_change: a change of the CAD before the command.
    """

    purpose: str
    expected: tuple[str, ...]
    member: str = ""
    command: str = ""
    options: Mapping[str, str | int] = field(default_factory=dict)
    units: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    cad_change: CadChange | None = None

    @property
    def command_text(self) -> str:
        """The command as the member types it."""
        return " ".join([f"/{self.command}", *(f"{k}:{v}" for k, v in self.options.items())])


SCENARIO = (
    Step(
        purpose="a linked officer is put on a call",
        member="Dana",
        command="attach",
        options={"call": str(ARMED_ROBBERY), "units": "@Pat"},
        expected=("✅ **#100** Armed Robbery: @Pat (A-12)", "Confirmed by the CAD"),
        units={ARMED_ROBBERY: ("A-12",)},
    ),
    Step(
        purpose="only dispatchers may",
        member="Vic",
        command="attach",
        options={"call": str(ARMED_ROBBERY), "units": "@Alice"},
        expected=("❌ You need the @Dispatch role for that",),
        units={ARMED_ROBBERY: ("A-12",)},
    ),
    Step(
        purpose="the member is not linked, so nothing is sent",
        member="Dana",
        command="attach",
        options={"call": str(ARMED_ROBBERY), "units": "@Charlie"},
        expected=("❌ Not attached to **#100**", "@Charlie: not linked", "`/link`"),
        units={ARMED_ROBBERY: ("A-12",)},
    ),
    Step(
        purpose="units that can be attached are attached, the answer names the others",
        member="Dana",
        command="attach",
        options={"call": str(TRAFFIC_STOP), "units": "@Alice @Charlie @Erin M-3 Z-99"},
        expected=(
            "⚠️ **#101** Traffic Stop: @Alice (A-7), M-3",
            "@Charlie: not linked",
            "@Erin: off duty",
            "`Z-99`: no unit on duty has this number",
        ),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "A-7", "M-3")},
    ),
    Step(
        purpose="an officer links themselves",
        member="Charlie",
        command="link",
        options={"steam": f"https://steamcommunity.com/profiles/{CHARLIE.steam64}"},
        expected=(
            f"✅ @Charlie is now linked to `{CHARLIE.hex}`",
            f"The CAD knows this id as `{CHARLIE.hex}`.",
        ),
    ),
    Step(
        purpose="from then on they can be attached",
        member="Dana",
        command="attach",
        options={"call": str(ARMED_ROBBERY), "units": "@Charlie"},
        expected=("✅ **#100** Armed Robbery: @Charlie (E-51)",),
        units={ARMED_ROBBERY: ("A-12", "E-51")},
    ),
    Step(
        purpose="units come off their calls",
        member="Dana",
        command="detach",
        options={"units": "@Charlie A-7"},
        expected=("✅ Off their calls: @Charlie (E-51, left #100), A-7 (left #101)",),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3")},
    ),
    Step(
        purpose="a voice channel, a role and a department mean their units on duty",
        member="Dana",
        command="attach",
        options={"call": str(TRAFFIC_STOP), "units": "#Patrol-2 dept:EMS -@Pat"},
        expected=(
            "✅ **#101** Traffic Stop: @Alice (A-7), M-3 (already there)",
            "Excluded: @Pat (A-12)",
        ),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3", "A-7")},
    ),
    Step(
        purpose="the units of a role, without two of them, come off their calls",
        member="Dana",
        command="detach",
        options={"units": "@Officer -A-12 -M-3"},
        expected=(
            "⚠️ Off their calls: @Alice (A-7, left #101)",
            "@Charlie: not on any call",
            "@Officer (",
        ),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3")},
    ),
    Step(
        purpose="the CAD does not answer, so the order waits, and Dana is told",
        cad_change=CadChange.GOES_DOWN,
        member="Dana",
        command="attach",
        options={"call": str(ARMED_ROBBERY), "units": "@Bob"},
        expected=("⏳ Sonoran CAD cannot be reached", "I keep trying until", "@Bob (M-3)"),
        units={ARMED_ROBBERY: ("A-12",), TRAFFIC_STOP: ("B-21", "M-3")},
    ),
    Step(
        purpose="the order is carried out after the CAD is back",
        cad_change=CadChange.COMES_BACK,
        expected=("✅ **#100** Armed Robbery: @Bob (M-3, left #101)", "Confirmed by the CAD"),
        units={ARMED_ROBBERY: ("A-12", "M-3"), TRAFFIC_STOP: ("B-21",)},
    ),
)
