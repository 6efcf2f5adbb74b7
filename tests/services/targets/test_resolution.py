"""What a text resolves to: the roster that it is looked up in, and when the result is certain."""

from __future__ import annotations

import pytest

from bot.services.targets.resolution import (
    Roster,
)
from tests.services.targets.samples import PAT, REMEMBERED, TWIN, UNKNOWN, resolved


@pytest.mark.parametrize(
    ("text", "roster", "certain"),
    [
        ("me A-7 <@99> <@&5>", REMEMBERED, True),
        ("me B-1", REMEMBERED, False),
        ("me <@8>", REMEMBERED, False),
        ("steam:new", UNKNOWN, False),
        ("S-1", REMEMBERED, False),
        ("me <@5>", REMEMBERED, False),
        ("A-12", Roster((PAT, TWIN), is_current=False), False),
        ("<@99>", UNKNOWN, True),
    ],
)
def test_when_a_newer_list_could_say_otherwise(text, roster, certain) -> None:
    assert resolved(text, roster).is_certain() is certain
