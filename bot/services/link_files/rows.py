"""A table of cells → links, with every bad line named. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.common import steam_id
from bot.services.errors import InvalidApiId, VanityUrl
from bot.services.link_files.cells import is_formula, is_rounded, may_be_rounded, read_cell
from bot.services.link_files.columns import MAX_COLUMNS, Columns, ColumnsNotFound
from bot.services.pasted_api_id import parse_api_id

MAX_ERRORS = 10_000

# What members are called, in small letters → whose name that is. Asked for only where it is needed.
MemberNames = Callable[[], Mapping[str, Collection[int]]]

_MAX_DISCORD_ID = 2**63 - 1
_MAX_SHOWN = 60
_ROUNDED_THRESHOLD = 5  # ids that end in zeros, if they are most, are no accident
_DISCORD_ID = re.compile(r"(?:<@!?|discord:)?([1-9][0-9]{14,19})>?")


class LineErrorKind(Enum):
    """Why a line cannot be imported. The values are format strings over a Fault's fields."""

    NO_HEADER = (
        "the headers {text!r} name no column of people (discord_id, mention, username) or none of"
        " ids (api_id, steam, license)"
    )
    AMBIGUOUS_COLUMNS = "the columns {text!r} all could be meant; rename those that are not"
    NOT_TEXT = "this is not a text file; save it as CSV UTF-8"
    NOT_CSV = "not readable as CSV ({text})"
    NOT_JSON = "not readable as JSON ({text})"
    NOT_AN_OBJECT = 'it is no object such as {{"discord_id": …, "api_id": …}}'
    NOT_UTF8 = "{text!r} is not UTF-8 text; save the file as CSV UTF-8"
    BAD_DISCORD_ID = "{text!r} is not a Discord user id (15 to 20 digits)"
    ROUNDED_NUMBER = (
        "{text!r} is an id that a spreadsheet has rounded; "
        "format the column as text and paste the ids again"
    )
    FORMULA = "{text!r} is a formula or its failure; paste the ids as values"
    NAMES_UNAVAILABLE = (
        "{text!r} is a name, and members can be found by name only with /links import and"
        " MEMBERS_INTENT; use Discord ids"
    )
    NAME_NOT_FOUND = "nobody on this server is called {text!r}"
    AMBIGUOUS_NAME = "several members are called {text!r} ({detail}); use the Discord id"
    EMPTY_API_ID = "the API id is empty"
    LONG_API_ID = "the API id {text!r} is longer than 200 characters"
    BAD_API_ID = "the API id {text!r} has spaces or invisible characters in it"
    BAD_STEAM_ID = "{text!r} is no Steam id (7656119…, STEAM_0:…, [U:1:…], 1100001…)"
    VANITY_URL = "{text!r} holds a name, not the Steam id"
    DUPLICATE = "the Discord id {text} is already in {unit} {detail}"
    TOO_MANY_ERRORS = "reading stopped here after 10,000 bad lines"


@dataclass(frozen=True, slots=True)
class Row:
    """A good line: `line` counts from 1, the header included."""

    line: int
    discord_id: int
    api_id: str


@dataclass(frozen=True, slots=True)
class LineError:
    """A bad line.

    Attributes:
        text: the offending value, shortened.
        detail: what else the reason tells.
        unit: what is counted: lines, or the entries of a list.
    """

    line: int
    text: str
    kind: LineErrorKind
    detail: str = ""
    record_kind: str = "line"

    def __str__(self) -> str:
        """Say it in one line, without control characters."""
        words = self.kind.value.format(text=self.text, detail=self.detail, unit=self.record_kind)
        return f"{self.record_kind} {self.line}: {words}"


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What a file holds, in its order. A line with a fault is not among the rows."""

    rows: tuple[Row, ...]
    errors: tuple[LineError, ...]
    record_kind: str = "line"


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds before it is understood.

    Attributes:
        records: each with its line, in order; they may be shorter than the header. A line that is
            no record is a fault instead.
    """

    columns: Columns
    records: Iterator[LineError | tuple[int, Sequence[str]]]
    record_kind: str = "line"


def read_rows(table: Table, id_format: str, names: MemberNames | None = None) -> ParsedFile:
    """Read the links of a table. Never raises for what it contains.

    Args:
        id_format: how a Steam id is written for the CAD.
        names: what members are called; None where that is not known.
    """
    reader = _RowReader(table.columns, id_format, names, table.record_kind)
    rows: list[Row] = []
    faults: list[LineError] = []
    for record in table.records:
        found = [record] if isinstance(record, LineError) else reader.read(*record)
        if isinstance(found, Row):
            rows.append(found)
            continue
        faults += found
        if len(faults) >= MAX_ERRORS:
            line = faults[-1].line
            faults.append(
                LineError(line, "", LineErrorKind.TOO_MANY_ERRORS, record_kind=table.record_kind)
            )
            # The lines after it are not known, so that the ones before are but a part.
            return ParsedFile((), tuple(faults), table.record_kind)
    rounded = reader.rounded(len(rows))
    faults = sorted([*faults, *rounded], key=lambda fault: fault.line)
    bad = {fault.line for fault in rounded}
    rows = [row for row in rows if row.line not in bad]
    return ParsedFile(tuple(rows), tuple(faults), table.record_kind)


