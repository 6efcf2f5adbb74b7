"""The buttons of requests and conflicts: their custom ids."""

from __future__ import annotations

from bot.ui.links import link_buttons


def test_custom_ids_fit() -> None:
    ids = [button(2**63 - 1).item.custom_id for button in link_buttons.LINK_BUTTONS]
    assert ids[0] == f"cad:approve:{2**63 - 1}"
    assert all(len(one or "") <= 100 for one in ids)
    assert len(set(ids)) == len(link_buttons.LINK_BUTTONS)
