"""The v2 API's requests for accounts, permissions and links."""

import pytest

from bot.cad.codec import v2_accounts
from bot.cad.errors import CadError, CadRefused
from bot.cad.http.wire import Credentials
from tests.cad.samples import answer, json_answer

WHO = Credentials("community", "key")


def test_an_id_that_no_account_has():
    unknown = {"communityUserId": "x", "linked": False, "accountUuid": None}
    assert v2_accounts.read_linked_account(json_answer(unknown)) is None
    assert v2_accounts.read_linked_account(json_answer({"linked": True})) == ""


def test_the_catalog_of_permissions():
    request = v2_accounts.permission_catalog(WHO)
    assert (request.method, request.path) == ("GET", "/v2/general/permissions/catalog")
    entries = [{"id": "global.selfDispatch", "label": "Self"}, {"id": 7}, "global.police", {}]
    raw = {"version": 2, "permissions": entries, "legacyGrants": {"POLICE": ["global.police"]}}
    assert v2_accounts.read_permission_catalog(json_answer(raw)) == {"global.selfDispatch"}


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"permissions": []}', '{"permissions": {"id": "global.dispatch"}}']
)
def test_an_answer_without_a_permission_is_no_catalog(text: str):
    with pytest.raises(CadError, match="lists no permissions"):
        v2_accounts.read_permission_catalog(answer(text))


def test_granular_permissions():
    request = v2_accounts.granular_permissions(WHO, "u/1")
    assert (request.method, request.path) == ("GET", "/v2/general/permissions/accounts/u%2F1")
    raw = {"permissions": {"version": 2, "grants": ["global.dispatch"]}, "owner": False}
    found = v2_accounts.read_granular_permissions(json_answer(raw))
    assert found is not None
    assert found.allows("dispatch")
    with pytest.raises(CadError):
        v2_accounts.read_granular_permissions(answer("{}"))
    with pytest.raises(CadRefused):
        v2_accounts.read_granular_permissions(answer("", 404))
