"""Short ways to write files of links, and to read what stands in them."""

from __future__ import annotations

from bot.services.link_files.file_reader import read_links
from bot.services.link_files.rows import MemberNames, ParsedFile
from bot.ui.link_files.import_report import error_line

PAT = "123456789012345678"
ALEX = "223456789012345678"
STEAM64, HEX = "76561198836490351", "1100001343a206f"
HEADER = "discord_id,api_id\n"
ROUNDED = (
    "is an id that a spreadsheet has rounded; format the column as text and paste the ids again"
)


def read(
    text: str | bytes, names: MemberNames | None = None, id_format: str = "{hex}"
) -> ParsedFile:
    """Read a file of links, by default with Steam ids as the CAD has them without a prefix."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return read_links(data, id_format, names)


def error_lines(text: str | bytes, names: MemberNames | None = None) -> list[str]:
    """Return the lines that the administrator reads about a file."""
    return [error_line(fault) for fault in read(text, names).errors]


def members() -> dict[str, set[int]]:
    """Return the members by name: one Pat, two Sams, one José."""
    return {"pat": {int(PAT)}, "sam": {1, 2}, "josé": {int(ALEX)}}
