"""Turn errors into texts for users: what happened, then what to do."""

from __future__ import annotations

from collections.abc import Mapping

from discord import app_commands

from bot.cad.errors import CadError
from bot.common.discord_limits import INTERACTION_LIFETIME, minutes
from bot.services.errors import (
    AlreadyConfirmed,
    AlreadyPressed,
    AlreadyUndone,
    AmbiguousCall,
    CadAccountBanned,
    CadAccountExpired,
    CadAccountRemoved,
    CadPermissionMissing,
    CadPermissionUnknown,
    CallNotFound,
    NoCadAccount,
    NoSuchServer,
    NothingSelected,
    NothingToConfirm,
    NothingToUndo,
    NotOnThatCall,
    NotOrderOwner,
    NoUnitFree,
    RoleRequired,
    ServiceError,
    SeveralUnits,
    TitleMissing,
    TooLateToCancel,
    TooLateToConfirm,
    TooLateToUndo,
    TooManyTargets,
)
from bot.services.link_errors import (
    AlreadyImported,
    ApprovalPending,
    DownloadFailed,
    ExportTooLarge,
    FileReadTimeout,
    FileTooLarge,
    ImportExpired,
    ImportOutdated,
    NotImportOwner,
)
from bot.services.orders.intake import UNDO_WITHIN
from bot.storage.errors import StorageError, ValueNotStorable
from bot.ui.cad_error_text import TELL_OPERATOR, cad_message
from bot.ui.guild_error_text import FIXED_GUILD_TEXTS, GuildError, guild_message
from bot.ui.link_error_text import FIXED_LINK_TEXTS, LinkError, link_message
from bot.ui.text import (
    call_name,
    code_span,
    escape,
    fill,
    join_limited,
    on_server,
    role_mentions,
)

# Also used in the answer to an order.
NOT_PERMITTED = (
    "Your account in the CAD may not do this. It needs the CAD's permission `dispatch`, or"
    " `selfDispatch` if it is only about yourself."
)
NO_CAD_ACCOUNT = (
    "The CAD does not know your account, and this needs a permission there. Link Discord in the"
    " CAD's account settings, or use `/link`."
)
_BARRED_ADVICE = "An administrator of the CAD can change that."
ACCOUNT_EXPIRED = f"Your account in the CAD has expired, so it may do nothing. {_BARRED_ADVICE}"
ACCOUNT_REMOVED = f"Your account in the CAD was removed, so it may do nothing. {_BARRED_ADVICE}"
ACCOUNT_BANNED = f"Your account in the CAD is banned, so it may do nothing. {_BARRED_ADVICE}"
EMERGENCY_GONE = "This 911 call is no longer open: it was answered or dismissed."
PERMISSION_UNKNOWN = "The CAD did not say whether you may do this. Try again in a minute."

_FIXED_TEXTS: Mapping[type[ServiceError], str] = {
    **FIXED_GUILD_TEXTS,
    **FIXED_LINK_TEXTS,
    NothingSelected: "No unit is picked. Pick a unit, then press the button again.",
    NoUnitFree: (
        "No unit of the departments that you picked is free now. Pick a unit, then press the"
        " button again."
    ),
    NotOnThatCall: (
        "Your unit is not on this call, as far as the bot knows. Without a dispatch role you may"
        " write notes on your own call alone. **Attach me** puts you on it."
    ),
    SeveralUnits: "A status is set for one unit at a time. Name one unit.",
    TitleMissing: "A new call needs a title. Use `/call new` again and write what has happened.",
    CadPermissionMissing: NOT_PERMITTED,
    NoCadAccount: NO_CAD_ACCOUNT,
    CadAccountExpired: ACCOUNT_EXPIRED,
    CadAccountRemoved: ACCOUNT_REMOVED,
    CadAccountBanned: ACCOUNT_BANNED,
    CadPermissionUnknown: PERMISSION_UNKNOWN,
    NothingToConfirm: "There is nothing to confirm: the order is gone or was cancelled.",
    NothingToUndo: "There is nothing to undo: this order moved no unit.",
    AlreadyUndone: "This order is undone already, or is being undone.",
    TooLateToUndo: (
        f"That was more than {minutes(UNDO_WITHIN)} minutes ago."
        " Use `/attach` or `/detach` instead."
    ),
    AlreadyConfirmed: "This is confirmed already. Look at its answer for the result.",
    AlreadyPressed: "This was pressed already. Look at its answer for the result.",
    TooLateToCancel: "Too late to cancel: the order is being sent or closed.",
    NotOrderOwner: "Only the member who gave this order can do that.",
    TooLateToConfirm: (
        f"That was more than {minutes(INTERACTION_LIFETIME)} minutes ago. Give the order again."
    ),
    FileReadTimeout: "The file takes too long to read. Split it into smaller files.",
    DownloadFailed: "Discord did not send the file or the list of members. Try again.",
    ExportTooLarge: (
        "The file of links is too large for Discord. `python -m bot links export` has no limit."
    ),
    ImportExpired: (
        f"This file has expired: the bot keeps a file for {minutes(INTERACTION_LIFETIME)} minutes,"
        " until your next file or a restart. Nothing was saved. Send it again with `/links import`."
    ),
    ImportOutdated: (
        "The links have changed since you sent this file, so it would do something else now."
        " Nothing was saved. Send it again with `/links import`."
    ),
    AlreadyImported: "This file has been imported already.",
    NotImportOwner: "Another member sent this file. Send it yourself with `/links import`.",
}


