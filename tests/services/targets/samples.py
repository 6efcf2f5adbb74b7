"""Units on duty, links and texts for the tests of targets."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bot.services.targets.grammar import parse
from bot.services.targets.resolution import Resolution, Roster
from bot.services.targets.skipped_target import SkipReason
from bot.services.targets.target_resolver import resolve
from tests.services.samples import unit

ME = 42

PAT = unit(1, "A-12", "1100001343a206f", "license:pat")
ALICE = unit(2, "A-7", "STEAM:11000010ABCDEF0")
TWIN = unit(3, "a-12", "steam:3")
NAMELESS = unit(4, "", "steam:4")
SHY = unit(5, "S-1")
BOB = replace(unit(7, "A-03", "steam:b", department="Los  Santos PD"), group="CAR-51")
CARL = replace(unit(8, "A-4", "steam:c", department="LOS SANTOS pd"), subdivision="K-9")
DORA = replace(unit(9, "D-1", "steam:d", department="Los Santos PD"), is_dispatch=True)

ON_DUTY = (PAT, ALICE, NAMELESS, SHY)
CURRENT = Roster(ON_DUTY, is_current=True, dispatchers=(DORA,))
REMEMBERED = Roster(ON_DUTY, is_current=False, dispatchers=(DORA,))
SILENT = Roster((SHY, unit(6, "S-2")), is_current=True)  # the list contains no API id at all
EMPTY = Roster((), is_current=True)
UNKNOWN = Roster((), is_current=False)

LINKS = {
    ME: "steam:1100001343A206F",
    7: "11000010abcdef0",
    8: "steam:off-duty",
    9: "STEAM:D",
    99: None,
}

CREW = Roster((PAT, ALICE, BOB, CARL, SHY), is_current=True, dispatchers=(DORA,))
CREW_LINKS = {11: "steam:b", 12: "STEAM:C", 13: "steam:off-duty", 7: "11000010abcdef0"}


def resolved(text: str, roster: Roster) -> Resolution:
    """Resolve a text that ME typed."""
    return resolve(parse(text, actor_id=ME), LINKS, roster)


def numbers(text: str, roster: Roster = CREW) -> list[str]:
    """Resolve a text and return the units."""
    found = resolve(parse(text, actor_id=ME), LINKS | CREW_LINKS, roster)
    return [one.unit.number if one.unit else one.api_id for one in found.assignees]


def reasons(text: str, roster: Roster = CREW) -> list[tuple[str, SkipReason]]:
    """Resolve a text and return the skipped targets; failed exclusions keep their minus."""
    found = resolve(parse(text, actor_id=ME), LINKS | CREW_LINKS, roster)
    for one in found.left_out:
        assert one.is_excluded is one.target.text.startswith("-")
    return [(one.target.text, one.reason) for one in found.left_out]


NAMES = (
    *("me", "<@7>", "<@8>", "<@99>", "A-12", "a-7", "A-03", "S-1", "Z-9", "steam:c", "steam:new"),
    *("<@&5:7,11,12,99>", "<#6:11,13>", "<@&7:hidden>", "A-1..A-9", "A-4..A-3", "B-1..B-2"),
    *('dept:"Los Santos PD"', "group:CAR-51", "sub:K-9", "dept:x", "@everyone", "<:e:1>"),
)


name_lists = st.lists(st.sampled_from(NAMES), min_size=1, max_size=8)


crews = st.lists(st.sampled_from([PAT, ALICE, TWIN, BOB, CARL, SHY]), unique=True)
