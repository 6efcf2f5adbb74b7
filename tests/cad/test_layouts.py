from __future__ import annotations

import pytest

from bot.cad.layouts import Layout

MEDICAL = Layout("12", "Medical", {"caller_name": "Caller"}, {"deployed": "Crew deployed"})


def test_the_communitys_own_words() -> None:
    assert MEDICAL.field_label("caller_name") == "Caller"
    assert MEDICAL.status_label("deployed") == "Crew deployed"


@pytest.mark.parametrize(
    ("name", "words"),
    [("lane_2_blocked", "Lane 2 blocked"), ("ETA", "ETA"), ("_", "_"), ("", "")],
)
def test_an_id_without_a_name_is_written_as_words(name: str, words: str) -> None:
    assert MEDICAL.field_label(name) == words
    assert MEDICAL.status_label(name) == words
