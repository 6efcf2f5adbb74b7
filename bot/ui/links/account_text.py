"""The answer to `/link` without an id: what the CAD knows of a member, and how to link."""

from __future__ import annotations

from bot.cad.models import BANNED, EXPIRED, REMOVED, Account
from bot.services.links.cad_links import MemberAccount
from bot.ui import cad_error_text
from bot.ui.links.link_results import link_line, verification_status
from bot.ui.text import code_span, member_mention

_STATES = {
    EXPIRED: "This account has expired; an administrator of the CAD can renew it.",
    REMOVED: "This account was removed; an administrator of the CAD can let it in again.",
    BANNED: "This account is banned; an administrator of the CAD can lift the ban.",
}
_BY_ID = "use `/link` with `steam:` and the id from the CAD's account settings"


def member_account(found: MemberAccount) -> str:
    """Return what the CAD knows of a member, or how the member can be linked."""
    if found.account is not None:
        return _by_discord(found, found.account)
    lines = [_unknown_reason(found)]
    mark = "❌"
    if found.link is not None:
        mark = "✅" if found.link.proven_at and not found.link.other_account else "⚠️"
        lines.insert(
            0,
            f"{link_line(found.link)} {verification_status(found.link, names=found.may_see_names)}",
        )
    return f"{mark} " + "\n".join(lines)


def _by_discord(found: MemberAccount, account: Account) -> str:
    whose = member_mention(found.discord_id)
    name = code_span(account.username or account.uuid, 80)
    player = f", id {code_span(account.api_id, 100)}" if account.api_id else ""
    lines = [f"The CAD knows {whose} by Discord: account {name}{player}."]
    if account.is_barred:
        lines.append(_STATES[account.status])
    if found.has_its_link:
        lines.append("No further `/link` is needed.")
    else:
        lines.append(
            "Another member of this server is linked to this id, so it was not saved. A dispatcher"
            " can share or move it: `/link` with `member:` and `steam:`."
        )
    mark = "✅" if found.has_its_link and not account.is_barred else "⚠️"
    return f"{mark} " + "\n".join(lines)


def _unknown_reason(found: MemberAccount) -> str:
    """Return why the CAD names no account, and what the member can do."""
    whose = member_mention(found.discord_id)
    if found.error is not None:
        reason = cad_error_text.cad_message(found.error)
        return f"The CAD could not be asked for the account of {whose}. {reason}"
    if not found.can_ask:
        return f"The CAD's API 1 finds no account by Discord. To link {whose}, {_BY_ID}."
    return (
        f"The CAD knows no account with the Discord of {whose}. Link Discord in the CAD's account"
        f" settings, then use `/link` again; or {_BY_ID}."
    )
