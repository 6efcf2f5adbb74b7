"""Turn a table of cells into links, and report every bad line. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.common import steam_id
from bot.common.discord_limits import LAST_SNOWFLAKE
from bot.services.link_errors import InvalidApiId, VanityUrl
from bot.services.link_files.cells import is_formula, is_rounded, may_be_rounded, read_cell
from bot.services.link_files.columns import MAX_COLUMNS, Columns, ColumnsNotFound
from bot.services.pasted_api_id import parse_api_id

MAX_ERRORS = 10_000

# Returns the Discord ids of the members with each name, in lower case. Called only if needed.
MemberNames = Callable[[], Mapping[str, Collection[int]]]

_MAX_SHOWN = 60  # characters of a value in an error
_ROUNDED_THRESHOLD = 5  # this many ids that end in zeros, if they are half of all, are no accident
_DISCORD_ID = re.compile(r"(?:<@!?|discord:)?([1-9][0-9]{14,19})>?")


class LineErrorKind(Enum):
    """Why a line cannot be imported; `bot.ui` has the texts."""

    NO_HEADER = auto()  # no known column
    AMBIGUOUS_COLUMNS = auto()  # several columns could be meant
    NOT_TEXT = auto()
    NOT_CSV = auto()
    NOT_JSON = auto()
    JSON_TOO_DEEP = auto()
    NOT_AN_OBJECT = auto()
    NOT_UTF8 = auto()
    BAD_DISCORD_ID = auto()
    ROUNDED_NUMBER = auto()  # by a spreadsheet
    FORMULA = auto()  # or the error text of one
    NAMES_UNAVAILABLE = auto()  # the members cannot be found by name
    NAME_NOT_FOUND = auto()  # no member has this name
    AMBIGUOUS_NAME = auto()
    EMPTY_API_ID = auto()
    LONG_API_ID = auto()
    BAD_API_ID = auto()  # spaces or invisible characters
    BAD_STEAM_ID = auto()
    VANITY_URL = auto()  # a profile address with a name instead of the number
    DUPLICATE = auto()  # the member stands on an earlier line
    TOO_MANY_ERRORS = auto()  # reading stopped


@dataclass(frozen=True, slots=True)
class Row:
    """A good line.

    Attributes:
        line: counts from 1 and includes the header.
        name: what the file calls the member, where that is a name.
    """

    line: int
    discord_id: int
    api_id: str
    name: str = field(default="", compare=False)  # two spellings of a member are the same line


@dataclass(frozen=True, slots=True)
class LineError:
    """A bad line.

    Attributes:
        line: counts from 1.
        text: the bad value, shortened.
        detail: the first line of a duplicate, or the Discord ids of an ambiguous name.
        record_kind: what `line` counts, "line" or "entry".
    """

    line: int
    text: str
    kind: LineErrorKind
    detail: str = ""
    record_kind: str = "line"


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The good and the bad lines of a file, in its order. A bad line is not among the rows."""

    rows: tuple[Row, ...]
    errors: tuple[LineError, ...]
    record_kind: str = "line"


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a file.

    Attributes:
        records: the cells of each line, with its number; they may be fewer than the headers. A
            line that cannot be split into cells is a LineError.
    """

    columns: Columns
    records: Iterator[LineError | tuple[int, Sequence[str]]]
    record_kind: str = "line"


def read_rows(table: Table, id_format: str, names: MemberNames | None = None) -> ParsedFile:
    """Return the links of a table, and an error for each bad line. Never raises.

    Args:
        id_format: how a Steam id is written for the CAD, the setting `API_ID_FORMAT`.
        names: the names of the members; None if they are unavailable.
    """
    reader = _RowReader(table.columns, id_format, names, table.record_kind)
    rows: list[Row] = []
    errors: list[LineError] = []
    for record in table.records:
        found = [record] if isinstance(record, LineError) else reader.read(*record)
        if isinstance(found, Row):
            rows.append(found)
            continue
        errors += found
        if len(errors) >= MAX_ERRORS:
            line = errors[-1].line
            errors.append(
                LineError(line, "", LineErrorKind.TOO_MANY_ERRORS, record_kind=table.record_kind)
            )
            # The lines after it were not read, so the good lines before it are incomplete.
            return ParsedFile((), tuple(errors), table.record_kind)
    rounded = reader.rounded(len(rows))
    errors = sorted([*errors, *rounded], key=lambda error: error.line)
    bad = {error.line for error in rounded}
    rows = [row for row in rows if row.line not in bad]
    return ParsedFile(tuple(rows), tuple(errors), table.record_kind)


def header_error(
    line: int, headers: Sequence[str], missing: ColumnsNotFound, record_kind: str = "line"
) -> LineError:
    """Return the error of a header line in which the columns were not found."""
    kind = LineErrorKind.AMBIGUOUS_COLUMNS if missing.candidates else LineErrorKind.NO_HEADER
    shown = shorten(", ".join(missing.candidates or headers[:MAX_COLUMNS]))
    return LineError(line, shown, kind, record_kind=record_kind)


def shorten(text: str) -> str:
    """Cut a value to `_MAX_SHOWN` characters."""
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


class _BadCell(Exception):
    """A cell that cannot be used."""

    def __init__(self, kind: LineErrorKind, text: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind, self.text, self.detail = kind, shorten(text), detail


class _RowReader:
    """Reads one record after the other, and detects duplicates and rounded ids among them."""

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
        """Return the link of a record, or the errors of its two cells."""
        errors: list[LineError] = []
        discord_id, api_id = 0, ""
        member_text, _ = _cell(cells, self._columns.person)
        id_text, is_literal = _cell(cells, self._columns.api_id)
        try:
            discord_id = self._discord_id(line, member_text)
        except _BadCell as bad:
            errors.append(LineError(line, bad.text, bad.kind, bad.detail, self._record_kind))
        try:
            api_id = self._api_id(id_text, is_literal)
        except _BadCell as bad:
            errors.append(LineError(line, bad.text, bad.kind, bad.detail, self._record_kind))
        if errors:
            return errors
        for suspects, text in zip(self._maybe_rounded, (member_text, id_text), strict=True):
            if may_be_rounded(text):
                suspects[line] = text
        return Row(
            line, discord_id, api_id, "" if _DISCORD_ID.fullmatch(member_text) else member_text
        )

    def rounded(self, rows: int) -> list[LineError]:
        """Return the good lines whose ids are rounded, given how many good lines there are."""
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
        if not 0 < discord_id <= LAST_SNOWFLAKE:
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
        # isprintable() allows the plain space, which no id contains.
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
    """Return True if the text contains bytes that were not UTF-8, as surrogates."""
    return any("\udc80" <= char <= "\udcff" for char in text)
