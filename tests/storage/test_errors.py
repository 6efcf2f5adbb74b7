"""The errors of the storage: each says itself in one line, and a driver's error becomes one."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.storage.errors import (
    DRIVER_ERRORS,
    DatabaseTooNew,
    DatabaseUnavailable,
    NotADatabase,
    StorageError,
    ValueNotStorable,
    storage_error,
)


def test_every_error_says_itself_in_one_line() -> None:
    errors = [
        StorageError("a.db", "no such column"),
        DatabaseUnavailable("a.db", "it is locked"),
        NotADatabase("a.db", "file is not a database"),
        ValueNotStorable("a.db", "surrogates not allowed in a text"),
        DatabaseTooNew("a.db", "9999"),
    ]
    for error in errors:
        assert "a.db" in str(error)
        assert str(error.args[1]) in str(error)
        assert "\n" not in str(error)
        assert "{" not in str(error)


def test_busy_pool() -> None:
    error = storage_error("a.db", PoolTimeout())
    assert isinstance(error, DatabaseUnavailable)
    assert error.reason == "it is too busy"


@pytest.mark.parametrize("code", [sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT_INDEX])
def test_a_corrupt_file_is_not_a_database(code: int) -> None:
    """Also where the driver gives an extended code."""
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = code
    for raised in (error, DBAPIError("SELECT 1", {}, error)):
        found = storage_error("a.db", raised)
        assert type(found) is NotADatabase
        assert found.reason == "database disk image is malformed"


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (
            UnicodeEncodeError("utf-8", "A-12\ud800", 4, 5, "surrogates not allowed"),
            "surrogates not allowed in a text",
        ),
        (OverflowError("too large"), "too large"),
        (DataError("INSERT …", {}, sqlite3.Error("too long\n[detail]")), "too long"),
    ],
)
def test_a_value_that_cannot_be_stored_is_a_fault_of_the_value(
    raised: Exception, reason: str
) -> None:
    assert isinstance(raised, DRIVER_ERRORS)
    found = storage_error("a.db", raised)
    assert type(found) is ValueNotStorable
    assert found.reason == reason


@pytest.mark.parametrize("kind", [IntegrityError, ProgrammingError])
def test_a_fault_of_a_statement_is_no_fault_of_the_database(kind: type[DBAPIError]) -> None:
    found = storage_error("a.db", kind("INSERT …", {}, sqlite3.Error("UNIQUE\n[detail]")))
    assert type(found) is StorageError
    assert (found.location, found.reason) == ("a.db", "UNIQUE")


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (
            OperationalError("SELECT 1", {}, sqlite3.OperationalError("it is locked")),
            "it is locked",
        ),
        (sqlite3.OperationalError("it is locked"), "it is locked"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (OSError("no route"), "no route"),
    ],
)
def test_anything_else_makes_the_database_unavailable(raised: Exception, reason: str) -> None:
    found = storage_error("a.db", raised)
    assert type(found) is DatabaseUnavailable
    assert found.reason == reason
    assert isinstance(raised, DRIVER_ERRORS)


def test_parameters_are_not_shown() -> None:
    found = storage_error("a.db", DBAPIError("INSERT", {"token": "secret"}, sqlite3.Error("no")))
    assert "secret" not in str(found)


def test_an_error_keeps_its_values_for_a_log() -> None:
    assert StorageError("a.db", "no such column").args == ("a.db", "no such column")
    assert DatabaseTooNew("a.db", "9999").args == ("a.db", "9999")


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("raised", "may_pass"),
    [
        (sqlite_error(5), True),  # another program holds the file
        (sqlite_error(8 | 1 << 8), False),
        (sqlite_error(13), False),  # the disk is full
        (ConnectionRefusedError(111, "Connection refused"), True),
        (PoolTimeout(), True),
    ],
)
def test_what_may_pass_by_itself_is_told_from_what_has_to_be_mended(
    raised: Exception, may_pass: bool
) -> None:
    error = storage_error("place", raised)
    assert isinstance(error, DatabaseUnavailable)
    assert error.may_pass is may_pass


@pytest.mark.parametrize(("code", "may_pass"), [("57P03", True), ("53300", True), ("28P01", False)])
def test_a_server_that_starts_or_is_full_may_pass_and_a_wrong_password_does_not(
    code: str, may_pass: bool
) -> None:
    class DriverError(Exception):
        sqlstate = code

    error = storage_error("place", OperationalError("x", None, DriverError("no")))
    assert isinstance(error, DatabaseUnavailable)
    assert error.may_pass is may_pass


@pytest.mark.parametrize("code", [3, 8, 14])
def test_a_file_that_may_not_be_used_names_its_owner(tmp_path: Path, code: int) -> None:
    missing = tmp_path / "none" / "dispatch.db"
    (file := tmp_path / "dispatch.db").touch(0o640)
    for location, nearest in ((file, file), (missing, tmp_path)):
        reason = storage_error(str(location), sqlite_error(code)).reason
        assert f"; `{nearest}` belongs to user {os.getuid()} with " in reason
        assert reason.endswith(f"and the bot runs as user {os.getuid()}")


def test_without_users_no_owner_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getuid")
    assert storage_error("place", sqlite_error(8)).reason == "no"
