from __future__ import annotations

from collections.abc import Iterator

import pytest
from discord import AppCommandOptionType, app_commands

from bot.cad.errors import CadRefused
from bot.services import errors as service_errors
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
    NoTargets,
    NothingSelected,
    NothingToConfirm,
    NothingToUndo,
    NotOnThatCall,
    NotOrderOwner,
    NoUnitFree,
    RoleRequired,
    ServiceError,
    SeveralUnits,
    SpentError,
    TitleMissing,
    TooLateToCancel,
    TooLateToConfirm,
    TooLateToUndo,
    TooManyTargets,
)
from bot.services.link_errors import (
    AlreadyImported,
    ApprovalPending,
    ApprovalUnavailable,
    DownloadFailed,
    ExportTooLarge,
    FileReadTimeout,
    FileTooLarge,
    IdAlreadyLinked,
    ImportExpired,
    ImportOutdated,
    InvalidApiId,
    NoCheckRuns,
    NotImportOwner,
    ReplacesProvenLink,
    RequestDecided,
    RequestNotFound,
    TooManyLinks,
    VanityUrl,
)
from bot.storage import errors as storage_errors
from bot.storage.errors import (
    DatabaseInUse,
    DatabaseTooNew,
    DatabaseUnavailable,
    LinksChanged,
    NotADatabase,
    OwnershipLost,
    SecretLocked,
    StorageError,
    ValueNotStorable,
)
from bot.storage.stores.link_request_store import LinkRequestState
from bot.ui import error_text
from tests.services.samples import call

HOSTILE = "`@here` **x**\n# [a](https://b.example)\u202e" * 100

