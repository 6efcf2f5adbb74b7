"""Turn errors into texts for users: what happened, then what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from discord import app_commands

from bot.cad.errors import (
    ApiForbidden,
    ApiNotEnabled,
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnnumbered,
    CadUnreachable,
    InvalidApiKey,
    InvalidCommunity,
    InvalidRequestType,
    UnitListIncomplete,
    UnitNotAddressable,
)
from bot.common.discord_limits import INTERACTION_LIFETIME, minutes
from bot.services.errors import (
    AlreadyConfirmed,
    AlreadyImported,
    AlreadyPressed,
    AlreadyUndone,
    AmbiguousCall,
    ApprovalPending,
    CadAccountBanned,
    CadAccountExpired,
    CadAccountRemoved,
    CadPermissionMissing,
    CadPermissionUnknown,
    CallNotFound,
    DownloadFailed,
    ExportTooLarge,
    FileReadTimeout,
    FileTooLarge,
    ImportExpired,
    ImportOutdated,
    NoCadAccount,
    NothingSelected,
    NothingToConfirm,
    NothingToUndo,
    NotImportOwner,
    NotOrderOwner,
    RoleRequired,
    ServiceError,
    TitleMissing,
    TooLateToCancel,
    TooLateToConfirm,
    TooLateToUndo,
    TooManyTargets,
)
from bot.storage.errors import StorageError, ValueNotStorable
from bot.ui.guild_error_text import FIXED_GUILD_TEXTS
from bot.ui.link_error_text import FIXED_LINK_TEXTS, LinkError, link_message
from bot.ui.text import call_name, code_span, join_limited, on_server, role_mentions, timestamp

_TELL_OPERATOR = "Tell the person who runs this bot"
_REJECTION_ADVICE: dict[type[CadRefused], str] = {
    InvalidRequestType: f"{_TELL_OPERATOR}: this CAD accepts none of the bot's attach requests.",
    InvalidCommunity: f"{_TELL_OPERATOR}: SONORAN_COMMUNITY_ID is wrong.",
    ApiNotEnabled: (f"{_TELL_OPERATOR}: attaching over API 1 needs the Plus plan or a higher one."),
    ApiForbidden: f"{_TELL_OPERATOR}: the CAD does not let SONORAN_API_KEY use its API 2.",
    InvalidApiKey: f"{_TELL_OPERATOR}: SONORAN_API_KEY is wrong.",
}

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
    NothingSelected: (
        "No unit is picked, or no unit of the department is free. Pick a unit, then press the"
        " button again."
    ),
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
    TooLateToUndo: "That was more than 10 minutes ago. Use `/attach` or `/detach` instead.",
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
                f"The bot's database cannot be used right now. {_TELL_OPERATOR}; the log says why."
            )
        case app_commands.TransformerError():
            text = f"{code_span(str(error.value), 100)} is not a member of this server."
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            text = "This command has just changed. Restart Discord (Ctrl+R) and type it again."
        case _:
            text = f"Something went wrong inside the bot. {_TELL_OPERATOR}; the log says what."
    return f"{'⏳' if isinstance(error, ApprovalPending) else '❌'} {text}"


def cad_message(error: CadError) -> str:
    """Return why the CAD did not do what was requested, and what to do."""
    said = f" It said: {code_span(error.text)}." if error.text else ""
    match error:
        case UnitNotAddressable():
            text = "This CAD needs an API id here, and the unit has none. Link its member first."
        case CadRefused():
            advice = _REJECTION_ADVICE.get(type(error), "")
            refusal = code_span(error.text or f"status {error.status}")
            text = f"The CAD refused: {refusal}. {advice}"
        case CadRateLimited():
            when = _retry_hint(error.retry_after)
            text = f"The CAD takes no more requests for now. Try again {when}."
        case CadTimeout():
            text = (
                "Sonoran CAD did not answer in time. It may have been done: check the call, then"
                " try again."
            )
        case CadBrokenOff():
            text = (
                f"The connection to Sonoran CAD broke ({code_span(error.text, 80)})."
                " Check the call, then try again."
            )
        case CadUnreachable():
            reason = code_span(error.text, 80)
            text = f"Sonoran CAD cannot be reached ({reason}). Try again in a minute."
        case CadUnavailable():
            text = f"Sonoran CAD has a fault ({error.status}). Try again in a minute.{said}"
        case CadRedirected():
            text = (
                f"The CAD's address redirects to another one. {_TELL_OPERATOR}: check"
                " SONORAN_API_URL."
            )
        case CadUnnumbered():
            text = (
                f"It was done, but the CAD did not say the number of the new call.{said}"
                " Check the calls before you try again."
            )
        case _:
            text = (
                f"The CAD's answer cannot be read.{said} {_TELL_OPERATOR}: check SONORAN_API_URL."
            )
    return text.rstrip()


def wait_reason(error: CadError) -> str:
    """Return why an order waits for the CAD, as one sentence."""
    match error:
        case UnitListIncomplete(loaded=loaded, as_of=datetime() as as_of):
            return list_incomplete(loaded, as_of)
        case CadRateLimited():
            return "Sonoran CAD takes no more orders for now."
        case CadUnavailable():
            return f"Sonoran CAD has a fault ({error.status})."
        case CadUnreachable():
            return f"Sonoran CAD cannot be reached ({code_span(error.text, 80)})."
        case _:
            return "Sonoran CAD is not answering."


def list_incomplete(loaded: int, as_of: datetime) -> str:
    """Return that the list of units is still loading, and how far it is, as one sentence."""
    return (
        f"The list of units on duty is still loading: {loaded} so far, as of"
        f" {timestamp(as_of, 'R')}."
    )


def error_label(error: CadError) -> str:
    """Return a short name of an error, for lists."""
    return code_span(error.text or type(error).__name__, 80)


def _service_message(error: ServiceError) -> str:
    if isinstance(error, LinkError):
        return link_message(error)
    if isinstance(error, CallNotFound | AmbiguousCall):
        return _call_message(error)
    match error:
        case RoleRequired(role_ids=role_ids) if len(role_ids) == 1:
            text = f"You need the {role_mentions(role_ids)} role for that."
        case RoleRequired(role_ids=role_ids) if role_ids:
            text = f"You need one of these roles for that: {role_mentions(role_ids)}."
        case RoleRequired():
            text = "You need the Manage Server permission for that: no dispatch role is set up."
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
            text = (
                f"Several open calls{on_server(server)} match {code_span(typed, 100)}: {names}."
                " Give the number of the call that you mean."
            )
    return text


def _retry_hint(seconds: float | None) -> str:
    if not seconds:
        return "in a minute"
    whole = max(1, round(seconds))
    return f"in {whole} second{'' if whole == 1 else 's'}"
