"""Text of `/links mine`: everything that is stored about a member."""

from __future__ import annotations

from bot.services.records.my_data import PersonalData
from bot.ui.links import link_text
from bot.ui.links.link_results import link_origin
from bot.ui.orders import order_text
from bot.ui.text import MESSAGE_LIMIT

_MAX_REQUESTS = 3


def my_data(stored: PersonalData) -> str:
    """Return what is stored about a member and when it is deleted, as far as it fits."""
    keeping = stored.retention
    stays = "or leave this server" if keeping.erase_on_leave else "even if you leave"
    lines = ["✅ This is stored about you:"]
    if stored.link is not None:
        origin = link_origin(stored.link, stored.discord_id)
        lines.append(f"**Link**: {origin}. Kept until you `/unlink`, {stays}.")
    else:
        lines.append("**Link**: none.")
    if stored.links_set:
        lines.append(f"**Links of other members that you set**: {stored.links_set}.")
    if stored.requests:
        lines.append(
            f"**Requests**: {len(stored.requests)}. Kept until a week after they end, or until you"
            " `/unlink`."
        )
        shown = stored.requests[-_MAX_REQUESTS:]
        lines += [f"- {link_text.request_line(one)}" for one in reversed(shown)]
    if stored.order_count:
        lines.append(
            f"**Orders by or about you**: {stored.order_count}. Kept for {keeping.order_days} days"
            + (", without your name once you leave." if keeping.erase_on_leave else ".")
        )
        lines += [f"- {order_text.order_line(view)}" for view in stored.orders]
    else:
        lines.append("**Orders by or about you**: none.")
    while len("\n".join(lines)) > MESSAGE_LIMIT:
        lines.pop()
    return "\n".join(lines)
