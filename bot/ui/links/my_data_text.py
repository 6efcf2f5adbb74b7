"""Everything that is stored about a person → the words in which they read it."""

from __future__ import annotations

from bot.services.records.my_data import Stored
from bot.ui.links import link_text
from bot.ui.links.link_results import link_line
from bot.ui.orders import order_text
from bot.ui.text import MESSAGE_LIMIT

_REQUESTS_SHOWN = 3


def mine(stored: Stored) -> str:
    """List what is stored and when it goes away, as far as the message allows."""
    keeping = stored.keeping
    stays = "or you leave this server" if keeping.until_leaving else "even if you leave"
    lines = ["✅ This is stored about you:"]
    if stored.link is not None:
        lines.append(f"**Link**: {link_line(stored.link)} Until `/unlink`, {stays}.")
    else:
        lines.append("**Link**: none.")
    if stored.links_set:
        lines.append(f"**Links of others that you have set**: {stored.links_set}.")
    if stored.requests:
        lines.append(
            f"**Requests**: {len(stored.requests)}. Until a week after they end, or `/unlink`."
        )
        shown = stored.requests[-_REQUESTS_SHOWN:]
        lines += [f"- {link_text.waits_since(one)}" for one in reversed(shown)]
    if stored.order_count:
        lines.append(
            f"**Orders by or about you**: {stored.order_count}. For {keeping.order_days} days"
            + (", without your name once you leave." if keeping.until_leaving else ".")
        )
        lines += [f"- {order_text.line(view)}" for view in stored.orders]
    else:
        lines.append("**Orders by or about you**: none.")
    while len("\n".join(lines)) > MESSAGE_LIMIT:
        lines.pop()
    return "\n".join(lines)