def header_error(
    line: int, headers: Sequence[str], missing: ColumnsNotFound, record_kind: str = "line"
) -> LineError:
    """Say which headers were found."""
    reason = LineErrorKind.AMBIGUOUS_COLUMNS if missing.candidates else LineErrorKind.NO_HEADER
    shown = shorten(", ".join(missing.candidates or headers[:MAX_COLUMNS]))
    return LineError(line, shown, reason, record_kind=record_kind)


def shorten(text: str) -> str:
    """Cut a value to what fits into a line."""
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


class _BadCell(Exception):
    """A cell that cannot be used."""

    def __init__(self, kind: LineErrorKind, text: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind, self.text, self.detail = kind, shorten(text), detail


class _RowReader:
    """Reads one record after the other, and remembers who has been seen."""

    def __init__(
        self, columns: Columns, id_format: str, names: MemberNames | None, record_kind: str
    ) -> None:
        self._columns = columns
        self._id_format = id_format
        self._names = names
        self._record_kind = record_kind
        self._first_lines: dict[int, int] = {}
        self._members_by_name: Mapping[str, Collection[int]] | None = None
        # By column: the good lines whose ids may have been rounded.
        self._maybe_rounded: tuple[dict[int, str], dict[int, str]] = ({}, {})

    def read(self, line: int, cells: Sequence[str]) -> Row | list[LineError]:
        """Read a record; what is wrong with the person and with the id is both told."""
        faults: list[LineError] = []
        discord_id, api_id = 0, ""
        who, _ = _cell(cells, self._columns.person)
        what, is_literal = _cell(cells, self._columns.api_id)
        try:
            discord_id = self._discord_id(line, who)
        except _BadCell as bad:
            faults.append(LineError(line, bad.text, bad.kind, bad.detail, self._record_kind))
        try:
            api_id = self._api_id(what, is_literal)
        except _BadCell as bad:
            faults.append(LineError(line, bad.text, bad.kind, bad.detail, self._record_kind))
        if faults:
            return faults
        for suspects, text in zip(self._maybe_rounded, (who, what), strict=True):
            if may_be_rounded(text):
                suspects[line] = text
        return Row(line, discord_id, api_id)

    def rounded(self, rows: int) -> list[LineError]:
        """Return the good lines whose ids were rounded after all, of so many good ones."""
        return [
            LineError(line, text, LineErrorKind.ROUNDED_NUMBER, record_kind=self._record_kind)
            for suspects in self._maybe_rounded
            if len(suspects) >= max(_ROUNDED_THRESHOLD, rows / 2)
            for line, text in suspects.items()
        ]

    def _discord_id(self, line: int, text: str) -> int:
        if (found := _DISCORD_ID.fullmatch(text)) and (found[0][0] == "<") == (found[0][-1] == ">"):
            discord_id = int(found[1])
        elif is_rounded(text):
            raise _BadCell(LineErrorKind.ROUNDED_NUMBER, text)
        elif self._columns.by_name and text:
            discord_id = self._find_by_name(text)
        else:
            discord_id = 0
        if not 0 < discord_id <= _MAX_DISCORD_ID:
            raise _BadCell(LineErrorKind.BAD_DISCORD_ID, text)
        if (first := self._first_lines.setdefault(discord_id, line)) != line:
            raise _BadCell(LineErrorKind.DUPLICATE, str(discord_id), str(first))
        return discord_id

    def _find_by_name(self, text: str) -> int:
        if _has_invalid_utf8(text):
            raise _BadCell(LineErrorKind.NOT_UTF8, text)
        if self._names is None:
            raise _BadCell(LineErrorKind.NAMES_UNAVAILABLE, text)
        if self._members_by_name is None:
            self._members_by_name = self._names()
        found = self._members_by_name.get(text.removeprefix("@").casefold(), ())
        if len(found) > 1:
            ids = ", ".join(map(str, sorted(found)[:3]))
            raise _BadCell(LineErrorKind.AMBIGUOUS_NAME, text, ids)
        if not found:
            raise _BadCell(LineErrorKind.NAME_NOT_FOUND, text)
        return next(iter(found))

    def _api_id(self, text: str, is_literal: bool) -> str:
        if not text:
            raise _BadCell(LineErrorKind.EMPTY_API_ID, "")
        if not is_literal and is_rounded(text):
            raise _BadCell(LineErrorKind.ROUNDED_NUMBER, text)
        if not is_literal and is_formula(text):
            raise _BadCell(LineErrorKind.FORMULA, text)
        if self._columns.is_steam:
            text = self._normalise_steam_id(text)
        if len(text) > steam_id.API_ID_LIMIT:
            raise _BadCell(LineErrorKind.LONG_API_ID, text)
        # isprintable() allows one kind of space, the plain one; no id has it.
        if " " in text or not text.isprintable():
            is_broken = _has_invalid_utf8(text)
            raise _BadCell(LineErrorKind.NOT_UTF8 if is_broken else LineErrorKind.BAD_API_ID, text)
        return text

    def _normalise_steam_id(self, text: str) -> str:
        try:
            return parse_api_id(text, self._id_format)
        except VanityUrl:
            raise _BadCell(LineErrorKind.VANITY_URL, text) from None
        except InvalidApiId:
            raise _BadCell(LineErrorKind.BAD_STEAM_ID, text) from None


def _cell(cells: Sequence[str], position: int) -> tuple[str, bool]:
    return read_cell(cells[position]) if position < len(cells) else ("", False)


def _has_invalid_utf8(text: str) -> bool:
    """Tell whether there are bytes in it that were not UTF-8."""
    return any("\udc80" <= one <= "\udcff" for one in text)
