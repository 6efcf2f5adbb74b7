"""The custom ids of the buttons, each of which matches exactly one button."""

from __future__ import annotations

import pytest
from simcord.components import walk_components

from bot.ui.calls.card_buttons import CALL_ITEMS, call_buttons, emergency_buttons

LONGEST = 999_999_999, 10**18 - 1


@pytest.mark.parametrize("item", CALL_ITEMS, ids=lambda item: item.action)
async def test_an_id_is_short_enough_and_leads_to_one_item(item) -> None:
    custom_id = item(*LONGEST).custom_id
    assert len(custom_id) <= 100
    found = [
        other for other in CALL_ITEMS if other.__discord_ui_compiled_template__.fullmatch(custom_id)
    ]
    assert found == [item]


@pytest.mark.parametrize(
    ("buttons", "labels"),
    [
        (call_buttons, ["Attach me", "Attach…", "Detach me", "More"]),
        (emergency_buttons, ["Respond", "Dispatch…", "Dismiss"]),
    ],
)
async def test_what_a_card_carries(buttons, labels: list[str]) -> None:
    view = buttons(*LONGEST)
    assert view.timeout is None
    shown = list(walk_components(view.to_components()))
    assert [one["label"] for one in shown if "label" in one] == labels
