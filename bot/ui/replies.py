"""What became of a link → the words that people read about it.

Every answer opens with its outcome: ✅ done, ⚠️ partly, ❌ not done.
"""

from __future__ import annotations

from bot.services.audit import AuditPage, Whois
from bot.services.linking import Linked, LinkPage
from bot.storage.links import Link
from bot.ui import faults, link_words, orders
from bot.ui.text import MESSAGE_LIMIT, code, member, moment

_OWNERS_SHOWN = 10


def linked(outcome: Linked) -> str:
    """Say what was stored, what it replaced and what the CAD makes of it."""
    link = outcome.link
    lines = [f"{member(link.discord_id)} is now linked to {code(link.api_id)}."]
    if outcome.replaced and outcome.replaced.api_id != link.api_id:
        lines.append(f"Before, it was {code(outcome.replaced.api_id)}.")
    if outcome.error is not None:
        lines.append(f"The CAD could not be asked about this id. {faults.cad(outcome.error)}")
        mark = "⚠️"
    elif outcome.account_name is None:
        lines.append(
            "The CAD does not know this id yet. If that lasts, compare it with the API ID in the"
            " CAD's account settings."
        )
        mark = "⚠️"
    else:
        lines.append(f"The CAD knows it as {code(outcome.account_name)}.")
        mark = "✅"
    return f"{mark} " + "\n".join(lines) + link_words.besides(outcome)


def link_page(page: LinkPage) -> str:
    """List some of the links."""
    if not page.total:
        return "✅ Nobody is linked yet. People link themselves with `/link`."
    lines = [f"✅ {page.total} linked · page {page.number} of {page.count}"]
    lines += [f"{member(link.discord_id)} {code(link.api_id, 40)}" for link in page.links]
    return "\n".join(lines)


def whois(found: Whois) -> str:
    """Say who a member is in the CAD, and what was last ordered by or about them."""
    if found.link is None:
        text = f"❌ {member(found.discord_id)} is not linked."
    else:
        text = f"✅ {link_line(found.link)}"
    if found.orders:
        latest = "\n".join(orders.line(view) for view in found.orders)
        text += f"\nLatest orders (all: `/audit` with `member:`):\n{latest}"
    return text


def owners(pasted: str, links: list[Link]) -> str:
    """Say who has an API id."""
    if not links:
        return f"❌ Nobody is linked to {code(pasted)}."
    lines = [link_line(link) for link in links[:_OWNERS_SHOWN]]
    if len(links) > _OWNERS_SHOWN:
        lines.append(f"and {len(links) - _OWNERS_SHOWN} more.")
    return "✅ " + "\n".join(lines)


def audit_page(page: AuditPage) -> str:
    """List some of the orders, one line each, as far as the message allows."""
    if not page.total:
        return "✅ No such order has been given."
    lines = [f"✅ {page.total} orders · page {page.number} of {page.count}"]
    for view in page.orders:
        line = orders.line(view)
        if sum(map(len, lines)) + len(lines) + len(line) > MESSAGE_LIMIT:
            break
        lines.append(line)
    return "\n".join(lines)


def link_line(link: Link) -> str:
    """Say who a person is in the CAD, and who says so."""
    if link.set_by:
        setter = f"set by {member(link.set_by)}"
    elif link.source == "person":
        setter = "set by somebody who has left"
    else:  # an import and the CAD's own links have nobody behind them
        setter = f"from the {link.source}"
    return (
        f"{member(link.discord_id)} is {code(link.api_id, 100)}, {setter}"
        f" {moment(link.set_at, 'R')}."
    )
