"""Imports and exports: the preview, then the write, on a real database."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from bot.services.access.policy import Access
from bot.services.errors import RoleRequired
from bot.services.link_errors import (
    AlreadyImported,
    DownloadFailed,
    ExportTooLarge,
    FileReadTimeout,
    FileTooLarge,
    ImportExpired,
    ImportOutdated,
    NotImportOwner,
)
from bot.services.link_files.import_export import (
    MAX_FILE_BYTES,
    MAX_NOTIFIED,
    ImportPreview,
    LinkImportExport,
    Upload,
)
from bot.services.link_files.pending_imports import PREVIEW_TTL
from bot.storage.errors import StorageError
from bot.storage.stores.link_row import Link, LinkSource
from bot.storage.stores.link_store import ImportCounts, LinkStore
from tests.services.conftest import v1
from tests.services.link_fixture import REPLY, RecordingLinkNotifier
from tests.services.queue_fixture import QueueFixture
from tests.services.samples import GUILD, actor
from tests.stored_links import put_link

ADMIN_ROLE = 88
MIA = actor(ADMIN_ROLE, user_id=42)
NOA = actor(ADMIN_ROLE, user_id=43)
PAT, ALEX = 123456789012345678, 223456789012345678
FILE = f"discord_id,api_id\n{PAT},steam:1\n{ALEX},steam:2\n"

pytestmark = v1


@pytest.fixture
def links(queue_fixture: QueueFixture) -> LinkStore:
    return LinkStore(queue_fixture.database)


@pytest.fixture
def notifier() -> RecordingLinkNotifier:
    return RecordingLinkNotifier()


@pytest.fixture
def files(
    queue_fixture: QueueFixture, links: LinkStore, notifier: RecordingLinkNotifier
) -> LinkImportExport:
    tokens = count()
    return LinkImportExport(
        Access(frozenset({77}), admin_role_ids=frozenset({ADMIN_ROLE})),
        links,
        notifier,
        id_format="{hex}",
        clock=queue_fixture.time,
        new_token=lambda: f"{next(tokens):016x}",
    )


def upload(data: str | bytes, size: int | None = None) -> Upload:
    content = data.encode() if isinstance(data, str) else data

    async def load() -> bytes:
        return content

    return Upload("people.csv", len(content) if size is None else size, load)


async def shown(files: LinkImportExport, text: str = FILE) -> ImportPreview:
    return await files.preview(MIA, upload(text), REPLY)


async def token_of(files: LinkImportExport, text: str = FILE) -> str:
    token = (await shown(files, text)).token
    assert token is not None
    return token


def link(queue_fixture: QueueFixture, discord_id: int, api_id: str) -> Link:
    return Link(GUILD, discord_id, api_id, 42, queue_fixture.time.now(), LinkSource.IMPORT)


async def test_showing_writes_nothing(files, links) -> None:
    preview = await shown(files)
    assert preview.name == "people.csv"
    assert [row.discord_id for row in preview.diff.added] == [PAT, ALEX]
    assert await links.all(GUILD) == []


async def test_what_was_shown_is_written(files, links, queue_fixture, caplog) -> None:
    caplog.set_level(logging.INFO)
    token = await token_of(files, FILE + "x,y\n")
    done = await files.apply(MIA, token, REPLY)
    assert (done.counts, done.skipped) == (ImportCounts(2, 0, 0), 1)
    assert await links.all(GUILD) == [
        link(queue_fixture, PAT, "steam:1"),
        link(queue_fixture, ALEX, "steam:2"),
    ]
    assert caplog.messages == ["42 imported links in guild 10: 2 added, 0 changed"]


async def test_what_changes_nothing_needs_no_word(files) -> None:
    await files.apply(MIA, await token_of(files), REPLY)
    again = await shown(files)
    assert (again.token, again.diff.unchanged) == (None, 2)
    assert (await shown(files, "discord_id,api_id\nx,y\n")).token is None


async def test_twice_is_once(files, links) -> None:
    token = await token_of(files)
    pressing = [asyncio.create_task(files.apply(MIA, token, REPLY)) for _ in range(2)]
    await asyncio.wait(pressing)
    assert pressing[0].result().counts == ImportCounts(2, 0, 0)
    assert isinstance(pressing[1].exception(), AlreadyImported)
    with pytest.raises(AlreadyImported):
        await files.apply(MIA, token, REPLY)
    await links.remove(GUILD, PAT)
    with pytest.raises(AlreadyImported):
        await files.apply(MIA, token, REPLY)
    assert await links.count(GUILD) == 1


async def test_another_member_presses(files, links) -> None:
    token = await token_of(files)
    for stranger in (NOA, actor(ADMIN_ROLE, user_id=42, guild_id=11)):
        with pytest.raises(NotImportOwner):
            await files.apply(stranger, token, REPLY)
    with pytest.raises(RoleRequired):
        await files.apply(actor(77, user_id=42), token, REPLY)
    assert await links.count(GUILD) == 0
    await files.apply(MIA, token, REPLY)


async def test_a_preview_is_kept_for_a_while(files, queue_fixture, links) -> None:
    token = await token_of(files)
    await queue_fixture.time.advance(PREVIEW_TTL - 1, queue_fixture.settle)
    await files.apply(MIA, token, REPLY)
    token = await token_of(files, FILE.replace("steam:1", "steam:3"))
    await queue_fixture.time.advance(PREVIEW_TTL, queue_fixture.settle)
    with pytest.raises(ImportExpired):
        await files.apply(MIA, token, REPLY)
    assert (await links.find(GUILD, [PAT]))[PAT].api_id == "steam:1"


async def test_one_file_per_person_is_remembered(files) -> None:
    first = await token_of(files)
    others = (await files.preview(NOA, upload(FILE), REPLY)).token
    second = await token_of(files)
    with pytest.raises(ImportExpired):
        await files.apply(MIA, first, REPLY)
    await files.apply(NOA, others, REPLY)
    with pytest.raises(ImportOutdated):
        await files.apply(MIA, second, REPLY)


@pytest.mark.parametrize("changed", [PAT, 7])
async def test_links_that_have_changed_since(files, links, queue_fixture, changed: int) -> None:
    token = await token_of(files)
    # A member of the file; or a member who now has an id that the file gives to another one.
    await put_link(links, link(queue_fixture, changed, "steam:2"))
    before = await links.all(GUILD)
    for _ in range(2):
        with pytest.raises(ImportOutdated):
            await files.apply(MIA, token, REPLY)
    assert await links.all(GUILD) == before
    await links.remove(GUILD, changed)
    await files.apply(MIA, token, REPLY)


async def test_links_that_change_while_it_is_written(
    files, links, queue_fixture, monkeypatch
) -> None:
    token = await token_of(files)
    real = LinkStore.put_many

    async def too_late(store: LinkStore, *arguments: Any, **options: Any) -> ImportCounts:
        await put_link(links, link(queue_fixture, PAT, "steam:9"))
        return await real(store, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(LinkStore, "put_many", too_late)
        with pytest.raises(ImportOutdated):
            await files.apply(MIA, token, REPLY)
    assert await links.api_ids(GUILD) == {PAT: "steam:9"}


async def test_a_link_that_does_not_matter_has_changed(files, links, queue_fixture) -> None:
    token = await token_of(files)
    await put_link(links, link(queue_fixture, 7, "steam:7"))
    assert (await files.apply(MIA, token, REPLY)).counts == ImportCounts(2, 0, 0)


async def test_what_failed_can_be_tried_again(files, links, monkeypatch) -> None:
    token = await token_of(files)

    async def fails(*_: object, **__: object) -> None:
        raise StorageError("here", "disk full")

    with monkeypatch.context() as patched:
        patched.setattr(LinkStore, "put_many", fails)
        with pytest.raises(StorageError):
            await files.apply(MIA, token, REPLY)
    assert (await files.apply(MIA, token, REPLY)).counts == ImportCounts(2, 0, 0)


async def test_members_are_found_by_name(files) -> None:
    sent = replace(upload("name,api_id\nPat,a\n"), names=lambda: {"pat": [PAT]})
    preview = await files.preview(MIA, sent, REPLY)
    assert [row.discord_id for row in preview.diff.added] == [PAT]


async def test_a_file_that_takes_too_long_is_given_up(links, notifier, queue_fixture) -> None:
    released = threading.Event()

    def slow_names() -> dict[str, list[int]]:
        released.wait()
        return {}

    admins = Access(frozenset(), admin_role_ids=frozenset({ADMIN_ROLE}))
    files = LinkImportExport(
        admins, links, notifier, id_format="{hex}", clock=queue_fixture.time, read_within=0.01
    )
    with pytest.raises(FileReadTimeout):
        await files.preview(MIA, replace(upload("name,api_id\nPat,a\n"), names=slow_names), REPLY)
    released.set()


def never() -> Upload:
    async def load() -> bytes:
        raise AssertionError

    return Upload("people.csv", 1, load)


async def test_only_administrators(files) -> None:
    for stranger in (actor(77), actor(manages_server=True)):
        with pytest.raises(RoleRequired) as caught:
            await files.preview(stranger, never(), REPLY)
        assert caught.value.role_ids == {ADMIN_ROLE}
        with pytest.raises(RoleRequired):
            await files.export(stranger)


async def test_what_is_too_large_is_not_fetched(files) -> None:
    too_large = Upload("people.csv", MAX_FILE_BYTES + 1, never().load)
    with pytest.raises(FileTooLarge) as caught:
        await files.preview(MIA, too_large, REPLY)
    assert (caught.value.size, caught.value.limit) == (MAX_FILE_BYTES + 1, MAX_FILE_BYTES)


async def test_a_size_that_was_a_lie(files) -> None:
    with pytest.raises(FileTooLarge):
        await files.preview(MIA, upload(b" " * (MAX_FILE_BYTES + 1), size=1), REPLY)
    assert (await files.preview(MIA, upload(b" " * MAX_FILE_BYTES), REPLY)).token is None


async def test_a_file_that_cannot_be_had(files) -> None:
    async def load() -> bytes:
        raise DownloadFailed

    with pytest.raises(DownloadFailed):
        await files.preview(MIA, Upload("people.csv", 1, load), REPLY)


async def test_what_is_exported_changes_nothing(files, links, queue_fixture) -> None:
    odd = ["=1+1", "'x", "1E5", '@a;"=b', "ünï🚓"]
    await links.put_many([link(queue_fixture, PAT + n, one) for n, one in enumerate(odd)])
    exported = await files.export(MIA)
    assert exported.count == len(odd)
    preview = await files.preview(MIA, upload(exported.data), REPLY)
    assert (preview.token, preview.diff.unchanged, preview.diff.errors) == (None, len(odd), ())


async def test_an_export_of_nothing(files) -> None:
    exported = await files.export(MIA)
    assert (exported.data, exported.count) == (b"discord_id,api_id\n", 0)


async def test_more_than_discord_takes(files, links, queue_fixture, monkeypatch) -> None:
    monkeypatch.setattr("bot.services.link_files.import_export.MAX_EXPORT_BYTES", 50)
    await put_link(links, link(queue_fixture, PAT, "x" * 10))
    assert (await files.export(MIA)).count == 1
    await put_link(links, link(queue_fixture, PAT, "x" * 20))
    with pytest.raises(ExportTooLarge):
        await files.export(MIA)


async def test_the_loop_goes_on_while_a_file_is_read(files) -> None:
    moved = threading.Event()

    def names() -> dict[str, list[int]]:
        assert moved.wait(20)
        return {"pat": [PAT]}

    sent = replace(upload("name,api_id\nPat,a\n"), names=names)
    showing = asyncio.create_task(files.preview(MIA, sent, REPLY))
    while not showing.done():
        moved.set()
        await asyncio.sleep(0)
    assert showing.result().token is not None


async def test_whose_link_has_changed_is_told(files, links, queue_fixture, notifier) -> None:
    await put_link(links, Link(GUILD, PAT, "steam:0", 7, queue_fixture.time.now()))
    await files.apply(MIA, await token_of(files), REPLY)
    assert notifier.imports == [(MIA.user_id, ImportCounts(1, 1, 0))]
    assert [(one.before.discord_id, one.before.api_id) for one in notifier.notified] == [
        (PAT, "steam:0")
    ]
    assert notifier.notified == notifier.logged


async def test_hundreds_are_not_written_to(files, links, queue_fixture, notifier) -> None:
    crowd = range(PAT, PAT + MAX_NOTIFIED + 1)
    await links.put_many(Link(GUILD, one, "steam:0", 7, queue_fixture.time.now()) for one in crowd)
    text = "discord_id,api_id\n" + "".join(f"{one},steam:{one}\n" for one in crowd)
    await files.apply(MIA, await token_of(files, text), REPLY)
    assert notifier.imports == [(MIA.user_id, ImportCounts(0, len(crowd), 0))]
    assert notifier.notified == []
