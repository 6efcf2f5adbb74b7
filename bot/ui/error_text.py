"""Errors → what happened and what to do, in words for people."""

from __future__ import annotations

from discord import app_commands

from bot.cad.errors import (
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
)
from bot.common.discord_limits import INTERACTION_LIFETIME, minutes
from bot.services.errors import (
    AlreadyConfirmed,
    AlreadyImported,
    ApprovalPending,
    ApprovalUnavailable,
    CadPermissionMissing,
    CadPermissionUnknown,
    DownloadFailed,
    DutyUnknown,
    EmergencyNotFound,
    ExportTooLarge,
    FileTooLarge,
    IdAlreadyLinked,
    ImportExpired,
    ImportOutdated,
    InvalidApiId,
    NoCadAccount,
    NothingSelected,
    NothingToConfirm,
    NothingToUndo,
    NotImportOwner,
    NotLinked,
    NotOnDuty,
    NotOrderOwner,
    RequestDecided,
    RequestNotFound,
    RoleRequired,
    ServiceError,
    TooLateToConfirm,
    TooLateToUndo,
    TooManyTargets,
    VanityUrl,
)
from bot.storage.errors import StorageError
from bot.storage.stores.link_request_store import LinkRequestState
from bot.ui.text import code_span, join_limited, member_mention, role_mentions

_TELL_OPERATOR = "Tell whoever runs this bot"
_REJECTION_ADVICE: dict[type[CadRefused], str] = {
    InvalidRequestType: f"{_TELL_OPERATOR}: this CAD speaks none of the known dialects.",
    InvalidCommunity: f"{_TELL_OPERATOR}: SONORAN_COMMUNITY_ID is wrong.",
    ApiNotEnabled: f"{_TELL_OPERATOR}: attaching needs the Plus plan of Sonoran CAD or a higher"
    " one.",
    InvalidApiKey: f"{_TELL_OPERATOR}: SONORAN_API_KEY is wrong.",
}

# Said in the answer to an order as well.
NOT_PERMITTED = (
    "Your account in the CAD lacks the permission for this. It takes `dispatch`, or `selfDispatch`"
    " for what concerns yourself alone."
)
NO_CAD_ACCOUNT = (
    "The CAD knows no account of yours, and this takes a permission there. Link Discord in the"
    " CAD's account settings, or use `/link`."
)
PERMISSION_UNKNOWN = "The CAD did not say whether you may do this. Try again in a minute."

_FIXED_TEXTS: dict[type[ServiceError], str] = {
    NothingSelected: (
        "Nobody was chosen, or nobody in the department is free. Choose somebody, then press the"
        " button again."
    ),
    NotLinked: "You are not linked to the CAD yet. Press **Attach me**, or use `/link`.",
    NotOnDuty: "You are not on duty in the CAD.",
    DutyUnknown: "The CAD did not say whether you are on duty. Try again in a minute.",
    RequestNotFound: "This question is not open any more, or not on this server. Use `/link`"
    " again.",
    ApprovalUnavailable: (
        "Your link takes an approval, and nobody can be asked for it. Tell whoever runs this bot:"
        " LOG_CHANNEL_ID has to be a channel of this server in which the bot may write."
    ),
    CadPermissionMissing: NOT_PERMITTED,
    NoCadAccount: NO_CAD_ACCOUNT,
    CadPermissionUnknown: PERMISSION_UNKNOWN,
    NothingToConfirm: "There is nothing to confirm: the order is gone or was cancelled.",
    AlreadyConfirmed: "That has been confirmed already; its answer says what became of it.",
    NotOrderOwner: "Only whoever gave the order can answer that.",
    TooLateToConfirm: (
        f"That was more than {minutes(INTERACTION_LIFETIME)} minutes ago. Give the order again."
    ),
    EmergencyNotFound: "This 911 call is not on the list any more: somebody has dealt with it.",
    DownloadFailed: "Discord did not hand out the file, or who is on this server. Try again.",
    ExportTooLarge: (
        "The links fill a larger file than Discord takes. `python -m bot links export` takes any"
        " number."
    ),
    ImportExpired: (
        "I do not remember this file any more: files are kept for"
        f" {minutes(INTERACTION_LIFETIME)} minutes, until the next one or a restart. Nothing was"
        " written. Show it to me again with `/links import`."
    ),
    ImportOutdated: (
        "The links have changed since, so that the file would do something else now. Nothing was"
        " written. Show it to me again with `/links import`."
    ),
    AlreadyImported: "This file has been imported already.",
    NotImportOwner: "Somebody else has shown this file. Show it yourself with `/links import`.",
}


def error_message(error: Exception) -> str:
    """Return the whole private answer for an error."""
    match error:
        case CadError():
            text = cad_message(error)
        case ServiceError():
            text = _FIXED_TEXTS.get(type(error)) or _service_message(error)
        case StorageError():
            text = (
                f"The bot's database cannot be used right now. {_TELL_OPERATOR}; the log says why."
            )
        case app_commands.TransformerError():
            text = f"{code_span(str(error.value), 100)} is nobody on this server."
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            text = "This command has just changed. Restart Discord (Ctrl+R) and type it again."
        case _:
            text = f"Something went wrong inside the bot. {_TELL_OPERATOR}; the log says what."
    return f"{'⏳' if isinstance(error, ApprovalPending) else '❌'} {text}"


