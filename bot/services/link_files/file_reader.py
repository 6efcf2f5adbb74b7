"""A file of links, CSV or JSON, in whatever encoding spreadsheets save it → its links. Pure."""

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

# How workbooks of spreadsheets, archives and other files begin that are no text.
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
    """Read the links of a file, naming every bad line. Never raises for what the file contains.

    Args:
        id_format: how a Steam id is written for the CAD, `API_ID_FORMAT`.
        names: what members are called; None where that is not known.
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
    """Decode a file; None where it is no text.

    A byte that is not UTF-8 spoils its own cell alone: often it is in a name that nobody needs.
    """
    if data.startswith(_BINARY_SIGNATURES):
        return None
    if data.startswith(_UTF16):  # "Unicode text" of a spreadsheet
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return None
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
