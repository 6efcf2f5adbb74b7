"""What a member reads after /link without an id."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.cad.errors import CadUnavailable
from bot.cad.models import BANNED, EXPIRED, REMOVED, Account
from bot.common.account_id import account_id
from bot.services.links.cad_links import MemberAccount
from bot.storage.stores.link_row import Link
from bot.ui.links.account_text import member_account

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = Account("u-1", "charlie", "license:1")
LINK = Link(10, 7, "license:1", 7, NOON, proven_at=NOON, checked_at=NOON)
UNPROVEN = Link(10, 7, "license:1", 7, NOON)


def test_the_account_with_the_members_discord() -> None:
    assert member_account(MemberAccount(7, ACCOUNT, LINK)).splitlines() == [
        "✅ The CAD knows <@7> by Discord: account `charlie`, id `license:1`.",
        "No further `/link` is needed.",
    ]


def test_an_account_without_a_player_or_a_name() -> None:
    account = Account("u-1", "", "")
    link = Link(10, 7, account_id("u-1"), 0, NOON)
    text = member_account(MemberAccount(7, account, link))
    assert text.splitlines()[0] == "✅ The CAD knows <@7> by Discord: account `u-1`."


@pytest.mark.parametrize(
    ("status", "state"), [(EXPIRED, "has expired"), (REMOVED, "was removed"), (BANNED, "is banned")]
)
def test_a_barred_account(status: int, state: str) -> None:
    account = Account("u-1", "charlie", "license:1", status=status)
    first, second, _ = member_account(MemberAccount(7, account, LINK)).splitlines()
    assert first.startswith("⚠️ ")
    assert second.startswith(f"This account {state}; an administrator")


@pytest.mark.parametrize("link", [None, Link(10, 7, "license:2", 7, NOON)])
def test_an_id_that_another_member_has(link: Link | None) -> None:
    text = member_account(MemberAccount(7, ACCOUNT, link))
    assert text.startswith("⚠️ The CAD knows <@7>")
    assert "Another member of this server is linked to this id" in text


def test_no_account_and_no_link() -> None:
    assert member_account(MemberAccount(7, None, None)) == (
        "❌ The CAD knows no account with the Discord of <@7>. Link Discord in the CAD's account"
        " settings, then use `/link` again; or use `/link` with `steam:` and the id from the CAD's"
        " account settings."
    )


def test_over_api_1() -> None:
    assert member_account(MemberAccount(7, None, None, can_ask=False)) == (
        "❌ The CAD's API 1 finds no account by Discord. To link <@7>, use `/link` with `steam:`"
        " and the id from the CAD's account settings."
    )


@pytest.mark.parametrize(("link", "mark"), [(LINK, "✅"), (UNPROVEN, "⚠️")])
def test_a_link_here_comes_first(link: Link, mark: str) -> None:
    first, second = member_account(MemberAccount(7, None, link)).splitlines()
    assert first.startswith(f"{mark} <@7> is `license:1`, set by <@7>")
    assert second.startswith("The CAD knows no account with the Discord of <@7>.")


def test_a_cad_that_does_not_answer() -> None:
    text = member_account(MemberAccount(7, None, None, error=CadUnavailable(status=502)))
    assert text.startswith("❌ The CAD could not be asked for the account of <@7>. Sonoran CAD has")


def test_hostile_names_stay_text() -> None:
    account = Account("u-1", "`@here`" * 100, "x" * 5000)
    assert len(member_account(MemberAccount(7, account, LINK))) < 1000
