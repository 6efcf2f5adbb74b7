"""Import links from a file, after a preview and a confirmation; export links to a file."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from bot.common.clock import Clock
from bot.services.access.policy import Access, Actor
from bot.services.link_errors import (
    ExportTooLarge,
    FileReadTimeout,
    FileTooLarge,
    ImportOutdated,
)
from bot.services.link_files.csv_format import write_links
from bot.services.link_files.file_reader import read_links
from bot.services.link_files.import_diff import ChangedLink, ImportDiff, compute_diff, links_of
from bot.services.link_files.pending_imports import PendingImport, PendingImports
from bot.services.link_files.rows import MemberNames
from bot.services.links.link_changes import (
    LinkChange,
    LinkChangeKind,
    LinkNotifier,
    notify_all,
)
from bot.services.reply import ReplyAddress
from bot.storage.errors import LinksChanged
from bot.storage.stores.link_row import Link
from bot.storage.stores.link_store import ImportCounts, LinkStore

MAX_FILE_BYTES = 2 * 1024 * 1024  # bytes of an uploaded file
READ_WITHIN = 20.0  # seconds
MAX_EXPORT_BYTES = 8 * 1024 * 1024  # bytes; Discord accepts 10 MB
MAX_NOTIFIED = 20  # members; Discord treats direct messages to hundreds at once as spam

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file.

    Attributes:
        size: in bytes, as Discord reports it.
        load: downloads the content; may raise DownloadFailed.
        names: the names of the guild's members, available after `load`; None if unavailable.
    """

    name: str
    size: int
    load: Callable[[], Awaitable[bytes]]
    names: MemberNames | None = None


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What a file would change; `token` is for `apply`, None if there is nothing to import."""

    name: str
    diff: ImportDiff
    token: str | None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed.

    Attributes:
        skipped: the refused lines.
        kept: the members who keep an id that the CAD has confirmed.
    """

    counts: ImportCounts
    skipped: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class ExportResult:
    """A guild's links as CSV."""

    data: bytes
    count: int


class LinkImportExport:
    """Imports and exports the links of a guild, for administrators.

    An import writes exactly what its preview showed, or nothing.

    Args:
        id_format: how a Steam id is written for the CAD, the setting `API_ID_FORMAT`.
        new_token: makes the token of a preview.
        read_within: seconds for reading a file, which happens in a thread.
    """

    def __init__(
        self,
        access: Access,
        links: LinkStore,
        notifier: LinkNotifier,
        *,
        id_format: str,
        clock: Clock,
        new_token: Callable[[], str] = lambda: secrets.token_hex(8),
        read_within: float = READ_WITHIN,
    ) -> None:
        self._access = access
        self._links = links
        self._notifier = notifier
        self._id_format = id_format
        self._clock = clock
        self._read_within = read_within
        self._pending = PendingImports(new_token, clock=clock)

    async def preview(self, actor: Actor, upload: Upload, reply: ReplyAddress) -> ImportPreview:
        """Read a file and return what it would change, for the `reply`; write nothing.

        Raises:
            NotAllowed, FileTooLarge, DownloadFailed, FileReadTimeout, StorageError.
        """
        self._access.require_admin(actor)
        if upload.size > MAX_FILE_BYTES:
            raise FileTooLarge(upload.size, MAX_FILE_BYTES)
        data = await upload.load()
        if len(data) > MAX_FILE_BYTES:
            raise FileTooLarge(len(data), MAX_FILE_BYTES)
        before = await self._links.api_ids(actor.guild_id)
        proven = await self._links.proven_members(actor.guild_id)
        try:
            async with asyncio.timeout(self._read_within):
                parsed = await asyncio.to_thread(read_links, data, self._id_format, upload.names)
                diff = await asyncio.to_thread(compute_diff, parsed, before, proven)
        except TimeoutError as error:
            raise FileReadTimeout from error
        token = self._pending.add(actor, reply, parsed, diff) if diff.rows else None
        return ImportPreview(upload.name, diff, token)

    async def apply(
        self, actor: Actor, token: str, reply: ReplyAddress, *, may_replace_proven: bool = False
    ) -> ImportResult:
        """Write what a preview showed, in one transaction.

        Args:
            reply: the message whose button was pressed.
            may_replace_proven: whether ids that the CAD has confirmed are replaced too.

        Raises:
            NotAllowed, StorageError.
            ImportExpired, AlreadyImported, NotImportOwner.
            ImportOutdated: it would change something else by now; nothing was written.
        """
        self._access.require_admin(actor)
        pending = self._pending.claim(actor, token, reply)
        kept = () if may_replace_proven else pending.diff.replacements
        try:
            counts = await self._write_links(pending, kept)
        except BaseException:
            pending.is_done = False
            raise
        _log.info(
            "%s imported links in guild %s: %d added, %d changed",
            *(actor.user_id, actor.guild_id, counts.added, counts.changed),
        )
        await self._notifier.log_import(actor.user_id, counts)
        if counts.changed <= MAX_NOTIFIED:
            await notify_all(
                self._notifier,
                [
                    _link_change(actor, one, self._clock.now())
                    for one in pending.diff.changed
                    if one not in kept
                ],
            )
        return ImportResult(counts, pending.diff.refused_count, len(kept))

    async def export(self, actor: Actor) -> ExportResult:
        """Return all links of the guild as a CSV file that can be imported again.

        Raises:
            NotAllowed, StorageError.
            ExportTooLarge: the file would be too large for Discord.
        """
        self._access.require_admin(actor)
        api_ids = await self._links.api_ids(actor.guild_id)
        data = await asyncio.to_thread(_to_csv, api_ids)
        if len(data) > MAX_EXPORT_BYTES:
            raise ExportTooLarge
        _log.info("%s exported the links of guild %s", actor.user_id, actor.guild_id)
        return ExportResult(data, len(api_ids))

    async def _write_links(
        self, pending: PendingImport, kept: Collection[ChangedLink]
    ) -> ImportCounts:
        guild_id = pending.actor.guild_id
        before = await self._links.api_ids(guild_id)
        proven = await self._links.proven_members(guild_id)
        links = await asyncio.to_thread(_checked_links, pending, before, proven, self._clock.now())
        left_out = {one.row.discord_id for one in kept}
        wanted = [link for link in links if link.discord_id not in left_out]
        try:
            return await self._links.put_many(wanted, expected=before)
        except LinksChanged as error:
            raise ImportOutdated from error


def _checked_links(
    pending: PendingImport, before: Mapping[int, str], proven: Collection[int], now: datetime
) -> list[Link]:
    """Return the links of a file; raise ImportOutdated if the diff is not the previewed one."""
    if compute_diff(pending.parsed, before, proven) != pending.diff:
        raise ImportOutdated
    return links_of(pending.parsed, pending.actor.guild_id, pending.actor.user_id, now)


def _link_change(actor: Actor, change: ChangedLink, now: datetime) -> LinkChange:
    """Return a changed row as a LinkChange; the setter of the link before is left out."""
    row = change.row
    before = Link(actor.guild_id, row.discord_id, change.before, 0, now)
    return LinkChange(LinkChangeKind.CHANGED, before, actor.user_id, row.api_id)


def _to_csv(api_ids: Mapping[int, str]) -> bytes:
    stream = StringIO(newline="")
    write_links(api_ids, stream)
    return stream.getvalue().encode()
