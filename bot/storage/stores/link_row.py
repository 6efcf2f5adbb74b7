"""A link, and its row in the database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.common.steam_id import identity
from bot.storage.tables import links

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any


class LinkSource(StrEnum):
    """The origin of a link."""

    PERSON = "person"
    IMPORT = "import"
    CAD = "cad"

    @classmethod
    def _missing_(cls, value: object) -> LinkSource:  # noqa: ARG003
        return cls.PERSON  # another version of the bot has stored it


@dataclass(frozen=True, slots=True)
class Link:
    """A member of a guild and their API id in the CAD."""

    guild_id: int
    discord_id: int
    api_id: str
    set_by: int
    """The Discord id of the actor who set it; 0 if it is unknown or the CAD set it."""
    set_at: datetime
    """When it was set; aware, and UTC when read from the database."""
    source: LinkSource = LinkSource.PERSON
    account_name: str | None = None
    """The name of the CAD account of the id, at the last verification; None if unknown."""
    account_uuid: str | None = None
    proven_at: datetime | None = None
    """When the CAD last confirmed the id in this spelling; None if it did not."""
    checked_at: datetime | None = None
    """When the id was last verified, with any result."""
    other_account: str | None = None
    """The account that the id belongs to now, if it is not the one above."""


# Built once, so that SQLAlchemy finds the compiled text in its cache. The columns are in the
# order of the fields of Link.
LINKS = select(
    links.c.guild_id,
    links.c.discord_id,
    links.c.api_id,
    links.c.set_by,
    links.c.set_at,
    links.c.source,
    links.c.account_name,
    links.c.account_uuid,
    links.c.proven_at,
    links.c.checked_at,
    links.c.other_account,
)


def link_from_row(row: Sequence[Any]) -> Link:
    """Read a link from a row of `LINKS`."""
    guild_id, discord_id, api_id, set_by, set_at, source, *verification = row
    return Link(guild_id, discord_id, api_id, set_by, set_at, LinkSource(source), *verification)


def row_values(link: Link) -> dict[str, object]:
    """Return a link as a row. dataclasses.asdict is too slow for an import of 50,000 links."""
    return {
        "guild_id": link.guild_id,
        "discord_id": link.discord_id,
        "api_id": link.api_id,
        "identity": identity(link.api_id),
        "set_by": link.set_by,
        "set_at": link.set_at,
        "source": link.source,
        "account_name": link.account_name,
        "account_uuid": link.account_uuid,
        "proven_at": link.proven_at,
        "checked_at": link.checked_at,
        "other_account": link.other_account,
    }
