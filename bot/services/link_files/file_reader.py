"""Read a file of links, CSV or JSON, in any encoding that spreadsheets use. Pure."""

from __future__ import annotations

import codecs

from bot.services.link_files import csv_format, json_format
from bot.services.link_files.rows import (
    LineError,
    LineErrorKind,
    MemberNames,
    ParsedFile,
    read_rows,
)

# First bytes of workbooks, archives and other files that are not text.
_BINARY_SIGNATURES = (
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_links(data: bytes, id_format: str, names: MemberNames | None = None) -> ParsedFile:
    """Return the links of a file, and an error for each bad line. Never raises.

    Args:
        id_format: how a Steam id is written for the CAD, the setting `API_ID_FORMAT`.
        names: the names of the members; None if they are unavailable.
    """
    text = _decode(data)
    if text is None:
        return ParsedFile((), (LineError(1, "", LineErrorKind.NOT_TEXT),))
    kind = json_format if text.lstrip()[:1] in ("[", "{") else csv_format
    table = kind.read_table(text)
    if isinstance(table, LineError):
        return ParsedFile((), (table,))
    return read_rows(table, id_format, names)


def _decode(data: bytes) -> str | None:
    """Decode a file; return None if it is not text.

    A byte that is not UTF-8 becomes a surrogate, so that it spoils only its own cell: often that
    is a name, which is not needed.
    """
    if data.startswith(_BINARY_SIGNATURES):
        return None
    if data.startswith(_UTF16):  # the "Unicode text" format of a spreadsheet
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return None
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
