from __future__ import annotations

import pytest

from bot.cad.models import BANNED, EXPIRED, REMOVED, VALIDATED, Account
from bot.cad.permissions import AccountPermissions
from bot.services.access.policy import CAD_DISPATCH, CAD_SELF_DISPATCH, Access, Permission
from bot.services.errors import (
    CadAccountBanned,
    CadAccountExpired,
    CadAccountRemoved,
    CadPermissionMissing,
    NoCadAccount,
    RoleRequired,
)
from tests.services.samples import actor

OPEN = Access(frozenset())
CLOSED = Access(frozenset({1, 2}))
NEEDED = Access(frozenset(), checks_cad_permissions=True)


def granted(*permissions: str, status: int = VALIDATED) -> AccountPermissions:
    return AccountPermissions(
        Account("u-1", "pat", "", frozenset(map(str.lower, permissions)), status)
    )


@pytest.mark.parametrize(
    ("access", "who", "may"),
    [
        (CLOSED, actor(1), True),
        (CLOSED, actor(2, 9), True),
        (CLOSED, actor(9), False),
        (CLOSED, actor(), False),
        # With a dispatch role, Manage Server does not count.
        (CLOSED, actor(manages_server=True), False),
        (OPEN, actor(manages_server=True), True),
        (OPEN, actor(1), False),
    ],
)
def test_who_may_dispatch(access: Access, who, may: bool) -> None:
    assert access.may_dispatch(who) is may
    if may:
        access.require_dispatch(who)
    else:
        with pytest.raises(RoleRequired) as refusal:
            access.require_dispatch(who)
        assert refusal.value.role_ids == access.dispatch_role_ids


@pytest.mark.parametrize(
    ("roles", "who", "may"),
    [
        ({7}, actor(7), True),
        ({7}, actor(1), True),  # dispatchers
        ({7}, actor(9), False),
        (set(), actor(9), False),
        (set(), actor(1), True),
    ],
)
def test_who_may_move_themselves(roles: set[int], who, may: bool) -> None:
    access = Access(frozenset({1}), frozenset(roles))
    if may:
        access.require_self_dispatch(who)
    else:
        with pytest.raises(RoleRequired) as refusal:
            access.require_self_dispatch(who)
        assert refusal.value.role_ids == {1, *roles}


@pytest.mark.parametrize(
    ("dispatch", "link", "admin", "linkers", "admins"),
    [
        ({1}, {2}, {3}, {2}, {3}),
        ({1}, {2}, (), {2}, {2}),
        ({1}, (), {3}, {1}, {3}),
        ({1}, (), (), {1}, {1}),
        ((), (), (), (), ()),
    ],
)
def test_a_kind_of_act_without_roles_falls_back(dispatch, link, admin, linkers, admins) -> None:
    access = Access(frozenset(dispatch), frozenset({9}), frozenset(link), frozenset(admin))
    for roles, require in ((linkers, access.require_link), (admins, access.require_admin)):
        require(actor(*roles, manages_server=not roles))
        # Self-dispatch grants neither dispatch nor linking.
        with pytest.raises(RoleRequired) as refusal:
            require(actor(9, manages_server=bool(roles)))
        assert refusal.value.role_ids == set(roles)
    assert access.may_link(actor(*linkers, manages_server=not linkers))
    assert not access.may_link(actor(9))


@pytest.mark.parametrize(
    ("permissions", "only_self", "may"),
    [
        (granted(CAD_DISPATCH), False, True),
        (granted(CAD_DISPATCH), True, True),
        (granted(CAD_SELF_DISPATCH), True, True),
        (granted(CAD_SELF_DISPATCH), False, False),
        (granted("police"), True, False),
        (granted(), False, False),
        (None, True, False),
    ],
)
def test_what_the_cad_has_to_allow(
    permissions: AccountPermissions | None, only_self: bool, may: bool
) -> None:
    assert NEEDED.is_permitted_in_cad(permissions, only_self=only_self) is may
    if may:
        NEEDED.require_cad_permission(permissions, only_self=only_self)
    else:
        with pytest.raises(NoCadAccount if permissions is None else CadPermissionMissing):
            NEEDED.require_cad_permission(permissions, only_self=only_self)
    Access(frozenset()).require_cad_permission(permissions, only_self=only_self)


@pytest.mark.parametrize(
    ("status", "error"),
    [(EXPIRED, CadAccountExpired), (REMOVED, CadAccountRemoved), (BANNED, CadAccountBanned)],
)
def test_a_barred_account_may_do_nothing(status: int, error: type[CadPermissionMissing]) -> None:
    with pytest.raises(error):
        NEEDED.require_cad_permission(granted(CAD_DISPATCH, status=status), only_self=False)


def test_what_falls_back_is_shown_where_it_falls() -> None:
    access = Access(frozenset({1}), frozenset({9}), link_role_ids=frozenset({2}))
    assert {right.permission: set(right.role_ids) for right in access.rules} == {
        Permission.DISPATCH: {1},
        Permission.SELF_DISPATCH: {1, 9},
        Permission.LINK: {2},
        Permission.ADMINISTER: {2},
    }
    assert not any(right.allows_managers for right in access.rules)
    assert all(
        (right.role_ids, right.allows_managers) == (frozenset(), True) for right in OPEN.rules
    )