# Errors, and parts of their texts: what happened, and what to do.
TOLD: list[tuple[Exception, tuple[str, ...]]] = [
    (CadRefused("CALL NOT FOUND", status=400), ("The CAD refused: `CALL NOT FOUND`.",)),
    (RoleRequired(frozenset({5, 4})), ("<@&4>, <@&5>",)),
    (RoleRequired(frozenset()), ("Manage Server",)),
    (
        IdAlreadyLinked("steam:1", frozenset()),
        ("`steam:1` is linked to another member", "If it is yours"),
    ),
    (IdAlreadyLinked("steam:1", frozenset({7, 5})), ("<@5>, <@7>", "`/link`")),
    (ApprovalPending("steam:1"), ("`steam:1` waits for approval", "press the button again")),
    (ApprovalUnavailable(), ("needs an approval", "LOG_CHANNEL_ID")),
    (RequestNotFound(), ("question is closed", "`/link`")),
    (RequestDecided(LinkRequestState.DENIED, 5), ("<@5> has denied this already.",)),
    (RequestDecided(LinkRequestState.APPROVED, None), ("This has been approved already.",)),
    (RequestDecided(LinkRequestState.EXPIRED, None), ("This has expired already.",)),
    (NoTargets(), ("No unit was named", "`me`")),
    (TooManyTargets(51, 50), ("51", "50")),
    (NotOnThatCall(), ("Your unit is not on this call", "**Attach me**")),
    (SeveralUnits(), ("one unit at a time", "Name one unit")),
    (TitleMissing(), ("needs a title", "`/call new`")),
    (NothingSelected(), ("No unit is picked", "press the button again")),
    (NoUnitFree(), ("No unit of the departments", "press the button again")),
    (
        NoSuchServer(99, {1: "Los Santos", 2: "Liberty City Inc.", 3: ""}),
        ("There is no server 99.", "There are: 1 Los Santos, 2 Liberty City Inc., 3."),
    ),
    (CallNotFound(HOSTILE), ("No open call matches `", "number")),
    (CallNotFound("7-a", "Liberty City"), ("No open call on Liberty City matches `7-a`.",)),
    (AmbiguousCall("a", (), "Server 2"), ("Several open calls on Server 2 match `a`",)),
    (
        AmbiguousCall("fire", (call(102, "Structure *Fire*"), call(103, "10-70"))),
        ("`fire`: **#102** Structure \\*Fire\\*, **#103** 10\\-70.", "number"),
    ),
    (CadPermissionMissing(), ("❌ Your account in the CAD may not do this", "`selfDispatch`")),
    (NoCadAccount(), ("❌ The CAD does not know your account", "`/link`")),
    (CadAccountExpired(), ("❌ Your account in the CAD has expired", "An administrator")),
    (CadAccountRemoved(), ("was removed", "An administrator")),
    (CadAccountBanned(), ("is banned", "An administrator")),
    (CadPermissionUnknown(), ("❌ The CAD did not say whether", "Try again")),
    (NothingToConfirm(), ("nothing to confirm",)),
    (AlreadyConfirmed(), ("confirmed already",)),
    (ReplacesProvenLink("x:1", "x:2", was_asked=True), ("does not know `x:1`", "`x:2`", "`/link`")),
    (TooManyLinks(61.0), ("too often", "in 2 minutes", "ask a dispatcher")),
    (AlreadyPressed(), ("pressed already", "Look at its answer")),
    (TooLateToCancel(), ("Too late to cancel", "sent or closed")),
    (NoCheckRuns(), ("No check of the links is running",)),
    (NotOrderOwner(), ("the member who gave this order",)),
    (TooLateToConfirm(), ("15 minutes", "again")),
    (NothingToUndo(), ("nothing to undo",)),
    (AlreadyUndone(), ("undone already",)),
    (TooLateToUndo(), ("10 minutes", "`/detach`")),
    (VanityUrl("steamcommunity.com/id/pat"), ("`steamcommunity.com/id/pat`", "17-digit")),
    (InvalidApiId("pat"), ("`pat`", "a Steam id (76561…)")),
    (FileTooLarge(3 * 2**20 + 2**19, 2**21), ("3.5 MiB", "2 MiB", "python -m bot links import")),
    (ExportTooLarge(), ("too large for Discord", "python -m bot links export")),
    (FileReadTimeout(), ("too long to read", "Split it")),
    (DownloadFailed(), ("did not send the file", "Try again")),
    (ImportExpired(), ("15 minutes", "restart", "`/links import`")),
    (ImportOutdated(), ("have changed", "Nothing was saved", "`/links import`")),
    (AlreadyImported(), ("already",)),
    (NotImportOwner(), ("Another member", "`/links import`")),
    (StorageError("/data/x.db", "disk I/O error"), ("database", "log")),
    (DatabaseUnavailable("/data/x.db", "locked"), ("database", "log")),
    (NotADatabase("/data/x.db", "x"), ("database", "log")),
    (DatabaseTooNew("/data/x.db", "0009"), ("database", "log")),
    (DatabaseInUse("/data/x.db"), ("database", "log")),
    (OwnershipLost("host/x"), ("database", "log")),
    (LinksChanged("/data/x.db"), ("database", "log")),
    (SecretLocked("communities key", "x"), ("database", "log")),
    (ValueNotStorable("/data/x.db", "x"), ("cannot be stored", "Type it again")),
    (
        app_commands.TransformerError(
            HOSTILE, AppCommandOptionType.user, app_commands.Transformer()
        ),
        ("not a member of this server",),
    ),
    (app_commands.CommandNotFound("attach", []), ("just changed", "again")),
    (ValueError("a bug"), ("inside the bot", "log")),
]


@pytest.mark.parametrize(("error", "told"), TOLD)
def test_every_error_says_what_happened_and_what_to_do(error, told) -> None:
    text = error_text.error_message(error)
    assert text.startswith("⏳ " if isinstance(error, ApprovalPending) else "❌ ")
    assert text == text.strip()
    for part in told:
        assert part in text
    assert "  " not in text


def test_no_path_of_the_database_is_told() -> None:
    assert "/data" not in error_text.error_message(StorageError("/data/x.db", "disk I/O error"))


def family(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for kind in base.__subclasses__():
        yield from family(kind)


@pytest.mark.parametrize("base", [ServiceError, StorageError])
def test_the_list_above_is_whole(base) -> None:
    modules = {service_errors.__name__, storage_errors.__name__}
    known = {kind for kind in family(base) if kind.__module__ in modules}
    assert known - {ServiceError, SpentError} <= {type(error) for error, _ in TOLD}
