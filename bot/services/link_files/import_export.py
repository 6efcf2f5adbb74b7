"""Files of links, in and out: shown first, written when somebody says so."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from bot.common.clock import SYSTEM_CLOCK, Clock
from bot.services.access.policy import Access, Actor
from bot.services.errors import (
    FileTooLarge,
    ImportDone,
    ImportForgotten,
    ImportOutdated,
    NotYourImport,
    TooMuchToSend,
)
from bot.services.link_files.csv_format import write_links
from bot.services.link_files.file_reader import read_links
from bot.services.link_files.import_diff import Change, Plan, plan
from bot.services.link_files.rows import Names, Parsed
from bot.services.links.link_changes import Change as Kind
from bot.services.links.link_changes import Herald, News, spread
from bot.storage.errors import LinksChanged
from bot.storage.stores.link_row import Link, Source
from bot.storage.stores.link_store import ImportCounts, LinkStore

LARGEST = 2 * 1024 * 1024  # bytes that are read
LARGEST_SENT = 8 * 1024 * 1024  # bytes; Discord takes ten
MOST_TOLD = 20  # people; Discord takes a bot that writes to hundreds at once for a spammer
KEPT = 15 * 60.0  # seconds for which a file that was shown is remembered

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody has sent.

    Attributes:
        size: in bytes, as Discord says.
        load: fetches it; may raise FileNotLoaded.
        names: what the guild's members are called, once it is loaded; None where that is not known.
    """

    name: str
    size: int
    load: Callable[[], Awaitable[bytes]]
    names: Names | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do; token is what importing it takes, None where there is nothing to."""

    name: str
    plan: Plan
    token: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file has done; skipped counts the lines that were refused."""

    counts: ImportCounts
    skipped: int


@dataclass(frozen=True, slots=True)
class Exported:
    """A guild's links as CSV."""

    data: bytes
    count: int


@dataclass(slots=True)
class _Shown:
    """A file that waits for the word; is_done once that was said."""

    actor: Actor
    parsed: Parsed
    plan: Plan
    until: float
    is_done: bool = False


class LinkFiles:
    """Imports and exports the links of a guild, for administrators.

    A file is remembered for a while after it was shown, one per person and guild; what is written
    is what was shown, or nothing.

    Args:
        id_format: how a Steam id is written for the CAD, `API_ID_FORMAT`.
        new_token: makes the word that stands for a file that was shown.
    """

    def __init__(
        self,
        access: Access,
        links: LinkStore,
        herald: Herald,
        *,
        id_format: str,
        clock: Clock = SYSTEM_CLOCK,
        new_token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._access = access
        self._links = links
        self._herald = herald
        self._id_format = id_format
        self._clock = clock
        self._new_token = new_token
        self._shown: dict[str, _Shown] = {}

    async def preview(self, actor: Actor, upload: Upload) -> Preview:
        """Read a file and say what it would do.

        Raises:
            NotAllowed, FileTooLarge, FileNotLoaded, StorageError.
        """
        self._access.require_admin(actor)
        if upload.size > LARGEST:
            raise FileTooLarge(upload.size, LARGEST)
        data = await upload.load()
        if len(data) > LARGEST:
            raise FileTooLarge(len(data), LARGEST)
        parsed = await asyncio.to_thread(read_links, data, self._id_format, upload.names)
        before = await self._links.api_ids(actor.guild_id)
        found = await asyncio.to_thread(plan, parsed, before)
        token = self._remember(actor, parsed, found) if found.rows else None
        return Preview(upload.name, found, token)

    async def write(self, actor: Actor, token: str) -> Imported:
        """Do what was shown, in one transaction.

        Raises:
            NotAllowed, StorageError.
            ImportForgotten, ImportDone, NotYourImport.
            ImportOutdated: it would do something else by now; nothing was written.
        """
        self._access.require_admin(actor)
        shown = self._take(actor, token)
        try:
            counts = await self._write(shown)
        except BaseException:
            shown.is_done = False
            raise
        _log.info(
            "%s imported links in guild %s: %d added, %d changed",
            *(actor.user_id, actor.guild_id, counts.added, counts.changed),
        )
        await self._herald.imported(actor.user_id, counts)
        if counts.changed <= MOST_TOLD:
            await spread(
                self._herald, [_news(actor, one, self._clock.now()) for one in shown.plan.changed]
            )
        return Imported(counts, shown.plan.refused)

    async def export(self, actor: Actor) -> Exported:
        """Return all links of the guild, in the form that can be imported.

        Raises:
            NotAllowed, StorageError.
            TooMuchToSend: the file would be too large for Discord.
        """
        self._access.require_admin(actor)
        api_ids = await self._links.api_ids(actor.guild_id)
        data = await asyncio.to_thread(_file_of, api_ids)
        if len(data) > LARGEST_SENT:
            raise TooMuchToSend
        _log.info("%s exported the links of guild %s", actor.user_id, actor.guild_id)
        return Exported(data, len(api_ids))

    def _take(self, actor: Actor, token: str) -> _Shown:
        """Find what was shown, and let nobody else have it."""
        self._forget_old()
        shown = self._shown.get(token)
        if shown is None:
            raise ImportForgotten
        if (shown.actor.user_id, shown.actor.guild_id) != (actor.user_id, actor.guild_id):
            raise NotYourImport
        if shown.is_done:
            raise ImportDone
        # Before anything is waited for, so that a second press finds it done.
        shown.is_done = True
        return shown

    async def _write(self, shown: _Shown) -> ImportCounts:
        before = await self._links.api_ids(shown.actor.guild_id)
        links = await asyncio.to_thread(_as_shown, shown, before, self._clock.now())
        try:
            return await self._links.put_many(links, expected=before)
        except LinksChanged as error:
            raise ImportOutdated from error

    def _remember(self, actor: Actor, parsed: Parsed, found: Plan) -> str:
        self._forget_old()
        who = actor.user_id, actor.guild_id
        for token, shown in list(self._shown.items()):
            # The file before is given up, so that the memory does not fill with them.
            if (shown.actor.user_id, shown.actor.guild_id) == who:
                del self._shown[token]
        token = self._new_token()
        self._shown[token] = _Shown(actor, parsed, found, self._clock.monotonic() + KEPT)
        return token

    def _forget_old(self) -> None:
        now = self._clock.monotonic()
        self._shown = {token: one for token, one in self._shown.items() if one.until > now}


def links_of(parsed: Parsed, guild_id: int, set_by: int, now: datetime) -> list[Link]:
    """Return the good lines of a file as links."""
    return [
        Link(guild_id, row.discord_id, row.api_id, set_by, now, Source.IMPORT)
        for row in parsed.rows
    ]


def _as_shown(shown: _Shown, before: Mapping[int, str], now: datetime) -> list[Link]:
    """Return the links of a file; raise ImportOutdated where it would do something else by now."""
    if plan(shown.parsed, before) != shown.plan:
        raise ImportOutdated
    return links_of(shown.parsed, shown.actor.guild_id, shown.actor.user_id, now)


def _news(actor: Actor, change: Change, now: datetime) -> News:
    """Tell of a link that a file has changed; who had set it before is not looked up."""
    row = change.row
    before = Link(actor.guild_id, row.discord_id, change.before, 0, now)
    return News(Kind.CHANGED, before, actor.user_id, row.api_id)


def _file_of(api_ids: Mapping[int, str]) -> bytes:
    stream = StringIO(newline="")
    write_links(api_ids, stream)
    return stream.getvalue().encode()
