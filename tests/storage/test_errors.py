"""The errors of the storage: each says itself in one line, and a driver's error becomes one."""

from __future__ import annotations

from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.storage.errors import (
    DatabaseTooNew,
    DatabaseUnavailable,
    NotADatabase,
    StorageError,
    storage_error,
)


def test_every_error_says_itself_in_one_line() -> None:
    errors = [
        StorageError("a.db", "no such column"),
        DatabaseUnavailable("a.db", "it is locked"),
        NotADatabase("a.db", "file is not a database"),
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
    assert "too busy" in str(error)
