from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from bot.common import discord_limits
from bot.common.discord_limits import INTERACTION_LIFETIME, REPLY_LIFETIME, minutes

PROJECT = Path(__file__).parents[2]
# Ways to write a quarter of an hour, or a little less, in code or in a text.
_WRITTEN = re.compile(
    r"minutes=1[45]\b|1[45] ?\* ?60|\b(?:900|885)(?:\.0)?\b|\b15[ -]minutes?\b|14:45", re.IGNORECASE
)
# These limits of other things have nothing to do with Discord.
_OTHER = {
    ("verification/background_verifier.py", "900.0"),  # its longest pause
    ("links/group_links.py", "900.0"),  # as before
    ("board/server_state.py", "minutes=15"),  # how old a long list of units may be
    ("bot/cad/unit_list_loader.py", "15 * 60"),  # how long a round of its pages may take
    ("bot/cad/http/wire.py", "15 * 60"),  # the longest Retry-After that is believed
}


def test_discord_takes_edits_of_a_reply_for_15_minutes() -> None:
    assert timedelta(minutes=15) == INTERACTION_LIFETIME
    assert timedelta(minutes=14) < REPLY_LIFETIME < INTERACTION_LIFETIME
    assert minutes(INTERACTION_LIFETIME) == 15


def test_the_limit_is_written_in_one_place() -> None:
    found = {
        (
            path.relative_to(PROJECT / "bot" / "services").as_posix()
            if "services" in path.parts
            else path.relative_to(PROJECT).as_posix(),
            match[0],
        )
        for top in ("bot", "cogs")
        for path in (PROJECT / top).rglob("*.py")
        if path != Path(discord_limits.__file__).resolve()
        for match in _WRITTEN.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == _OTHER
