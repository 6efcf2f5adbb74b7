"""The granular permissions of an account."""

from __future__ import annotations

import pytest

from bot.cad.permissions import GranularPermissions

DISPATCHER = GranularPermissions(frozenset({"global.dispatch", "police.selfdispatch"}))


@pytest.mark.parametrize(
    ("permission", "is_allowed"),
    [
        ("dispatch", True),
        ("DISPATCH", True),
        ("selfdispatch", False),  # it has that of one department only
        ("global.dispatch", False),
        ("", False),
    ],
)
def test_a_permission_of_the_whole_community(permission: str, is_allowed: bool):
    assert DISPATCHER.allows(permission) is is_allowed


def test_an_owner_has_every_permission():
    owner = GranularPermissions(frozenset(), is_owner=True)
    assert owner.allows("dispatch")
    assert owner.allows("anything")
