"""The v1 API under `/general`: accounts. Pure.

Reference: docs/sonoran-cad.md, "Other requests" and "Account".
"""

from __future__ import annotations

from bot.cad.codec import account_readers, v1
from bot.cad.http import wire
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.models import Account


def check_api_id(credentials: Credentials, server_id: int, api_id: str) -> Request:
    """Build a request for the name of the account that has an API id."""
    data = {"serverId": server_id, "apiId": api_id}
    return v1.post(credentials, "/general/check_apiid", "CHECK_APIID", data)


def get_account(credentials: Credentials, server_id: int, api_id: str) -> Request:
    """Build a request for the account that has an API id, with its permissions."""
    data = {"serverId": server_id, "apiId": api_id}
    return v1.post(credentials, "/general/get_account", "GET_ACCOUNT", data)


def get_account_by_uuid(credentials: Credentials, server_id: int, account: str) -> Request:
    """Build a request for the account with this UUID, with its permissions."""
    data = {"serverId": server_id, "account": account}
    return v1.post(credentials, "/general/get_account", "GET_ACCOUNT", data)


def read_account_name(response: Response) -> str | None:
    """Read the answer to `check_api_id`: the account's user name; None for an unknown id."""
    # The 404 of an unknown id contains this text; any other 404 means a wrong address.
    if response.status == 404 and "NOT LINKED" in response.text.upper():
        return None
    return v1.check(response).text.strip('"')


def read_account(response: Response) -> Account | None:
    """Read the answer to `get_account`; None for an unknown id."""
    if response.status == 404 and "NOT LINKED" in response.text.upper():
        return None
    return account_readers.read_v1_account(wire.read_json(v1.check(response)))
