"""The conversion of the CAD's JSON about accounts."""

from __future__ import annotations

import pytest

from bot.cad.codec.account_readers import (
    read_account,
    read_granular_permissions,
    read_v1_account,
)
from bot.cad.errors import CadUnreadable
from bot.cad.permissions import GranularPermissions


@pytest.mark.parametrize(
    ("status", "is_barred"),
    [(0, False), (1, False), (2, True), (3, True), (4, True), (None, False), (9, False)],
)
def test_an_account_that_is_expired_removed_or_banned(status: object, is_barred: bool) -> None:
    account = read_account({"uuid": "u", "status": status})
    assert account.is_barred is is_barred


def test_an_account_of_v1_has_the_first_of_its_api_ids() -> None:
    raw = {"uuid": "u", "username": "pat", "apiids": ["", "steam:1"], "permissions": {"police": 1}}
    account = read_v1_account(raw)
    assert (account.api_id, account.permissions) == ("steam:1", frozenset({"police"}))
    assert read_v1_account({"uuid": "u"}).api_id == ""


def test_granular_permissions() -> None:
    listed = {"version": 2, "grants": ["global.selfDispatch", 7, ""]}
    found = read_granular_permissions({"permissions": listed, "owner": False, "status": 4})
    assert found == GranularPermissions(frozenset({"global.selfdispatch"}), status=4)
    assert found.allows("selfDispatch")
    assert not found.allows("dispatch")
    owner = read_granular_permissions({"permissions": {"grants": []}, "owner": True})
    assert owner.allows("dispatch")


@pytest.mark.parametrize("raw", [None, [], {}, {"permissions": None}, {"permissions": {}}])
def test_permissions_that_cannot_be_read_are_not_none(raw: object) -> None:
    with pytest.raises(CadUnreadable):
        read_granular_permissions(raw)
