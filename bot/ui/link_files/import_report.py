"""What an import would change, and its bad lines, as plain text: for terminals and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.services.link_files.import_diff import ChangedLink, ImportDiff, SharedId
from bot.services.link_files.rows import LineError, LineErrorKind, Row

# Format strings over the fields of a LineError.
_ERROR_TEXTS: Mapping[LineErrorKind, str] = {
    LineErrorKind.NO_HEADER: (
        "the headers {text!r} name no column of people (discord_id, mention, username) or none of"
        " ids (api_id, steam, license)"
    ),
    LineErrorKind.AMBIGUOUS_COLUMNS: (
        "the columns {text!r} all could be meant; rename those that are not"
    ),
    LineErrorKind.NOT_TEXT: "this is not a text file; save it as CSV UTF-8",
    LineErrorKind.NOT_CSV: "not readable as CSV ({text})",
    LineErrorKind.NOT_JSON: "not readable as JSON ({text})",
    LineErrorKind.JSON_TOO_DEEP: "not readable as JSON (too deep)",
    LineErrorKind.NOT_AN_OBJECT: 'this is not an object such as {{"discord_id": …, "api_id": …}}',
    LineErrorKind.NOT_UTF8: "{text!r} is not UTF-8 text; save the file as CSV UTF-8",
    LineErrorKind.BAD_DISCORD_ID: "{text!r} is not a Discord user id (15 to 20 digits)",
    LineErrorKind.ROUNDED_NUMBER: (
        "{text!r} is an id that a spreadsheet has rounded; "
        "format the column as text and paste the ids again"
    ),
    LineErrorKind.FORMULA: "{text!r} is a formula or its failure; paste the ids as values",
    LineErrorKind.NAMES_UNAVAILABLE: (
        "{text!r} is a name, and members can be found by name only with /links import and"
        " MEMBERS_INTENT; use Discord ids"
    ),
    LineErrorKind.NAME_NOT_FOUND: "no member of this server is called {text!r}",
    LineErrorKind.AMBIGUOUS_NAME: (
        "several members are called {text!r} ({detail}); use the Discord id"
    ),
    LineErrorKind.EMPTY_API_ID: "the API id is empty",
    LineErrorKind.LONG_API_ID: "the API id {text!r} is longer than 200 characters",
    LineErrorKind.BAD_API_ID: "the API id {text!r} has spaces or invisible characters in it",
    LineErrorKind.BAD_STEAM_ID: (
        "{text!r} is not a Steam id (7656119…, STEAM_0:…, [U:1:…], 1100001…)"
    ),
    LineErrorKind.VANITY_URL: "{text!r} has a custom name, not the Steam id",
    LineErrorKind.DUPLICATE: "the Discord id {text} is already in {record_kind} {detail}",
    LineErrorKind.TOO_MANY_ERRORS: "reading stopped here after 10,000 bad lines",
}


def report(diff: ImportDiff) -> Iterator[str]:
    """Yield the whole diff, one line per row, under headings."""
    yield from _section("refused", map(error_line, diff.errors), len(diff.errors))
    yield from _section(
        "shared", (shared_line(one, diff.record_kind) for one in diff.shared), len(diff.shared)
    )
    yield from changes(diff)


def changes(diff: ImportDiff) -> Iterator[str]:
    """Yield the changed and the added rows, and the count of unchanged ones."""
    replaced = diff.replacements
    yield from _section(
        "replaced, although the CAD has confirmed the present id",
        (changed_line(one, diff.record_kind) for one in replaced),
        len(replaced),
    )
    changed = [one for one in diff.changed if not one.is_proven]
    yield from _section(
        "changed", (changed_line(one, diff.record_kind) for one in changed), len(changed)
    )
    yield from _section(
        "added", (added_line(row, diff.record_kind) for row in diff.added), len(diff.added)
    )
    yield f"unchanged: {diff.unchanged:,}"


def _section(heading: str, lines: Iterable[str], count: int) -> Iterator[str]:
    if count:
        yield f"{heading}: {count:,}"
        yield from (f"  {line}" for line in lines)


def error_line(error: LineError) -> str:
    """Return one line about a bad line of the file, without control characters."""
    text = _ERROR_TEXTS[error.kind].format(
        text=error.text, detail=error.detail, record_kind=error.record_kind
    )
    return f"{error.record_kind} {error.line}: {text}"


def added_line(row: Row, record_kind: str) -> str:
    """Return one line about a member who gets a first id."""
    by_name = f" (found by the name {_printable(row.name)})" if row.name else ""
    return f"{record_kind} {row.line}: {row.discord_id}{by_name} {row.api_id}"


def changed_line(change: ChangedLink, record_kind: str) -> str:
    """Return one line about a member who gets another id, with the present one."""
    # A present id may contain anything: old imports and the CAD are not checked.
    return f"{added_line(change.row, record_kind)}, was {_printable(change.before)}"


def shared_line(one: SharedId, record_kind: str) -> str:
    """Return one line about an id that several members would share."""
    others = ", ".join(map(str, one.others))
    return f"{added_line(one.row, record_kind)}, which is also the id of {others}"


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)
