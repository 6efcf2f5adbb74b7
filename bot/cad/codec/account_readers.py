"""Converts the CAD's JSON about accounts to frozen values; otherwise as `readers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.cad.errors import CadUnreadable
from bot.cad.models import VALIDATED, Account
from bot.cad.permissions import GranularPermissions
from bot.cad.values import str_or_empty, to_bool, to_int


def read_account(data: object) -> Account:
    """Read an account."""
    uuid = str_or_empty(data.get("uuid")) if isinstance(data, Mapping) else ""
    if not isinstance(data, Mapping) or not uuid:
        raise CadUnreadable("the answer holds no account")
    return Account(
        uuid,
        str_or_empty(data.get("username")),
        str_or_empty(data.get("communityuserid")),
        _permissions(data.get("permissions")),
        _account_status(data),
    )


def read_v1_account(data: object) -> Account:
    """Read an account from a GET_ACCOUNT answer of v1, which lists API ids."""
    account = read_account(data)
    ids = data.get("apiids") if isinstance(data, Mapping) else None
    known = [str_or_empty(one) for one in ids] if isinstance(ids, list) else []
    return replace(account, api_id=account.api_id or next(filter(None, known), ""))


def read_granular_permissions(data: object) -> GranularPermissions:
    """Read the granular permissions of an account; an answer without them is an error.

    It must never count as "none": owners and accounts with rights would lose them.
    """
    listed = data.get("permissions") if isinstance(data, Mapping) else None
    grants = listed.get("grants") if isinstance(listed, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(grants, list):
        raise CadUnreadable("the answer holds no permissions")
    return GranularPermissions(
        frozenset(name.lower() for name in map(str_or_empty, grants) if name),
        is_owner=to_bool(data.get("owner")),
        is_migrated=to_bool(data.get("migrated", True)),
        status=_account_status(data),
    )


def read_linked_account(data: object) -> str | None:
    """Read the UUID of the account that has an API id; None if no account has it."""
    if not isinstance(data, Mapping) or not isinstance(data.get("linked"), bool):
        raise CadUnreadable("the answer does not say whether the API id is linked")
    return str_or_empty(data.get("accountuuid")) if data["linked"] else None


def _account_status(data: Mapping[str, Any]) -> int:
    status = to_int(data.get("status"))
    return VALIDATED if status is None else status


def _permissions(raw: object) -> frozenset[str]:
    granted = raw.items() if isinstance(raw, Mapping) else ()
    return frozenset(name for name, value in granted if to_bool(value))
