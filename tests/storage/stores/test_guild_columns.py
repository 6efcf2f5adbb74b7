"""A statement on a table with guilds is about one guild, or has a reason not to be."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from sqlalchemy import Delete, Select, Table, Update
from sqlalchemy.sql import visitors

from bot.storage import stores
from bot.storage.tables import metadata

# Statements about all guilds, or about a row that the caller has checked.
EXCEPTIONS = {
    "guild_data_store": {"DELETE_UNUSED": "communities that no guild has"},
    "guild_store": {
        "_GUILDS": "completed by others",
        "_ALL": "the start of the bot, and the operator's list",
    },
    "left_guild_store": {"_LEFT_BEFORE": "the operator's promise, for all guilds"},
    "link_request_store": {
        "_REQUESTS": "completed by others",
        "_BY_ID": "the caller compares the guild of the row",
        "_UPDATE_PENDING": "a row that the caller has read",
        "_DELETE": "a row that the caller has read",
        "_WIPE": "the operator's promise, for all guilds",
        "_PRUNE": "the operator's promise, for all guilds",
    },
    "link_row": {"LINKS": "completed by others"},
    "link_check_store": {"_CHECKS": "completed by others"},
    "order_row": {"ORDERS": "completed by others"},
    "order_store": {
        "_BY_REPLY": "a message of Discord is in one guild",
        "_TO_UNDO": "a row that the caller has read",
        "_BY_ID": "the caller compares the guild of the row",
        "_LAST_ID": "the ids of one transaction",
        "_ONE": "a row that the caller has read",
        "_UPDATE": "a row that the caller has read",
        "_ABANDON": "a row that the caller has read",
        "_ANSWER": "a row that the caller has read",
        "_WIPE": "the operator's promise, for all guilds",
        "_PRUNE": "the operator's promise, for all guilds",
    },
    "personal_data_store": {"_UPDATE": "a row that the caller has read"},
}


def statements() -> Iterator[tuple[str, str, Select[object] | Update | Delete]]:
    """Yield the module, the name and the statement of each constant of the stores, once."""
    seen: set[int] = set()
    for info in pkgutil.iter_modules(stores.__path__):
        module = importlib.import_module(f"{stores.__name__}.{info.name}")
        for name, value in vars(module).items():
            found = value.items() if isinstance(value, dict) else [("", value)]
            for key, one in found:
                if isinstance(one, Select | Update | Delete) and id(one) not in seen:
                    seen.add(id(one))
                    yield info.name, f"{name}{key and f'[{key}]'}", one


def tables_of(statement: Select[object] | Update | Delete) -> set[Table]:
    return {one for one in visitors.iterate(statement) if isinstance(one, Table)}


def names_guild(statement: Select[object] | Update | Delete) -> bool:
    where = statement.whereclause
    return where is not None and any(
        getattr(one, "name", None) == "guild_id" for one in visitors.iterate(where)
    )


def test_every_statement_names_the_guild_or_has_a_reason():
    with_guild = {one for one in metadata.tables.values() if "guild_id" in one.columns}
    missing = {
        (module, name)
        for module, name, statement in statements()
        if tables_of(statement) & with_guild and not names_guild(statement)
    }
    excepted = {(module, name) for module, names in EXCEPTIONS.items() for name in names}
    assert missing == excepted


def test_the_statements_are_found():
    found = {module for module, _, _ in statements()}
    assert {"card_store", "link_store", "order_store", "verification_store"} <= found