def error_message(error: Exception) -> str:
    """Return the complete private answer for an error, with its outcome mark."""
    match error:
        case CadError():
            text = cad_message(error)
        case ServiceError():
            text = _FIXED_TEXTS.get(type(error)) or _service_message(error)
        case ValueNotStorable():
            text = (
                "Nothing was done: the text has a character that cannot be stored, or a number"
                " that is too large. Type it again, without what you pasted."
            )
        case StorageError():
            text = (
                f"The bot's database cannot be used right now. {TELL_OPERATOR}; the log says why."
            )
        case app_commands.TransformerError():
            text = f"{code_span(str(error.value), 100)} is not a member of this server."
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            text = "This command has just changed. Restart Discord (Ctrl+R) and type it again."
        case _:
            text = f"Something went wrong inside the bot. {TELL_OPERATOR}; the log says what."
    return f"{'⏳' if isinstance(error, ApprovalPending) else '❌'} {text}"


def _service_message(error: ServiceError) -> str:
    if isinstance(error, LinkError):
        return link_message(error)
    if isinstance(error, GuildError):
        return guild_message(error)
    if isinstance(error, CallNotFound | AmbiguousCall):
        return _call_message(error)
    match error:
        case RoleRequired(role_ids=role_ids) if len(role_ids) == 1:
            text = f"You need the {role_mentions(role_ids)} role for that."
        case RoleRequired(role_ids=role_ids) if role_ids:
            text = f"You need one of these roles for that: {role_mentions(role_ids)}."
        case RoleRequired():
            text = "You need the Manage Server permission for that: no dispatch role is set up."
        case NoSuchServer(server_id=server_id, names=names):
            servers = ", ".join(f"{one} {escape(name, 40)}".rstrip() for one, name in names.items())
            text = fill(
                "There is no server {number}. There are: {servers}.",
                number=str(server_id),
                servers=servers,
            )
        case TooManyTargets():
            text = f"{error.count} units are too many: one order takes at most {error.limit}."
        case FileTooLarge():
            text = (
                f"The file is too large: {error.size / 2**20:.1f} MiB; the limit is"
                f" {error.limit >> 20} MiB. `python -m bot links import` takes larger files."
            )
        case _:
            text = (
                "No unit was named. Write `me`, mention members, roles or voice channels, or give"
                " unit numbers or API ids, for example `@Pat A-12`."
            )
    return text


def _call_message(error: CallNotFound | AmbiguousCall) -> str:
    match error:
        case CallNotFound(typed=typed, server=server):
            text = (
                f"No open call{on_server(server)} matches {code_span(typed, 100)}. Give its number,"
                " or pick a call from the list that shows while you type."
            )
        case AmbiguousCall(typed=typed, calls=calls, server=server):
            names = join_limited([call_name(one) for one in calls], 1000)
            text = fill(
                "Several open calls{where} match {typed}: {names}."
                " Give the number of the call that you mean.",
                where=on_server(server),
                typed=code_span(typed, 100),
                names=names,
            )
    return text
