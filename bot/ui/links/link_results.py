"""Answers about links and orders: `/link`, `/links list`, `/links whois`, `/audit`.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done.
"""

from __future__ import annotations

from bot.common.pages import Page
from bot.services.links.link_service import LinkPage, LinkResult
from bot.services.orders.outcomes import OrderView
from bot.services.records.audit_log import Whois
from bot.storage.stores.link_row import Link
from bot.ui import cad_error_text
from bot.ui.links import link_text
from bot.ui.orders import order_text
from bot.ui.text import MESSAGE_LIMIT, code_span, member_mention, timestamp

_MAX_OWNERS = 10


def link_saved(outcome: LinkResult) -> str:
    """Return the answer after a link was saved: what it replaced, what the CAD says about it."""
    link = outcome.link
    lines = [f"{member_mention(link.discord_id)} is now linked to {code_span(link.api_id)}."]
    if outcome.replaced and outcome.replaced.api_id != link.api_id:
        lines.append(f"Before, it was {code_span(outcome.replaced.api_id)}.")
    lines.append(_verification_text(outcome))
    is_fine = outcome.verification.is_verified and outcome.verification.replaced_id is None
    mark = "✅" if is_fine else "⚠️"
    return f"{mark} " + "\n".join(lines) + link_text.holders_line(outcome)


def _verification_text(outcome: LinkResult) -> str:
    """Return the result of verifying a link that was just saved."""
    link, proof = outcome.link, outcome.verification
    if proof.is_verified:
        whose = f" (account {code_span(proof.account_name, 60)})" if proof.account_name else ""
        if proof.replaced_id is None:
            return f"The CAD knows this id as {code_span(link.api_id)}{whose}."
        return (
            f"In the CAD, {member_mention(link.discord_id)} has linked Discord to this id{whose}."
            f" So it was saved instead of {code_span(proof.replaced_id)}. To change that, change"
            " it in the CAD."
        )
    if proof.error:
        what = (
            f"The CAD could not be asked about this id. {cad_error_text.cad_message(proof.error)}"
        )
    elif not proof.is_complete:
        what = "The CAD was too slow to say whether it knows this id."
    else:
        what = (
            "Saved, but the CAD has no account with this id yet. Compare it with the API ID in"
            " the CAD's account settings, or use `/apiid` in game."
        )
    state = "The CAD has confirmed it before" if link.proven_at else "Until then it is unproven"
    return f"{what} I check again by myself. {state}."


def link_page(page: LinkPage) -> str:
    """Return one page of the links, one line per link."""
    if not page.total and page.kind == "linked":
        return "✅ No member is linked yet. Members link themselves with `/link`."
    lines = [f"✅ {page.total} {page.kind} · page {page.number} of {page.count}"]
    lines += [
        f"{member_mention(link.discord_id)} {code_span(link.api_id, 40)}{_status_suffix(link)}"
        for link in page.items
    ]
    return "\n".join(lines)


def whois(found: Whois) -> str:
    """Return a member's link and the latest orders by or about them."""
    if found.link is None:
        text = f"❌ {member_mention(found.discord_id)} is not linked."
    else:
        text = f"✅ {link_line(found.link)} {verification_status(found.link)}"
    if found.orders:
        latest = "\n".join(order_text.order_line(view) for view in found.orders)
        text += f"\nLatest orders (all: `/audit` with `member:`):\n{latest}"
    return text


def id_owners(pasted: str, links: list[Link]) -> str:
    """Return the members that are linked to an API id."""
    if not links:
        return f"❌ No member is linked to {code_span(pasted)}."
    if len(links) == 1:
        return f"✅ {link_line(links[0])} {verification_status(links[0])}"
    lines = [f"{link_line(link)}{_status_suffix(link)}" for link in links[:_MAX_OWNERS]]
    if len(links) > _MAX_OWNERS:
        lines.append(f"and {len(links) - _MAX_OWNERS} more.")
    return "✅ " + "\n".join(lines)


def audit_page(page: Page[OrderView]) -> str:
    """Return one page of orders, one line per order, as many as fit into a message."""
    if not page.total:
        return "✅ No orders found."
    lines = [f"✅ {page.total} orders · page {page.number} of {page.count}"]
    for view in page.items:
        line = order_text.order_line(view)
        if sum(map(len, lines)) + len(lines) + len(line) > MESSAGE_LIMIT:
            break
        lines.append(line)
    return "\n".join(lines)


def link_line(link: Link) -> str:
    """Return a member's API id and who set it."""
    return f"{member_mention(link.discord_id)} is {link_origin(link)}."


def link_origin(link: Link, reader_id: int | None = None) -> str:
    """Return an API id, who set it and when; the member `reader_id` is called "you"."""
    if link.set_by:
        is_own = link.set_by == reader_id
        setter = f"set by {'you' if is_own else member_mention(link.set_by)}"
    elif link.source == "person":
        setter = "set by a member who has left"
    else:  # imported links and the CAD's own links were set by no member
        setter = f"from the {link.source}"
    return f"{code_span(link.api_id, 100)}, {setter} {timestamp(link.set_at, 'R')}"


def verification_status(link: Link, *, names: bool = True) -> str:
    """Return the verification status of a stored link, with the names of accounts or without."""
    account = code_span(link.account_name or link.account_uuid or "", 60)
    if link.other_account and not names:
        return "⚠️ The id belongs to another account of the CAD by now."
    if link.other_account:
        other = code_span(link.other_account, 60)
        return f"⚠️ The id belonged to account {account}; in the CAD it now belongs to {other}."
    if link.proven_at is None:
        asked = f"; last checked {timestamp(link.checked_at, 'R')}" if link.checked_at else ""
        return f"Unproven: the CAD has not confirmed this id{asked}."
    is_named = names and (link.account_name or link.account_uuid)
    whose = f" as account {account}" if is_named else ""
    return f"The CAD knows it{whose}; confirmed {timestamp(link.proven_at, 'R')}."


def _status_suffix(link: Link) -> str:
    if link.other_account:
        return " (another account)"
    return "" if link.proven_at else " (unproven)"
