from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.cad.errors import CadUnreachable
from bot.common.pages import Page
from bot.services.links.link_service import LinkPage, LinkResult
from bot.services.records.audit_log import Whois
from bot.services.verification.verifier import Verification
from bot.storage.stores.link_row import Link
from bot.ui.links import link_results
from tests.ui.orders.test_order_text import view

HOSTILE = "`@here` **x**\n[a](https://b.example)\u202e"
SNOWFLAKE = 2**63 - 1

LINK = Link(1, 7, "steam:1", 9, datetime(2026, 1, 1, tzinfo=UTC))
CONFIRMED = replace(
    LINK, account_name="pat", proven_at=datetime(2026, 2, 1, tzinfo=UTC), checked_at=LINK.set_at
)
CHANGED = replace(CONFIRMED, other_account="`vic` @here")
DOWN = CadUnreachable("Connection refused")
OLDER = Link(1, 7, "license:old", 7, datetime(2025, 1, 1, tzinfo=UTC))
LONG = Link(1, SNOWFLAKE, "`" * 200, SNOWFLAKE, datetime(2026, 1, 1, tzinfo=UTC))


PROVEN = Verification("steam:1", "pat", "u-1", is_verified=True)


@pytest.mark.parametrize(
    ("linked", "parts"),
    [
        (
            LinkResult(LINK, None, PROVEN),
            ["✅ <@7> is now linked to `steam:1`.", "knows this id as `steam:1` (account `pat`)."],
        ),
        (LinkResult(LINK, OLDER, PROVEN), ["✅ ", "Before, it was `license:old`."]),
        (
            LinkResult(LINK, None, replace(PROVEN, account_name=None)),
            ["✅ ", "The CAD knows this id as `steam:1`."],
        ),
        (
            LinkResult(LINK, None, replace(PROVEN, replaced_id="license:x")),
            ["⚠️ ", "<@7> has linked Discord to this id (account `pat`)", "instead of `license:x`"],
        ),
        (
            LinkResult(LINK, None, Verification("steam:1")),
            ["⚠️ <@7> is now linked", "no account with this id", "I check again", "unproven"],
        ),
        (
            LinkResult(LINK, None, Verification("steam:1", is_complete=False)),
            ["⚠️ <@7> is now linked", "too slow", "I check again", "unproven"],
        ),
        (
            LinkResult(LINK, None, Verification("steam:1", is_complete=False, error=DOWN)),
            ["⚠️ <@7> is now linked", "could not be asked", "`Connection refused`", "unproven"],
        ),
        (
            LinkResult(
                CONFIRMED, CONFIRMED, Verification("steam:1", is_complete=False, error=DOWN)
            ),
            ["⚠️ <@7> is now linked", "could not be asked", "confirmed it before"],
        ),
        (LinkResult(LONG, LONG, replace(PROVEN, account_name="x" * 4000)), ["✅ "]),
    ],
)
def test_linked(linked, parts) -> None:
    text = link_results.link_saved(linked)
    assert text.startswith(parts[0])
    for part in parts:
        assert part in text
    assert len(text) <= 2000


def test_the_same_id_again_replaces_nothing() -> None:
    assert "Before" not in link_results.link_saved(LinkResult(LINK, LINK, PROVEN))


def test_whois() -> None:
    said = (
        "✅ <@7> is `steam:1`, set by <@9> <t:1767225600:R>."
        " Unproven: the CAD has not confirmed this id."
    )
    assert (
        link_results.whois(Whois(7, LINK, [])) == link_results.id_owners("steam:1", [LINK]) == said
    )
    assert link_results.whois(Whois(7, None, [])) == "❌ <@7> is not linked."
    assert link_results.id_owners(HOSTILE, []).startswith("❌ No member is linked to `ˋ@hereˋ")


def test_whois_tells_what_the_cad_makes_of_it() -> None:
    assert link_results.whois(Whois(7, CONFIRMED, [])).endswith(
        "The CAD knows it as account `pat`; confirmed <t:1769904000:R>."
    )
    assert link_results.whois(Whois(7, replace(CONFIRMED, account_name=None), [])).endswith(
        "The CAD knows it; confirmed <t:1769904000:R>."
    )
    assert link_results.whois(Whois(7, replace(CONFIRMED, proven_at=None), [])).endswith(
        "Unproven: the CAD has not confirmed this id; last checked <t:1767225600:R>."
    )
    assert link_results.whois(Whois(7, CHANGED, [])).endswith(
        "⚠️ The id belonged to account `pat`; in the CAD it now belongs to `ˋvicˋ @here`."
    )


def test_the_list_marks_what_is_not_proven() -> None:
    lines = link_results.link_page(LinkPage([LINK, CONFIRMED, CHANGED], 1, 1, 3)).splitlines()
    assert lines[1:] == [
        "<@7> `steam:1` (unproven)",
        "<@7> `steam:1`",
        "<@7> `steam:1` (another account)",
    ]


def test_whois_shows_the_latest_orders() -> None:
    lines = link_results.whois(Whois(7, LINK, [view(units="A-12")] * 5)).splitlines()
    assert lines[1] == "Latest orders (all: `/audit` with `member:`):"
    assert len(lines) == 7
    assert lines[2].startswith("⏳ `A-12` → **#100** · by <@5>")


@pytest.mark.parametrize(("number", "count", "total"), [(1, 1, 2), (3, 3, 60)])
def test_pages(number, count, total) -> None:
    text = link_results.link_page(LinkPage([LINK, LONG], number, count, total))
    assert text.splitlines()[:2] == [
        f"✅ {total} linked · page {number} of {count}",
        "<@7> `steam:1` (unproven)",
    ]


def test_no_member_is_linked() -> None:
    assert link_results.link_page(LinkPage([], 1, 1, 0)).startswith("✅ No member is linked yet.")


def test_lists_of_links_fit() -> None:
    assert len(link_results.link_page(LinkPage([LONG] * 20, 1, 1, 20))) <= 2000
    owners = link_results.id_owners("x" * 6000, [LONG] * 50)
    assert len(owners) <= 2000
    assert owners.splitlines()[10:] == ["and 40 more."]


def test_pages_of_orders() -> None:
    assert link_results.audit_page(Page([], 1, 1, 0)) == "✅ No orders found."
    text = link_results.audit_page(Page([view(units="A-12")], 2, 3, 21))
    assert text.splitlines()[0] == "✅ 21 orders · page 2 of 3"
    assert text.splitlines()[1].startswith("⏳ `A-12` → **#100** · by <@5>")


def test_a_page_of_orders_fits() -> None:
    long = [view(units="x" * 4000, call_id=2**31 - 1) for _ in range(20)]
    assert len(link_results.audit_page(Page(long, 1, 1, 20))) <= 2000
