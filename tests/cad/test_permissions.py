"""What an account may do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import BANNED, EXPIRED, REMOVED, Account
from bot.cad.permissions import AccountPermissions, GranularPermissions, permission_id

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


ACCOUNT = Account("u-1", "pat", "", frozenset({"dispatch"}))


@pytest.mark.parametrize("name", ["selfDispatch", "selfdispatch"])
def test_the_letter_case_of_a_permission_does_not_matter(name: str):
    account = replace(ACCOUNT, permissions=frozenset({"selfdispatch"}))
    assert AccountPermissions(account).allows(name)
    granted = GranularPermissions(frozenset({"global.selfdispatch"}))
    assert AccountPermissions(ACCOUNT, granted).allows(name)
    assert permission_id(name).lower() in granted.grants


@pytest.mark.parametrize(
    ("granular", "is_allowed"),
    [
        (None, True),
        (GranularPermissions(frozenset()), False),
        (GranularPermissions(frozenset({"global.dispatch"})), True),
        (GranularPermissions(frozenset(), is_migrated=False), True),
        (GranularPermissions(frozenset(), is_owner=True), True),
        (GranularPermissions(frozenset(), is_owner=True, status=BANNED), False),
    ],
)
def test_which_permissions_count(granular: GranularPermissions | None, is_allowed: bool):
    assert AccountPermissions(ACCOUNT, granular).allows("dispatch") is is_allowed


@given(
    status=st.integers(-1, 6),
    granular_status=st.integers(-1, 6),
    is_owner=st.booleans(),
    grants=st.frozensets(st.sampled_from(["global.dispatch", "global.police"])),
)
def test_a_barred_account_is_allowed_nothing(
    status: int, granular_status: int, is_owner: bool, grants: frozenset[str]
):
    permissions = AccountPermissions(
        replace(ACCOUNT, status=status),
        GranularPermissions(grants, is_owner=is_owner, status=granular_status),
    )
    is_barred = bool({status, granular_status} & {EXPIRED, REMOVED, BANNED})
    assert (permissions.barred_status is not None) is is_barred
    may = is_owner or "global.dispatch" in grants
    assert permissions.allows("dispatch") is (may and not is_barred)