def cad_message(error: CadError) -> str:
    """Say what the CAD did instead of what it was asked."""
    said = f" It said: {code_span(error.text)}." if error.text else ""
    match error:
        case CadRefused():
            advice = _REJECTION_ADVICE.get(type(error), "")
            refusal = code_span(error.text or f"status {error.status}")
            text = f"The CAD refused: {refusal}. {advice}"
        case CadRateLimited():
            text = (
                f"The CAD takes no more orders for now. Try again {_retry_hint(error.retry_after)}."
            )
        case CadTimeout():
            text = (
                "Sonoran CAD did not answer in time, so it is not known whether it was done."
                " Look at the call, then try again."
            )
        case CadBrokenOff():
            text = (
                f"The connection to Sonoran CAD broke ({code_span(error.text, 80)})."
                " Look at the call, then try again."
            )
        case CadUnreachable():
            reason = code_span(error.text, 80)
            text = f"Sonoran CAD cannot be reached ({reason}). Try again in a minute."
        case CadUnavailable():
            text = f"Sonoran CAD has a fault ({error.status}). Try again in a minute.{said}"
        case CadRedirected():
            text = (
                f"The address of the CAD leads elsewhere. {_TELL_OPERATOR}: check SONORAN_API_URL."
            )
        case CadUnnumbered():
            text = (
                f"It was done, but the CAD does not say under which number.{said}"
                " Look at the calls before you try again."
            )
        case _:
            text = (
                f"The CAD's answer makes no sense.{said} {_TELL_OPERATOR}: check SONORAN_API_URL."
            )
    return text.rstrip()


def wait_reason(error: CadError) -> str:
    """Say why an order waits for the CAD."""
    match error:
        case CadRateLimited():
            return "Sonoran CAD takes no more orders for now."
        case CadUnavailable():
            return f"Sonoran CAD has a fault ({error.status})."
        case CadUnreachable():
            return f"Sonoran CAD cannot be reached ({code_span(error.text, 80)})."
        case _:
            return "Sonoran CAD is not answering."


def error_label(error: CadError) -> str:
    """Name an error in a few words, for lists."""
    return code_span(error.text or type(error).__name__, 80)


def _service_message(error: ServiceError) -> str:
    if isinstance(error, InvalidApiId | IdAlreadyLinked | ApprovalPending | RequestDecided):
        return _link_message(error)
    match error:
        case RoleRequired(role_ids=role_ids) if role_ids:
            text = f"This takes one of these roles: {role_mentions(role_ids)}."
        case RoleRequired():
            text = "This takes the Manage Server permission; no dispatch role has been set up."
        case TooManyTargets():
            text = f"{error.count} units at once are too many: {error.limit} fit into one order."
        case NothingToUndo():
            text = "There is nothing to undo: this order has attached nobody."
        case TooLateToUndo():
            text = "That was more than 10 minutes ago. Use `/detach` with `call:` instead."
        case FileTooLarge():
            text = (
                f"The file is too large: {error.size / 2**20:.1f} MiB, where {error.limit >> 20}"
                " MiB are read. `python -m bot links import` takes larger ones."
            )
        case _:
            text = (
                "Nobody was named. Write `me`, mention members, roles or voice channels, or give"
                " unit numbers or API ids, for example `@Pat A-12`."
            )
    return text


def _link_message(error: InvalidApiId | IdAlreadyLinked | ApprovalPending | RequestDecided) -> str:
    match error:
        case VanityUrl(text=pasted):
            text = (
                f"{code_span(pasted, 100)} holds a name, not the id. Open the profile, copy the"
                " 17-digit number (76561…) and paste that."
            )
        case InvalidApiId(text=pasted):
            text = (
                f"{code_span(pasted, 100)} is no Steam id that I know. Paste the 17-digit number"
                " (76561…), STEAM_0:…, [U:1:…], the hex form (1100001…), a profile address with"
                " the number, or an id with its prefix, like `license:abc`."
            )
        case IdAlreadyLinked(api_id=api_id, holders=holders) if holders:
            whose = join_limited([member_mention(one) for one in sorted(holders)], 500)
            text = (
                f"{code_span(api_id, 100)} is linked to somebody else: {whose}. Use `/link` to"
                " share it or to move it."
            )
        case IdAlreadyLinked(api_id=api_id):
            text = (
                f"{code_span(api_id, 100)} is linked to somebody else. If it is yours, ask"
                " whoever links people here."
            )
        case ApprovalPending(api_id=api_id):
            text = (
                f"Your link to {code_span(api_id, 100)} waits for approval; you are told here"
                " once there is an answer. Nothing else was done: press the button again then."
            )
        case RequestDecided(state=state, decided_by=by):
            text = f"{request_outcome(state, by)} already."
    return text


def request_outcome(state: LinkRequestState, by: int | None) -> str:
    """Say how a request has ended, and through whom."""
    if state is LinkRequestState.EXPIRED:
        return "This has expired"
    return f"{member_mention(by)} has {state} this" if by else f"This has been {state}"


def _retry_hint(seconds: float | None) -> str:
    if not seconds:
        return "in a minute"
    whole = max(1, round(seconds))
    return f"in {whole} second{'' if whole == 1 else 's'}"
