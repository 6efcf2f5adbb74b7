"""A link, and how it stands in the database."""

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
    """Where a link came from."""

    PERSON = "person"
    IMPORT = "import"
    CAD = "cad"


@dataclass(frozen=True, slots=True)
class Link:
    """One person of one guild and their id in the CAD, as an operator gave it."""

    guild_id: int
    discord_id: int
    api_id: str
    set_by: int
    """The Discord id of who set it; the person themselves where they linked themselves."""
    set_at: datetime
    """When it was set: aware; UTC when read from the database."""
    source: LinkSource = LinkSource.PERSON
    account_name: str | None = None
    """What the CAD calls the account that it last found behind the id; None if it told none."""
    account_uuid: str | None = None
    proven_at: datetime | None = None
    """When the CAD last knew the id in this spelling; None if it does not, or was not asked."""
    checked_at: datetime | None = None
    """When the CAD was last asked about the id."""
    other_account: str | None = None
    """Which account it has found since, in place of the one above."""


# Built once: SQLAlchemy then finds the compiled text in its cache. The columns are in the order
# of Link's fields.
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
    guild_id, discord_id, api_id, set_by, set_at, source, *proof = row
    return Link(guild_id, discord_id, api_id, set_by, set_at, LinkSource(source), *proof)


def row_values(link: Link) -> dict[str, object]:
    """Spell a link as a row; dataclasses.asdict would copy deeply, 50,000 times an import."""
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
